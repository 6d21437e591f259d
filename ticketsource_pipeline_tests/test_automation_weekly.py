"""The weekly full reading goes through all months in turn, a slice a week."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from hypothesis import given
from hypothesis import strategies as st

from ticketsource_pipeline.automation import schedules
from ticketsource_pipeline.automation.jobs import MONTH_JOB
from ticketsource_pipeline.refresh.forecast import MonthForecast
from ticketsource_pipeline.refresh.slices import Slice, next_slice
from ticketsource_pipeline.sandbox import Theatre
from ticketsource_pipeline_tests.automating import (
    QUIET,
    Office,
    at,
    keys,
    moment,
    months,
    office,
    theatre_of,
)
from ticketsource_pipeline_tests.running import Machine, Once

# Two bookings a performance: one page of bookings and two requests for seats.
A_MONTH = 3
FIRST_SUNDAY = moment("2024-06-15T23:00")
ALL = ["2024-01", "2024-07"]


def theatre() -> Theatre:
    return theatre_of(*(f"{month}-10T19:30" for month in ALL))


@pytest.fixture(scope="module")
def _read(made_once: Once) -> Path:
    def fill(folder: Path) -> None:
        with (
            pytest.MonkeyPatch.context() as patch,
            office(Machine(folder), theatre(), patch) as opened,
            at(opened.theatre, moment("2024-06-12T12:00")),
        ):
            opened.bring_up_to_date()

    return made_once("before-the-first-sunday", fill)


@pytest.fixture
def place(
    _read: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Office]:
    monkeypatch.setattr(schedules, "FULL_SLICE_REQUESTS", request.param)
    shutil.copytree(_read, tmp_path, dirs_exist_ok=True)
    with office(Machine(tmp_path), theatre(), monkeypatch) as opened:
        yield opened


def week(place: Office, number: int) -> list[str]:
    tick = FIRST_SUNDAY + timedelta(weeks=number)
    with at(place.theatre, tick):
        seen = place.tick("weekly_full", tick)
        assert not seen.skip_message
        return place.carry_out(seen.run_requests or [])


# The larger budget has room for one month and no second, the smaller one not even for one.
@pytest.mark.parametrize("place", [2 * A_MONTH - 1, A_MONTH - 1], indirect=True)
def test_each_slice_takes_up_where_the_last_one_ended_and_none_is_empty(place: Office) -> None:
    assert [week(place, number) for number in range(3)] == [["2024-01"], ["2024-07"], ["2024-01"]]


@pytest.mark.parametrize("place", [1_000], indirect=True)
def test_a_full_reading_reuses_nothing_and_reads_closed_months_too(place: Office) -> None:
    seen = place.tick("weekly_full", FIRST_SUNDAY).run_requests or []
    assert months(seen) == ALL
    # It is Sunday in London when it is still Saturday in UTC.
    assert keys(seen) == [f"weekly full 2024-06-16 {month}" for month in ALL]
    for request in seen:
        assert request.tags["ticketsource/why"] == "weekly full"
        assert request.run_config == {
            "ops": {"raw": {"config": {"full": True, "open_only": False}}}
        }
    place.server.clear()
    assert week(place, 0) == ALL
    assert place.server.count("/seats") == len(place.theatre.bookings)
    assert place.server.count("/dates/.*/bookings") == len(ALL)


@pytest.mark.parametrize("place", [1_000], indirect=True)
def test_what_another_run_read_while_the_full_one_waited_is_still_read_in_full(
    place: Office,
) -> None:
    job = place.defs.resolve_job_def(MONTH_JOB)
    waiting = place.instance.create_run_for_job(
        job,
        run_config={**QUIET, "ops": {"raw": {"config": {"full": True}}}},
        tags={"dagster/partition": "2024-07"},
    )
    assert place.run_month("2024-07").success
    place.server.clear()
    assert execute_run(InMemoryJob(job), waiting, place.instance).success
    assert place.server.count("/seats") == 2


def expected(requests: int) -> MonthForecast:
    return MonthForecast("", "full", 1, 0, requests, 0, 0, 0)


SLICES = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 50)), min_size=1, max_size=12).map(
    lambda pairs: [
        Slice(f"20{number:02d}-01", datetime(2024, 1, 1 + day, tzinfo=UTC), expected(requests))
        for number, (day, requests) in enumerate(pairs)
    ]
)


@given(SLICES, st.integers(1, 100))
def test_a_slice_is_the_longest_unread_months_that_fit_or_one_too_large(
    candidates: list[Slice], budget: int
) -> None:
    chosen = next_slice(candidates, budget)
    in_turn = sorted(candidates, key=lambda item: (item.full_at, item.month))
    assert chosen == [item.month for item in in_turn[: len(chosen)]]
    cost = sum(item.expected.requests for item in in_turn[: len(chosen)])
    assert len(chosen) == 1 or cost <= budget
    if len(chosen) < len(in_turn):
        assert cost + in_turn[len(chosen)].expected.requests > budget


@given(SLICES, st.integers(1, 100))
def test_no_month_waits_for_ever(candidates: list[Slice], budget: int) -> None:
    read: list[str] = []
    for week_number in range(len(candidates)):
        chosen = next_slice(candidates, budget)
        read += chosen
        now = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(weeks=week_number)
        candidates = [
            Slice(item.month, now if item.month in chosen else item.full_at, item.expected)
            for item in candidates
        ]
    assert set(read) == {item.month for item in candidates}


def test_where_there_is_no_month_there_is_no_slice() -> None:
    assert next_slice([], 100) == []
