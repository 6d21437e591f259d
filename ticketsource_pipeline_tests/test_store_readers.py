"""What other programs see in a data directory: one table each, typed, never half a file."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from ticketsource_pipeline.datasets import DATASETS, RAW_SEATS, SEATS, Dataset
from ticketsource_pipeline.frames.extract import typed_frame
from ticketsource_pipeline_tests.test_frames_samples import a_seat, raw_seats, seats_of
from ticketsource_pipeline_tests.test_store_writing import store_in

REWRITES = 40


def frames_of(dataset: Dataset) -> dict[str, pd.DataFrame]:
    """By month: no rows, a row of which only the key is known, and a row with everything in it."""
    values = {"text": "é", "money": 1, "flag": True, "number": 1, "time": pd.Timestamp(0, tz="UTC")}
    values["day"] = date(2025, 1, 1)
    full = {column.name: values[column.type] for column in dataset.columns}
    keys = {name: full[name] for name in dataset.key}
    return {
        "2025-01": typed_frame(dataset, []),
        "2025-02": typed_frame(dataset, [keys]),
        "2025-03": typed_frame(dataset, [full]),
    }


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_every_file_of_a_dataset_has_the_same_schema_empty_or_all_null(
    dataset: Dataset, tmp_path: Path
) -> None:
    schemas = []
    for month, frame in frames_of(dataset).items():
        store = store_in(tmp_path / month)
        store.write(dataset, frame, month=month if dataset.partitioned else None, notes={"n": 1})
        (path,) = (tmp_path / month / "data").rglob("*.parquet")
        schemas.append(pq.read_schema(path).remove_metadata())
    assert schemas == [dataset.schema] * 3


@pytest.mark.parametrize(
    "dataset",
    [dataset for dataset in DATASETS.values() if dataset.partitioned],
    ids=lambda dataset: dataset.name,
)
def test_pandas_pyarrow_and_duckdb_read_the_months_as_one_table(
    dataset: Dataset, tmp_path: Path
) -> None:
    store = store_in(tmp_path)
    for month, frame in frames_of(dataset).items():
        store.write(dataset, frame, month=month)
    folder = tmp_path / "data" / dataset.name
    expected = [*dataset.schema.names, "performance_month"]
    by_pandas = pd.read_parquet(folder)
    assert by_pandas.columns.tolist() == expected
    assert by_pandas["performance_month"].astype(str).tolist() == ["2025-02", "2025-03"]
    by_arrow = ds.dataset(folder, partitioning="hive").to_table()
    assert by_arrow.select(dataset.schema.names).schema.remove_metadata() == dataset.schema
    query = f"select * from read_parquet('{folder}/*/*.parquet', hive_partitioning=true)"  # noqa: S608
    by_duckdb = duckdb.connect().execute(query)
    assert [column[0] for column in by_duckdb.description or ()] == expected
    assert len(by_duckdb.fetchall()) == 2


def _pandas(folder: Path) -> set[str]:
    return set(pd.read_parquet(folder)["price_category"])


def _arrow(folder: Path) -> set[str]:
    table = ds.dataset(folder, partitioning="hive").to_table(columns=["price_category"])
    return {str(value) for value in table.column(0).to_pylist()}


def _duckdb(folder: Path) -> set[str]:
    query = f"select distinct price_category from read_parquet('{folder}/*/*.parquet')"  # noqa: S608
    return {row[0] for row in duckdb.connect().execute(query).fetchall()}


@pytest.mark.parametrize("read", [_pandas, _arrow, _duckdb])
def test_a_reader_sees_the_old_file_or_the_new_one_while_it_is_rewritten(
    read: Callable[[Path], set[str]], tmp_path: Path
) -> None:
    store = store_in(tmp_path)
    generations = [
        seats_of(*(a_seat(f"sea-S{number}", price_category=name) for number in range(2000)))[0]
        for name in ("old", "new")
    ]
    store.write(SEATS, generations[0], month="2025-03")

    def rewrite() -> None:
        for number in range(1, REWRITES + 1):
            store.write(SEATS, generations[number % 2], month="2025-03")

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = []
    while writer.is_alive():
        seen.append(read(tmp_path / "data" / "seats"))
    writer.join()
    seen.append(read(tmp_path / "data" / "seats"))
    assert all(kinds in ({"old"}, {"new"}) for kinds in seen)
    assert seen[-1] == {"old"}


def test_only_finished_parquet_files_and_the_state_lie_in_a_data_directory(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.write(RAW_SEATS, raw_seats(a_seat()), month="2025-03", name="dat-D1")
    with store.lock("month-2025-03"):
        files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    outside = [path for path in files if "_ticketsource" not in path.parts]
    assert [path.name for path in outside] == ["dat-D1.parquet"]


def test_reading_leaves_no_thread_behind_that_the_end_of_the_process_could_meet(
    tmp_path: Path,
) -> None:
    script = """
import sys, threading
from datetime import date
from pathlib import Path
from ticketsource_pipeline.datasets import EVENTS
from ticketsource_pipeline.frames.extract import typed_frame
from ticketsource_pipeline.store import Layout, ParquetStore
names = lambda: [(path / "comm").read_text() for path in Path("/proc/self/task").iterdir()]
# The allocator's own comes when it likes, and touches nothing of Python's.
threads = lambda: sum("jemalloc" not in name for name in names())
store = ParquetStore(Layout.of(sys.argv[1], Path(sys.argv[1])))
store.write(EVENTS, typed_frame(EVENTS, []))
before = threads()
store.read(EVENTS)
store.read_file(EVENTS, None, "part-0")
store.size(EVENTS)
store.notes(EVENTS, None)
print(threads() - before)
"""
    words = [sys.executable, "-c", script, str(tmp_path)]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    # Threads of Arrow's that let go of what they read while Python ends abort the process.
    assert ended.stdout.strip() == "0"
