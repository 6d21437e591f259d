"""`ticketsource forget`: the person is gone from every month and stays out; the money stays."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from ticketsource_pipeline.cli.main import ticketsource
from ticketsource_pipeline.datasets import CUSTOMERS
from ticketsource_pipeline.landing.customers import land_customers
from ticketsource_pipeline.landing.forgetting import forget
from ticketsource_pipeline.landing.privacy import settle
from ticketsource_pipeline.personal_data import AttendeeMode, Personal
from ticketsource_pipeline.settings import SettingsError
from ticketsource_pipeline.store.layout import SINGLE_FILE
from ticketsource_pipeline_tests.keeping import Archive, Killed, places_of
from ticketsource_pipeline_tests.running import Machine, Outcome
from ticketsource_pipeline_tests.test_privacy_stored import (
    ANN,
    BOB,
    MARCH,
    MARK,
    NEXT,
    emails,
    filled,
    money,
)

MODES = [AttendeeMode.FULL, AttendeeMode.PSEUDONYMOUS]


def forget_here(machine: Machine, *words: str, given: str = "") -> Outcome:
    """Run `ticketsource forget` in this process, without a key; a refusal has code 2."""
    environment: dict[str, str | None] = {**machine.variables(None)}
    result = CliRunner().invoke(ticketsource, ["forget", *words], env=environment, input=given)
    if isinstance(result.exception, SettingsError):
        return Outcome(2, result.stdout, result.stderr + str(result.exception))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


def tokens(place: Archive) -> Counter[str]:
    return Counter(emails(place))


@pytest.mark.parametrize("mode", MODES)
def test_an_address_is_forgotten_in_every_month_and_stays_out(
    mode: AttendeeMode, tmp_path: Path
) -> None:
    with filled(tmp_path) as (place, server):
        settle(place.store(), mode)
        lines, seats = money(place), place.machine.rows("seats")
        found = tokens(place)
        kept = BOB if mode is AttendeeMode.FULL else min(found, key=lambda email: found[email])
        server.clear()
        outcome = forget_here(place.machine, "--email", "-", "--json", given=f" {ANN.title()}\n")
        assert (outcome.code, outcome.stderr) == (0, "")
        assert outcome.summary == {
            "found": True,
            # Of the customer who has it; seats with it are in Bob's bookings too.
            "bookings": 2,
            "seats": 8,
            "customers": 1,
            "months": 2,
        }
        assert len(place.machine.rows("customers")) == 1
        assert places_of(tmp_path, "cst-Annie") == set()
        assert len(server.requests) == 0
        assert tokens(place) == {kept: 4}
        assert places_of(tmp_path, ANN) == set()
        assert money(place) == lines
        assert place.machine.rows("seats") == seats
        # Nothing that names anybody says who it was.
        record = (tmp_path / "data/_ticketsource/forgotten.json").read_text()
        people = json.loads(record)["people"]
        assert [
            (person["kind"], person["bookings"], person["seats"], person["customers"])
            for person in people
        ] == [("email", 0, 4, 0), ("customer", 2, 4, 1)]
        assert all(person["done"] for person in people)
        after = place.machine.files()
        assert place.read(MARCH, NEXT, mode=mode).seats_asked == 0
        assert place.machine.files() == after
        assert place.failed_checks(MARCH, NEXT) == set()
        again = forget_here(place.machine, "--email", ANN)
        assert again.code == 0
        assert "No list of customers" not in again.stdout
        assert again.stdout.startswith("Nobody was found")
        assert place.machine.files() == after
        # Read again from the start, and in a booking that is new.
        date = next(iter(server.theatre.dates))
        server.theatre.add_booking(date, 1, attendee={"email": ANN, "last_name": "Marked"})
        place.read(MARCH, NEXT, mode=mode, full=True)
        assert tokens(place) == {kept: 4}
        assert places_of(tmp_path, ANN) == set()


@pytest.mark.parametrize("mode", MODES)
def test_who_turns_out_to_have_a_forgotten_address_is_forgotten_with_all_bookings(
    mode: AttendeeMode, tmp_path: Path
) -> None:
    with filled(tmp_path) as (place, server):
        settle(place.store(), mode)
        address = f"new.{MARK}@example.org"
        outcome = forget_here(place.machine, "--email", address, "--json")
        assert not outcome.summary["found"]
        lines = money(place)
        # The customer's address is another one from now on, and the list of customers says so.
        server.theatre.customers["cst-Bobby"]["attributes"]["email"] = address
        land_customers(place.client, place.store(), mode)
        assert places_of(tmp_path, "cst-Bobby") == places_of(tmp_path, BOB) == set()
        (left,) = place.machine.rows("customers")
        assert left["customer_id"] == "cst-Annie"
        assert money(place) == lines
        people = json.loads((tmp_path / "data/_ticketsource/forgotten.json").read_text())["people"]
        assert [(person["kind"], person["bookings"]) for person in people] == [
            ("email", 0),
            ("customer", 4),
        ]
        assert place.failed_checks(MARCH, NEXT) == set()
        place.read(MARCH, NEXT, mode=mode, full=True)
        assert places_of(tmp_path, "cst-Bobby") == places_of(tmp_path, BOB) == set()


@pytest.mark.parametrize("mode", MODES)
def test_a_customer_is_forgotten_with_all_their_bookings_and_those_who_sit_there(
    mode: AttendeeMode, tmp_path: Path
) -> None:
    with filled(tmp_path) as (place, server):
        settle(place.store(), mode)
        lines = money(place)
        outcome = forget_here(place.machine, "--customer", "cst-Bobby", "--json")
        assert outcome.summary == {
            "found": True,
            "bookings": 4,
            "seats": 8,
            "customers": 1,
            "months": 2,
        }
        (left,) = place.machine.rows("customers")
        assert left["customer_id"] == "cst-Annie"
        assert len(emails(place)) == 4
        assert places_of(tmp_path, BOB) == places_of(tmp_path, "cst-Bobby") == set()
        assert money(place) == lines
        theirs = [row for row in place.machine.rows("raw_bookings") if row["customer_id"] is None]
        assert len(theirs) == 4
        for row in theirs:
            consents = [value for name, value in row.items() if name.startswith("consent_")]
            assert {*consents, row["user_booked_by"]} == {None}
            assert MARK not in row["payload"]
        after = place.machine.files()
        assert place.read(MARCH, NEXT, mode=mode).seats_asked == 0
        assert place.machine.files() == after
        assert place.failed_checks(MARCH, NEXT) == set()
        date = next(iter(server.theatre.dates))
        person = {"email": "new@example.org", "last_name": "New"}
        server.theatre.add_booking(date, 1, customer_id="cst-Bobby", attendee=person)
        place.read(MARCH, NEXT, mode=mode, full=True)
        assert places_of(tmp_path, "cst-Bobby") == set()
        assert places_of(tmp_path, "new@example.org") == set()
        assert len(emails(place)) == 4
        assert len(place.machine.rows("customers")) == 1
        assert len(money(place)) == len(lines) + 1


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ((), ""),
        (("--email", ANN, "--customer", "cst-Annie"), ""),
        (("--email", f"{MARK} and more"), ""),
        (("--email", f"{ANN}, {BOB}"), ""),
        (("--email", "-"), ""),
        (("--email", "-"), f"{MARK}\n"),
        (("--customer", ANN), ""),
        (("--customer", f"cst-{MARK}-2"), ""),
        ((ANN,), ""),
        (("--mail", ANN), ""),
        ((f"--mail={ANN}",), ""),
        (("--email", ANN, BOB), ""),
    ],
)
def test_bad_usage_is_refused_without_saying_what_was_given(
    words: tuple[str, ...], given: str, tmp_path: Path
) -> None:
    outcome = forget_here(Machine(tmp_path), *words, given=given)
    assert outcome.code == 2
    assert outcome.output
    assert MARK not in outcome.output
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_data_nobody_is_said_to_be_forgotten(tmp_path: Path) -> None:
    outcome = forget_here(Machine(tmp_path), "--email", ANN)
    assert outcome.code == 2
    assert "There is no data in" in outcome.output
    assert "TICKETSOURCE_DATA_DIR" in outcome.output
    assert list(tmp_path.iterdir()) == []


def test_without_a_list_of_customers_it_is_said_that_bookings_may_be_left(tmp_path: Path) -> None:
    with filled(tmp_path) as (place, _):
        place.store().remove(CUSTOMERS, None, SINGLE_FILE)
        by_customer = forget_here(place.machine, "--customer", "cst-Bobby")
        by_address = forget_here(place.machine, "--email", ANN)
    assert (by_customer.code, by_address.code) == (0, 0)
    assert "No list of customers is stored" not in by_customer.stdout
    assert "No list of customers is stored" in by_address.stdout


def test_where_no_booking_is_anybodys_no_list_of_customers_is_missed(tmp_path: Path) -> None:
    with filled(tmp_path) as (place, _):
        settle(place.store(), AttendeeMode.OFF)
        outcome = forget_here(place.machine, "--email", ANN)
    assert outcome.code == 0
    assert "No list of customers" not in outcome.stdout


def test_a_killed_removal_is_gone_on_with_and_never_said_to_have_found_nobody(
    tmp_path: Path,
) -> None:
    address = f"buyer.{MARK}@example.org"
    with filled(tmp_path / "whole") as (whole, server):
        # Only the list of customers has the address, and tells whose bookings are to be found.
        server.theatre.customers["cst-Annie"]["attributes"]["email"] = address
        land_customers(whole.client, whole.store(), AttendeeMode.FULL)

    def is_through(writes: int) -> bool:
        place = Archive(tmp_path / str(writes), whole.client)
        shutil.copytree(whole.folder, place.folder)
        try:
            forget(place.store(writes), Personal.EMAIL, address)
        except Killed:
            noted = (place.folder / "data/_ticketsource/forgotten.json").exists()
            outcome = forget_here(place.machine, "--email", address)
            assert outcome.code == 0, outcome.output
            assert "Nobody was found" not in outcome.stdout
            assert noted or "Removed from 2 bookings" in outcome.stdout
            assert places_of(place.folder, "cst-Annie") == set()
            return False
        return True

    assert next(writes for writes in range(100) if is_through(writes)) > 8


def test_a_damaged_list_of_customers_keeps_nobody_in_the_months(tmp_path: Path) -> None:
    with filled(tmp_path) as (place, _):
        place.store().layout.file(CUSTOMERS, None, SINGLE_FILE).write_bytes(b"no Parquet")
        outcome = forget_here(place.machine, "--email", ANN)
        assert outcome.code == 1
        assert "customers/part-0.parquet is damaged" in outcome.stderr
        # Once it is gone, or read again, the rest goes too.
        place.store().remove(CUSTOMERS, None, SINGLE_FILE)
        left = {path.parts[1] for path in places_of(tmp_path, ANN)}
        assert left.isdisjoint({"raw_bookings", "raw_seats", "attendees"})
        assert forget_here(place.machine, "--email", ANN).code == 0
        assert places_of(tmp_path, ANN) == set()


def test_a_damaged_list_of_customers_is_made_again_by_reading_it(tmp_path: Path) -> None:
    with filled(tmp_path) as (place, _):
        place.store().layout.file(CUSTOMERS, None, SINGLE_FILE).write_bytes(b"no Parquet")
        land_customers(place.client, place.store(), AttendeeMode.FULL)
        assert len(place.machine.rows("customers")) == 2


def test_data_that_cannot_be_read_is_told_in_a_line(tmp_path: Path) -> None:
    with filled(tmp_path) as (place, _):
        (tmp_path / "data/_ticketsource/privacy.json").write_text("no JSON")
        outcome = forget_here(place.machine, "--email", ANN)
    assert outcome.code == 1
    assert outcome.stderr.startswith("ticketsource: ")
    assert "privacy.json is damaged" in outcome.stderr
    assert MARK not in outcome.output
