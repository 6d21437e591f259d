"""The key, and what is personal in a theatre's records, stay where they belong.

Everything a sync leaves is searched: Dagster's home, the data directory, and what was printed.
"""

import re
import resource
from base64 import b64encode
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ticketsource_pipeline.definitions import definitions
from ticketsource_pipeline.resources import resources
from ticketsource_pipeline.sandbox import Faults, SandboxServer, Theatre
from ticketsource_pipeline.settings import read_settings
from ticketsource_pipeline_tests.running import (
    OTHER_KEY,
    PERSONAL,
    WITH_REPORT,
    Machine,
    Outcome,
    dates_of,
    next_month,
    small_theatre,
)

NO_RETRY = {"TICKETSOURCE_MAX_RETRIES": "0"}
MARK = "Qwyjibo"
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def forms_of_the_key() -> list[bytes]:
    basic = b64encode(f"{OTHER_KEY}:".encode()).decode()
    # Without its end, as a key within a longer text would be encoded.
    return [OTHER_KEY.encode(), OTHER_KEY.removeprefix("skl-").encode(), basic[:-3].encode()]


def files_with(machine: Machine, *texts: bytes) -> list[Path]:
    return [
        path
        for path, content in machine.everything().items()
        if any(text in content or text in path.name.encode() for text in texts)
    ]


def assert_no_key(machine: Machine, outcome: Outcome) -> None:
    everything = machine.everything()
    # What is searched was written indeed: the event log knows of the run.
    logs = [content for path, content in everything.items() if path.suffix == ".db"]
    assert any(b"refresh_catalog" in content for content in logs)
    assert files_with(machine, *forms_of_the_key()) == []
    for form in forms_of_the_key():
        assert form.decode() not in outcome.output


def test_a_sync_that_succeeds_leaves_the_key_nowhere(machine: Machine) -> None:
    with SandboxServer(small_theatre(), key=OTHER_KEY) as server:
        outcome = machine.sync(server, **WITH_REPORT)
        assert server.count(status=200) == len(server.requests)
    assert outcome.code == 0, outcome.stderr
    assert_no_key(machine, outcome)


def test_syncs_that_fail_leave_the_key_nowhere(machine: Machine) -> None:
    faults = [
        Faults(share_500=1),
        Faults(share_reset=1),
        Faults(share_not_json=1),
        Faults(forbidden_html=True),
        Faults(redirects=True),
        Faults(wrong_meta="from"),
        Faults(share_500=1, only_path="/seats"),
    ]
    settings = {**NO_RETRY, "TICKETSOURCE_AUTH": "basic"}
    with SandboxServer(small_theatre(), key=OTHER_KEY) as server:
        for fault in faults:
            server.faults = fault
            outcome = machine.sync_here(server, **settings)
            assert outcome.code == 1, fault
            assert_no_key(machine, outcome)
        assert {r.headers["authorization"].split()[0] for r in server.requests} == {"Basic"}
        variables = machine.variables(server, **settings)
        server.key = "skl-another"
        outcome = machine.run("sync", variables=variables)
        assert outcome.code == 1
        assert_no_key(machine, outcome)
    outcome = machine.run("sync", variables=variables)
    assert outcome.code == 1
    assert_no_key(machine, outcome)


def test_a_runs_configuration_cannot_send_the_key_or_the_data_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKETSOURCE_API_KEY", OTHER_KEY)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    settings = read_settings({"TICKETSOURCE_API_KEY": OTHER_KEY, "TICKETSOURCE_DATA_DIR": "kept"})
    with SandboxServer(Theatre.empty(), key=OTHER_KEY) as trap:
        as_set = {
            **resources(settings)["ticketsource"].as_set,
            "api_key": {"env": "TICKETSOURCE_API_KEY"},
            "attendees": settings.attendees.value,
        }
        key = {"env": "TICKETSOURCE_API_KEY"}
        for changed in (
            {"ticketsource": {"config": {**as_set, "base_url": trap.url}}},
            {"ticketsource": {"config": {**as_set, "account": key}}},
            {"ticketsource": {"config": {**as_set, "api_key": {"env": "DAGSTER_HOME"}}}},
            {"store": {"config": {"data_dir": str(tmp_path / "elsewhere")}}},
            {"ticketsource": {"config": {**as_set, "attendees": "off"}}},
            {"store": {"config": {"data_dir": key}}},
        ):
            result = (
                definitions(settings)
                .resolve_job_def("refresh_catalog")
                .execute_in_process(
                    run_config={**SILENT, "resources": changed},
                    instance=dg.DagsterInstance.ephemeral(),
                    raise_on_error=False,
                )
            )
            assert not result.success
            told = "".join(str(event) for event in result.all_events)
            assert "take `resources` out of it" in told
            assert OTHER_KEY not in told
        assert trap.requests == []
    assert not (tmp_path / "elsewhere").exists()


def test_a_process_that_crashes_writes_no_core_file(machine: Machine) -> None:
    soft, most = resource.getrlimit(resource.RLIMIT_CORE)
    if most == 0:
        pytest.skip("no process may write a core file here")
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    try:
        process = machine.start("sandbox", "--port", "0", variables={})
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, most))
    try:
        assert process.stdout is not None
        assert "sandbox on" in process.stdout.readline()
        limits = Path(f"/proc/{process.pid}/limits").read_text(encoding="utf-8")
        assert re.search(r"Max core file size +0 ", limits)
    finally:
        process.kill()
        process.communicate()


def test_a_key_given_by_mistake_as_something_else_is_not_shown(machine: Machine) -> None:
    for variable in ("TICKETSOURCE_BASE_URL", "TICKETSOURCE_DATA_DIR"):
        values = {variable: f"https://{OTHER_KEY}:@api.example", "TICKETSOURCE_API_KEY": OTHER_KEY}
        outcome = machine.run("sync", variables=values)
        assert outcome.code == 2
        assert OTHER_KEY not in outcome.output


def personal_theatre() -> Theatre:
    """A theatre whose every personal text holds the mark, some in forms nobody expects."""
    theatre = small_theatre()
    first, second = dates_of(theatre, next_month())
    person = {
        "title": f"{MARK}title",
        "first_name": f"{MARK}first",
        "last_name": f"{MARK}last",
        "email": f"{MARK}@example.org",
        "telephone": f"{MARK}01632",
        "company": f"{MARK}company",
    }
    booking_id = theatre.add_booking(first, 2, attendee=person)
    theatre.bookings[booking_id]["attributes"]["user_booked_by"] = f"{MARK}staff"
    strange: list[Any] = [f"no address {MARK}", [f"{MARK}list"], {f"{MARK}key": f"{MARK}value"}]
    for value in strange:
        seat = theatre.seats_of(theatre.add_booking(second, 1))[0]
        seat["attributes"]["attendee"]["email"] = value
    odd = theatre.seats_of(theatre.add_booking(second, 1))[0]
    odd["attributes"]["attendee"]["diet"] = f"{MARK}nuts"
    return theatre


def assert_in_its_place(machine: Machine, outcome: Outcome) -> None:
    assert MARK not in outcome.output
    allowed = {path for dataset in PERSONAL for path in (machine.data / dataset).rglob("*.parquet")}
    assert set(files_with(machine, MARK.encode())) <= allowed


def test_personal_data_is_in_its_three_datasets_and_nowhere_else(machine: Machine) -> None:
    with SandboxServer(personal_theatre()) as server:
        outcome = machine.sync(server, **WITH_REPORT)
    # The e-mail addresses that are no text fail a check, which names the seats.
    assert outcome.code == 1
    assert outcome.summary["failed_checks"] == [f"attendees.fields_are_readable ({next_month()})"]
    assert "attendees.email_looks_like_one" in outcome.stderr
    assert_in_its_place(machine, outcome)
    attendees = [row for row in machine.rows("attendees") if MARK in str(row)]
    assert len(attendees) == 3
    for dataset in ("raw_bookings", "raw_seats"):
        assert any(MARK in row["payload"] for row in machine.rows(dataset))
    for dataset in ("booking_lines", "seats", "events", "venues", "performances"):
        assert MARK not in str(machine.rows(dataset))
    for dataset in PERSONAL:
        for path in (machine.data / dataset).rglob("*.parquet"):
            assert path.stat().st_mode & 0o077 == 0


def test_syncs_that_fail_show_no_personal_data(machine: Machine) -> None:
    faults = [
        Faults(share_not_json=1, only_path="/seats"),
        Faults(share_cut=1, only_path="/bookings"),
        Faults(moves=100, only_path="/bookings"),
    ]
    with SandboxServer(personal_theatre()) as server:
        for fault in faults:
            server.clear()
            server.faults = fault
            outcome = machine.sync_here(server, TICKETSOURCE_PAGE_SIZE="3", **NO_RETRY)
            assert outcome.code == 1
            assert server.count("/bookings")
            assert_in_its_place(machine, outcome)


def test_a_record_of_another_shape_shows_no_personal_data(machine: Machine) -> None:
    theatre = small_theatre()
    date_id = dates_of(theatre, next_month())[0]
    booking_id = theatre.bookings_of(date_id)[0]["id"]
    theatre.seats_of(booking_id)[0]["attributes"] = [f"{MARK}list"]
    theatre.seats_of(booking_id)[1]["links"]["booking"] = f"https://{MARK}.example/bookings/x"
    theatre.bookings_of(date_id)[1]["attributes"]["lines"] = f"{MARK}lines"
    with SandboxServer(theatre) as server:
        outcome = machine.sync_here(server)
    assert outcome.code == 1
    assert_in_its_place(machine, outcome)
