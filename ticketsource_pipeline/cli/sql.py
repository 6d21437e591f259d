"""The command `sql`: a query in, its answer out as a table, as CSV or as JSON."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from typing import Any, Literal

import click
import pyarrow as pa
import simplejson
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ticketsource_pipeline.cli.stored import stored_data
from ticketsource_pipeline.cli.summary import counted
from ticketsource_pipeline.export.values import words_of
from ticketsource_pipeline.settings import Settings, SettingsError
from ticketsource_pipeline.sql.database import make_database
from ticketsource_pipeline.sql.query import QueryRefused, answer
from ticketsource_pipeline.store import ParquetStore

Format = Literal["table", "csv", "json"]

FROM_INPUT = "-"
ROWS_SHOWN = 100
_EXPLAINED = ["explain_key", "explain_value"]
_UNBOUNDED = 1_000_000


def run_sql(settings: Settings, query: str | None, *, form: Format, rebuild: bool) -> None:
    """Print what a query comes to, and make the file of views anew if that is asked for.

    Args:
        settings: the user's settings; no key is needed.
        query: the query, or `-` to read it from the standard input; it may be left out with
            `rebuild`.
        form: how it is printed; a table ends after so many rows, and says so.
        rebuild: whether to make `ticketsource.duckdb` anew.

    Raises:
        SettingsError: when there is no data or no query, or the query cannot be answered.
        StoreError: when the data cannot be read, or the file not be made.
    """
    if query is None and not rebuild:
        raise SettingsError("sql needs a query, or - to read one from the standard input.")
    store = stored_data(settings)
    if rebuild:
        make_database(store)
        click.echo(f"Made {store.layout.database}.", err=query is not None)
    if query is not None:
        text = sys.stdin.read() if query == FROM_INPUT else query
        _print(_answer(store, text), form)


def _answer(store: ParquetStore, query: str) -> pa.Table:
    try:
        return answer(store, query)
    except QueryRefused as error:
        raise SettingsError(str(error)) from None


def _print(table: pa.Table, form: Format) -> None:
    try:
        if form == "json":
            _print_json(table)
        elif form == "csv":
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(table.column_names)
            writer.writerows([words_of(value) for value in row] for row in _rows(table))
        elif table.column_names == _EXPLAINED:
            for _, text in _rows(table):
                click.echo(text)
        else:
            _print_table(table)
    except (pa.ArrowException, OverflowError) as error:
        raise SettingsError(
            f"A value of the answer has no counterpart here ({error}): CAST it AS VARCHAR."
        ) from None


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    for batch in table.to_batches(max_chunksize=10_000):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _print_json(table: pa.Table) -> None:
    names = table.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SettingsError(f"Two columns are named {twice[0]}: name them apart with AS for JSON.")
    separator = "["
    for row in _rows(table):
        text = simplejson.dumps(
            dict(zip(names, row, strict=True)),
            default=words_of,
            ensure_ascii=False,
            ignore_nan=True,
            use_decimal=True,
        )
        click.echo(f"{separator}{text}", nl=False)
        separator = ",\n"
    click.echo("]" if table.num_rows else "[]")


def _print_table(table: pa.Table) -> None:
    shown = Table(box=box.ROUNDED)
    for name, field in zip(table.column_names, table.schema, strict=True):
        shown.add_column(
            Text(_printable(name)),
            justify="right" if _is_number(field.type) else "left",
            overflow="fold",
        )
    for row in _rows(table.slice(0, ROWS_SHOWN)):
        shown.add_row(*map(_cell, row))
    console = Console(highlight=False)
    if not console.is_terminal:
        # A program or a file has no edge to break lines at.
        console = Console(highlight=False, width=_UNBOUNDED)
    console.print(shown)
    rows = counted(table.num_rows, "row")
    if table.num_rows > ROWS_SHOWN:
        rows = f"The first {ROWS_SHOWN} of {rows}; --format csv or json gives all."
    console.print(rows, soft_wrap=True)


def _cell(value: Any) -> Text:
    if value is None:
        return Text("null", style="dim")
    return Text(_printable(words_of(value)))


def _printable(text: str) -> str:
    """A text in which nothing moves a terminal's cursor or changes its colours."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
