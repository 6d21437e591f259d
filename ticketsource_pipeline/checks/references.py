"""Rules about what belongs to what: keys that name one row, rows that point at another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from ticketsource_pipeline.checks.rule import (
    Effect,
    Failure,
    Finding,
    Rule,
    View,
    refs_of,
    rows_of,
)
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
from ticketsource_pipeline.frames.money import pence_column

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def _keys_are_unique(dataset: Dataset) -> Callable[[View], Finding]:
    def evaluate(view: View) -> Finding:
        place = tuple(name for name in ("date_id",) if name in dataset.schema.names)
        columns = tuple(dict.fromkeys((*dataset.key, *place)))
        rows = rows_of(view.frame(dataset, columns), columns)
        counts = Counter(tuple(row[name] for name in dataset.key) for row in rows)
        places = {tuple(row[name] for name in dataset.key): row.get("date_id") for row in rows}
        failures = [
            Failure(
                f"is there {count} times",
                date_id=places[key],
                record_id=str(key[0]),
                line_number=key[1] if dataset is BOOKING_LINES else None,
            )
            for key, count in counts.items()
            if count > 1
        ]
        return Finding(failures, len(counts))

    return evaluate


def _seats_belong(view: View) -> Finding:
    known = set(view.frame(RAW_BOOKINGS)["booking_id"].tolist())
    seats = rows_of(view.frame(SEATS), ("seat_id", "booking_id", "date_id"))
    failures = [
        Failure(
            f"belongs to {seat['booking_id']}, which is no booking of the month",
            date_id=seat["date_id"],
            record_id=seat["seat_id"],
        )
        for seat in seats
        if seat["booking_id"] not in known
    ]
    return Finding(failures, len(seats))


def _tickets_have_seats(view: View) -> Finding:
    lines = view.frame(BOOKING_LINES)
    tickets = lines[lines["line_type"] == "TICKETS"]
    tickets = tickets.assign(gross=pence_column(tickets["gross"]))
    names = ("booking_id", "date_id", "ref", "is_refund", "gross")
    sold: dict[str, int] = {}
    refunded: dict[str, int] = {}
    places = {}
    for line in rows_of(tickets, names):
        totals = refunded if line["is_refund"] else sold
        totals[line["booking_id"]] = totals.get(line["booking_id"], 0) + (line["gross"] or 0)
        places[line["booking_id"]] = line
    with_seat = set(view.frame(SEATS)["booking_id"].tolist())
    failures = [
        Failure(
            "has tickets that were not refunded, and no seat",
            date_id=places[booking_id]["date_id"],
            ref=places[booking_id]["ref"],
            record_id=booking_id,
        )
        for booking_id, gross in sold.items()
        if booking_id not in with_seat
        and not (booking_id in refunded and gross + refunded[booking_id] <= 0)
    ]
    return Finding(failures, len(sold))


def _attendees_belong(view: View) -> Finding:
    known = set(view.frame(SEATS)["seat_id"].tolist())
    attendees = rows_of(view.frame(ATTENDEES), ("seat_id", "booking_id", "date_id"))
    failures = [
        Failure("is no seat of the month", attendee["date_id"], None, attendee["seat_id"])
        for attendee in attendees
        if attendee["seat_id"] not in known
    ]
    return Finding(failures, len(attendees))


def _emails_look_right(view: View) -> Finding:
    refs = refs_of(view.frame(RAW_BOOKINGS))
    attendees = rows_of(view.frame(ATTENDEES), ("seat_id", "booking_id", "date_id", "email"))
    given = [attendee for attendee in attendees if attendee["email"] is not None]
    failures = [
        Failure(
            "has an e-mail address that does not look like one",
            date_id=attendee["date_id"],
            ref=refs.get(attendee["booking_id"]),
            record_id=attendee["seat_id"],
        )
        for attendee in given
        if not _EMAIL.fullmatch(attendee["email"])
    ]
    return Finding(failures, len(given))


def _unique_rule(dataset: Dataset, effect: Effect) -> Rule:
    key = " and ".join(dataset.key)
    return Rule(
        dataset,
        "key_is_unique",
        f"No two rows have the same {key}.",
        effect,
        _keys_are_unique(dataset),
    )


def _unique_everywhere_rule(dataset: Dataset) -> Rule:
    return Rule(
        dataset,
        "key_is_unique_over_all_months",
        f"No {dataset.key[0]} is in two months, or twice in one.",
        Effect.FAIL,
        _keys_are_unique(dataset),
    )


CATALOG_RULES = tuple(
    _unique_rule(dataset, Effect.FAIL) for dataset in (EVENTS, VENUES, PERFORMANCES)
)
RAW_RULES = tuple(_unique_rule(dataset, Effect.BLOCK) for dataset in (RAW_BOOKINGS, RAW_SEATS))
STORE_RULES = tuple(_unique_everywhere_rule(dataset) for dataset in (RAW_BOOKINGS, RAW_SEATS))
SALES_RULES = (
    *(_unique_rule(dataset, Effect.FAIL) for dataset in (BOOKING_LINES, SEATS, ATTENDEES)),
    Rule(
        SEATS,
        "belongs_to_a_booking",
        "Every seat belongs to a booking of the month.",
        Effect.FAIL,
        _seats_belong,
        (RAW_BOOKINGS,),
    ),
    Rule(
        SEATS,
        "tickets_have_seats",
        "Every booking with tickets that were not refunded has a seat.",
        Effect.FAIL,
        _tickets_have_seats,
        (BOOKING_LINES,),
    ),
    Rule(
        ATTENDEES,
        "belongs_to_a_seat",
        "Every attendee belongs to a seat of the month.",
        Effect.FAIL,
        _attendees_belong,
        (SEATS,),
    ),
    Rule(
        ATTENDEES,
        "email_looks_like_one",
        "Every e-mail address given has the form of one.",
        Effect.WARN,
        _emails_look_right,
        (RAW_BOOKINGS,),
    ),
)
