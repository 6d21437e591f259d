"""Rows as CSV that a spreadsheet opens as it is meant."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import IO

import pyarrow as pa

from ticketsource_pipeline.datasets import Column, ColumnType
from ticketsource_pipeline.export.values import defused, words_of

ENCODING = "utf-8-sig"
"""With the mark of UTF-8 at the start, without which Excel takes it for the system's own code."""


def write_csv(tables: Iterable[pa.Table], columns: Sequence[Column], file: IO[str]) -> int:
    """Write rows as RFC 4180 has them: a header, commas, CRLF, quotes where they are needed.

    Decimals have two places, times are ISO 8601 in UTC, flags true or false; null is nothing. Text
    that a spreadsheet would calculate has an apostrophe before it.

    Args:
        tables: the rows, with these columns.
        columns: the columns.
        file: an open file of `ENCODING` that leaves line ends alone (`newline=""`).

    Returns:
        How many rows were written.
    """
    writer = csv.writer(file)
    writer.writerow([column.name for column in columns])
    rows = 0
    for table in tables:
        writer.writerows(zip(*(_cells(table, column) for column in columns), strict=True))
        rows += table.num_rows
    return rows


def _cells(table: pa.Table, column: Column) -> list[str]:
    values = table[column.name].to_pylist()
    if column.type is ColumnType.TEXT:
        return [defused(value) if value else "" for value in values]
    return [words_of(value) for value in values]
