"""The sums of all lines by month, and what of each month is to be looked at.

The sums are by month, line type and payment method, as bank statements and ledgers are. What is
counted by month stands in a dataset of its own: repeated on every row of the sums, it would be
counted several times by whoever adds a column up.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ticketsource_pipeline.datasets import RECONCILIATION, RECONCILIATION_MONTHS
from ticketsource_pipeline.frames.marts.reading import LINE_AMOUNTS, Reading, flags
from ticketsource_pipeline.frames.marts.sums import Groups, mart_frame
from ticketsource_pipeline.frames.money import pence_column

_MONTH = "performance_month"


def reconciliation_frame(lines: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each month, line type and payment method that has lines, in that order."""
    key = [_MONTH, "line_type", "payment_method"]
    groups = Groups([lines], key)
    is_refund = lines["is_refund"].to_numpy(bool)
    frame = mart_frame(
        RECONCILIATION,
        {
            **{name: groups.keys[name] for name in key},
            "lines": groups.count(0),
            "refund_lines": groups.count(0, is_refund),
            **{name: groups.total(0, lines[name]) for name in LINE_AMOUNTS},
            "refunded_gross": groups.total(0, lines["gross"], is_refund),
        },
    )
    return frame.sort_values(key, kind="stable").reset_index(drop=True)


def reconciliation_months_frame(
    reading: Reading, refund_pairs: pd.DataFrame, performance_sales: pd.DataFrame
) -> pd.DataFrame:
    """Return a row for each month that has performances, lines, seats or raw lines, in order.

    Args:
        reading: the stored frames.
        refund_pairs: the mart of refunds and their sales.
        performance_sales: the mart of performances.
    """
    lines, seats = reading.lines, reading.seats
    dtype = reading.performances[_MONTH].dtype
    raw = pd.DataFrame(
        {
            _MONTH: pd.Series(list(reading.raw_lines), dtype=dtype),
            "lines": np.fromiter(reading.raw_lines.values(), np.int64, len(reading.raw_lines)),
        }
    )
    unmatched = refund_pairs[flags(refund_pairs["kind"] == "unmatched")]
    holding = performance_sales[
        flags(performance_sales["cancelled"])
        & (pence_column(performance_sales["gross"]) != 0).to_numpy(bool)
    ]
    without_seats, without_tickets = _mismatched(reading)
    frames = [
        performance_sales,
        lines,
        seats,
        raw,
        unmatched,
        holding,
        without_seats,
        without_tickets,
    ]
    groups = Groups(frames, [_MONTH])
    bookings = pd.DataFrame({"number": groups.numbers[1], "booking_id": lines["booking_id"]})
    is_sale = ~lines["is_refund"].to_numpy(bool)
    frame = mart_frame(
        RECONCILIATION_MONTHS,
        {
            _MONTH: groups.keys[_MONTH],
            "performances": groups.count(0),
            "bookings": np.bincount(
                bookings.drop_duplicates()["number"].to_numpy(np.int64), minlength=groups.size
            ),
            "raw_lines": groups.total(3, raw["lines"]),
            "lines": groups.count(1),
            **{name: groups.total(1, lines[name]) for name in ("gross", "net", "difference")},
            "ticket_lines": groups.count(1, is_sale & flags(lines["line_type"] == "TICKETS")),
            "seats_booked": groups.total(2, seats["is_booked"]),
            "seats_cancelled": groups.total(2, seats["is_cancelled"]),
            "bookings_without_seats": groups.count(6),
            "bookings_without_tickets": groups.count(7),
            "unmatched_refunds": _refunds(unmatched, groups.numbers[4], groups.size),
            "unmatched_gross": groups.total(4, pence_column(unmatched["gross"]).fillna(0)),
            "cancelled_performances_holding": groups.count(5),
            "cancelled_gross_held": groups.total(5, pence_column(holding["gross"])),
        },
    )
    return frame.sort_values(_MONTH, kind="stable").reset_index(drop=True)


def _mismatched(reading: Reading) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bookings with tickets and no seat, and bookings with a booked seat and no ticket line."""
    lines, seats = reading.lines, reading.seats
    tickets = lines[flags(lines["line_type"] == "TICKETS")]
    groups = Groups([tickets, seats], ["booking_id"])
    is_refund = tickets["is_refund"].to_numpy(bool)
    left = groups.total(0, tickets["gross"])
    given_back = (groups.count(0, is_refund) > 0) & (left <= 0)
    sold = groups.count(0, ~is_refund) > 0
    without_seats = sold & ~given_back & (groups.count(1) == 0)
    without_tickets = (groups.total(1, seats["is_booked"]) > 0) & (groups.count(0) == 0)
    months = pd.DataFrame({_MONTH: groups.firsts([tickets, seats], _MONTH)})
    return months[without_seats], months[without_tickets]


def _refunds(unmatched: pd.DataFrame, numbers: np.ndarray, size: int) -> np.ndarray:
    each = unmatched[["booking_id", "refund_line_number"]].assign(number=numbers)
    return np.bincount(each.drop_duplicates()["number"].to_numpy(np.int64), minlength=size)
