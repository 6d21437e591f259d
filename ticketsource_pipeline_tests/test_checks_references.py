"""The checks of keys and references: each fails on its fault and on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ticketsource_pipeline.datasets import ATTENDEES, BOOKING_LINES, SEATS
from ticketsource_pipeline_tests.test_checks_world import (
    APRIL,
    MARCH,
    Case,
    World,
    a_booking,
    a_date,
    a_named_seat,
    a_seat,
    a_venue,
    an_event,
    assert_found,
    failed,
    rewrite,
    run_checks,
)
from ticketsource_pipeline_tests.test_store_writing import store_in


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.iloc[:1]], ignore_index=True)


CASES = [
    Case(
        "an event is listed twice",
        "events.key_is_unique",
        {"record_id": "evt-E1", "what": "is there 2 times"},
        before=lambda world: world.events.append(an_event()),
    ),
    Case(
        "a venue is listed twice for an event",
        "venues.key_is_unique",
        {"record_id": "ven-V1", "what": "is there 2 times"},
        before=lambda world: world.venues.append(("evt-E2", a_venue())),
    ),
    Case(
        "a performance is listed twice",
        "performances.key_is_unique",
        {"date_id": "dat-D1", "record_id": "dat-D1", "what": "is there 2 times"},
        before=lambda world: world.dates.append(a_date("dat-D1")),
    ),
    Case(
        "a booking is stored twice in a month",
        "raw_bookings.key_is_unique",
        {"date_id": "dat-D1", "record_id": "bkg-B4", "what": "is there 2 times"},
        before=lambda world: world.bookings["dat-D1"].append(world.booking("bkg-B4")),
        also=frozenset({"raw_bookings.key_is_unique_over_all_months"}),
    ),
    Case(
        "a booking is stored in two months",
        "raw_bookings.key_is_unique_over_all_months",
        {"date_id": "dat-D2", "record_id": "bkg-B4", "what": "is there 2 times"},
        before=lambda world: world.bookings["dat-D2"].append(world.booking("bkg-B4")),
        also=frozenset({"raw_bookings.key_is_unique"}),
    ),
    Case(
        "a seat is stored twice",
        "raw_seats.key_is_unique",
        {"date_id": "dat-D1", "record_id": "sea-S2", "what": "is there 2 times"},
        before=lambda world: world.seats["bkg-B1"].append(a_seat("sea-S2")),
        also=frozenset({"raw_seats.key_is_unique_over_all_months", "seats.key_is_unique"}),
    ),
    Case(
        "a seat is stored in two months",
        "raw_seats.key_is_unique_over_all_months",
        {"date_id": "dat-D2", "record_id": "sea-S2", "what": "is there 2 times"},
        before=lambda world: world.seats["bkg-B3"].append(a_seat("sea-S2")),
        also=frozenset({"raw_seats.key_is_unique", "seats.key_is_unique"}),
    ),
    Case(
        "a line is published twice",
        "booking_lines.key_is_unique",
        {
            "date_id": "dat-D1",
            "record_id": "bkg-B1",
            "line_number": 1,
            "what": "is there 2 times",
        },
        after=lambda store: rewrite(store, BOOKING_LINES, MARCH, rows=twice),
        also=frozenset({"booking_lines.every_raw_line_is_there"}),
    ),
    Case(
        "a seat is published twice",
        "seats.key_is_unique",
        {"date_id": "dat-D1", "record_id": "sea-S1", "what": "is there 2 times"},
        after=lambda store: rewrite(store, SEATS, MARCH, rows=twice),
    ),
    Case(
        "an attendee is published twice",
        "attendees.key_is_unique",
        {"date_id": "dat-D1", "record_id": "sea-S1", "what": "is there 2 times"},
        after=lambda store: rewrite(store, ATTENDEES, MARCH, rows=twice),
    ),
    Case(
        "a seat is of a booking there is not",
        "seats.belongs_to_a_booking",
        {
            "date_id": "dat-D1",
            "record_id": "sea-S2",
            "what": "belongs to bkg-B9, which is no booking of the month",
        },
        after=lambda store: rewrite(
            store,
            SEATS,
            MARCH,
            rows=lambda frame: frame.assign(
                booking_id=frame["booking_id"].mask(frame["seat_id"] == "sea-S2", "bkg-B9")
            ),
        ),
    ),
    Case(
        "tickets have no seat",
        "seats.tickets_have_seats",
        {
            "date_id": "dat-D2",
            "ref": "REF003",
            "record_id": "bkg-B3",
            "what": "has tickets that were not refunded, and no seat",
        },
        before=lambda world: world.seats.update({"bkg-B3": []}),
    ),
    Case(
        "tickets refunded in part have no seat",
        "seats.tickets_have_seats",
        {
            "date_id": "dat-D1",
            "ref": "REF002",
            "record_id": "bkg-B2",
            "what": "has tickets that were not refunded, and no seat",
        },
        before=lambda world: (
            world.seats.update({"bkg-B2": []}),
            world.line("bkg-B2", 2)["amount"].update(gross=-9.99, net=-9.99),
        ),
    ),
    Case(
        "an attendee has no seat",
        "attendees.belongs_to_a_seat",
        {"date_id": "dat-D2", "record_id": "sea-S9", "what": "is no seat of the month"},
        after=lambda store: rewrite(
            store, ATTENDEES, APRIL, rows=lambda frame: frame.assign(seat_id="sea-S9")
        ),
    ),
    Case(
        "an address is none",
        "attendees.email_looks_like_one",
        {
            "date_id": "dat-D1",
            "ref": "REF001",
            "record_id": "sea-S1",
            "what": "has an e-mail address that does not look like one",
        },
        before=lambda world: world.seats.update(
            {"bkg-B1": [a_named_seat("sea-S1", email="marked at example.org"), a_seat("sea-S2")]}
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_in_keys_or_references_is_found_by_its_check(case: Case, tmp_path: Path) -> None:
    assert_found(case, tmp_path)


RIGHT: dict[str, Callable[[World], Any]] = {
    "tickets refunded in full need no seat": lambda world: world.seats.update({"bkg-B2": []}),
    "a donation needs no seat": lambda world: world.bookings["dat-D3"].append(
        a_booking("bkg-B5", {**world.line("bkg-B1", 2)}, ref="REF005")
    ),
    "an attendee needs no address": lambda world: world.seats.update(
        {"bkg-B3": [a_named_seat("sea-S4", email="")]}
    ),
}


@pytest.mark.parametrize("change", RIGHT.values(), ids=RIGHT)
def test_what_is_no_fault_passes(change: Callable[[World], Any], tmp_path: Path) -> None:
    world = World()
    change(world)
    store = store_in(tmp_path)
    world.fill(store)
    assert failed(run_checks(store)) == set()
