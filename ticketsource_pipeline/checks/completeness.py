"""Rules about completeness: everything that was there to read was read, and is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ticketsource_pipeline.checks.rule import (
    Effect,
    Failure,
    Finding,
    Rule,
    View,
    refs_of,
    rows_of,
)
from ticketsource_pipeline.datasets import (
    BOOKING_LINES,
    EVENTS,
    PERFORMANCES,
    RAW_BOOKINGS,
    RAW_SEATS,
)
from ticketsource_pipeline.frames.payload import payload_digest
from ticketsource_pipeline.frames.sales import has_lines, line_count
from ticketsource_pipeline.refresh.seats import SeatReading, seat_readings
from ticketsource_pipeline.store.layout import SINGLE_FILE


def _inside_the_range(view: View) -> Finding:
    months = set(view.partitions)
    failures = [
        Failure(
            f"starts in {performance.month or 'no month that can be read'}, which is outside the"
            " months kept (TICKETSOURCE_FIRST_MONTH to 24 months ahead)",
            date_id=performance.date_id,
        )
        for performance in view.catalog
        if performance.month not in months
    ]
    return Finding(failures, len(view.catalog))


def _every_event_was_read(view: View) -> Finding:
    notes = next(iter(view.notes(PERFORMANCES).values()), {})
    dates_read: Mapping[str, int] = notes.get("dates_read", {})
    stored = Counter(performance.event_id for performance in view.catalog)
    events = view.frame(EVENTS)["event_id"].tolist()
    failures = []
    for event_id in events:
        if event_id not in dates_read:
            failures.append(Failure("was not asked for its dates", record_id=event_id))
        elif dates_read[event_id] != stored[event_id]:
            what = f"gave {dates_read[event_id]} dates, {stored[event_id]} are stored"
            failures.append(Failure(what, record_id=event_id))
    return Finding(failures, len(events))


def _ledger_is_complete(view: View) -> Finding:
    records = {
        date_id: record
        for month in view.months
        for date_id, record in view.store.month_record(month).performances.items()
    }
    notes = view.notes(RAW_BOOKINGS)
    rows = Counter(view.frame(RAW_BOOKINGS, ("date_id",))["date_id"].tolist())
    months = set(view.months)
    expected = [item.date_id for item in view.catalog if item.month in months]
    failures = []
    for date_id in expected:
        record = records.get(date_id)
        if record is None or not record.is_whole or date_id not in notes:
            failures.append(Failure("was not read whole", date_id=date_id))
            continue
        covered = rows_covered(notes[date_id].get("pages", []))
        if covered != rows[date_id]:
            pages = "leave a hole" if covered is None else f"cover {covered}"
            what = f"has {rows[date_id]} bookings stored, its pages {pages}"
            failures.append(Failure(what, date_id=date_id))
    failures.extend(
        Failure("is stored here, and the catalogue has it elsewhere or not at all", date_id=date_id)
        for date_id in sorted(set(notes) - {*expected, SINGLE_FILE})
    )
    return Finding(failures, len(expected))


def rows_covered(pages: Iterable[Iterable[Any]]) -> int | None:
    """Return how many rows the pages of a ledger cover without a hole; none when there is one.

    Args:
        pages: page, per_page, from, to and rows of each page, in the order they were read.
    """
    end = 0
    for _, _, start, to, rows in pages:
        if not rows:
            continue
        if start is None or start > end + 1 or to - start + 1 != rows:
            return None
        end = max(end, to)
    return end


def _every_booking_was_asked(view: View) -> Finding:
    readings: dict[str, SeatReading] = {}
    for notes in view.notes(RAW_SEATS).values():
        readings.update(seat_readings(notes))
    stored = Counter(view.frame(RAW_SEATS, ("booking_id",))["booking_id"].tolist())
    bookings = rows_of(view.frame(RAW_BOOKINGS), ("booking_id", "date_id", "ref", "payload"))
    failures = []
    for booking in bookings:
        booking_id = booking["booking_id"]
        reading = readings.get(booking_id)
        if reading is None:
            what = "was not asked for its seats"
        elif reading.booking != payload_digest(booking["payload"]):
            what = "changed since it was asked for its seats"
        elif reading.seats != stored[booking_id]:
            what = f"gave {reading.seats} seats, {stored[booking_id]} are stored"
        else:
            continue
        failures.append(Failure(what, booking["date_id"], booking["ref"], booking_id))
    known = {booking["booking_id"] for booking in bookings}
    failures.extend(
        Failure("has seats stored and is no booking of the month", record_id=booking_id)
        for booking_id in sorted(set(stored) - known)
    )
    return Finding(failures, len(bookings))


def _bookings_have_lines(view: View) -> Finding:
    bookings = rows_of(view.frame(RAW_BOOKINGS), ("booking_id", "date_id", "ref", "payload"))
    # One odd booking is another check's to name: an API that changed has not a single one.
    if not bookings or any(has_lines(booking["payload"]) for booking in bookings):
        return Finding([], len(bookings))
    first = bookings[0]
    failure = Failure(
        "attributes.lines is nowhere a list",
        first["date_id"],
        first["ref"],
        first["booking_id"],
        records=len(bookings),
    )
    return Finding([failure], len(bookings))


def _every_raw_line_is_there(view: View) -> Finding:
    raw = view.frame(RAW_BOOKINGS)
    refs = refs_of(raw)
    stored = Counter(view.frame(BOOKING_LINES)["booking_id"].tolist())
    failures = []
    for booking in rows_of(raw, ("booking_id", "date_id", "payload")):
        booking_id = booking["booking_id"]
        expected = line_count(booking["payload"])
        if stored.pop(booking_id, 0) != expected:
            what = f"has {expected} lines in the raw data, not as many here"
            failures.append(Failure(what, booking["date_id"], refs.get(booking_id), booking_id))
    failures.extend(
        Failure("has lines here and is no booking of the raw data", record_id=booking_id)
        for booking_id in sorted(stored)
    )
    return Finding(failures, len(raw))


CATALOG_RULES = (
    Rule(
        PERFORMANCES,
        "inside_the_partition_range",
        "Every performance starts in a month that data is kept for; none is left out unsaid.",
        Effect.FAIL,
        _inside_the_range,
    ),
    Rule(
        PERFORMANCES,
        "every_event_was_read",
        "Every event was asked for its dates, and all it gave are here.",
        Effect.FAIL,
        _every_event_was_read,
        (EVENTS,),
    ),
)
RAW_RULES = (
    Rule(
        RAW_BOOKINGS,
        "ledger_is_complete",
        "Every performance of the month was read whole: its pages follow on without a hole.",
        Effect.BLOCK,
        _ledger_is_complete,
        (PERFORMANCES,),
    ),
    Rule(
        RAW_BOOKINGS,
        "bookings_have_lines",
        "Where there are bookings, some have a list of lines: an API that calls it otherwise does"
        " not empty the month.",
        Effect.BLOCK,
        _bookings_have_lines,
    ),
    Rule(
        RAW_SEATS,
        "every_booking_was_asked",
        "Every booking, in its present form, was asked for its seats, and all it gave are here.",
        Effect.BLOCK,
        _every_booking_was_asked,
        (RAW_BOOKINGS,),
    ),
)
SALES_RULES = (
    Rule(
        BOOKING_LINES,
        "every_raw_line_is_there",
        "Every line of every booking in the raw data is here, and no other.",
        Effect.FAIL,
        _every_raw_line_is_there,
        (RAW_BOOKINGS,),
    ),
)
