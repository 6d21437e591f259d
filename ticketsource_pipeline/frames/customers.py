"""Customers as a frame, and what they booked and spent joined to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ticketsource_pipeline.datasets import CUSTOMERS
from ticketsource_pipeline.frames.extract import note_novelties, typed_frame, typed_row
from ticketsource_pipeline.frames.marts.sums import Groups, mart_frame
from ticketsource_pipeline.frames.money import pence_column
from ticketsource_pipeline.frames.redaction import Redaction
from ticketsource_pipeline.frames.report import Place, Report
from ticketsource_pipeline.personal_data import AttendeeMode, Personal

_CUSTOMERS, _BOOKINGS = range(2)
# The id stays where data is pseudonymous: only the account can tell whose it is.
_REDACTED = [column for column in CUSTOMERS.columns if column.personal is not Personal.CUSTOMER]


def customers_frame(customers: Iterable[Mapping[str, Any]]) -> tuple[pd.DataFrame, Report]:
    """Return one row per Customer of `/customers`, and what was wrong with them.

    What they booked is empty as yet: see `with_bookings`.
    """
    report = Report()
    rows = []
    for customer in customers:
        place = Place(str(customer["id"]))
        note_novelties(customer, CUSTOMERS.record, place, report)
        rows.append(typed_row(CUSTOMERS, customer, {}, place, report))
    return typed_frame(CUSTOMERS, rows), report


def redacted_customers(
    customers: pd.DataFrame, redaction: Redaction
) -> tuple[pd.DataFrame, Counter[str]]:
    """Return customers as they may be stored, and who was left out as somebody to be forgotten.

    Args:
        customers: the frame, as read or as stored.
        redaction: the rule in force. Where nothing of anybody is kept, no row is.

    Returns:
        The frame, and by mark how many rows were left out of those who are to be forgotten.
    """
    forgotten: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    stored = customers.astype(object).where(customers.notna(), None)
    for row in stored.to_dict(orient="records"):
        mark = redaction.forgotten_mark_of(row["customer_id"], row["email"])
        if mark is not None:
            forgotten[mark] += 1
        elif redaction.mode is not AttendeeMode.OFF:
            rows.append({str(name): value for name, value in row.items()})
    if redaction.mode is AttendeeMode.PSEUDONYMOUS:
        for row in rows:
            for column in _REDACTED:
                if column.personal is not None:
                    row[column.name] = redaction.value(column.personal, row[column.name])
    return typed_frame(CUSTOMERS, rows), forgotten


def tied_customers(customers: pd.DataFrame, redaction: Redaction) -> list[str]:
    """Return the ids of customers who are to be forgotten by their address only.

    Args:
        customers: the frame, as read or as stored.
        redaction: the rule in force.
    """
    known = customers[["customer_id", "email"]].dropna()
    return [
        customer_id
        for customer_id, email in zip(known["customer_id"], known["email"], strict=True)
        if redaction.forgets_email(email) and not redaction.forgets_customer(customer_id)
    ]


def with_bookings(customers: pd.DataFrame, bookings: pd.DataFrame) -> pd.DataFrame:
    """Return customers with what the mart of bookings says each booked and spent.

    Args:
        customers: the customers' frame, no id twice.
        bookings: the mart.
    """
    groups = Groups([customers, bookings], ["customer_id"])
    totals = {
        "bookings": groups.count(_BOOKINGS),
        "tickets": groups.total(_BOOKINGS, bookings["tickets"]),
        "spend": groups.total(_BOOKINGS, pence_column(bookings["gross"])),
        "first_booking_at": groups.earliest([(_BOOKINGS, bookings["first_change_at"], None)]),
        "last_booking_at": groups.latest([(_BOOKINGS, bookings["first_change_at"], None)]),
    }
    numbers = groups.numbers[_CUSTOMERS]
    joined = {name: values.take(numbers) for name, values in totals.items()}
    return mart_frame(
        CUSTOMERS, {**{name: customers[name] for name in CUSTOMERS.schema.names}, **joined}
    )
