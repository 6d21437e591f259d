"""Any JSON in any field: no frame fails, no row is lost, and no personal value is told."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from ticketsource_pipeline.frames.report import Report
from ticketsource_pipeline_tests.test_frames_samples import (
    a_booking,
    a_date,
    a_line,
    a_seat,
    a_venue,
    an_event,
    attendees_of,
    catalog_frames,
    lines_of,
    raw_bookings,
    raw_seats,
    seats_of,
)

NUMBERS = st.integers(-(10**15), 10**15) | st.decimals(allow_nan=False, allow_infinity=False)
TEXTS = (
    st.text(st.characters(codec=None), max_size=12)
    | st.datetimes().map(lambda moment: moment.isoformat() + "+00:00")
    | st.sampled_from(["", "9999-12-31T23:59:59-12:00", "https://x/ven-1/cst-2", "NaN", "1e9"])
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


def paths(record: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every field of a record but its id."""
    if isinstance(record, dict | list):
        keys = record if isinstance(record, dict) else range(len(record))
        for key in keys:
            if (*above, key) != ("id",):
                yield (*above, key)
                yield from paths(record[key], (*above, key))


def with_field(record: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(record)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def with_anything_in_it(record: Any) -> st.SearchStrategy[Any]:
    places = st.sampled_from(list(paths(record)))
    return st.builds(lambda path, value: with_field(record, path, value), places, JSON)


def check_frame(dataset: Dataset, frame: pd.DataFrame, rows: int) -> None:
    assert len(frame) == rows
    table = pa.Table.from_pandas(frame, schema=dataset.schema, preserve_index=False)
    table.validate(full=True)


@settings(deadline=None)
@given(
    with_anything_in_it(an_event()), with_anything_in_it(a_venue()), with_anything_in_it(a_date())
)
def test_any_json_in_the_catalogue_keeps_every_row(event: Any, venue: Any, date: Any) -> None:
    dates = [date, a_date("dat-D2")]
    event_frame, venue_frame, date_frame, _ = catalog_frames([event, event], [venue], dates)
    check_frame(EVENTS, event_frame, 2)
    check_frame(VENUES, venue_frame, 1)
    check_frame(PERFORMANCES, date_frame, 2)


BOOKING = a_booking("bkg-B1", a_line(20, 1.3, 0.26, 18.44, donation={"gift_aid": True}))


@settings(deadline=None)
@given(with_anything_in_it(BOOKING))
def test_any_json_in_a_booking_keeps_every_booking_and_line(booking: Any) -> None:
    frame, _ = raw_bookings(booking, a_booking("bkg-B2"))
    check_frame(RAW_BOOKINGS, frame, 2)
    attributes = booking.get("attributes")
    lines = attributes.get("lines") if isinstance(attributes, dict) else None
    count = len(lines) if isinstance(lines, list) else 0
    check_frame(BOOKING_LINES, lines_of(booking, a_booking("bkg-B2"))[0], count + 1)


@settings(deadline=None)
@given(st.lists(JSON, max_size=4))
def test_any_json_as_a_line_is_a_row_of_its_booking(lines: list[Any]) -> None:
    frame, _ = lines_of(a_booking(lines=lines))
    check_frame(BOOKING_LINES, frame, len(lines))
    assert frame["line_number"].tolist() == list(range(1, len(lines) + 1))


@settings(deadline=None)
@given(with_anything_in_it(a_seat()))
def test_any_json_in_a_seat_keeps_every_seat(seat: Any) -> None:
    other = a_seat("sea-S2", attendee={"email": "a@example.org"})
    check_frame(RAW_SEATS, raw_seats(seat, other), 2)
    check_frame(SEATS, seats_of(seat, other)[0], 2)
    attendees, _ = attendees_of(seat, other)
    check_frame(ATTENDEES, attendees, len(attendees))
    assert "sea-S2" in attendees["seat_id"].tolist()


MARK = "Marked-Person-1"
MARKED_JSON = st.sampled_from(
    [
        MARK,
        f"{MARK}@example.org",
        f"{MARK}\ud800",
        [MARK],
        {"name": MARK},
        [{"first": [MARK]}],
        f"https://api.ticketsource.io/{MARK}",
    ]
)
SOURCES: list[tuple[Dataset, Any, Callable[[Any], tuple[Any, Report]]]] = [
    (RAW_BOOKINGS, a_booking(), raw_bookings),
    (ATTENDEES, a_seat(), attendees_of),
]
PERSONAL = [
    (record, column.path, report_of)
    for dataset, record, report_of in SOURCES
    for column in dataset.columns
    if column.personal and column.source
]


@pytest.mark.parametrize(("record", "path", "report_of"), PERSONAL)
@settings(deadline=None)
@given(value=MARKED_JSON)
def test_a_personal_value_is_never_in_the_report(
    record: Any, path: tuple[str, ...], report_of: Callable[[Any], tuple[Any, Report]], value: Any
) -> None:
    changed = with_field(record, path, value)
    _, report = report_of(changed)
    assert MARK not in repr(report)
    assert MARK not in "".join(map(str, report.problems))
    if not isinstance(value, str) or "\ud800" in value:
        assert [problem.field for problem in report.problems] == [".".join(path)]


@settings(deadline=None)
@given(with_anything_in_it(a_booking(user_booked_by=MARK)), st.data())
def test_no_value_of_a_booking_is_in_the_report_of_another_fault(booking: Any, data: Any) -> None:
    path = data.draw(st.sampled_from(list(paths(a_booking()))))
    marked = with_field(a_booking(user_booked_by=MARK), path, [MARK])
    for report in (raw_bookings(marked)[1], lines_of(marked)[1], raw_bookings(booking)[1]):
        assert MARK not in repr(report.problems)
