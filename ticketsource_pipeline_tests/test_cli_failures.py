"""What goes wrong while a sync reads: exit code 1, a clear line, and the last good data as it was.

A check that fails is another matter: the data is published, and the check is named.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ticketsource_pipeline.sandbox import Faults, SandboxServer
from ticketsource_pipeline_tests.running import (
    AMOUNTS,
    CLOSED_MONTH,
    DATASETS,
    Machine,
    Outcome,
    dates_of,
    next_month,
    small_theatre,
)

SUMMARY = {"months", "requests", "retries", "reused_bookings", "datasets", "failed_checks"}

ABSENT = "absent"


def assert_failed(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 1, outcome.stderr
    assert "Traceback" not in outcome.output
    assert set(outcome.summary) == SUMMARY
    told = [line for line in outcome.stderr.splitlines() if line.startswith("ticketsource: ")]
    assert len(told) == 1, outcome.stderr
    for word in words:
        assert word in told[0]


def assert_readable(machine: Machine) -> None:
    counts = small_theatre().counts()
    assert {name: len(machine.rows(name)) for name in DATASETS} == counts


def test_a_key_that_is_refused_stops_the_sync_at_its_first_request(synced: Machine) -> None:
    before = synced.files()
    with SandboxServer(small_theatre()) as server:
        variables = synced.variables(server)
        server.key = "skl-sandbox-another"
        outcome = synced.run("sync", "--json", variables=variables)
        assert len(server.requests) == 1
    assert_failed(outcome, "TICKETSOURCE_API_KEY", "401")
    assert outcome.summary["requests"] == 1
    assert synced.files() == before


def test_a_host_that_does_not_answer_is_named(synced: Machine) -> None:
    before = synced.files()
    with SandboxServer(small_theatre()) as server:
        variables = synced.variables(server, TICKETSOURCE_MAX_RETRIES="1")
        address = server.url.removeprefix("http://")
    outcome = synced.run("sync", "--json", variables=variables)
    assert_failed(outcome, address, "connection refused", "TICKETSOURCE_BASE_URL")
    assert outcome.summary["requests"] == 2
    assert outcome.summary["retries"] == 1
    assert synced.files() == before


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (Faults(forbidden_html=True), ("403",)),
        (Faults(redirects=True), ("302", "TICKETSOURCE_BASE_URL")),
        (Faults(share_500=1, only_path="/venues"), ("/venues",)),
    ],
)
def test_a_catalogue_that_cannot_be_read_changes_nothing(
    synced: Machine, faults: Faults, words: tuple[str, ...]
) -> None:
    before = synced.files()
    with SandboxServer(small_theatre(), faults=faults) as server:
        outcome = synced.sync_here(server, TICKETSOURCE_MAX_RETRIES="0")
    assert_failed(outcome, *words)
    assert synced.files() == before


def test_a_performance_that_cannot_be_read_leaves_its_month_as_it_was(synced: Machine) -> None:
    theatre = small_theatre()
    first, second = dates_of(theatre, next_month())
    theatre.add_booking(first, 2)
    theatre.add_booking(second, 2)
    before = synced.bytes_by_file()
    faults = Faults(share_500=1, only_path=f"/dates/{second}/")
    with SandboxServer(theatre, faults=faults) as server:
        outcome = synced.sync_here(server, TICKETSOURCE_MAX_RETRIES="0")
        assert_failed(outcome, f"/dates/{second}/bookings", next_month())
        published = {
            name: content
            for name, content in synced.bytes_by_file().items()
            if not name.startswith("raw_")
        }
        assert published.items() <= before.items()
        server.faults = Faults()
        assert synced.sync_here(server).code == 0
    assert len(synced.rows("booking_lines")) == theatre.counts()["booking_lines"]


def test_a_disk_without_room_is_named(machine: Machine, tiny_disk: Callable[[int], Path]) -> None:
    disk = tiny_disk(4)
    with SandboxServer(small_theatre()) as server:
        outcome = machine.sync_here(server, TICKETSOURCE_DATA_DIR=str(disk / "data"))
    assert_failed(outcome, "the disk is full", "TICKETSOURCE_DATA_DIR", str(disk))


def test_a_disk_that_fills_up_leaves_yesterdays_data(
    synced: Machine, tiny_disk: Callable[[int], Path]
) -> None:
    theatre = small_theatre()
    for number in range(300):
        theatre.add_booking(dates_of(theatre, next_month())[0], 4, price=1000 + number)
    kibibytes = sum(-(-path.stat().st_size // 4096) * 4 for path in synced.data.rglob("*.*"))
    disk = tiny_disk(kibibytes + 80)
    shutil.copytree(synced.data, disk, dirs_exist_ok=True)
    shutil.rmtree(synced.data)
    synced.data.symlink_to(disk)
    before = synced.bytes_by_file()
    assert before
    with SandboxServer(theatre) as server:
        outcome = synced.sync(server)
    assert_failed(outcome, "the disk is full", "TICKETSOURCE_DATA_DIR")
    assert_readable(synced)
    assert synced.bytes_by_file() == before
    assert not list(disk.rglob("*.tmp"))


def line_of(theatre: Any, date_id: str) -> dict[str, Any]:
    return theatre.bookings_of(date_id)[1]["attributes"]["lines"][0]


def test_a_line_a_penny_off_is_published_and_named(synced: Machine) -> None:
    theatre = small_theatre()
    line = line_of(theatre, dates_of(theatre, next_month())[0])
    line["amount"]["net"] = round(line["amount"]["net"] + 0.01, 2)
    with SandboxServer(theatre) as server:
        outcome = synced.sync(server)
    assert outcome.code == 1
    assert outcome.summary["failed_checks"] == [
        f"booking_lines.net_is_gross_less_fees ({next_month()})"
    ]
    assert "Traceback" not in outcome.output
    ref = theatre.bookings_of(dates_of(theatre, next_month())[0])[1]["attributes"]["ref"]
    (told,) = outcome.stderr.splitlines()[1:]
    assert "net_is_gross_less_fees" in told
    assert ref in told
    assert "is -1 pence off" in told
    differences = [row["difference"] for row in synced.rows("booking_lines")]
    assert sorted(set(map(str, differences))) == ["-0.01", "0.00"]
    assert len(differences) == theatre.counts()["booking_lines"]


def test_amounts_that_are_no_money_or_missing_are_null_and_their_lines_are_kept(
    synced: Machine,
) -> None:
    theatre = small_theatre()
    bookings = theatre.bookings_of(dates_of(theatre, next_month())[0])
    spoilt = {"gross": float("nan"), "net": None, "fee": "free", "fee_vat": ABSENT}
    booking_of = {field: bookings[number]["id"] for number, field in enumerate(spoilt)}
    for (field, value), booking in zip(spoilt.items(), bookings, strict=False):
        amount = booking["attributes"]["lines"][0]["amount"]
        amount[field] = value
        if value is ABSENT:
            del amount[field]
    with SandboxServer(theatre) as server:
        outcome = synced.sync_here(server)
    assert outcome.code == 1
    assert outcome.summary["failed_checks"] == [
        f"booking_lines.fields_are_readable ({next_month()})",
        f"booking_lines.net_is_gross_less_fees ({next_month()})",
    ]
    lines = {row["booking_id"]: row for row in synced.rows("booking_lines")}
    raw = {row["booking_id"]: row["payload"] for row in synced.rows("raw_bookings")}
    assert len(lines) == theatre.counts()["booking_lines"]
    for field, booking_id in booking_of.items():
        line = lines[booking_id]
        empty = {name for name in AMOUNTS if line[name] is None}
        assert empty == {field}
        assert line["difference"] is None
        amount = json.loads(raw[booking_id])["attributes"]["lines"][0]["amount"]
        assert str(amount.get(field, ABSENT)).lower() == str(spoilt[field]).lower()


def test_a_performance_outside_the_months_kept_is_named(synced: Machine) -> None:
    theatre = small_theatre()
    early = theatre.add_date(next(iter(theatre.events)), "2012-05-06T19:30:00+00:00")
    theatre.add_booking(early, 2)
    with SandboxServer(theatre) as server:
        outcome = synced.sync_here(server)
        assert server.count(f"/dates/{early}/") == 0
    assert outcome.code == 1
    assert outcome.summary["failed_checks"] == ["performances.inside_the_partition_range"]
    assert early in outcome.stderr
    assert CLOSED_MONTH not in outcome.stderr
    assert early in {row["date_id"] for row in synced.rows("performances")}
