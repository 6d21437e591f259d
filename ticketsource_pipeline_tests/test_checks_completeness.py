"""The checks that all that was there was read and is there: each fails on its fault alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketsource_pipeline.checks.completeness import rows_covered
from ticketsource_pipeline.datasets import (
    BOOKING_LINES,
    PERFORMANCES,
    RAW_BOOKINGS,
    RAW_SEATS,
)
from ticketsource_pipeline.frames.extract import typed_frame
from ticketsource_pipeline.store import ParquetStore, PerformanceRecord
from ticketsource_pipeline_tests.test_checks_world import (
    APRIL,
    MARCH,
    Case,
    World,
    a_date,
    assert_found,
    rewrite,
)

RANGE = "performances.inside_the_partition_range"
READ = "performances.every_event_was_read"
LEDGER = "raw_bookings.ledger_is_complete"
ASKED = "raw_seats.every_booking_was_asked"
LINES = "booking_lines.every_raw_line_is_there"
B1 = {"date_id": "dat-D1", "ref": "REF001", "record_id": "bkg-B1"}
B3 = {"date_id": "dat-D2", "ref": "REF003", "record_id": "bkg-B3"}
KEPT = "which is outside the months kept (TICKETSOURCE_FIRST_MONTH to 24 months ahead)"


def with_pages(*pages: list[Any]) -> Any:
    return lambda store: rewrite(
        store, RAW_BOOKINGS, MARCH, name="dat-D1", notes=lambda _: {"pages": list(pages)}
    )


def with_reading(booking_id: str, place: int, value: Any) -> Any:
    def doctor(notes: dict[str, Any]) -> dict[str, Any]:
        notes["seat_readings"][booking_id][place] = value
        return notes

    return lambda store: rewrite(store, RAW_SEATS, APRIL, name="dat-D2", notes=doctor)


def begin_again(store: ParquetStore) -> None:
    record = store.month_record(MARCH).with_performance("dat-D3", PerformanceRecord.begun())
    store.write_month_record(record)


def leave_a_stray(store: ParquetStore) -> None:
    store.write(RAW_BOOKINGS, typed_frame(RAW_BOOKINGS, []), month=MARCH, name="dat-D9")


def forget_a_note(store: ParquetStore) -> None:
    rewrite(store, RAW_SEATS, APRIL, name="dat-D2", notes=lambda _: {"seat_readings": {}})


def call_lines_items(world: World) -> None:
    for bookings in world.bookings.values():
        for booking in bookings:
            booking["attributes"]["items"] = booking["attributes"].pop("lines")


CASES = [
    Case(
        "no booking has lines any more",
        "raw_bookings.bookings_have_lines",
        {
            "date_id": "dat-D1",
            "ref": "REF001",
            "record_id": "bkg-B1",
            "what": "attributes.lines is nowhere a list",
            "records": 4,
        },
        before=call_lines_items,
        failures=4,
        also=frozenset({"raw_bookings.no_new_fields", "booking_lines.fields_are_readable"}),
    ),
    Case(
        "a performance is too far ahead",
        RANGE,
        {"date_id": "dat-D9", "what": f"starts in 9999-12, {KEPT}"},
        before=lambda world: world.dates.append(
            a_date("dat-D9", start="9999-12-31T19:30:00+00:00", end="9999-12-31T23:59:59+00:00")
        ),
    ),
    Case(
        "a performance is before the first month",
        RANGE,
        {"date_id": "dat-D9", "what": f"starts in 2018-12, {KEPT}"},
        before=lambda world: world.dates.append(
            a_date("dat-D9", start="2018-12-31T23:59:59+00:00")
        ),
    ),
    Case(
        "a start cannot be read",
        RANGE,
        {"date_id": "dat-D9", "what": f"starts in no month that can be read, {KEPT}"},
        before=lambda world: world.dates.append(a_date("dat-D9", start="soon")),
        also=frozenset({"performances.fields_are_readable"}),
    ),
    Case(
        "an event was not asked",
        READ,
        {"record_id": "evt-E2", "what": "was not asked for its dates"},
        after=lambda store: rewrite(
            store, PERFORMANCES, None, notes=lambda _: {"dates_read": {"evt-E1": 3}}
        ),
    ),
    Case(
        "a date was lost",
        READ,
        {"record_id": "evt-E1", "what": "gave 4 dates, 3 are stored"},
        after=lambda store: rewrite(
            store, PERFORMANCES, None, notes=lambda _: {"dates_read": {"evt-E1": 4, "evt-E2": 0}}
        ),
    ),
    Case(
        "a performance has no file",
        LEDGER,
        {"date_id": "dat-D3", "what": "was not read whole"},
        after=lambda store: store.remove(RAW_BOOKINGS, MARCH, "dat-D3"),
    ),
    Case(
        "a performance was begun and not finished",
        LEDGER,
        {"date_id": "dat-D3", "what": "was not read whole"},
        after=begin_again,
    ),
    Case(
        "a page is missing in between",
        LEDGER,
        {"date_id": "dat-D1", "what": "has 3 bookings stored, its pages leave a hole"},
        after=with_pages([1, 1, 1, 1, 1], [3, 1, 3, 3, 1]),
    ),
    Case(
        "the first page is missing",
        LEDGER,
        {"date_id": "dat-D1", "what": "has 3 bookings stored, its pages leave a hole"},
        after=with_pages([2, 1, 2, 3, 2]),
    ),
    Case(
        "a row of the last page is missing",
        LEDGER,
        {"date_id": "dat-D1", "what": "has 3 bookings stored, its pages cover 4"},
        after=with_pages([1, 3, 1, 3, 3], [2, 3, 4, 4, 1]),
    ),
    Case(
        "nothing is noted of the pages",
        LEDGER,
        {"date_id": "dat-D1", "what": "has 3 bookings stored, its pages cover 0"},
        after=lambda store: rewrite(store, RAW_BOOKINGS, MARCH, name="dat-D1", notes=lambda _: {}),
    ),
    Case(
        "a file is of no performance of the month",
        LEDGER,
        {
            "date_id": "dat-D9",
            "what": "is stored here, and the catalogue has it elsewhere or not at all",
        },
        after=leave_a_stray,
    ),
    Case(
        "a booking was not asked for its seats",
        ASKED,
        {
            "date_id": "dat-D2",
            "ref": "REF003",
            "record_id": "bkg-B3",
            "what": "was not asked for its seats",
        },
        after=forget_a_note,
    ),
    Case(
        "a booking changed after its seats were read",
        ASKED,
        {
            "date_id": "dat-D2",
            "ref": "REF003",
            "record_id": "bkg-B3",
            "what": "changed since it was asked for its seats",
        },
        after=with_reading("bkg-B3", 0, "another digest"),
    ),
    Case(
        "a seat was lost",
        ASKED,
        {
            "date_id": "dat-D2",
            "ref": "REF003",
            "record_id": "bkg-B3",
            "what": "gave 2 seats, 1 are stored",
        },
        after=with_reading("bkg-B3", 2, 2),
    ),
    Case(
        "seats are of no booking",
        ASKED,
        {**B3, "what": "gave 1 seats, 0 are stored"},
        after=lambda store: rewrite(
            store,
            RAW_SEATS,
            APRIL,
            name="dat-D2",
            rows=lambda frame: frame.assign(booking_id="bkg-B9"),
        ),
        failures=2,
    ),
    Case(
        "a line was lost",
        LINES,
        {
            "date_id": "dat-D1",
            "ref": "REF001",
            "record_id": "bkg-B1",
            "what": "has 2 lines in the raw data, not as many here",
        },
        after=lambda store: rewrite(
            store,
            BOOKING_LINES,
            MARCH,
            rows=lambda frame: frame[frame["line_type"] != "DONATION"],
        ),
    ),
    Case(
        "a line is of no booking",
        LINES,
        {**B1, "what": "has 2 lines in the raw data, not as many here"},
        after=lambda store: rewrite(
            store,
            BOOKING_LINES,
            MARCH,
            rows=lambda frame: frame.assign(
                booking_id=frame["booking_id"].mask(frame["line_type"] == "DONATION", "bkg-B9")
            ),
        ),
        failures=2,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_missing_or_too_much_is_found_by_its_check(case: Case, tmp_path: Path) -> None:
    assert_found(case, tmp_path)


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=8))
def test_pages_that_follow_on_cover_all_their_rows(counts: list[int]) -> None:
    pages, end = [], 0
    for number, count in enumerate(counts, start=1):
        place = [end + 1, end + count] if count else [0, 0]
        pages.append([number, 5, *place, count])
        end += count
    assert rows_covered(pages) == end
    for index, count in enumerate(counts):
        if count and any(counts[index + 1 :]):
            assert rows_covered(pages[:index] + pages[index + 1 :]) is None


def test_pages_that_overlap_or_are_read_twice_cover_what_they_reach() -> None:
    assert rows_covered([[1, 3, 1, 3, 3], [2, 2, 3, 4, 2], [1, 3, 1, 3, 3]]) == 4
    assert rows_covered([]) == 0


@pytest.mark.parametrize("page", [[1, 3, None, 3, 3], [1, 3, 1, 3, 2], [1, 3, 2, 4, 3]])
def test_a_page_whose_numbers_do_not_fit_its_rows_leaves_a_hole(page: list[Any]) -> None:
    assert rows_covered([page]) is None
