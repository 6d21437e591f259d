"""Every dataset's folder reads as one table: in pandas, pyarrow and DuckDB, month and all."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline_tests.running import (
    AMOUNTS,
    CLOSED_MONTH,
    DATASETS,
    MONTHLY,
    Machine,
    dates_of,
    next_month,
    small_theatre,
)

PLAIN_MONTH = "2024-06"


def duck(folder: Path, what: str) -> list[tuple[Any, ...]]:
    source = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {what} FROM {source}").fetchall()  # noqa: S608


def with_pandas(folder: Path) -> set[tuple[str, str]]:
    frame = pd.read_parquet(folder, dtype_backend="pyarrow")
    return set(zip(frame["date_id"], frame["performance_month"].astype(str), strict=True))


def with_pyarrow(folder: Path) -> set[tuple[str, str]]:
    table = pads.dataset(folder, partitioning="hive", exclude_invalid_files=False).to_table()
    return {(row["date_id"], str(row["performance_month"])) for row in table.to_pylist()}


def with_duckdb(folder: Path) -> set[tuple[str, str]]:
    return set(duck(folder, "DISTINCT date_id, CAST(performance_month AS VARCHAR)"))


def uneven(synced: Machine) -> Theatre:
    """Empty the closed month, and add one without attendees and with unreserved seats."""
    theatre = small_theatre()
    for date_id in dates_of(theatre, CLOSED_MONTH):
        theatre.delete_date(date_id)
    plain = theatre.add_date(next(iter(theatre.events)), f"{PLAIN_MONTH}-01T19:30:00+00:00")
    theatre.add_booking(plain, 2)
    with SandboxServer(theatre) as server:
        assert synced.sync_here(server).code == 0
    return theatre


def test_each_reader_sees_every_dataset_as_one_table_with_its_months(synced: Machine) -> None:
    theatre = uneven(synced)
    counts = theatre.counts()
    # The month that was emptied has its files still, and no row in any.
    for dataset in MONTHLY[2:]:
        path = synced.data / dataset / f"performance_month={CLOSED_MONTH}" / "part-0.parquet"
        assert pq.read_metadata(path).num_rows == 0
    attendees = synced.data / "attendees" / f"performance_month={PLAIN_MONTH}" / "part-0.parquet"
    assert pq.read_metadata(attendees).num_rows == 0
    seats = pq.read_table(
        synced.data / "seats" / f"performance_month={PLAIN_MONTH}" / "part-0.parquet",
        partitioning=None,
    )
    assert seats["row"].null_count == seats.num_rows == 2

    for dataset in DATASETS:
        folder = synced.data / dataset
        files = {pq.read_schema(path).remove_metadata() for path in folder.rglob("*.parquet")}
        assert len(files) == 1
        assert len(pd.read_parquet(folder)) == counts[dataset]
        assert pads.dataset(folder, partitioning="hive").count_rows() == counts[dataset]
        assert duck(folder, "count(*)") == [(counts[dataset],)]

    months = (next_month(), PLAIN_MONTH)
    expected = {(date_id, month) for month in months for date_id in dates_of(theatre, month)}
    named = {pair for pair in expected if pair[1] != PLAIN_MONTH}
    for dataset in MONTHLY:
        for read in (with_pandas, with_pyarrow, with_duckdb):
            assert read(synced.data / dataset) == (named if dataset == "attendees" else expected)
        schema = pq.read_schema(next((synced.data / dataset).rglob("*.parquet")))
        assert "performance_month" not in schema.names


def test_money_times_and_flags_have_their_types_in_every_reader(synced: Machine) -> None:
    theatre = small_theatre()
    folder = synced.data / "booking_lines"
    expected = {name: Decimal(pence) / 100 for name, pence in theatre.pence().items()}
    (totals,) = duck(folder, ", ".join(f"sum({name})" for name in AMOUNTS))
    assert dict(zip(AMOUNTS, totals, strict=True)) == expected
    frame = pd.read_parquet(folder, dtype_backend="pyarrow")
    assert {name: frame[name].sum() for name in AMOUNTS} == expected
    table = pads.dataset(folder, partitioning="hive").to_table()
    assert {table.schema.field(name).type for name in AMOUNTS} == {pa.decimal128(12, 2)}
    assert table.schema.field("created_at").type == pa.timestamp("us", "UTC")
    assert table.schema.field("is_refund").type == pa.bool_()
    kinds = "typeof(any_value(gross)), typeof(any_value(created_at)), typeof(any_value(is_refund))"
    assert duck(folder, kinds) == [("DECIMAL(12,2)", "TIMESTAMP WITH TIME ZONE", "BOOLEAN")]
    starts = pd.read_parquet(synced.data / "performances")["start"]
    assert starts.min() == pd.Timestamp(datetime.fromisoformat(f"{CLOSED_MONTH}-09T19:30:00+00:00"))
