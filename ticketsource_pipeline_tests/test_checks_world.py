"""A small store in which all is right, ways to put one thing wrong, and the checks run over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from ticketsource_pipeline.checks.asset_checks import asset_checks
from ticketsource_pipeline.datasets import (
    DATASETS,
    EVENTS,
    PERFORMANCES,
    RAW_BOOKINGS,
    RAW_SEATS,
    VENUES,
    Dataset,
)
from ticketsource_pipeline.frames.catalog import events_frame, performances_frame, venues_frame
from ticketsource_pipeline.frames.payload import payload_digest, payload_text
from ticketsource_pipeline.frames.raw import raw_bookings_frame, raw_seats_frame
from ticketsource_pipeline.landing.sales import publish_month
from ticketsource_pipeline.partitions import month_partitions
from ticketsource_pipeline.refresh.openness import performances_of
from ticketsource_pipeline.resources import ParquetStoreResource
from ticketsource_pipeline.store import MonthRecord, ParquetStore, PerformanceRecord
from ticketsource_pipeline_tests.running import MARTS
from ticketsource_pipeline_tests.test_frames_samples import (
    FETCHED,
    a_booking,
    a_date,
    a_line,
    a_seat,
    a_venue,
    an_event,
)
from ticketsource_pipeline_tests.test_store_writing import store_in

MARK = "Marked"
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
MARCH, APRIL = "2025-03", "2025-04"


def marked(booking: dict[str, Any]) -> dict[str, Any]:
    """A booking with a marked name wherever it says who booked."""
    booking["links"]["customer"] = f"https://api.ticketsource.io/customers/cst-{MARK}"
    booking["attributes"]["user_booked_by"] = f"{MARK} Clerk"
    return booking


def a_named_seat(seat_id: str, **attendee: Any) -> dict[str, Any]:
    names = {"first_name": MARK, "last_name": f"{MARK}son", "email": f"{MARK}@example.org"}
    return a_seat(seat_id, attendee={**names, "telephone": f"{MARK} 01", **attendee})


def sale_and_refund() -> list[Any]:
    return [a_line(10, 0.65, 0.13, 9.22), a_line(-10, 0, 0, -10, is_refund=True)]


@dataclass
class World:
    """The records of a store, by what they were listed for."""

    events: list[Any] = field(default_factory=lambda: [an_event(), {**an_event(), "id": "evt-E2"}])
    venues: list[tuple[str, Any]] = field(
        default_factory=lambda: [("evt-E1", a_venue()), ("evt-E2", a_venue())]
    )
    dates: list[Any] = field(
        default_factory=lambda: [
            a_date("dat-D1"),
            a_date("dat-D2", start="2025-04-10T19:30:00+00:00"),
            a_date("dat-D3", start="2025-03-20T19:30:00+00:00"),
        ]
    )
    bookings: dict[str, list[Any]] = field(
        default_factory=lambda: {
            "dat-D1": [
                marked(
                    a_booking(
                        "bkg-B1",
                        a_line(20, 1.3, 0.26, 18.44),
                        a_line(5, 0, 0, 5, line_type="DONATION", donation={"gift_aid": True}),
                    )
                ),
                marked(a_booking("bkg-B2", *sale_and_refund(), ref="REF002")),
                marked(a_booking("bkg-B4", ref="REF004", lines=[])),
            ],
            "dat-D2": [marked(a_booking("bkg-B3", ref="REF003"))],
            "dat-D3": [],
        }
    )
    seats: dict[str, list[Any]] = field(
        default_factory=lambda: {
            "bkg-B1": [a_named_seat("sea-S1"), a_seat("sea-S2")],
            "bkg-B2": [a_seat("sea-S3", is_booked=False, is_cancelled=True)],
            "bkg-B3": [a_named_seat("sea-S4")],
        }
    )

    def fill(self, store: ParquetStore) -> None:
        """Put the records in a store as a sync of every month does."""
        events, _ = events_frame(self.events)
        venues, _ = venues_frame(self.venues)
        dates, _ = performances_frame((("evt-E1", date) for date in self.dates), events, venues)
        counts = {event["id"]: 0 for event in self.events} | {"evt-E1": len(self.dates)}
        store.write(EVENTS, events)
        store.write(VENUES, venues)
        store.write(PERFORMANCES, dates, notes={"dates_read": counts})
        catalog = performances_of(dates)
        months = {item.date_id: item.month for item in catalog}
        for date_id in self.bookings:
            self._fill_performance(store, date_id, str(months[date_id]))
        for month in store.recorded_months():
            publish_month(store, month, catalog)

    def _fill_performance(self, store: ParquetStore, date_id: str, month: str) -> None:
        bookings = self.bookings[date_id]
        frame, _ = raw_bookings_frame(
            bookings, date_id=date_id, event_id="evt-E1", fetched_at=FETCHED
        )
        count = len(bookings)
        pages = [[1, 100, 1 if count else 0, count, count]]
        store.write(RAW_BOOKINGS, frame, month=month, name=date_id, notes={"pages": pages})
        listed = [
            (booking["id"], seat, FETCHED)
            for booking in {item["id"]: item for item in bookings}.values()
            for seat in self.seats.get(booking["id"], [])
        ]
        readings = {
            booking["id"]: [
                payload_digest(payload_text(booking)),
                FETCHED.isoformat(),
                len(self.seats.get(booking["id"], [])),
                1,
            ]
            for booking in bookings
        }
        seats = raw_seats_frame(listed, date_id=date_id)
        notes = {"seat_readings": readings}
        store.write(RAW_SEATS, seats, month=month, name=date_id, notes=notes)
        read = replace(PerformanceRecord.begun(), listed_at=FETCHED, content=date_id)
        record = store.month_record(month).with_performance(date_id, read)
        store.write_month_record(MonthRecord(month, record.performances))

    def booking(self, booking_id: str) -> dict[str, Any]:
        return next(
            item for items in self.bookings.values() for item in items if item["id"] == booking_id
        )

    def line(self, booking_id: str, number: int) -> dict[str, Any]:
        return self.booking(booking_id)["attributes"]["lines"][number - 1]


def rewrite(
    store: ParquetStore,
    dataset: Dataset,
    month: str | None,
    *,
    name: str = "part-0",
    rows: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame,
    notes: Callable[[dict[str, Any]], Any] = lambda notes: notes,
) -> None:
    """Doctor a stored file: its rows, its notes or both."""
    stored = store.read_file(dataset, month, name)
    assert stored is not None
    changed = store.write(
        dataset, rows(stored.frame), month=month, name=name, notes=notes(dict(stored.notes))
    )
    assert changed.changed


@dataclass(frozen=True)
class Case:
    """One thing wrong in the store, and the check that must say so.

    `first` is the failure it names first; `also` are the checks that fail for the same fault.
    """

    fault: str
    check: str
    first: dict[str, Any]
    before: Callable[[World], Any] = lambda _: None
    after: Callable[[ParquetStore], Any] = lambda _: None
    also: frozenset[str] = frozenset()
    pence: int | None = None
    failures: int = 1

    def __str__(self) -> str:
        return f"{self.check}: {self.fault}"


MONTHS = month_partitions("2019-01")


@cache
def _checks() -> list[dg.AssetChecksDefinition]:
    return asset_checks(MONTHS)


def _checks_job() -> dg.JobDefinition:
    definitions = dg.Definitions(
        assets=[
            dg.AssetSpec(name, partitions_def=MONTHS if dataset.partitioned else None)
            for name, dataset in DATASETS.items()
        ],
        asset_checks=_checks(),
        resources={"store": ParquetStoreResource(data_dir="none")},
        jobs=[dg.define_asset_job("checks", selection=dg.AssetSelection.all_asset_checks())],
    )
    return definitions.resolve_job_def("checks")


@cache
def _instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


Found = dict[str, dg.AssetCheckEvaluation]


def run_checks(store: ParquetStore) -> Found:
    """Every check's finding by name, also of those a run would skip; none may tell of a person."""
    resource = ParquetStoreResource(data_dir=str(store.layout.root))
    found: Found = {}
    for layer in _checks():
        context = dg.build_asset_check_context(resources={"store": resource}, instance=_instance())
        results: Any = layer(context)
        for result in results:
            assert isinstance(result, dg.AssetCheckResult)
            assert result.asset_key is not None
            assert result.check_name is not None
            finding = dg.AssetCheckEvaluation(
                asset_key=result.asset_key,
                check_name=result.check_name,
                passed=result.passed,
                severity=result.severity,
                description=result.description,
                metadata=result.metadata,
            )
            found[f"{result.asset_key.to_user_string()}.{result.check_name}"] = finding
    for name, finding in found.items():
        assert MARK.lower() not in f"{finding.description}{finding.metadata}".lower(), name
    return found


def failed(found: Found) -> set[str]:
    return {name for name, finding in found.items() if not finding.passed}


def first_failures(finding: dg.AssetCheckEvaluation) -> list[dict[str, Any]]:
    table = finding.metadata["first_failures"]
    assert isinstance(table, dg.TableMetadataValue)
    return [dict(record.data) for record in table.records]


def assert_found(case: Case, folder: Path) -> None:
    """Fail unless the case's check, and no other than is said, finds just its fault."""
    world = World()
    case.before(world)
    store = store_in(folder)
    world.fill(store)
    case.after(store)
    found = run_checks(store)
    assert failed(found) == {case.check, *case.also}
    finding = found[case.check]
    assert finding.metadata["failures"].value == case.failures
    nothing = dict.fromkeys(("date_id", "ref", "record_id", "line_number"))
    assert first_failures(finding)[0] == {**nothing, "records": 1, **case.first}
    assert case.first["what"] in str(finding.description)
    pence = finding.metadata.get("difference_pence")
    assert (None if pence is None else pence.value) == case.pence


def run_as_a_job(store: ParquetStore) -> Found:
    """Every check's finding by name, as a run of Dagster's has them."""
    result = _checks_job().execute_in_process(
        instance=_instance(),
        raise_on_error=False,
        run_config=SILENT,
        resources={"store": ParquetStoreResource(data_dir=str(store.layout.root))},
    )
    return {
        f"{finding.asset_key.to_user_string()}.{finding.check_name}": finding
        for finding in result.get_asset_check_evaluations()
    }


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Found:
    store = store_in(tmp_path_factory.mktemp("right"))
    World().fill(store)
    return run_checks(store)


def test_a_store_in_which_all_is_right_passes_every_check(right: Found) -> None:
    assert failed(right) == set()
    assert len(right) == 39 + len(MARTS) + 1
    for name, finding in right.items():
        if name.partition(".")[0] in {*MARTS, "customers"}:
            # There are none yet: they have tests of their own.
            continue
        looked_at = finding.metadata["looked_at"].value
        assert isinstance(looked_at, int)
        assert looked_at > 0, name
        assert finding.description == f"All {looked_at} are right."
        assert "first_failures" not in finding.metadata


def test_a_run_of_dagsters_finds_what_the_checks_find(tmp_path: Path) -> None:
    world = World()
    world.bookings["dat-D1"][0]["attributes"]["lines"][0]["net"] = 18.45
    store = store_in(tmp_path)
    world.fill(store)
    found, of_run = run_checks(store), run_as_a_job(store)
    assert found.keys() == of_run.keys()
    assert failed(found) == failed(of_run) != set()
    for name, finding in of_run.items():
        assert finding.metadata == found[name].metadata
        assert finding.description == found[name].description
        assert finding.severity == found[name].severity


def test_a_store_with_nothing_in_it_passes_every_check(tmp_path: Path) -> None:
    assert failed(run_checks(store_in(tmp_path))) == set()
