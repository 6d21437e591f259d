"""The stored attendees with less told of them; how they are made from seats lies with the sales."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from ticketsource_pipeline.datasets import ATTENDEES
from ticketsource_pipeline.frames.extract import typed_frame
from ticketsource_pipeline.frames.redaction import Redaction


def redacted_attendees(
    stored: pd.DataFrame,
    redaction: Redaction,
    *,
    bookings_of_forgotten: Collection[str],
    seats_of_nobody: Collection[str],
) -> pd.DataFrame:
    """Return the attendees that may still be stored, as they may be; one with nothing left goes.

    Args:
        stored: the stored frame.
        redaction: the rule in force.
        bookings_of_forgotten: the ids of bookings of customers who are to be forgotten.
        seats_of_nobody: the ids of seats that nobody is named for any more.
    """
    personal = [column for column in ATTENDEES.columns if column.personal]
    rows: list[dict[str, Any]] = []
    for row in stored.astype(object).where(stored.notna(), None).to_dict(orient="records"):
        if row["booking_id"] in bookings_of_forgotten or row["seat_id"] in seats_of_nobody:
            continue
        if redaction.forgets_email(row["email"]):
            continue
        kept = {
            column.name: redaction.value(column.personal, row[column.name])
            for column in personal
            if column.personal
        }
        if any(value is not None for value in kept.values()):
            rows.append({**{str(name): value for name, value in row.items()}, **kept})
    return typed_frame(ATTENDEES, rows)
