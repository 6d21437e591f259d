"""Parquet as bytes: tables in, file content out, and back again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

FIRST_ROWS = 4
"""Where a file's rows begin at the earliest: after the four letters that every file begins with."""

_ROW_GROUP_ROWS = 100_000
_FOOTER_END = 8
"""A file ends with its footer, the footer's length in four bytes, and four letters."""


def encode(table: pa.Table, after: bytes = b"") -> bytes:
    """Return a table as the content of a Parquet file: zstd, with statistics by row group.

    Args:
        table: the rows.
        after: bytes to put before the rows, of which the footer says nothing.
    """
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink, table.schema, compression="zstd", write_statistics=True, store_schema=True
    ) as writer:
        # Between what every file begins with, which is written by now, and the first row group.
        sink.write(after)
        writer.write_table(table, row_group_size=_ROW_GROUP_ROWS)
    return sink.getvalue().to_pybytes()


def footer_length(content: bytes) -> int:
    """Return how many bytes at the end of a Parquet file are its footer.

    Args:
        content: the whole file; it has been read as Parquet.
    """
    return int.from_bytes(content[-_FOOTER_END:-4], "little") + _FOOTER_END


def rows_bytes(content: bytes) -> range:
    """Return which bytes of a Parquet file hold its rows; an empty range when it has none.

    Args:
        content: the whole file.

    Raises:
        pa.ArrowException: when the content is no Parquet file.
        ValueError: when its footer speaks of bytes that it does not have.
    """
    metadata = footer(pa.BufferReader(content))
    groups = (metadata.row_group(index) for index in range(metadata.num_row_groups))
    chunks = [group.column(index) for group in groups for index in range(group.num_columns)]
    stretches = [
        range(start, start + chunk.total_compressed_size)
        for chunk in chunks
        if (start := chunk.dictionary_page_offset or chunk.data_page_offset)
    ]
    if not stretches:
        return range(FIRST_ROWS, FIRST_ROWS)
    rows = range(min(part.start for part in stretches), max(part.stop for part in stretches))
    if not FIRST_ROWS <= rows.start <= rows.stop <= len(content) - footer_length(content):
        raise ValueError("the footer speaks of bytes that the file does not have")
    return rows


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


def footer(file: IO[bytes] | pa.NativeFile) -> pq.FileMetaData:
    """Return what the footer of an open Parquet file says; only the footer is read.

    Raises:
        pa.ArrowException: when the file is no Parquet file.
    """
    return pq.read_metadata(file)
