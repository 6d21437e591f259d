"""`ticketsource plan` says beforehand what a sync then asks, and asks nothing itself."""

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import time_machine
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ticketsource_pipeline.api.pages import parse_page
from ticketsource_pipeline.api.paging import read_whole_list
from ticketsource_pipeline.automation.jobs import CATALOG_JOB
from ticketsource_pipeline.cli.main import ticketsource
from ticketsource_pipeline.definitions import definitions
from ticketsource_pipeline.refresh.forecast import pages_of
from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline.settings import read_settings
from ticketsource_pipeline_tests.automating import moment, theatre_of
from ticketsource_pipeline_tests.running import Machine, Once

TODAY = moment("2024-06-12T12:00")
# Small pages, so that lists of events, dates, bookings and seats take several.
PAGES = {"TICKETSOURCE_PAGE_SIZE": "4"}


def theatre() -> Theatre:
    """January 2024 is closed, June and July are open; lists are longer than a page of four."""
    made = theatre_of(
        "2024-01-10T19:30", "2024-06-20T19:30", "2024-06-21T19:30", "2024-07-01T19:30", bookings=3
    )
    event = next(iter(made.events))
    for day in range(1, 5):
        made.add_date(event, f"2024-07-0{day}T14:00:00+00:00")
    for number in range(5):
        made.add_event(f"Announced {number}")
    january, june, *_ = made.dates
    for tickets in (1, 4, 5, 9):
        made.add_booking(june, tickets)
        made.add_booking(january, tickets)
    made.add_booking(june, 0, donation=500)
    return made


@pytest.fixture(scope="module")
def _filled(made_once: Once) -> Path:
    def fill(folder: Path) -> None:
        with SandboxServer(theatre()) as server, time_machine.travel(TODAY):
            assert Machine(folder).sync_here(server, **PAGES).code == 0

    return made_once("june", fill)


@pytest.fixture
def june(_filled: Path, tmp_path: Path) -> Machine:
    shutil.copytree(_filled, tmp_path, dirs_exist_ok=True)
    return Machine(tmp_path)


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(theatre()) as running:
        yield running


def plan(machine: Machine, server: SandboxServer, *words: str) -> str:
    """What the command prints; it asks nothing and changes no file."""
    server.clear()
    before = machine.everything()
    result = CliRunner().invoke(
        ticketsource,
        ["plan", *words],
        env={**machine.variables(server, **PAGES), "COLUMNS": "120"},
    )
    assert result.exit_code == 0, result.output
    assert server.requests == []
    assert machine.everything() == before
    return result.output


def table(text: str) -> dict[str, tuple[str, list[int]]]:
    """By first column: why, and the numbers of the row."""
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split("[│┃|]", line)]
        if len(cells) > 5 and re.fullmatch(r"\d{4}-\d\d|catalogue|all", cells[1]):
            numbers = [int(cell.replace(",", "")) for cell in cells[3:] if cell.isdigit()]
            rows[cells[1]] = (cells[2], numbers)
    return rows


def requests_of(text: str) -> int:
    return table(text)["all"][1][-1]


@pytest.mark.parametrize(("days", "words"), [(0, ()), (0, ("--full",)), (5, ())])
def test_the_plan_is_just_what_the_sync_then_asks(
    june: Machine, server: SandboxServer, days: int, words: tuple[str, ...]
) -> None:
    with time_machine.travel(TODAY + timedelta(days=days, hours=1)):
        planned = requests_of(plan(june, server, *words))
        assert june.sync_here(server, *words, **PAGES).code == 0
    assert planned == len(server.requests)
    bookings = len(server.theatre.bookings)
    asked = len({r.path for r in server.requests if r.path.endswith("/seats")})
    in_january = len(server.theatre.bookings_of(next(iter(server.theatre.dates))))
    # Stored seats may be reused for up to 7 days, some for less: after 5 some are due.
    assert (
        asked
        in {
            (0, ()): {0},
            (0, ("--full",)): {bookings},
            (5, ()): set(range(1, bookings - in_january)),
        }[days, words]
    )


def test_a_moved_performance_is_planned_with_the_seats_it_brings_along(
    june: Machine, server: SandboxServer
) -> None:
    theatre = server.theatre
    theatre.move_date(list(theatre.dates)[1], "2024-09-20T19:30:00+00:00")
    with time_machine.travel(TODAY + timedelta(hours=1)):
        variables = june.variables(server, **PAGES)
        read_catalog(variables)
        rows = table(plan(june, server))
        assert june.sync_here(server, **PAGES).code == 0
    assert rows["2024-06"][0] == "performances left"
    assert rows["2024-09"][0] == "never read whole"
    assert rows["all"][1][-1] == len(server.requests)
    assert server.count("/seats") == 0


def read_catalog(variables: dict[str, str]) -> None:
    """Read the catalogue and nothing else, as the hourly schedule does."""
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        for name, value in variables.items():
            patch.setenv(name, value)
        job = definitions(read_settings(variables)).resolve_job_def(CATALOG_JOB)
        assert job.execute_in_process(instance=instance).success


def test_each_month_is_told_with_its_reason_and_closed_ones_are_counted(
    june: Machine, server: SandboxServer
) -> None:
    with time_machine.travel(TODAY + timedelta(hours=1)):
        text = plan(june, server)
        rows = table(text)
    assert list(rows) == ["catalogue", "2024-06", "2024-07", "all"]
    # listed, closed, pages, new, aged, requests
    assert rows["2024-06"] == ("open", [2, 0, 4, 0, 0, 4])
    assert rows["2024-07"] == ("open", [5, 0, 5, 0, 0, 5])
    assert "1 closed month is left alone." in text


def test_the_plan_of_a_full_sync_reads_closed_months_too(
    june: Machine, server: SandboxServer
) -> None:
    with time_machine.travel(TODAY + timedelta(hours=1)):
        text = plan(june, server, "--full")
        rows = table(text)
    assert rows["2024-01"][0] == "full"
    assert rows["2024-01"][1][4] == 7
    assert "0 closed months are left alone." in text


def test_the_minutes_are_those_of_the_ceiling(june: Machine, server: SandboxServer) -> None:
    with time_machine.travel(TODAY + timedelta(hours=1)):
        result = CliRunner().invoke(
            ticketsource,
            ["plan", "--full"],
            env={
                **june.variables(server, **PAGES),
                "COLUMNS": "120",
                "TICKETSOURCE_REQUESTS_PER_MINUTE": "10",
            },
        )
    for line in result.output.splitlines():
        if (cells := [cell.strip() for cell in re.split("[│┃|]", line)])[1:2] == ["all"]:
            assert float(cells[-2]) == pytest.approx(int(cells[-3]) / 10, abs=0.05)
            return
    pytest.fail("the plan has no line for all")


def test_before_the_first_sync_the_plan_says_that_nothing_is_known(
    machine: Machine, server: SandboxServer
) -> None:
    assert plan(machine, server).startswith("Nothing is known of the account yet:")


@given(st.integers(0, 700), st.integers(1, 100))
def test_the_pages_of_a_list_are_as_many_as_its_reading_asks_for(rows: int, size: int) -> None:
    reader = read_whole_list("/events", size)
    asked = 0
    ask = next(reader)
    try:
        while True:
            asked += 1
            ask = reader.send(parse_page(envelope(rows, ask.page, ask.per_page), "/events", "evt"))
    except StopIteration:
        pass
    assert pages_of(rows, size) == asked


def envelope(rows: int, page: int, size: int) -> dict[str, Any]:
    """A page of a list as the API answers it."""
    first, last = (page - 1) * size + 1, min(page * size, rows)
    data = [{"id": f"evt-{number}"} for number in range(first, last + 1)]
    return {
        "data": data,
        "links": {"next": f"?page={page + 1}" if last < rows else None},
        "meta": {
            "current_page": page,
            "from": first if data else None,
            "per_page": size,
            "to": last if data else None,
        },
    }
