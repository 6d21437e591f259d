"""No text of a person is anywhere but in the personal datasets, whatever is done or goes wrong.

Every personal field of bookings, seats and customers holds a marked text. What a command prints and
every file it leaves is searched: Dagster's event log and compute logs, notes and records, and the
Parquet itself, unpacked.
"""

from __future__ import annotations

import json
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner

from ticketsource_pipeline.cli.main import ticketsource
from ticketsource_pipeline.personal_data import AttendeeMode
from ticketsource_pipeline.resources import TicketSourceResource
from ticketsource_pipeline.sandbox import Faults, SandboxServer, Theatre, records
from ticketsource_pipeline_tests.automating import moment, office
from ticketsource_pipeline_tests.keeping import places_of
from ticketsource_pipeline_tests.running import (
    PERSONAL,
    WITH_REPORT,
    Machine,
    Outcome,
    next_month,
)
from ticketsource_pipeline_tests.test_forget import forget_here

MARK = "Qwyjibo"
EMAIL = f"{MARK}.email@example.org"
ONE_AT_A_TIME = {"TICKETSOURCE_MAX_RETRIES": "0", "TICKETSOURCE_PAGE_SIZE": "3"}
FIELDS = set(TicketSourceResource.model_fields) - {"api_key", "attendees"}
ODD: list[Any] = [f"no address {MARK}", [f"{MARK}list"], {f"{MARK}key": f"{MARK}value"}, 7.5, True]


def marked_theatre() -> Theatre:
    """One open performance whose every personal field is marked, some of a type nobody expects."""
    theatre = Theatre.empty()
    theatre.clock = lambda: moment("2024-01-02T03:04")
    customer = theatre.insert_customer(
        records.customer(
            "cst-C1",
            first_name=f"{MARK}first",
            last_name=f"{MARK}last",
            email=EMAIL,
            telephone=f"{MARK}01632",
            address=(f"{MARK}street", "", "", f"{MARK}town", f"{MARK}code"),
            created_at="2024-01-02T03:04:05+00:00",
        )
    )
    odd = records.customer(
        "cst-odd", first_name=None, last_name=None, created_at="2024-01-02T03:04:05+00:00"
    )
    odd["attributes"].update(first_name=[f"{MARK}first"], email={"of": EMAIL}, greeting=f"{MARK}hi")
    odd["attributes"]["consent"]["email"] = f"{MARK}yes"
    theatre.insert_customer(odd)
    date = theatre.add_date(theatre.add_event("Opera"), f"{next_month()}-09T19:30:00+00:00")
    names = ("title", "first_name", "last_name", "telephone", "company")
    person = {name: f"{MARK}{name}" for name in names}
    booking, attendee = {}, {}
    for value in (EMAIL, *ODD):
        booking_id = theatre.add_booking(date, 1, customer_id=customer, attendee=person)
        booking = theatre.bookings[booking_id]
        booking["attributes"].update(user_booked_by=f"{MARK}staff", greeting=f"{MARK}greeting")
        booking["attributes"]["consent"]["third_party"] = f"{MARK}third"
        attendee = theatre.seats_of(booking_id)[0]["attributes"]["attendee"]
        attendee.update(email=value, diet=f"{MARK}nuts", **{f"{MARK} odd": True})
        attendee["company"]["title"] = f"{MARK}position"
    # In the other fields too a value of another type comes, and in the consents.
    booking["attributes"]["user_booked_by"] = [f"{MARK}staff"]
    booking["attributes"]["consent"]["email"] = f"{MARK}yes"
    attendee.update(telephone=[f"{MARK}01632"], first_name={"of": f"{MARK}first"})
    return theatre


def plan_here(machine: Machine, **more: str) -> Outcome:
    environment: dict[str, str | None] = {**machine.variables(None, **more)}
    result = CliRunner().invoke(ticketsource, ["plan"], env=environment)
    return Outcome(result.exit_code, result.stdout, result.stderr)


def assert_in_its_place(machine: Machine, outcome: Outcome, mode: AttendeeMode) -> None:
    assert MARK.lower() not in outcome.output.lower()
    # What is searched was written indeed: the event log knows of the run.
    logs = [content for path, content in machine.everything().items() if path.suffix == ".db"]
    assert any(b"refresh_catalog" in content for content in logs)
    found = places_of(machine.folder, MARK)
    if mode is not AttendeeMode.FULL:
        assert found == set()
        return
    assert {path.parts[:2] for path in found} <= {("data", dataset) for dataset in PERSONAL}
    assert {path.suffix for path in found} <= {".parquet"}


@pytest.mark.parametrize("mode", list(AttendeeMode))
def test_whatever_happens_a_person_is_where_the_mode_allows_and_nowhere_else(
    mode: AttendeeMode, machine: Machine
) -> None:
    more = {"TICKETSOURCE_ATTENDEES": mode.value, **WITH_REPORT}
    theatre = marked_theatre()
    with SandboxServer(theatre) as server:
        outcome = machine.sync_here(server, "--customers", **more)
        assert_in_its_place(machine, outcome, mode)
        failed = {name.split(" ")[0] for name in outcome.summary["failed_checks"]}
        is_full = mode is AttendeeMode.FULL
        assert failed == (
            {"attendees.fields_are_readable", "raw_bookings.fields_are_readable"}
            if is_full
            else set()
        )
        assert ("attendees.email_looks_like_one" in outcome.stderr) is is_full
        assert "raw_seats.no_new_fields" in outcome.stderr
        assert len(places_of(machine.folder, MARK)) == (5 if is_full else 0)
        seats = (machine.data / "raw_seats").rglob("dat-*.parquet")
        path, whole = next((path, path.read_bytes()) for path in seats)
        faults = [
            Faults(share_not_json=1, only_path="/seats"),
            Faults(moves=100, only_path="/bookings"),
        ]
        for fault in faults if is_full else []:
            server.clear()
            server.faults = fault
            outcome = machine.sync_here(server, "--full", **more, **ONE_AT_A_TIME)
            assert outcome.code == 1, fault
            assert_in_its_place(machine, outcome, mode)
        server.faults = Faults()
        # A wrong record, and a damaged file that names somebody, half of it.
        seat = theatre.seats_of(next(iter(theatre.bookings)))[0]
        seat["links"]["booking"] = f"https://{MARK}.example/bookings/x"
        path.write_bytes(whole[: len(whole) // 2])
        outcome = machine.sync_here(server, **more)
        assert outcome.code == 1
        assert MARK.lower() not in outcome.output.lower()
        path.write_bytes(whole)
        assert_in_its_place(machine, outcome, mode)
    outcome = plan_here(machine, **more)
    assert outcome.code == 0
    assert_in_its_place(machine, outcome, mode)
    for words, found in ((("--email", EMAIL), mode is not AttendeeMode.OFF), ((EMAIL,), False)):
        outcome = forget_here(machine, *words, "--json")
        assert outcome.code == (0 if len(words) == 2 else 2)
        assert_in_its_place(machine, outcome, mode)
        if outcome.code == 0:
            assert outcome.summary["found"] is found
    assert EMAIL not in str(machine.rows("attendees"))


def test_a_sync_says_when_the_mode_changed_and_obeys_without_the_api(synced: Machine) -> None:
    off = {"TICKETSOURCE_ATTENDEES": "off", **ONE_AT_A_TIME}
    lines = synced.rows("booking_lines")
    assert len(synced.rows("attendees")) == 16
    with SandboxServer(Theatre.empty()) as server:
        server.faults = Faults(share_500=1)
        outcome = synced.sync_here(server, **off)
    assert outcome.code == 1
    assert (
        "TICKETSOURCE_ATTENDEES is off now and was full: everything stored is brought to it first"
        in outcome.stderr
    )
    assert synced.rows("attendees") == []
    assert places_of(synced.data, "Number 1") == set()
    assert synced.rows("booking_lines") == lines
    with synced.instance() as instance:
        told = instance.get_materialized_partitions(dg.AssetKey("attendees"))
        assert told == {"2024-03", next_month()}


def test_a_run_cannot_be_configured_to_store_more_than_the_environment_allows(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(machine, marked_theatre(), monkeypatch, TICKETSOURCE_ATTENDEES="off") as place:
        place.read_catalog()
        # Whoever starts a run in the UI may write the whole configuration of a resource.
        written = {name: getattr(place.resources["ticketsource"], name) for name in FIELDS}
        key = {"env": "TICKETSOURCE_API_KEY"}
        config = {
            "resources": {
                "ticketsource": {"config": {**written, "api_key": key, "attendees": "full"}}
            }
        }
        assert not place.run("refresh_month", next_month(), config=config).success
        assert machine.rows("raw_seats") == []
        assert place.run("refresh_month", next_month()).success
    assert len(machine.rows("raw_seats")) == 1 + len(ODD)
    assert places_of(machine.folder, MARK) == set()
    assert json.loads((machine.data / "_ticketsource/privacy.json").read_text())["settled"]
