"""Files that take another's place: whoever reads with the old footer finds the old rows."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from queue import Queue

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from ticketsource_pipeline.datasets import ATTENDEES, EVENTS
from ticketsource_pipeline.frames.extract import typed_frame
from ticketsource_pipeline.store import Layout, ParquetStore, parquet
from ticketsource_pipeline.store.succession import cleared, keeps_replaced_rows, successor
from ticketsource_pipeline_tests.keeping import let_queries_end

_TABLES = st.lists(
    st.builds(
        lambda numbers, texts: pa.table(
            {
                "number": pa.array(numbers * len(texts), pa.int64()),
                "text": pa.array(texts * len(numbers), pa.string()),
            }
        ),
        st.lists(st.integers(-5, 5), max_size=40),
        st.lists(st.none() | st.text(max_size=20), max_size=20),
    ),
    min_size=2,
    max_size=8,
)


def _read_with_footer_of(footer: bytes, content: bytes) -> pa.Table:
    """What somebody reads from a file who has the footer of the one before."""
    length = parquet.footer_length(footer)
    rows = content[: len(footer) - length]
    return pq.read_table(BytesIO(rows + footer[-length:]))


@given(_TABLES)
def test_the_old_footer_finds_the_old_rows_and_the_new_one_the_new(tables: list[pa.Table]) -> None:
    content = parquet.encode(tables[0])
    longest = len(content)
    for before, after in itertools.pairwise(tables):
        replaced, content = content, successor(after, content, keeps_rows=True)
        assert pq.read_table(BytesIO(content)).equals(after)
        if before.num_rows:
            assert _read_with_footer_of(replaced, content).equals(before)
        longest = max(longest, len(parquet.encode(after)))
        assert len(content) <= 3 * longest


@given(_TABLES)
def test_what_is_cleared_has_its_own_rows_where_they_were_and_no_others(
    tables: list[pa.Table],
) -> None:
    content = parquet.encode(tables[0])
    for table in tables[1:]:
        content = successor(table, content, keeps_rows=True)
    blank = cleared(content)
    assert keeps_replaced_rows(content) is (blank is not None)
    if blank is None:
        return
    assert not keeps_replaced_rows(blank)
    assert pq.read_table(BytesIO(blank)).equals(tables[-1])
    own = parquet.rows_bytes(content)
    assert parquet.rows_bytes(blank) == own
    assert blank[own.start : own.stop] == content[own.start : own.stop]
    assert len(blank) == len(content)
    end = len(blank) - parquet.footer_length(blank)
    assert not (blank[4 : own.start] + blank[own.stop : end]).strip(b"\0")


@given(_TABLES)
def test_where_nothing_is_kept_the_same_places_are_blank(tables: list[pa.Table]) -> None:
    content = parquet.encode(tables[0])
    for table in tables[1:]:
        kept = successor(table, content, keeps_rows=True)
        content = successor(table, content, keeps_rows=False)
        assert not keeps_replaced_rows(content)
        assert pq.read_table(BytesIO(content)).equals(table)
        assert len(content) <= len(kept)


def test_of_a_damaged_file_nothing_is_kept() -> None:
    table = pa.table({"number": [1, 2, 3]})
    alone = parquet.encode(table)
    for damaged in (b"", b"PAR1", b"no Parquet at all", alone[:-3], alone[9:]):
        assert successor(table, damaged, keeps_rows=True) == alone
        assert not keeps_replaced_rows(damaged)


def _events(version: int) -> pd.DataFrame:
    """Rows of which all say the same version, as many as it has."""
    rows = 2_000 + version % 7 * 100
    return typed_frame(
        EVENTS,
        [
            {"event_id": f"evt-{row}", "name": str(version), "description": f"{row * version}"}
            for row in range(rows)
        ],
    )


def test_duckdb_in_a_loop_beside_a_writer_sees_one_version_each_time(tmp_path: Path) -> None:
    store = ParquetStore(Layout.of(str(tmp_path / "data"), tmp_path / "machine"))
    store.write(EVENTS, _events(1))
    what = "count(*), min(name), max(name), min(length(description))"
    query = f"SELECT {what} FROM read_parquet('{tmp_path}/data/events/*.parquet')"  # noqa: S608
    readings: Queue[object] = Queue()
    done = threading.Event()

    def read() -> None:
        with duckdb.connect() as connection:
            while not done.is_set():
                try:
                    readings.put(connection.execute(query).fetchone())
                except duckdb.Error as error:
                    readings.put(error)

    versions = range(2, 62)
    reader = threading.Thread(target=read)
    reader.start()
    found = []
    try:
        for version in versions:
            store.write(EVENTS, _events(version))
            # No two in one query: a file is replaced again by the next sync at the earliest.
            found += [readings.get(timeout=60) for _ in range(readings.qsize() + 2)]
    finally:
        done.set()
        reader.join()
    possible = [(2_000 + version % 7 * 100, str(version), str(version), 1) for version in versions]
    assert [reading for reading in found if reading not in [(2_100, "1", "1", 1), *possible]] == []
    assert len(set(found)) > 30


def test_a_file_of_persons_is_rid_of_the_replaced_rows_when_it_is_next_written(
    tmp_path: Path,
) -> None:
    store = ParquetStore(Layout.of(str(tmp_path / "data"), tmp_path / "machine"))
    path = tmp_path / "data/attendees/performance_month=2026-05/part-0.parquet"

    def write(name: str) -> tuple[bool, bool]:
        """Whether the file changed, and whether it keeps rows then."""
        frame = typed_frame(ATTENDEES, [{"seat_id": "sea-1", "first_name": name}])
        changed = store.write(ATTENDEES, frame, month="2026-05").changed
        return changed, keeps_replaced_rows(path.read_bytes())

    assert write("Zoë") == (True, False)
    assert write("Zoë") == (False, False)
    assert write("Chloë") == (True, True)
    # A query that began before may be under way.
    assert write("Chloë") == (False, True)
    assert not store.is_to_be_cleared(ATTENDEES, "2026-05")
    let_queries_end(tmp_path)
    assert store.is_to_be_cleared(ATTENDEES, "2026-05")
    assert write("Chloë") == (True, False)
    let_queries_end(tmp_path)
    assert write("Chloë") == (False, False)
    assert write("Zoë") == (True, True)
    store = replace(store, keeps_replaced_persons=False)
    assert store.is_to_be_cleared(ATTENDEES, "2026-05")
    assert write("Zoë") == (True, False)
    assert write("Chloë") == (True, False)


def test_a_file_that_names_nobody_keeps_the_replaced_rows(tmp_path: Path) -> None:
    store = ParquetStore(Layout.of(str(tmp_path / "data"), tmp_path / "machine"))
    store = replace(store, keeps_replaced_persons=False)
    store.write(EVENTS, _events(1))
    store.write(EVENTS, _events(2))
    let_queries_end(tmp_path)
    assert not store.write(EVENTS, _events(2)).changed
    assert keeps_replaced_rows((tmp_path / "data/events/part-0.parquet").read_bytes())
