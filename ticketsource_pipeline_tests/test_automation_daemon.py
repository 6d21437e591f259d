"""Under a real Dagster daemon: kills around ticks lose and double nothing, a backfill goes on.

Minutes of work: only with LONG_TESTS=1 in the environment.
"""

import os
import random
import time
from collections.abc import Callable
from datetime import timedelta

import dagster as dg
import pytest

from ticketsource_pipeline.sandbox import Faults
from ticketsource_pipeline_tests.automating import (
    assert_no_booking_twice,
    assert_one_month_each,
    moment,
    theatre_of,
)
from ticketsource_pipeline_tests.living import Daemon, daemon
from ticketsource_pipeline_tests.running import Machine

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("LONG_TESTS") != "1", reason="minutes of work: set LONG_TESTS=1"
    ),
    pytest.mark.timeout(1200),
]
EVENING = moment("2024-05-06T04:00")


def kill_at(dagster: Daemon, condition: Callable[[], bool]) -> None:
    """Kill the daemon the moment something is so, and start it again."""
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
    dagster.kill()
    dagster.start()


def test_a_daemon_killed_around_its_ticks_loses_no_run_and_doubles_none(machine: Machine) -> None:
    theatre = theatre_of("2024-06-10T19:30", "2024-06-20T19:30", "2024-07-05T19:30")
    moved, cancelled, other = theatre.dates
    lots = random.Random(7)  # noqa: S311
    with daemon(machine, theatre, EVENING) as dagster:

        def some_time() -> Callable[[], bool]:
            end = time.monotonic() + lots.uniform(0, 4)
            return lambda: time.monotonic() > end

        def one_run_more() -> Callable[[], bool]:
            known = len(dagster.runs())
            return lambda: len(dagster.runs()) > known

        rounds: list[tuple[Callable[[], object], Callable[[], Callable[[], bool]]]] = [
            (lambda: None, one_run_more),
            (lambda: theatre.move_date(moved, "2024-07-15T19:30:00+00:00"), one_run_more),
            (lambda: theatre.move_date(moved, "2024-06-15T19:30:00+00:00"), one_run_more),
            (lambda: theatre.cancel_date(cancelled), some_time),
            (lambda: theatre.move_date(other, "2024-06-25T19:30:00+00:00"), some_time),
            (lambda: theatre.reinstate_date(cancelled), some_time),
        ]
        for number, (change, kill) in enumerate(rounds):
            change()
            tick = EVENING + timedelta(hours=number, minutes=5)
            dagster.clock.set(tick + timedelta(seconds=1))
            dagster.wait_for_schedule("catalog_refresh", tick)
            dagster.clock.set(dagster.clock() + timedelta(seconds=61))
            kill_at(dagster, kill())
            dagster.wait_for_sensor()
            # No night has passed: what is right here was done by the runs of the sensor.
            assert_one_month_each(machine, theatre)
            assert_no_booking_twice(machine)
        night = (EVENING + timedelta(days=1)).replace(hour=2, minute=30)
        dagster.clock.set(night + timedelta(seconds=1))
        kill_at(dagster, lambda: any("nightly" in key for key in dagster.runs_by_key()))
        dagster.wait_for_schedule("open_months_refresh", night)
        keys = dagster.runs_by_key()
        assert set(keys.values()) == {1}
        assert {key for key in keys if "nightly" in key} == {
            f"nightly 2024-05-07 {month}" for month in ("2024-06",)
        }
        failed = [run for run in dagster.runs() if run.status is not dg.DagsterRunStatus.SUCCESS]
        assert failed == []


BACKFILL = """
mutation {
  launchPartitionBackfill(backfillParams: {
    selector: {
      partitionSetName: "refresh_month_partition_set",
      repositorySelector: {
        repositoryName: "__repository__", repositoryLocationName: "ticketsource_pipeline"
      }
    },
    partitionNames: ["2024-01", "2024-02", "2024-03"]
  }) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
RETRY = """
mutation {
  launchRunReexecution(reexecutionParams: {parentRunId: "%s", strategy: FROM_FAILURE}) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""


def test_a_month_of_a_backfill_that_failed_goes_on_where_it_stopped(machine: Machine) -> None:
    theatre = theatre_of(
        "2024-01-10T19:30", "2024-02-10T19:30", "2024-02-11T19:30", "2024-02-12T19:30",
        "2024-03-10T19:30", bookings=3,
    )  # fmt: skip
    missing = list(theatre.dates)[2]
    with daemon(machine, theatre, EVENING, TICKETSOURCE_MAX_RETRIES="0") as dagster:
        dagster.server.faults = Faults(share_500=1.0, only_path=f"/dates/{missing}/bookings")
        tick = EVENING + timedelta(minutes=5)
        dagster.stop_sensor()
        dagster.clock.set(tick + timedelta(seconds=1))
        dagster.wait_for_schedule("catalog_refresh", tick)
        answer = dagster.graphql(BACKFILL)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        backfill_id = answer["backfillId"]

        def runs() -> list[dg.DagsterRun]:
            return [
                run for run in dagster.runs() if run.tags.get("dagster/backfill") == backfill_id
            ]

        dagster.wait(lambda: len(runs()) == 3 and dagster.is_idle())
        failed = [run for run in runs() if run.status is dg.DagsterRunStatus.FAILURE]
        assert [run.tags["dagster/partition"] for run in failed] == ["2024-02"]
        dagster.server.faults = Faults()
        dagster.server.clear()
        answer = dagster.graphql(RETRY % failed[0].run_id)["launchRunReexecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        dagster.wait(dagster.is_idle)
        listed = {r.path for r in dagster.server.requests if r.path.endswith("/bookings")}
        seats = [r.path for r in dagster.server.requests if r.path.endswith("/seats")]
        read_before = list(theatre.dates)[1]
        assert f"/dates/{read_before}/bookings" not in listed
        assert f"/dates/{missing}/bookings" in listed
        of_the_rest = {
            f"/bookings/{booking['id']}/seats"
            for date_id in list(theatre.dates)[2:4]
            for booking in theatre.bookings_of(date_id)
        }
        assert len(seats) == len(set(seats))
        assert set(seats) <= of_the_rest
        assert_one_month_each(machine, theatre)
        assert_no_booking_twice(machine)
