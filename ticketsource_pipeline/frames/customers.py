"""Customers as a frame, and what they booked and spent joined to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ticketsource_pipeline.datasets import CUSTOMERS
from ticketsource_pipeline.frames.extract import note_novelties, typed_frame, typed_row
from ticketsource_pipeline.frames.marts.sums import Groups, mart_frame
from ticketsource_pipeline.frames.money import pence_column
from ticketsource_pipeline.frames.report import Place, Report

_CUSTOMERS, _BOOKINGS = range(2)


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
