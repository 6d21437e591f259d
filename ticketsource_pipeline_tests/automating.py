"""How tests put a clock to the schedules and the sensor, and run what they ask for; no test."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
import time_machine
from dagster._core.definitions.run_request import RunRequest
from dagster._core.definitions.schedule_definition import ScheduleExecutionData
from dagster._core.definitions.sensor_definition import SensorExecutionData
from dagster._core.execution.execute_in_process_result import ExecuteInProcessResult

from ticketsource_pipeline.automation.jobs import CATALOG_JOB, MONTH_JOB
from ticketsource_pipeline.definitions import definitions
from ticketsource_pipeline.resources import resources
from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline.settings import read_settings
from ticketsource_pipeline_tests.running import DATASETS, MONTHLY, Machine, assert_holds

LONDON = ZoneInfo("Europe/London")
SENSOR = "changed_performances"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Office:
    """The project's definitions over a machine's data and a server, run in this process.

    What Dagster keeps between ticks is kept here: the sensor's cursor and the run keys.
    """

    machine: Machine
    server: SandboxServer
    instance: dg.DagsterInstance
    defs: dg.Definitions
    resources: Mapping[str, dg.ConfigurableResource]
    cursor: str | None = None
    run_keys: set[str] = field(default_factory=set)

    @property
    def theatre(self) -> Theatre:
        """The theatre behind the server."""
        return self.server.theatre

    def schedule(self, name: str) -> dg.ScheduleDefinition:
        """A schedule as Dagster has it."""
        return self.defs.get_repository_def().get_schedule_def(name)

    def tick(self, name: str, moment: datetime) -> ScheduleExecutionData:
        """What a schedule wants at a moment, told in its own time zone as the scheduler does."""
        repository = self.defs.get_repository_def()
        context = dg.build_schedule_context(
            instance=self.instance,
            scheduled_execution_time=moment.astimezone(LONDON),
            repository_def=repository,
            resources=dict(self.resources),
        )
        with context:
            return repository.get_schedule_def(name).evaluate_tick(context)

    def look(self, cursor: str | None) -> SensorExecutionData:
        """What the sensor on the catalogue wants, with a cursor of its own."""
        repository = self.defs.get_repository_def()
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=cursor,
            repository_def=repository,
            sensor_name=SENSOR,
            resources=dict(self.resources),
        )
        with context:
            return repository.get_sensor_def(SENSOR).evaluate_tick(context)

    def look_at_marts(self, hours: int = 0) -> SensorExecutionData:
        """What the sensor on the marts wants, so many hours from now."""
        repository = self.defs.get_repository_def()
        context = dg.build_sensor_context(
            instance=self.instance,
            repository_def=repository,
            sensor_name="stale_marts",
            resources=dict(self.resources),
        )
        later = datetime.now(UTC) + timedelta(hours=hours)
        with context, time_machine.travel(later, tick=True):
            return repository.get_sensor_def("stale_marts").evaluate_tick(context)

    def watch(self) -> list[RunRequest]:
        """One tick of the sensor, its cursor kept: what it asks for."""
        seen = self.look(self.cursor)
        self.cursor = seen.cursor
        return list(seen.run_requests or [])

    def read_catalog(self) -> None:
        """Run the job of the catalogue."""
        assert self.run(CATALOG_JOB).success

    def run(
        self,
        job: str,
        month: str | None = None,
        *,
        config: dict | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> ExecuteInProcessResult:
        """Run a job to its end."""
        return self.defs.resolve_job_def(job).execute_in_process(
            run_config={**QUIET, **(config or {})},
            instance=self.instance,
            partition_key=month,
            tags=dict(tags or {}),
            raise_on_error=False,
        )

    def run_check(self, asset: str, check: str) -> str:
        """What a check, run by itself, says of an asset."""
        key = dg.AssetCheckKey(dg.AssetKey(asset), check)
        job = dg.define_asset_job("one_check", selection=dg.AssetSelection.checks(key))
        defs = dg.Definitions.merge(self.defs, dg.Definitions(jobs=[job]))
        result = defs.resolve_job_def("one_check").execute_in_process(
            run_config=QUIET, instance=self.instance
        )
        (evaluation,) = result.get_asset_check_evaluations()
        return evaluation.description or ""

    def run_month(self, month: str, **config: bool) -> ExecuteInProcessResult:
        """Run the job of a month, with the options of its reading."""
        return self.run(MONTH_JOB, month, config={"ops": {"raw": {"config": config}}})

    def carry_out(self, requests: Sequence[RunRequest]) -> list[str]:
        """Run what was asked for, each run key once; returns the months run."""
        months = []
        for request in requests:
            assert request.run_key is not None
            if request.run_key in self.run_keys:
                continue
            self.run_keys.add(request.run_key)
            result = self.run(
                MONTH_JOB, request.partition_key, config=dict(request.run_config), tags=request.tags
            )
            assert result.success
            months.append(str(request.partition_key))
        return months

    def bring_up_to_date(self) -> None:
        """Read the catalogue, then all that the sensor asks for."""
        self.read_catalog()
        self.carry_out(self.watch())


@contextlib.contextmanager
def office(
    machine: Machine, theatre: Theatre, patch: pytest.MonkeyPatch, **more: str
) -> Iterator[Office]:
    """Yield the definitions over a theatre of its own, Dagster's memory empty."""
    with SandboxServer(theatre) as server, dg.DagsterInstance.ephemeral() as instance:
        variables = machine.variables(server, **more)
        for name, value in variables.items():
            patch.setenv(name, value)
        settings = read_settings(variables)
        yield Office(machine, server, instance, definitions(settings), resources(settings))


@contextlib.contextmanager
def at(theatre: Theatre, moment: datetime) -> Iterator[None]:
    """Let it be a moment, for this process and for the theatre."""
    with time_machine.travel(moment, tick=True):
        theatre.clock = lambda: datetime.now(UTC)
        yield


def moment(text: str) -> datetime:
    """A moment in UTC, written `2024-03-01T19:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def theatre_of(*starts: str, bookings: int = 2) -> Theatre:
    """One event with a performance at each moment (UTC), sold 100 days ahead."""
    theatre = Theatre.empty()
    theatre.clock = lambda: moment(min(starts)) - timedelta(days=100)
    event = theatre.add_event("Play")
    for start in starts:
        date_id = theatre.add_date(event, moment(start))
        for _ in range(bookings):
            theatre.add_booking(date_id, 2)
    return theatre


def keys(requests: Sequence[RunRequest] | None) -> list[str | None]:
    """The run keys, in order."""
    return [request.run_key for request in requests or []]


def months(requests: Sequence[RunRequest] | None) -> list[str | None]:
    """The months, in order."""
    return [request.partition_key for request in requests or []]


def assert_one_month_each(machine: Machine, theatre: Theatre) -> None:
    """Fail unless each performance is in its own month, in every dataset it has rows in."""
    assert_holds(machine, theatre)
    homes = {key: date["attributes"]["start"][:7] for key, date in theatre.dates.items()}
    for dataset in MONTHLY:
        for row in machine.rows(dataset):
            assert row["performance_month"] == homes[row["date_id"]], dataset


def assert_no_booking_twice(machine: Machine) -> None:
    """Fail when a row of any dataset is stored twice, or a booking's lines in two months."""
    for dataset in DATASETS:
        rows = machine.rows(dataset)
        if dataset == "booking_lines":
            homes: dict[str, str] = {}
            for row in rows:
                month = str(row["performance_month"])
                assert homes.setdefault(row["booking_id"], month) == month
        key = _KEYS[dataset]
        found = [tuple(row[name] for name in key) for row in rows]
        assert len(found) == len(set(found)), dataset


_KEYS = {
    "events": ("event_id",),
    "venues": ("venue_id", "event_id"),
    "performances": ("date_id",),
    "raw_bookings": ("booking_id",),
    "raw_seats": ("seat_id",),
    "booking_lines": ("booking_id", "line_number"),
    "seats": ("seat_id",),
    "attendees": ("seat_id",),
}
assert set(MONTHLY) < set(_KEYS)
SPRING = moment("2024-05-06T12:00")
JUNE, JULY, AUGUST = "2024-06", "2024-07", "2024-08"


def spring_theatre() -> Theatre:
    """Two performances in June and one in July 2024, as they were sold in spring; no two alike."""
    theatre = theatre_of("2024-06-10T19:30", "2024-06-20T19:30", "2024-07-05T19:30")
    for number, booking_id in enumerate(list(theatre.bookings)):
        theatre.edit_attendee(
            theatre.seats_of(booking_id)[0]["id"], first_name="Ann", last_name=f"Number {number}"
        )
    return theatre


def fill_spring(folder: Path) -> None:
    """Read `spring_theatre()` into a folder on 6 May 2024."""
    theatre = spring_theatre()
    with (
        pytest.MonkeyPatch.context() as patch,
        office(Machine(folder), theatre, patch) as place,
        at(theatre, SPRING),
    ):
        place.bring_up_to_date()


@contextlib.contextmanager
def spring_office(filled: Path, folder: Path, **more: str) -> Iterator[Office]:
    """Yield an office that read everything on 6 May 2024, and it is the next noon."""
    shutil.copytree(filled, folder, dirs_exist_ok=True)
    theatre = spring_theatre()
    with (
        pytest.MonkeyPatch.context() as patch,
        office(Machine(folder), theatre, patch, **more) as place,
        at(theatre, SPRING + timedelta(days=1)),
    ):
        yield place
