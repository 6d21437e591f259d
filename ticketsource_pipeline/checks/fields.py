"""Rules about the fields of the API's records: each can be read, and none is new to us."""

from __future__ import annotations

from collections.abc import Callable

from ticketsource_pipeline.checks.rule import Effect, Failure, Finding, Rule, View
from ticketsource_pipeline.datasets import (
    ATTENDEES,
    BOOKING_LINES,
    EVENTS,
    PERFORMANCES,
    RAW_BOOKINGS,
    RAW_SEATS,
    SEATS,
    VENUES,
    Dataset,
)
from ticketsource_pipeline.frames.catalog import stored_report
from ticketsource_pipeline.frames.raw import raw_bookings_report, raw_seats_report
from ticketsource_pipeline.frames.report import Report
from ticketsource_pipeline.frames.sales import attendees_frame, booking_lines_frame, seats_frame

_SEAT_COLUMNS = ("seat_id", "booking_id", "date_id", "payload")


def _report(dataset: Dataset) -> Callable[[View], tuple[Report, int]]:
    """How the records of a dataset are read again: what was wrong, and how many there are."""

    def catalog(view: View) -> tuple[Report, int]:
        frame = view.frame(dataset)
        return stored_report(dataset, frame), len(frame)

    def bookings(view: View) -> tuple[Report, int]:
        frame = view.frame(RAW_BOOKINGS)
        return raw_bookings_report(frame), len(frame)

    def lines(view: View) -> tuple[Report, int]:
        frame, report = booking_lines_frame(view.frame(RAW_BOOKINGS))
        return report, len(frame)

    def seats(view: View) -> tuple[Report, int]:
        frame, report = seats_frame(view.frame(RAW_SEATS, _SEAT_COLUMNS), {})
        return report, len(frame)

    def raw_seats(view: View) -> tuple[Report, int]:
        frame = view.frame(RAW_SEATS, _SEAT_COLUMNS)
        return raw_seats_report(frame), len(frame)

    def attendees(view: View) -> tuple[Report, int]:
        frame, report = attendees_frame(view.frame(RAW_SEATS, _SEAT_COLUMNS), {})
        return report, len(frame)

    readers = {
        RAW_BOOKINGS.name: bookings,
        BOOKING_LINES.name: lines,
        RAW_SEATS.name: raw_seats,
        SEATS.name: seats,
        ATTENDEES.name: attendees,
    }
    read = readers.get(dataset.name, catalog)
    # Two rules may want the same report, and reading every payload again is most of their work.
    return lambda view: view.once(f"report {dataset.name}", lambda: read(view))


def _readable(dataset: Dataset) -> Rule:
    report = _report(dataset)

    def evaluate(view: View) -> Finding:
        found, count = report(view)
        failures = [
            Failure(
                f"{problem.field} {problem.message}",
                date_id=problem.place.date_id,
                ref=problem.place.ref,
                record_id=problem.place.record_id,
                line_number=problem.place.line_number,
            )
            for problem in found.problems
        ]
        return Finding(failures, count)

    return Rule(
        dataset,
        "fields_are_readable",
        "Every field is there when it must be and of its declared type; one that is not is null"
        " here, and as the API gave it in the payload.",
        Effect.FAIL,
        evaluate,
    )


def _known(dataset: Dataset) -> Rule:
    report = _report(dataset)

    def evaluate(view: View) -> Finding:
        found, count = report(view)
        failures = [
            Failure(f"is a field that is new to us, in {number} records", record_id=path)
            for path, number in sorted(found.unknown_fields.items())
        ]
        return Finding(failures, count)

    return Rule(
        dataset,
        "no_new_fields",
        "The API gives no field that is not declared; one that is new is kept in the payload.",
        Effect.WARN,
        evaluate,
    )


CATALOG_RULES = tuple(
    rule
    for dataset in (EVENTS, VENUES, PERFORMANCES)
    for rule in (_readable(dataset), _known(dataset))
)
RAW_RULES = (_readable(RAW_BOOKINGS), _known(RAW_BOOKINGS), _known(RAW_SEATS))
SALES_RULES = (
    _readable(BOOKING_LINES),
    _known(BOOKING_LINES),
    _readable(SEATS),
    _readable(ATTENDEES),
)
