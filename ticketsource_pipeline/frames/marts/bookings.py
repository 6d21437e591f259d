"""Every booking with what it comes to and how it stands."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from ticketsource_pipeline.datasets import BOOKINGS
from ticketsource_pipeline.frames.marts.reading import Reading, flags
from ticketsource_pipeline.frames.marts.sums import Groups, mart_frame

_LINES, _RAW, _SEATS = range(3)
_OF_CUSTOMER = (
    "customer_id",
    "consent_third_party",
    "consent_email",
    "consent_post",
    "consent_sms",
)


def bookings_frame(reading: Reading) -> pd.DataFrame:
    """Return a row for each booking that has a line, a seat or a raw row."""
    lines, raw, seats = reading.lines, reading.bookings, reading.seats
    groups = Groups([lines, raw, seats], ["booking_id"])
    sources = [lines, raw, seats.assign(ref=pd.Series(index=seats.index, dtype=lines["ref"].dtype))]
    is_refund = lines["is_refund"].to_numpy(bool)
    is_donation = flags(lines["line_type"] == "DONATION")
    may_be_claimed = is_donation & flags(lines["gift_aid"])
    gross = groups.total(_LINES, lines["gross"])
    booked = groups.total(_SEATS, seats["is_booked"])
    return mart_frame(
        BOOKINGS,
        {
            "booking_id": groups.keys["booking_id"],
            **{
                name: groups.firsts(sources, name)
                for name in ("ref", "date_id", "event_id", "performance_month")
            },
            **{name: _of_raw(groups, raw, name) for name in _OF_CUSTOMER},
            "tickets": booked,
            "gross": gross,
            "fees": groups.total(_LINES, lines["fee"] + lines["fee_vat"]),
            "net": groups.total(_LINES, lines["net"]),
            "refunded_gross": groups.total(_LINES, lines["gross"], is_refund),
            "donation": groups.total(_LINES, lines["gross"], is_donation),
            "gift_aid_donation": groups.total(_LINES, lines["gross"], may_be_claimed),
            "first_change_at": groups.earliest(
                [(_LINES, lines["created_at"], None), (_RAW, raw["created_at"], None)]
            ),
            "last_change_at": groups.latest(
                [
                    (source, frame[name], None)
                    for source, frame in ((_LINES, lines), (_RAW, raw))
                    for name in ("created_at", "updated_at")
                ]
            ),
            "status": _status(
                gross=gross,
                taken=groups.total(_LINES, lines["gross"], ~is_refund),
                refunds=groups.count(_LINES, is_refund),
                seats=groups.count(_SEATS),
                booked=booked,
            ),
        },
    )


def _of_raw(groups: Groups, raw: pd.DataFrame, name: str) -> pa.Array:
    """A column of the raw rows, by booking; null for a booking that has none."""
    place = np.full(groups.size, -1, np.int64)
    numbers = groups.numbers[_RAW]
    # Written from the end, so that the first of two rows of a booking is the one that stays.
    place[numbers[::-1]] = np.arange(len(raw))[::-1]
    return pa.array(raw[name], from_pandas=True).take(pa.array(place, pa.int64(), mask=place < 0))


def _status(
    *,
    gross: np.ndarray,
    taken: np.ndarray,
    refunds: np.ndarray,
    seats: np.ndarray,
    booked: np.ndarray,
) -> np.ndarray:
    has_refund = refunds > 0
    return np.select(
        [
            has_refund & (taken > 0) & (gross <= 0),
            (seats > 0) & (booked == 0),
            has_refund,
        ],
        ["refunded", "cancelled", "partly refunded"],
        "live",
    ).astype(object)
