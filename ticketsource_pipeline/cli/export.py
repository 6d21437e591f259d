"""The command `export`: a dataset to a file that a spreadsheet opens, or to the standard output."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import click

from ticketsource_pipeline.cli.stored import stored_data
from ticketsource_pipeline.cli.summary import counted
from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.export.csv_file import ENCODING, write_csv
from ticketsource_pipeline.export.rows import ExportRefused, Selection, dataset_named, tables
from ticketsource_pipeline.export.target import whole_file
from ticketsource_pipeline.settings import Settings, SettingsError
from ticketsource_pipeline.settings import month as checked_month
from ticketsource_pipeline.store import ParquetStore

Format = Literal["csv", "xlsx"]
TO_OUTPUT = "-"


def run_export(
    settings: Settings,
    name: str,
    *,
    form: Format,
    month: str | None,
    output: str | None,
    personal: bool,
    force: bool,
) -> None:
    """Write a dataset to a file, and say how many rows it has and what was left out.

    Args:
        settings: the user's settings; no key is needed.
        name: the dataset.
        form: the file's format.
        month: only this month.
        output: the file, or `-` for the standard output; `DATASET[-MONTH].FORMAT` in the current
            folder when not given.
        personal: whether personal columns come too.
        force: whether a file that is there may be replaced.

    Raises:
        SettingsError: when it cannot be exported as asked.
        StoreError: when the data cannot be read.
    """
    try:
        selection = Selection(dataset_named(name), _month(month), personal)
        selection.check()
        store = stored_data(settings)
        if output == TO_OUTPUT:
            with TemporaryDirectory(prefix="ticketsource-") as folder:
                path = Path(folder) / "export"
                rows = _write(store, selection, form, path)
                with path.open("rb") as file:
                    shutil.copyfileobj(file, sys.stdout.buffer)
            place = "the standard output"
        else:
            path = Path(output or f"{name}{f'-{month}' if month else ''}.{form}")
            _check_place(store, path)
            with whole_file(path, private=selection.is_personal, force=force) as unfinished:
                rows = _write(store, selection, form, unfinished)
            place = str(path)
    except ExportRefused as error:
        raise SettingsError(str(error)) from error
    click.echo(
        f"{place}: {counted(rows, 'row')} of {name}.{_left_out(selection)}",
        err=output == TO_OUTPUT,
    )


def _write(store: ParquetStore, selection: Selection, form: Format, path: Path) -> int:
    rows = tables(store, selection)
    if form == "csv":
        with path.open("w", encoding=ENCODING, newline="") as file:
            return write_csv(rows, selection.columns, file)
    from ticketsource_pipeline.export.xlsx_file import (  # noqa: PLC0415
        ROWS_AT_MOST,
        too_many_rows,
        write_xlsx,
    )

    # Known at once, rather than after the first million rows.
    if selection.month is None and store.size(selection.dataset)[0] > ROWS_AT_MOST:
        raise ExportRefused(too_many_rows(selection.dataset))
    return write_xlsx(rows, selection.dataset, selection.columns, path)


def _month(text: str | None) -> str | None:
    try:
        return None if text is None else checked_month(text)
    except ValueError as error:
        raise ExportRefused(f"--month is {text!r}: allowed is {error}.") from None


def _check_place(store: ParquetStore, path: Path) -> None:
    """Make sure that the file is not among the data: readers of a folder would meet it."""
    if not store.layout.local:
        return
    folders = [store.layout.state, *map(store.layout.dataset, DATASETS.values())]
    if any(path.resolve().is_relative_to(Path(folder.path).resolve()) for folder in folders):
        raise ExportRefused(f"{path} is among the data: choose another folder with --output.")


def _left_out(selection: Selection) -> str:
    kept = selection.columns
    names = [column.name for column in selection.dataset.columns if column not in kept]
    if not names:
        return ""
    return f" Left out as personal: {', '.join(names)} (--personal brings them)."
