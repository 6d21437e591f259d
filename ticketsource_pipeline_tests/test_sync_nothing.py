"""An account with nothing in it, or nothing left in it: every dataset is still a table."""

from __future__ import annotations

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline_tests.running import MARTS, MONTHLY, Machine, assert_holds


def assert_all_are_empty_tables(machine: Machine) -> None:
    for name in MONTHLY:
        folder = machine.data / name
        assert pq.read_table(folder).num_rows == 0
        read = pd.read_parquet(folder, dtype_backend="pyarrow")
        assert read.columns.tolist() == [*DATASETS[name].schema.names, "performance_month"]
        counted = duckdb.execute("select count(*) from read_parquet($1)", [f"{folder}/*/*.parquet"])
        assert counted.fetchall() == [(0,)]


def assert_marts_are_empty_tables(machine: Machine) -> None:
    for name in (*MARTS, "customers"):
        folder = machine.data / name
        assert [path.name for path in folder.iterdir()] == ["part-0.parquet"]
        if name != "reconciliation_months":
            # It names the months there were, with nothing in them.
            assert pq.read_table(folder).num_rows == 0
        read = pd.read_parquet(folder, dtype_backend="pyarrow")
        assert read.columns.tolist() == DATASETS[name].schema.names
        duckdb.execute("select count(*) from read_parquet($1)", [f"{folder}/*.parquet"])


@pytest.mark.parametrize("with_event", [False, True])
def test_an_account_without_performances_has_empty_tables(
    machine: Machine, *, with_event: bool
) -> None:
    theatre = Theatre.empty()
    if with_event:
        theatre.add_event("Nothing planned yet")
    with SandboxServer(theatre) as server:
        outcome = machine.sync_here(server)
        assert (outcome.code, outcome.summary["months"]) == (0, 0)
        assert_all_are_empty_tables(machine)
        assert_marts_are_empty_tables(machine)
        before = machine.files()
        assert machine.sync_here(server).code == 0
        assert machine.files() == before


def test_an_account_that_lost_its_last_performance_has_empty_tables(machine: Machine) -> None:
    theatre = Theatre.uniform(1, 2, 3)
    with SandboxServer(theatre) as server:
        assert machine.sync_here(server).code == 0
        assert {path.name for path in (machine.data / "raw_bookings").glob("*/*")} == {
            f"{date_id}.parquet" for date_id in theatre.dates
        }
        for date_id in list(theatre.dates):
            theatre.delete_date(date_id)
        assert machine.sync_here(server).code == 0
        assert_all_are_empty_tables(machine)
        assert_marts_are_empty_tables(machine)


def test_a_month_without_performances_is_an_empty_month_until_it_has_some(
    machine: Machine,
) -> None:
    theatre = Theatre.uniform(1, 1, 3, first_month="2025-01")
    with SandboxServer(theatre) as server:
        assert machine.sync_here(server, "--month", "2025-02").code == 0
        assert_all_are_empty_tables(machine)
        (date_id,) = theatre.dates
        theatre.move_date(date_id, "2025-02-11T19:30:00+00:00")
        assert machine.sync_here(server).code == 0
        assert machine.sync_here(server).code == 0
    # The empty file stays, for a query may have listed it and be about to open it.
    files = sorted(path.name for path in (machine.data / "raw_seats").glob("*/*"))
    assert files == [f"{date_id}.parquet", "part-0.parquet"]
    assert_holds(machine, theatre)
    assert machine.verify_here().code == 0
