"""What the marts are made from: the stored frames of one reading, brought into working form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ticketsource_pipeline.frames.money import pence_column

LINE_AMOUNTS = ("gross", "fee", "fee_vat", "net", "difference")
LINE_COLUMNS = (
    "booking_id",
    "line_number",
    "date_id",
    "event_id",
    "ref",
    "line_type",
    "payment_method",
    "is_refund",
    *LINE_AMOUNTS,
    "gift_aid",
    "created_at",
    "updated_at",
)
SEAT_COLUMNS = (
    "booking_id",
    "date_id",
    "event_id",
    "is_booked",
    "is_cancelled",
    "price_category",
    "created_at",
)
BOOKING_COLUMNS = (
    "booking_id",
    "ref",
    "date_id",
    "event_id",
    "customer_id",
    "created_at",
    "updated_at",
    "consent_third_party",
    "consent_email",
    "consent_post",
    "consent_sms",
)
PERFORMANCE_COLUMNS = (
    "date_id",
    "event_id",
    "event_name",
    "venue_name",
    "performance_month",
    "start",
    "cancelled",
)


@dataclass(frozen=True)
class Reading:
    """The stored frames the marts are made from, each of all months.

    Attributes:
        lines: `booking_lines` as `working_lines` gives it.
        seats: `seats` as `working_seats` gives it.
        bookings: `raw_bookings` without payloads, with its `performance_month`; of a month that is
            not published, only the bookings that are in `lines`.
        performances: the catalogue's performances.
        raw_lines: by month, how many lines the bookings' JSON has.
    """

    lines: pd.DataFrame
    seats: pd.DataFrame
    bookings: pd.DataFrame
    performances: pd.DataFrame
    raw_lines: Mapping[str, int]


def working_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """Return booking lines with amounts in whole pence and plain flags.

    An amount that could not be read counts as nothing, as it does in SQL's sum; `is_read` says
    whether the gross could. A line whose `is_refund` is unknown is taken for a sale, as the checks
    of money do.
    """
    amounts = {name: pence_column(lines[name]) for name in LINE_AMOUNTS}
    return lines.assign(
        **{name: amount.fillna(0).to_numpy(np.int64) for name, amount in amounts.items()},
        is_read=amounts["gross"].notna().to_numpy(bool),
        is_refund=flags(lines["is_refund"]),
        line_number=lines["line_number"].to_numpy(np.int64),
    )


def working_seats(seats: pd.DataFrame) -> pd.DataFrame:
    """Return seats with plain flags: booked (and not cancelled too), and cancelled."""
    cancelled = flags(seats["is_cancelled"])
    return seats.assign(is_booked=flags(seats["is_booked"]) & ~cancelled, is_cancelled=cancelled)


def flags(column: pd.Series) -> np.ndarray:
    """Return a column of flags as plain ones: what is unknown is not so."""
    return column.fillna(value=False).to_numpy(bool)
