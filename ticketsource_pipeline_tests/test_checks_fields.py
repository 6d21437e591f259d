"""The checks of fields, and what all checks have in common: severity, blocking, no person named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ticketsource_pipeline.checks.asset_checks import asset_checks
from ticketsource_pipeline.partitions import month_partitions
from ticketsource_pipeline_tests import (
    test_checks_completeness,
    test_checks_marts,
    test_checks_money,
    test_checks_references,
)
from ticketsource_pipeline_tests.test_checks_world import (
    MARK,
    Case,
    World,
    a_named_seat,
    assert_found,
    failed,
    run_checks,
)
from ticketsource_pipeline_tests.test_store_writing import store_in

B1 = {"date_id": "dat-D1", "ref": "REF001", "record_id": "bkg-B1"}
S2 = {"date_id": "dat-D1", "record_id": "sea-S2"}


def attributes(of: Any, **fields: Any) -> Any:
    return lambda world: of(world)["attributes"].update(fields)


def new_field(of: Any) -> Any:
    return attributes(of, nickname=f"{MARK} one")


def an_event_of(world: World) -> Any:
    return world.events[0]


def a_venue_of(world: World) -> Any:
    return world.venues[0][1]


def a_date_of(world: World) -> Any:
    return world.dates[0]


def a_booking_of(world: World) -> Any:
    return world.booking("bkg-B1")


def a_seat_of(world: World) -> Any:
    return world.seats["bkg-B1"][1]


NEW = {"what": "attributes.nickname is a field that is new to us"}
NEW_IN_EVENT, NEW_IN_VENUE = {**NEW, "record_id": "evt-E1"}, {**NEW, "record_id": "ven-V1"}
NEW_IN_DATE = {**NEW, "record_id": "dat-D1"}
CASES = [
    Case(
        "an event has no name",
        "events.fields_are_readable",
        {"record_id": "evt-E1", "what": "attributes.name is null"},
        before=attributes(an_event_of, name=None),
    ),
    Case(
        "a venue's address is text",
        "venues.fields_are_readable",
        {
            "record_id": "ven-V1",
            "what": "attributes.address.line_1 lies below text, an object is expected",
        },
        before=attributes(a_venue_of, address=f"{MARK} Hall"),
        failures=5,
    ),
    Case(
        "a performance is cancelled by a word",
        "performances.fields_are_readable",
        {
            "record_id": "dat-D1",
            "what": "attributes.cancelled is text, true or false is expected",
        },
        before=attributes(a_date_of, cancelled=f"by {MARK}"),
    ),
    Case(
        "a booking's clerk is an object",
        "raw_bookings.fields_are_readable",
        {**B1, "what": "attributes.user_booked_by is an object, text is expected"},
        before=attributes(a_booking_of, user_booked_by={"name": MARK}),
    ),
    Case(
        "a line has no type",
        "booking_lines.fields_are_readable",
        {**B1, "line_number": 2, "what": "line_type is null"},
        before=lambda world: world.line("bkg-B1", 2).update(line_type=None),
    ),
    Case(
        "a row is a flag",
        "seats.fields_are_readable",
        {**S2, "what": "attributes.reference.row is a flag, text is expected"},
        before=attributes(a_seat_of, reference={"row": True, "seat": None}),
    ),
    Case(
        "an attendee is text",
        "attendees.fields_are_readable",
        {
            **S2,
            "what": "attributes.attendee.title lies below text, an object is expected",
        },
        before=attributes(a_seat_of, attendee=f"{MARK} Person"),
        failures=7,
    ),
    Case("new", "events.no_new_fields", NEW_IN_EVENT, before=new_field(an_event_of)),
    Case("new", "venues.no_new_fields", NEW_IN_VENUE, before=new_field(a_venue_of)),
    Case("new", "performances.no_new_fields", NEW_IN_DATE, before=new_field(a_date_of)),
    Case("new", "raw_bookings.no_new_fields", {**NEW, **B1}, before=new_field(a_booking_of)),
    Case("new", "raw_seats.no_new_fields", {**NEW, **S2}, before=new_field(a_seat_of)),
    Case(
        "new",
        "booking_lines.no_new_fields",
        {**B1, "line_number": 1, "records": 2, "what": "channel is a field that is new to us"},
        before=lambda world: [world.line("bkg-B1", n).update(channel=MARK) for n in (1, 2)],
        failures=2,
    ),
    Case(
        "a line of a type nobody knows",
        "booking_lines.no_new_values",
        {**B1, "line_number": 2, "what": "line_type MERCHANDISE is new to us"},
        before=lambda world: world.line("bkg-B1", 2).update(line_type="MERCHANDISE"),
    ),
    Case(
        "a way to pay that may be anything",
        "booking_lines.no_new_values",
        {
            **B1,
            "line_number": 2,
            "what": "payment_method (a text not shown here) is new to us",
        },
        before=lambda world: world.line("bkg-B1", 2).update(payment_method=f"by {MARK}"),
    ),
    Case(
        "a booking says it is an order",
        "raw_bookings.no_new_values",
        {**B1, "what": "type (a text not shown here) is new to us"},
        before=lambda world: a_booking_of(world).update(type="order"),
    ),
    Case(
        "a seat says it is a place",
        "raw_seats.no_new_values",
        {**S2, "what": "type (a text not shown here) is new to us"},
        before=lambda world: a_seat_of(world).update(type="place"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_field_that_is_bad_or_new_is_found_by_its_check(case: Case, tmp_path: Path) -> None:
    assert_found(case, tmp_path)


def specs() -> dict[str, dg.AssetCheckSpec]:
    return {
        f"{spec.asset_key.to_user_string()}.{spec.name}": spec
        for checks in asset_checks(month_partitions("2019-01"))
        for spec in checks.check_specs
    }


def test_every_check_there_is_has_a_fault_that_fails_it() -> None:
    modules = (test_checks_completeness, test_checks_money, test_checks_references)
    marts = test_checks_marts.CHECKS
    cases = [*CASES, *(case for module in modules for case in module.CASES)]
    assert {case.check for case in cases} | marts == set(specs())


def test_only_an_incomplete_raw_month_blocks() -> None:
    assert {name for name, spec in specs().items() if spec.blocking} == {
        "raw_bookings.bookings_have_lines",
        "raw_bookings.ledger_is_complete",
        "raw_bookings.key_is_unique",
        "raw_seats.every_booking_was_asked",
        "raw_seats.key_is_unique",
    }


def test_every_check_says_in_a_sentence_what_must_be_true() -> None:
    for name, spec in specs().items():
        assert spec.description is not None, name
        assert spec.description.endswith("."), name


def test_new_fields_and_odd_addresses_warn_and_all_else_is_an_error(tmp_path: Path) -> None:
    world = World()
    for of in (an_event_of, a_venue_of, a_date_of, a_booking_of, a_seat_of):
        attributes(of, nickname=MARK, created_at=f"{MARK}, once")(world)
    world.line("bkg-B1", 1).update(channel=MARK, created_at=MARK)
    world.seats["bkg-B3"] = [a_named_seat("sea-S4", email=MARK, title=[MARK])]
    store = store_in(tmp_path)
    world.fill(store)
    found = run_checks(store)
    warned = {name for name in failed(found) if found[name].severity is dg.AssetCheckSeverity.WARN}
    kinds = ("events", "venues", "performances", "raw_bookings", "raw_seats", "booking_lines")
    assert warned == {
        *(f"{name}.no_new_fields" for name in kinds),
        "attendees.email_looks_like_one",
    }
    readable = {name for name in specs() if name.endswith("fields_are_readable")}
    assert failed(found) - warned == readable


def test_no_check_of_any_fault_fills_its_table_with_more_than_twenty(tmp_path: Path) -> None:
    world = World()
    world.seats["bkg-B3"] = [a_named_seat(f"sea-{number}", email=MARK) for number in range(45)]
    store = store_in(tmp_path)
    world.fill(store)
    found = run_checks(store)
    assert failed(found) == {"attendees.email_looks_like_one"}
    metadata = found["attendees.email_looks_like_one"].metadata
    table = metadata["first_failures"]
    assert isinstance(table, dg.TableMetadataValue)
    assert len(table.records) == 20
    assert metadata["failures"].value == 45
    assert [column.name for column in table.schema.columns] == [
        "date_id",
        "ref",
        "record_id",
        "line_number",
        "what",
        "records",
    ]
