"""Rows as a workbook of Excel: amounts as numbers, times as dates, text as nothing but text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from ticketsource_pipeline.datasets import Column, ColumnType, Dataset
from ticketsource_pipeline.export.rows import ExportRefused
from ticketsource_pipeline.export.values import words_of

ROWS_AT_MOST = 1_048_575
"""How many rows a sheet of Excel has, less the header."""
CHARACTERS_AT_MOST = 32_767
"""How many UTF-16 units a cell of Excel holds."""
_FIRST_DAY = date(1900, 3, 1)
"""Before, Excel's days are one off: it has a 29 February 1900."""

_FORMATS: dict[ColumnType, str] = {
    ColumnType.MONEY: "#,##0.00",
    ColumnType.TIME: "yyyy-mm-dd hh:mm:ss",
    ColumnType.DAY: "yyyy-mm-dd",
    ColumnType.NUMBER: "0",
}
_WIDTHS: dict[ColumnType, int] = {
    ColumnType.TEXT: 24,
    ColumnType.MONEY: 12,
    ColumnType.TIME: 20,
    ColumnType.DAY: 12,
    ColumnType.FLAG: 10,
    ColumnType.NUMBER: 10,
}


def write_xlsx(
    tables: Iterable[pa.Table], dataset: Dataset, columns: Sequence[Column], path: Path
) -> int:
    """Write rows as a workbook: a sheet of the rows, and one that says what each column means.

    Amounts are numbers with two places. Excel's numbers are binary, but below 2**53 pence each has
    its own. Times are dates in UTC, as their header says. A row at a time is held in memory.

    Args:
        tables: the rows, with these columns.
        dataset: what the rows are of; the sheet has its name.
        columns: the columns.
        path: where the workbook goes.

    Returns:
        How many rows were written.

    Raises:
        ExportRefused: when Excel cannot hold the rows or a text.
    """
    with TemporaryDirectory(prefix="ticketsource-") as folder:
        options: dict[str, Any] = {
            "constant_memory": True,
            "tmpdir": folder,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        }
        with xlsxwriter.Workbook(str(path), options) as workbook:
            # The same rows make the same file.
            workbook.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})
            rows = _write_rows(workbook, tables, dataset, columns)
            _write_meanings(workbook, columns)
    return rows


def header(column: Column) -> str:
    """What stands above a column; of a time, that it is UTC."""
    return f"{column.name} (UTC)" if column.type is ColumnType.TIME else column.name


def _write_rows(
    workbook: xlsxwriter.Workbook,
    tables: Iterable[pa.Table],
    dataset: Dataset,
    columns: Sequence[Column],
) -> int:
    sheet = workbook.add_worksheet(dataset.name)
    formats = {kind: workbook.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
    bold = workbook.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        width = max(_WIDTHS[column.type], len(header(column)) + 3)
        sheet.set_column(place, place, width)
        _done(sheet.write_string(0, place, header(column), bold))
    writers = [_writer(sheet, column, formats.get(column.type)) for column in columns]
    row = 0
    for table in tables:
        for values in zip(*(table[column.name].to_pylist() for column in columns), strict=True):
            row += 1
            if row > ROWS_AT_MOST:
                raise ExportRefused(too_many_rows(dataset))
            for place, value in enumerate(values):
                if value is None:
                    continue
                if isinstance(value, str) and _units(value) > CHARACTERS_AT_MOST:
                    raise ExportRefused(_too_long(dataset, columns[place], row))
                _done(writers[place](row, place, value))
    sheet.autofilter(0, 0, max(row, 1), len(columns) - 1)
    return row


def too_many_rows(dataset: Dataset) -> str:
    """What to say of rows that do not fit in a sheet."""
    advice = "a --month" if dataset.partitioned else "--format csv"
    return (
        f"{dataset.name} has more rows than a sheet of Excel holds ({ROWS_AT_MOST:,}): export"
        f" {advice}."
    )


def _write_meanings(workbook: xlsxwriter.Workbook, columns: Sequence[Column]) -> None:
    sheet = workbook.add_worksheet("columns")
    bold = workbook.add_format({"bold": True})
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 10)
    sheet.set_column(2, 2, 100)
    for place, word in enumerate(("column", "type", "meaning")):
        _done(sheet.write_string(0, place, word, bold))
    for row, column in enumerate(columns, start=1):
        for place, word in enumerate((header(column), column.type.value, column.description)):
            _done(sheet.write_string(row, place, word))


def _writer(
    sheet: Worksheet, column: Column, form: Format | None
) -> Callable[[int, int, Any], int]:
    kind = column.type
    if kind is ColumnType.FLAG:
        return sheet.write_boolean
    if kind is ColumnType.MONEY:
        return lambda row, place, value: sheet.write_number(row, place, float(value), form)
    if kind is ColumnType.NUMBER:
        return lambda row, place, value: sheet.write_number(row, place, value, form)
    if kind in {ColumnType.TIME, ColumnType.DAY}:
        return lambda row, place, value: _write_day(sheet, row, place, value, form)
    return sheet.write_string


def _write_day(sheet: Worksheet, row: int, place: int, value: date, form: Format | None) -> int:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None)
        if moment.date() >= _FIRST_DAY:
            return sheet.write_datetime(row, place, moment, form)
    elif value >= _FIRST_DAY:
        midnight = datetime.combine(value, time())
        return sheet.write_datetime(row, place, midnight, form)
    return sheet.write_string(row, place, words_of(value))


def _units(text: str) -> int:
    # Only characters beyond the first 65,536 take two.
    if len(text) * 2 <= CHARACTERS_AT_MOST:
        return len(text)
    return len(text.encode("utf-16-le")) // 2


def _too_long(dataset: Dataset, column: Column, row: int) -> str:
    return (
        f"{column.name} of row {row:,} of {dataset.name} is longer than a cell of Excel holds"
        f" ({CHARACTERS_AT_MOST:,} characters): export --format csv."
    )


def _done(code: int) -> None:
    """Make sure that a cell was written: XlsxWriter tells by a number that it was not."""
    if code:
        raise ExportRefused(f"A cell could not be written (XlsxWriter's code {code}).")
