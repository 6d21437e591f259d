"""What each performance sold, took and gave back; also the performances that sold nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ticketsource_pipeline.datasets import PERFORMANCE_SALES
from ticketsource_pipeline.frames.marts.reading import Reading, flags
from ticketsource_pipeline.frames.marts.sums import Groups, london_days, mart_frame

_CATALOG, _LINES, _SEATS = range(3)
_DESCRIBED = ("event_name", "venue_name", "start", "cancelled")


def performance_sales_frame(reading: Reading) -> pd.DataFrame:
    """Return a row for each performance of the catalogue, and of any that has lines or seats."""
    performances, lines, seats = reading.performances, reading.lines, reading.seats
    sources = [performances, lines, seats]
    groups = Groups(sources, ["date_id"])
    is_refund = lines["is_refund"].to_numpy(bool)
    booked = groups.total(_SEATS, seats["is_booked"])
    ticket_gross = groups.total(_LINES, lines["gross"], flags(lines["line_type"] == "TICKETS"))
    first_sale = groups.earliest([(_LINES, lines["created_at"], ~is_refund)])
    last_sale = groups.latest([(_LINES, lines["created_at"], ~is_refund)])
    return mart_frame(
        PERFORMANCE_SALES,
        {
            "date_id": groups.keys["date_id"],
            **{name: groups.firsts(sources, name) for name in ("event_id", "performance_month")},
            **{name: _described(performances, groups.size, name) for name in _DESCRIBED},
            "bookings": _bookings(lines, groups),
            "seats_booked": booked,
            "seats_cancelled": groups.total(_SEATS, seats["is_cancelled"]),
            **{
                name: groups.total(_LINES, lines[name])
                for name in ("gross", "fee", "fee_vat", "net")
            },
            "refunded_gross": groups.total(_LINES, lines["gross"], is_refund),
            "refunded_net": groups.total(_LINES, lines["net"], is_refund),
            "ticket_gross": ticket_gross,
            "donations": groups.total(
                _LINES, lines["gross"], flags(lines["line_type"] == "DONATION")
            ),
            "average_ticket": average_pence(ticket_gross, booked),
            "first_sale_at": first_sale,
            "last_sale_at": last_sale,
            "days_on_sale": _days(first_sale, last_sale),
        },
    )


def average_pence(amounts: np.ndarray, counts: np.ndarray) -> pa.Array:
    """Return amounts by counts in whole pence, half a penny rounded up; null for a count of none.

    Whole numbers all the way: the floor of (2 x amount + count) / (2 x count).
    """
    none = counts == 0
    divisors = np.where(none, 1, counts)
    return pa.array((2 * amounts + divisors) // (2 * divisors), mask=none)


def _described(performances: pd.DataFrame, size: int, name: str) -> pa.Array:
    """A column of the catalogue; null for performances that it does not have, which come last."""
    array = pa.array(performances[name], from_pandas=True)
    known = performances["date_id"].drop_duplicates().index.to_numpy()
    places = np.full(size, -1, np.int64)
    places[: len(known)] = known
    return array.take(pa.array(places, pa.int64(), mask=places < 0))


def _bookings(lines: pd.DataFrame, groups: Groups) -> np.ndarray:
    """How many bookings with a line each performance has."""
    each = pd.DataFrame({"number": groups.numbers[_LINES], "booking_id": lines["booking_id"]})
    numbers = each.drop_duplicates()["number"].to_numpy()
    return np.bincount(numbers, minlength=groups.size).astype(np.int64)


def _days(first: pa.Array, last: pa.Array) -> pa.Array:
    days = [
        pc.cast(pc.cast(london_days(moments), pa.int32()), pa.int64()) for moments in (first, last)
    ]
    return pc.add(pc.subtract(days[1], days[0]), 1)
