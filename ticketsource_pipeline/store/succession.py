"""A Parquet file that takes another's place without breaking a query that is under way.

A reader may open a file several times in one query: DuckDB reads the footer first and opens the
file again for the rows. When the file is replaced in between, it looks for the old rows in the new
file, and fails or, worse, takes some of them for all. A successor therefore holds, where they were,
the bytes of the rows it replaces, beside its own: whoever planned with the old footer reads the old
rows, whole, and whoever reads the new footer reads the new ones. Parquet allows bytes that no
footer speaks of, so a reader takes such a file as it takes any other.

    a first file      PAR1  rows 1  footer 1
    its successor     PAR1  rows 1  rows 2  footer 2
    and the next      PAR1  rows 3  rows 2  footer 3

A file is so at most about three times as long as its rows alone.
"""

from __future__ import annotations

import pyarrow as pa

from ticketsource_pipeline.store import parquet


def successor(table: pa.Table, before: bytes, *, keeps_rows: bool) -> bytes:
    """Return the content of a file that takes the place of another.

    Args:
        table: the rows it is to hold.
        before: the content of the file it replaces; if it is damaged, there is nothing to keep.
        keeps_rows: whether the bytes of the replaced rows are kept. If not, zeros are in their
            place: a query under way then fails, and still takes nothing for a row that is none.
    """
    old = _rows_bytes(before)
    if not old:
        return parquet.encode(table)
    kept = before[old.start : old.stop] if keeps_rows else bytes(len(old))
    if old.start > parquet.FIRST_ROWS:
        alone = parquet.encode(table)
        own = len(alone) - parquet.footer_length(alone)
        if own <= old.start:
            return alone[:own] + bytes(old.start - own) + kept + alone[own:]
    return parquet.encode(table, after=bytes(old.start - parquet.FIRST_ROWS) + kept)


def cleared(content: bytes) -> bytes | None:
    """Return a file's content with zeros instead of replaced rows; none when it keeps none.

    Its own rows stay where they are, so a query under way goes on reading them.

    Raises:
        pa.ArrowException: when the content is no Parquet file.
    """
    own = parquet.rows_bytes(content)
    end = len(content) - parquet.footer_length(content)
    blank = bytearray(end)
    blank[: parquet.FIRST_ROWS] = content[: parquet.FIRST_ROWS]
    blank[own.start : own.stop] = content[own.start : own.stop]
    alone = bytes(blank) + content[end:]
    return alone if alone != content else None


def keeps_replaced_rows(content: bytes) -> bool:
    """Return whether a file's content keeps bytes of rows it replaced; not when it is damaged."""
    try:
        return cleared(content) is not None
    except (pa.ArrowException, OSError, ValueError):
        return False


def _rows_bytes(content: bytes) -> range:
    """Where a file's rows are; nowhere when it is damaged."""
    try:
        return parquet.rows_bytes(content)
    except (pa.ArrowException, OSError, ValueError):
        return range(0)
