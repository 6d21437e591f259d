"""Parquet as bytes: tables in, file content out, and back again."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

_ROW_GROUP_ROWS = 100_000


def encode(table: pa.Table) -> bytes:
    """Return a table as the content of a Parquet file: zstd, with statistics by row group."""
    buffer = BytesIO()
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        row_group_size=_ROW_GROUP_ROWS,
        write_statistics=True,
        store_schema=True,
    )
    return buffer.getvalue()


def decode(content: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the table in the content of a Parquet file.

    It is read in the calling thread alone: Arrow's own threads let go of what they read when they
    come to it, and a process that ends meanwhile aborts (Arrow issue 33975).

    Args:
        content: the whole file.
        columns: only these columns, in this order; all when not given.

    Raises:
        pa.ArrowException: when the content is no Parquet file, or lacks a column.
    """
    with pq.ParquetFile(pa.BufferReader(content)) as file:
        table = file.read(columns=list(columns) if columns is not None else None, use_threads=False)
    return table.select(list(columns)) if columns is not None else table


def footer(file: IO[bytes]) -> pq.FileMetaData:
    """Return what the footer of an open Parquet file says; only the footer is read.

    Raises:
        pa.ArrowException: when the file is no Parquet file.
    """
    return pq.read_metadata(file)
