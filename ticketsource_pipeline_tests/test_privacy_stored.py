"""What is stored follows TICKETSOURCE_ATTENDEES: at once where it is stricter, as read else."""

from __future__ import annotations

import shutil
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout
from upath import UPath

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.landing.clearing import clear_replaced_rows
from ticketsource_pipeline.landing.customers import land_customers
from ticketsource_pipeline.landing.forgetting import forget
from ticketsource_pipeline.landing.marts import make_marts, marts_state
from ticketsource_pipeline.landing.privacy import settle
from ticketsource_pipeline.personal_data import AttendeeMode, Personal
from ticketsource_pipeline.sandbox import RequestRecord, SandboxServer, Theatre, records
from ticketsource_pipeline.store import DamagedFile, FileWriter, StoreError
from ticketsource_pipeline.store.succession import keeps_replaced_rows
from ticketsource_pipeline_tests.automating import moment
from ticketsource_pipeline_tests.keeping import (
    Archive,
    Killed,
    archive,
    let_queries_end,
    places_of,
)
from ticketsource_pipeline_tests.running import AMOUNTS, DATASETS, MONTHLY, PERSONAL, next_month

MARCH, NEXT = "2024-03", next_month()
MARK = "Qwyjibo"
ANN, BOB = f"ann.{MARK}@example.org", f"bob.{MARK}@example.org"
OFF, PSEUDONYMOUS, FULL = AttendeeMode


def marked_theatre() -> Theatre:
    """A closed and an open performance; Ann has seats at both, booked by a customer and by Bob."""
    theatre = Theatre.empty()
    theatre.clock = lambda: moment("2024-01-02T03:04")
    event = theatre.add_event("Opera")
    for customer_id, email in (("cst-Annie", ANN), ("cst-Bobby", BOB)):
        theatre.insert_customer(
            records.customer(
                customer_id,
                first_name=f"{MARK}first",
                last_name=f"{MARK}last",
                email=email,
                created_at="2024-01-02T03:04:05+00:00",
            )
        )
    for month in (MARCH, NEXT):
        date = theatre.add_date(event, f"{month}-09T19:30:00+00:00")
        for customer, attendee in (
            ("cst-Annie", ANN),
            ("cst-Bobby", ANN.upper()),
            ("cst-Bobby", BOB),
        ):
            person = {"email": attendee, "last_name": f"{MARK}last", "telephone": "01666 1"}
            booking_id = theatre.add_booking(date, 2, attendee=person, customer_id=customer)
            booking = theatre.bookings[booking_id]["attributes"]
            booking["user_booked_by"] = f"{MARK}staff"
            booking["consent"]["third_party"] = f"{MARK}third"
    return theatre


@contextmanager
def filled(folder: Path) -> Iterator[tuple[Archive, SandboxServer]]:
    """Everything of the theatre, read in full."""
    with archive(folder, marked_theatre()) as (place, server):
        place.read(MARCH, NEXT)
        assert len(places_of(folder, MARK)) == 8
        yield place, server


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Archive]:
    with filled(tmp_path) as (found, _):
        yield found


def money(place: Archive) -> list[tuple[Any, ...]]:
    rows = place.machine.rows("booking_lines")
    return [(row["booking_id"], *(row[name] for name in AMOUNTS)) for row in rows]


def emails(place: Archive, month: str | None = None) -> list[str]:
    return [
        row["email"]
        for row in place.machine.rows("attendees")
        if month in (None, str(row["performance_month"]))
    ]


def rows(place: Archive) -> dict[str, Any]:
    return {name: place.machine.rows(name) for name in DATASETS}


def change(place: Archive, what: AttendeeMode | tuple[Personal, str], writes: int = 10**6) -> None:
    if isinstance(what, AttendeeMode):
        settle(place.store(writes), what)
        return
    kind, value = what
    forget(place.store(writes), kind, value)


def test_off_takes_everybody_out_of_closed_months_too_and_asks_nothing(tmp_path: Path) -> None:
    with filled(tmp_path) as (place, server):
        before, lines = place.machine.files(), money(place)
        server.clear()
        assert settle(place.store(), OFF).months == [MARCH, NEXT]
        assert len(server.requests) == 0
        assert places_of(tmp_path, MARK) == set()
        assert emails(place) == []
        assert money(place) == lines
        for row in place.machine.rows("raw_bookings"):
            assert row["customer_id"] is row["user_booked_by"] is row["consent_third_party"] is None
            assert row["consent_email"] is False
        changed = {name for name, file in place.machine.files().items() if file != before[name]}
        assert {name.split("/")[0] for name in changed} == set(PERSONAL)
        after = place.machine.files()
        landing = place.read(MARCH, NEXT, mode=OFF)
        assert (landing.seats_asked, landing.seats_reused) == (0, 3)
        assert place.machine.files() == after
        assert place.failed_checks(MARCH, NEXT) == set()


def test_pseudonymous_counts_who_came_twice_and_names_nobody(tmp_path: Path) -> None:
    with filled(tmp_path) as (place, _):
        settle(place.store(), PSEUDONYMOUS)
        assert places_of(tmp_path, MARK) == set()
        found = emails(place)
        # Ann has four seats a night, two of them with her address written otherwise.
        assert sorted(found.count(email) for email in set(found)) == [4, 8]
        assert {row["customer_id"] for row in place.machine.rows("raw_bookings")} == {
            "cst-Annie",
            "cst-Bobby",
        }
        after = place.machine.files()
        landing = place.read(MARCH, NEXT, mode=PSEUDONYMOUS)
        assert (landing.seats_asked, landing.seats_reused) == (0, 3)
        assert place.machine.files() == after
        assert place.failed_checks(MARCH, NEXT) == set()
        place.read(MARCH, NEXT, mode=PSEUDONYMOUS, full=True)
        assert emails(place) == found


@pytest.mark.parametrize("mode", [OFF, PSEUDONYMOUS])
def test_what_is_first_read_under_a_mode_is_what_would_have_come_of_it(
    mode: AttendeeMode, tmp_path: Path
) -> None:
    with archive(tmp_path, marked_theatre()) as (place, _):
        place.read(MARCH, NEXT, mode=mode)
        assert places_of(tmp_path, MARK) == set()
        assert len(emails(place)) == (12 if mode is PSEUDONYMOUS else 0)
        assert place.failed_checks(MARCH, NEXT) == set()
        first = rows(place)
        settle(place.store(), FULL)
        settle(place.store(), mode)
        assert rows(place) == first


def test_what_files_keep_of_replaced_rows_goes_with_the_next_reading(tmp_path: Path) -> None:
    with filled(tmp_path) as (place, server):
        withdraw_everybody(server.theatre)
        place.read(MARCH, NEXT, full=True)
        assert emails(place) == []
        # A query that began before the files were replaced finds their old rows.
        assert {path.name for path in places_of(tmp_path, MARK)} >= {"part-0.parquet"}
        assert place.failed_checks(MARCH, NEXT) == set()
        let_queries_end(tmp_path)
        place.read(MARCH, NEXT)
        assert places_of(tmp_path, MARK) == set()
        assert place.machine.verify_here().code == 0
        let_queries_end(tmp_path)
        after = place.machine.files()
        place.read(MARCH, NEXT)
        assert place.machine.files() == after


@pytest.mark.parametrize("mode", [FULL, PSEUDONYMOUS])
def test_what_files_of_closed_months_keep_goes_without_a_reading(
    mode: AttendeeMode, tmp_path: Path
) -> None:
    with filled(tmp_path) as (place, server):
        settle(place.store(), mode)
        withdraw_everybody(server.theatre)
        place.read(MARCH, NEXT, mode=mode, full=True)
        kept = files_that_keep(place)
        names = {"attendees", "raw_bookings", "raw_seats", "customers"}
        # What else of a booking is personal is not kept as a token.
        names |= {"bookings"} if mode is FULL else set()
        assert {path.parts[0] for path in kept} == names
        assert clear_replaced_rows(place.store(), mode) == []
        assert files_that_keep(place) == kept
        let_queries_end(tmp_path)
        # Noted while the clock was wrong.
        place.store().write_cleared_until(utc_now() + timedelta(days=900))
        content = rows(place)
        server.clear()
        assert clear_replaced_rows(place.store(), mode) == [MARCH, NEXT]
        assert server.requests == []
        assert files_that_keep(place) == set()
        assert places_of(tmp_path, MARK) == set()
        assert rows(place) == content
        assert marts_state(place.store()).are_current
        assert place.machine.verify_here().code == 0
        after = place.machine.files()
        let_queries_end(tmp_path)
        assert clear_replaced_rows(place.store(), mode) == []
        assert place.machine.bytes_by_file() == {name: file for name, (_, _, file) in after.items()}


def test_a_sync_clears_what_files_of_closed_months_keep(tmp_path: Path) -> None:
    with filled(tmp_path) as (place, server):
        withdraw_everybody(server.theatre)
        assert place.machine.sync_here(server, "--full").code == 0
        assert files_that_keep(place)
        let_queries_end(tmp_path)
        assert place.machine.sync_here(server).code == 0
        assert files_that_keep(place) <= {Path("customers/part-0.parquet")}
        assert place.machine.verify_here().code == 0


def files_that_keep(place: Archive) -> set[Path]:
    """The files of personal datasets that keep rows they replaced."""
    data = place.folder / "data"
    return {
        path.relative_to(data)
        for name in (*PERSONAL, "customers", "bookings")
        for path in (data / name).rglob("*.parquet")
        if keeps_replaced_rows(path.read_bytes())
    }


@pytest.mark.parametrize("then", [(Personal.CUSTOMER, "cst-Bobby"), OFF])
def test_who_is_taken_out_second_of_a_month_that_is_ahead_is_gone_from_the_marts_too(
    then: AttendeeMode | tuple[Personal, str], tmp_path: Path
) -> None:
    with filled(tmp_path) as (place, server):
        for date_id in list(server.theatre.dates):
            server.theatre.add_booking(date_id, 1)
        place.read(MARCH, NEXT, publish=False)
        change(place, (Personal.CUSTOMER, "cst-Annie"))
        assert places_of(tmp_path / "data", "cst-Annie") == set()
        change(place, then)
        assert places_of(tmp_path / "data", "cst-Bobby") == set()
        if then is OFF:
            assert places_of(tmp_path / "data", MARK) == set()


@dataclass(frozen=True)
class DiesBeforeTheManifestOfTheMarts(FileWriter):
    def write(self, path: UPath, content: bytes, *, private: bool) -> None:
        if path.name == "marts.json" and b'"raw_content": null' not in content:
            raise Killed
        super().write(path, content, private=private)


@pytest.mark.parametrize("name", ["marts", "customers"])
def test_marts_killed_before_their_manifest_are_made_good_by_the_next_sync(
    name: str, tmp_path: Path
) -> None:
    with filled(tmp_path) as (place, server):
        withdraw_everybody(server.theatre)
        assert place.machine.sync_here(server, "--full", "--customers").code == 0
        let_queries_end(tmp_path)
        dying = replace(place.store(), writer=DiesBeforeTheManifestOfTheMarts())
        with pytest.raises(Killed):
            if name == "marts":
                make_marts(dying)
            else:
                land_customers(place.client, dying, FULL)
        assert place.machine.verify_here().code == 1
        assert place.machine.sync_here(server).code == 0
        assert place.machine.verify_here().code == 0


@pytest.mark.parametrize("what", [OFF, PSEUDONYMOUS, (Personal.EMAIL, "who.is.it@example.org")])
def test_what_files_keep_of_replaced_rows_goes_with_anybody_who_is_taken_out(
    what: AttendeeMode | tuple[Personal, str], tmp_path: Path
) -> None:
    with filled(tmp_path) as (place, server):
        withdraw_everybody(server.theatre)
        place.read(MARCH, NEXT, full=True)
        lines, seats = money(place), place.machine.rows("seats")
        assert places_of(tmp_path, MARK)
        change(place, what)
        assert places_of(tmp_path, MARK) == set()
        assert (money(place), place.machine.rows("seats")) == (lines, seats)
        assert place.machine.verify_here().code == 0


def withdraw_everybody(theatre: Theatre) -> None:
    """Let TicketSource have anonymised all its customers and attendees."""
    for seat_id in theatre.seats:
        theatre.edit_attendee(seat_id, email="", last_name="", telephone="", touch_booking=True)
    for booking in theatre.bookings.values():
        booking["attributes"]["user_booked_by"] = ""
        booking["attributes"]["consent"]["third_party"] = ""
    for customer in theatre.customers.values():
        customer["attributes"].update(first_name="", last_name="", email="")


def test_a_looser_mode_fills_what_is_read_from_then_on(tmp_path: Path) -> None:
    with filled(tmp_path) as (place, _):
        settle(place.store(), OFF)
        landing = place.read(NEXT)
        # The bookings look other than before, but one need not: its seats are asked for as well.
        assert (landing.seats_asked, landing.seats_reused) == (3, 0)
        assert len(emails(place, NEXT)) == 6
        assert emails(place, MARCH) == []
        place.read(MARCH)
        assert len(emails(place)) == 12


def test_seats_of_a_booking_that_looks_the_same_are_asked_for_when_more_may_be_stored(
    tmp_path: Path,
) -> None:
    theatre = marked_theatre()
    for booking in theatre.bookings.values():
        booking["attributes"].update(user_booked_by=None, consent={})
        booking["links"]["customer"] = None
    with archive(tmp_path, theatre) as (place, _):
        place.read(NEXT, mode=OFF)
        landing = place.read(NEXT, mode=FULL)
        assert (landing.seats_asked, landing.seats_reused) == (3, 0)
        assert len(emails(place)) == 6
        assert place.read(NEXT, mode=FULL).seats_asked == 0


@pytest.mark.parametrize(
    ("what", "step"), [(PSEUDONYMOUS, 3), ((Personal.CUSTOMER, "cst-Annie"), 1)], ids=str
)
def test_wherever_it_is_killed_the_next_one_finishes_it(
    what: Any, step: int, tmp_path: Path
) -> None:
    with filled(tmp_path / "filled") as (first, _):
        lines = money(first)
        # The key is the same in all, so that the tokens are.
        settle(first.store(), PSEUDONYMOUS)
        settle(first.store(), FULL)
        first.read(MARCH, NEXT)
        shutil.copytree(first.folder, tmp_path / "whole")
        whole = Archive(tmp_path / "whole", first.client)
        change(whole, what)
        writes, place = 0, whole
        for writes in range(0, 100, step):
            place = Archive(tmp_path / f"killed-{writes}", first.client)
            shutil.copytree(first.folder, place.folder)
            try:
                change(place, what, writes)
            except Killed:
                assert money(place) == lines
            else:
                break
            noted = place.store().layout.forgotten.exists()
            # What was asked for is noted by then: the next sync does the rest of it too.
            change(place, FULL if noted and writes % 2 else what)
            assert rows(place) == rows(whole)
        assert writes > 8
        assert place.failed_checks(MARCH, NEXT) == set()


def test_a_month_whose_raw_data_is_ahead_loses_the_person_and_keeps_its_last_good_lines(
    tmp_path: Path,
) -> None:
    with filled(tmp_path) as (place, server):
        before = money(place)
        date = next(key for key in server.theatre.dates if place.machine.months_of(key)["seats"])
        server.theatre.add_booking(date, 1)
        place.read(MARCH, NEXT, publish=False)
        forget(place.store(), Personal.EMAIL, ANN)
        assert set(emails(place)) == {BOB}
        assert len(emails(place)) == 4
        assert money(place) == before
        settle(place.store(), OFF)
        assert emails(place) == []
        assert money(place) == before
        place.read(MARCH, NEXT, mode=OFF)
        assert len(money(place)) == len(before) + 1


def test_a_run_of_another_mode_writes_nothing(place: Archive) -> None:
    settle(place.store(), OFF)
    before = place.machine.files()
    with pytest.raises(StoreError, match="is under TICKETSOURCE_ATTENDEES=off"):
        place.read_month(MARCH, mode=FULL)
    assert place.machine.files() == before


def test_what_a_killed_writer_left_of_a_personal_file_goes_too(place: Archive) -> None:
    leftovers = []
    for dataset in PERSONAL:
        month = f"performance_month={MARCH}" if dataset in MONTHLY else ""
        folder = place.folder / "data" / dataset / month
        leftovers.append(folder / f".part-0.parquet.{'0' * 32}.tmp")
        leftovers[-1].write_text(MARK)
    settle(place.store(), OFF)
    assert not any(leftover.exists() for leftover in leftovers)


def test_who_is_forgotten_while_a_month_is_read_is_gone_when_both_are_through(
    tmp_path: Path,
) -> None:
    with filled(tmp_path) as (place, server):
        worker = threading.Thread(target=forget, args=(place.store(), Personal.EMAIL, ANN))

        def forget_meanwhile(request: RequestRecord) -> None:
            if "/seats" in request.path and not worker.ident:
                worker.start()
                deadline = utc_now() + timedelta(seconds=30)
                while worker.is_alive() and not is_held(place, MARCH) and utc_now() < deadline:
                    threading.Event().wait(0.01)

        server.on_request = forget_meanwhile
        # The run knew the rules before, and writes what they allowed.
        place.read(NEXT, full=True)
        worker.join(30)
        assert worker.ident
        assert not worker.is_alive()
        assert set(emails(place)) == {BOB}
        assert places_of(tmp_path, ANN) == set()


def is_held(place: Archive, month: str) -> bool:
    """Whether somebody holds the lock of a month."""
    lock = FileLock(place.store().layout.shared / "locks" / f"month-{month}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def test_files_of_people_and_of_secrets_are_for_the_owner_alone(place: Archive) -> None:
    settle(place.store(), PSEUDONYMOUS)
    forget(place.store(), Personal.EMAIL, ANN)
    data = place.folder / "data"
    for dataset in PERSONAL:
        for path in (data / dataset, *(data / dataset).rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), path
    for name in ("privacy.json", "pseudonyms.key", "forgotten.json"):
        assert stat.S_IMODE((data / "_ticketsource" / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", ["removed", "another", "short"])
def test_without_its_key_nobody_is_taken_for_somebody_else(damage: str, place: Archive) -> None:
    settle(place.store(), PSEUDONYMOUS)
    key = Path(str(place.store().layout.pseudonym_key))
    if damage == "removed":
        key.unlink()
    else:
        key.write_text("00" * (32 if damage == "another" else 8))
    before = place.machine.files()
    for doing in (
        lambda: place.read(NEXT, mode=PSEUDONYMOUS),
        lambda: forget(place.store(), Personal.EMAIL, ANN),
    ):
        with pytest.raises(StoreError, match=r"pseudonyms\.key is missing, damaged or another one"):
            doing()
    assert place.machine.files() == before


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"key_id": "1", "people": [{}]}'])
def test_damaged_notes_are_named_and_nothing_is_read_over_them(text: str, place: Archive) -> None:
    forget(place.store(), Personal.EMAIL, ANN)
    for name in ("forgotten.json", "privacy.json"):
        path = place.folder / "data" / "_ticketsource" / name
        kept = path.read_text() if path.exists() else None
        path.write_text(text)
        with pytest.raises(StoreError, match=f"{name} is damaged: restore it"):
            place.read(NEXT)
        if kept is None:
            path.unlink()
        else:
            path.write_text(kept)


def test_a_damaged_file_is_named_and_the_mode_not_taken_for_done(place: Archive) -> None:
    path = next((place.folder / "data" / "raw_seats").rglob("dat-*.parquet"))
    content = path.read_bytes()
    path.write_bytes(content[:40])
    with pytest.raises(DamagedFile, match=path.name):
        settle(place.store(), OFF)
    path.write_bytes(content)
    settle(place.store(), OFF)
    assert places_of(place.folder, MARK) == set()
