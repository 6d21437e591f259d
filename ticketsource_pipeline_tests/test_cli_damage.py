"""What goes wrong around a sync: damaged files, many starts at once, an answer not believed."""

from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from ticketsource_pipeline.sandbox import RequestRecord, SandboxServer, Theatre
from ticketsource_pipeline_tests.running import Machine, assert_holds


def test_many_syncs_that_start_at_once_make_one_sound_dagster_home(machine: Machine) -> None:
    theatre = Theatre.uniform(1, 1, 3)
    with SandboxServer(theatre) as server, ThreadPoolExecutor(3) as executor:
        begun = [executor.submit(machine.sync, server) for _ in range(3)]
        ends = [one.result() for one in begun]
        assert [end.code for end in ends] == [0, 0, 0], [end.stderr for end in ends]
        assert_holds(machine, theatre)
    for database in ("runs.db", "runs/index.db"):
        with sqlite3.connect(machine.home / "history" / database) as connection:
            versions = connection.execute("select version_num from alembic_version").fetchall()
        assert len(versions) == 1, database


def test_a_damaged_file_of_an_open_performance_is_read_anew(machine: Machine) -> None:
    theatre = Theatre.uniform(1, 1, 3, first_month="2028-01")
    with SandboxServer(theatre) as server:
        assert machine.sync_here(server).code == 0
        for dataset in ("raw_bookings", "raw_seats", "performances"):
            (path,) = (machine.data / dataset).rglob("*.parquet")
            path.write_bytes(b"no Parquet at all")
        outcome = machine.sync_here(server)
        assert outcome.code == 0, outcome.stderr
        assert_holds(machine, theatre)


def test_a_damaged_file_that_is_not_read_anew_is_named_in_a_line_and_fails_the_sync(
    machine: Machine,
) -> None:
    theatre = Theatre.uniform(1, 1, 3, first_month="2020-01")
    with SandboxServer(theatre) as server:
        assert machine.sync_here(server).code == 0
        (path,) = (machine.data / "raw_bookings").rglob("*.parquet")
        path.write_bytes(b"no Parquet at all")
        outcome = machine.sync(server)
        assert outcome.code == 1
        assert f"{path} is damaged" in outcome.stderr
        assert "Traceback" not in outcome.output
        assert outcome.summary["datasets"]["raw_bookings"] == {"rows": 0, "files": 0}
        path.unlink()
        assert machine.sync_here(server, "--month", "2020-01").code == 0
        assert_holds(machine, theatre)


def small_theatre_without(kind: str) -> Theatre:
    """The theatre of the next test, the same but for one list, which is empty."""
    theatre = Theatre.uniform(1, 1, 3, first_month="2028-01")
    if kind in {"events", "customers"}:
        return Theatre.empty()
    if kind == "dates":
        theatre.delete_date(next(iter(theatre.dates)))
    for booking_id in list(theatre.bookings):
        theatre.delete_booking(booking_id)
    return theatre


@pytest.mark.parametrize(
    ("kind", "path", "words"),
    [
        ("events", "/events", []),
        ("dates", "/events/.*/dates", []),
        ("bookings", "/dates/.*/bookings", []),
        ("bookings", "/dates/.*/bookings", ["--full"]),
        ("customers", "/customers", ["--customers"]),
    ],
)
def test_a_single_empty_list_does_not_empty_the_data(
    machine: Machine, kind: str, path: str, words: list[str]
) -> None:
    theatre = Theatre.uniform(1, 1, 3, first_month="2028-01")
    with SandboxServer(theatre) as server:
        assert machine.sync_here(server, "--customers").code == 0
        before = machine.files()
        asked = 0

        def nothing_at_first(request: RequestRecord) -> None:
            nonlocal asked
            if re.fullmatch(path, request.path):
                asked += 1
                server.theatre = theatre if asked > 1 else small_theatre_without(kind)

        server.on_request = nothing_at_first
        outcome = machine.sync_here(server, *words)
        assert outcome.code == 0, outcome.stderr
        assert asked == 2
        assert_holds(machine, theatre)
        if "--full" not in words:
            assert machine.files() == before
