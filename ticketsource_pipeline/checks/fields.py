"""Rules about the fields of the API's records: each can be read, none and no value is new to us.

What is new only warns: nothing is lost, and the money is right. What cannot be read is an error:
a cell of a dataset is null that should not be.
"""

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
from ticketsource_pipeline.frames.report import Novelty, Place, Report
from ticketsource_pipeline.frames.sales import attendees_frame, booking_lines_frame, seats_frame

FIELDS_ARE_READABLE = "fields_are_readable"
NO_NEW_FIELDS = "no_new_fields"
NO_NEW_VALUES = "no_new_values"
DRIFT_RULES = frozenset({FIELDS_ARE_READABLE, NO_NEW_FIELDS, NO_NEW_VALUES})
"""The rules that speak when the API changes: of many months at once, then."""

EACH_NAMED_AT_MOST = 5

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
        return Finding(_problems(found, count), count)

    return Rule(
        dataset,
        FIELDS_ARE_READABLE,
        "Every field is there when it must be and of its declared type; one that is not is null"
        " here, and as the API gave it in the payload.",
        Effect.FAIL,
        evaluate,
    )


def _problems(report: Report, count: int) -> list[Failure]:
    """The fields that could not be read; many times the same is one, with an example.

    A few are named each, since somebody has to look at them. What befalls many records, or all
    there are, is a change of the API's.
    """
    alike: dict[tuple[str, str], list[Place]] = {}
    for problem in report.problems:
        alike.setdefault((problem.field, problem.message), []).append(problem.place)
    failures = []
    for (field, message), places in alike.items():
        what = f"{field} {message}{_renamed(field, len(places), report)}"
        if len(places) > EACH_NAMED_AT_MOST or len(places) >= max(count, 2):
            failures.append(_failure(what, places[0], len(places)))
        else:
            failures.extend(_failure(what, place) for place in places)
    return failures


def _renamed(field: str, records: int, report: Report) -> str:
    """What to say of a missing field when as many records have a new one in its place."""
    new = [
        item.field
        for item in report.novelties.values()
        if field in item.gone and item.records == records
    ]
    return f" and {' and '.join(new)} is new there: renamed?" if new else ""


def _failure(what: str, place: Place, records: int = 1) -> Failure:
    return Failure(what, place.date_id, place.ref, place.record_id, place.line_number, records)


def _no_new_fields(dataset: Dataset) -> Rule:
    report = _report(dataset)

    def evaluate(view: View) -> Finding:
        found, count = report(view)
        failures = [
            _failure(
                f"{item.field} is a field that is new to us{_gone(item)}", item.place, item.records
            )
            for item in _sorted(found)
            if item.value is None
        ]
        return Finding(failures, count)

    return Rule(
        dataset,
        NO_NEW_FIELDS,
        "The API gives no field that is not declared; one that is new is kept in the payload.",
        Effect.WARN,
        evaluate,
    )


def _gone(item: Novelty) -> str:
    names = ", ".join(sorted(item.gone))
    return f" (and {names} is not there: renamed?)" if names else ""


def _no_new_values(dataset: Dataset) -> Rule:
    report = _report(dataset)

    def evaluate(view: View) -> Finding:
        found, count = report(view)
        failures = [
            _failure(f"{item.field} {item.value} is new to us", item.place, item.records)
            for item in _sorted(found)
            if item.value is not None
        ]
        return Finding(failures, count)

    return Rule(
        dataset,
        NO_NEW_VALUES,
        "A field that holds one of a few words holds one that is declared; a new one is kept as it"
        " is, here and in the payload.",
        Effect.WARN,
        evaluate,
    )


def _sorted(report: Report) -> list[Novelty]:
    return sorted(report.novelties.values(), key=lambda item: (item.field, item.value or ""))


CATALOG_RULES = tuple(
    rule
    for dataset in (EVENTS, VENUES, PERFORMANCES)
    for rule in (_readable(dataset), _no_new_fields(dataset))
)
RAW_RULES = (
    _readable(RAW_BOOKINGS),
    *(
        rule
        for dataset in (RAW_BOOKINGS, RAW_SEATS)
        for rule in (_no_new_fields(dataset), _no_new_values(dataset))
    ),
)
SALES_RULES = (
    _readable(BOOKING_LINES),
    _no_new_fields(BOOKING_LINES),
    _no_new_values(BOOKING_LINES),
    _readable(SEATS),
    _readable(ATTENDEES),
)
