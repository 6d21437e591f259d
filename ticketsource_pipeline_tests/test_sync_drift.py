"""An API that changes: the sync goes on, says each thing once, and the raw layer has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline_tests.running import (
    CLOSED_MONTH,
    Machine,
    Outcome,
    next_month,
    small_theatre,
)

MONTHS = f"(2 months, {CLOSED_MONTH} to {next_month()})."


def attributes(theatre: Theatre, kind: str) -> Iterator[dict[str, Any]]:
    for record in getattr(theatre, kind).values():
        yield record["attributes"]


def lines(theatre: Theatre) -> Iterator[dict[str, Any]]:
    for booking in attributes(theatre, "bookings"):
        yield from booking["lines"]


def told(outcome: Outcome) -> list[str]:
    """What it said of checks, a line each."""
    return [
        line
        for line in outcome.stderr.splitlines()
        if line.startswith(("warning: ", "check failed: "))
    ]


def sync(machine: Machine, theatre: Theatre) -> Outcome:
    with SandboxServer(theatre) as server:
        return machine.sync_here(server)


def payloads(machine: Machine, dataset: str) -> list[dict[str, Any]]:
    return [json.loads(row["payload"]) for row in machine.rows(dataset)]


def test_what_is_new_is_kept_raw_and_warned_of_once_whatever_the_months(machine: Machine) -> None:
    theatre = small_theatre()
    for event in attributes(theatre, "events"):
        event["age_limit"] = 12
    for booking in attributes(theatre, "bookings"):
        booking["channel"] = {"name": "web"}
    for seat in attributes(theatre, "seats"):
        seat["reference"]["block"] = "A"
    for number, line in enumerate(lines(theatre)):
        line.update(payment_method="KLARNA", line_type="TICKETS" if number else "MERCHANDISE")
    outcome = sync(machine, theatre)
    assert outcome.code == 0, outcome.stderr
    first = next(iter(theatre.bookings.values()))["attributes"]["ref"]
    line_count = len(list(lines(theatre)))
    assert outcome.summary["failed_checks"] == []
    said = told(outcome)
    assert len(said) == 5
    new = "is a field that is new to us"
    start = f"warning: raw_bookings.no_new_fields: attributes.channel {new}, in 20 records such as "
    assert any(line.startswith(start) and line.endswith(MONTHS) for line in said)
    assert any(f"no_new_fields: attributes.reference.block {new}, in 40" in line for line in said)
    assert any(f"attributes.age_limit {new}, in 2 records such as evt-" in line for line in said)
    klarna = f"no_new_values: payment_method KLARNA is new to us, in {line_count} records such as "
    assert any(klarna in line and line.endswith(MONTHS) for line in said)
    assert any(f"{first} line_type MERCHANDISE is new to us ({CLOSED_MONTH})." in x for x in said)
    assert all("channel" in item["attributes"] for item in payloads(machine, "raw_bookings"))
    assert all(
        item["attributes"]["reference"]["block"] == "A" for item in payloads(machine, "raw_seats")
    )
    assert {row["payment_method"] for row in machine.rows("booking_lines")} == {"KLARNA"}


def test_what_was_renamed_or_has_another_type_is_named_once_with_a_count_and_an_example(
    machine: Machine,
) -> None:
    theatre = small_theatre()
    for date in attributes(theatre, "dates"):
        date["cancelled"] = "no"
        date["is_public"] = date.pop("public")
    for line in lines(theatre):
        line["amount"]["net_amount"] = line["amount"].pop("net")
    outcome = sync(machine, theatre)
    assert outcome.code == 1
    months = (CLOSED_MONTH, next_month())
    assert outcome.summary["failed_checks"] == [
        "performances.fields_are_readable",
        *(
            f"booking_lines.{check} ({month})"
            for month in months
            for check in ("fields_are_readable", "net_is_gross_less_fees")
        ),
    ]
    said = told(outcome)
    flag = "attributes.cancelled is text, true or false is expected, in 4 records such as dat-"
    renamed = "amount.net is missing and amount.net_amount is new there: renamed?, in 20 records"
    gone = "attributes.is_public is a field that is new to us (and attributes.public is not there:"
    for what in (flag, renamed, gone):
        assert len([line for line in said if what in line]) == 1, (what, said)
    assert len(said) == 6
    assert all(row["net"] is None and row["gross"] for row in machine.rows("booking_lines"))
    assert all(
        "net_amount" in item["attributes"]["lines"][0]["amount"]
        for item in payloads(machine, "raw_bookings")
    )
    assert {row["cancelled"] for row in machine.rows("performances")} == {None}


def test_starts_that_can_no_longer_be_read_take_no_sales_away(
    synced: Machine,
) -> None:
    before = {name: synced.rows(name) for name in ("booking_lines", "seats", "raw_bookings")}
    theatre = small_theatre()
    for date in attributes(theatre, "dates"):
        date["start"] = 1700000000
    outcome = sync(synced, theatre)
    assert outcome.code == 1
    assert {name: synced.rows(name) for name in before} == before
    said = "\n".join(told(outcome))
    assert said.count("attributes.start ") == 1
    assert "in 4 records such as dat-" in said


def test_lines_by_another_name_do_not_empty_what_is_published(synced: Machine) -> None:
    before = synced.rows("booking_lines")
    theatre = small_theatre()
    for booking in attributes(theatre, "bookings"):
        booking["items"] = booking.pop("lines")
    outcome = sync(synced, theatre)
    assert outcome.code == 1
    assert f"raw_bookings.bookings_have_lines ({next_month()})" in outcome.summary["failed_checks"]
    assert "(and attributes.lines is not there: renamed?)" in outcome.stderr
    assert synced.rows("booking_lines") == before
    assert any("items" in item["attributes"] for item in payloads(synced, "raw_bookings"))
