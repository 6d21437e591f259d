"""Rules about the marts: their totals are those of the lines and seats they were made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from ticketsource_pipeline.checks.rule import Effect, Failure, Finding, Rule, View
from ticketsource_pipeline.datasets import (
    BOOKING_LINES,
    BOOKINGS,
    CUSTOMERS,
    DAILY_SALES,
    GIFT_AID_CLAIMS,
    PERFORMANCE_CATEGORIES,
    PERFORMANCE_SALES,
    RECONCILIATION,
    RECONCILIATION_MONTHS,
    REFUND_PAIRS,
    SEATS,
    Dataset,
)
from ticketsource_pipeline.frames.marts.reading import flags
from ticketsource_pipeline.frames.money import pence_column
from ticketsource_pipeline.landing.marts import marts_state

_LINES_SEEN = ("line_type", "is_refund", "gift_aid", "gross", "fee", "fee_vat", "net", "difference")
_SEATS_SEEN = ("is_booked", "is_cancelled")

Totals = Mapping[str, int]


def _expected(view: View) -> Totals:
    """What lines and seats come to: pence, and how many."""
    return view.once("totals of lines and seats", lambda: _sum_up(view))


def _sum_up(view: View) -> Totals:
    lines, seats = view.frame(BOOKING_LINES, _LINES_SEEN), view.frame(SEATS, _SEATS_SEEN)
    refunds = flags(lines["is_refund"])
    donations = flags(lines["line_type"] == "DONATION")
    cancelled = flags(seats["is_cancelled"])
    sums = {name: _pence(lines[name]) for name in _LINES_SEEN[3:]}
    given = donations & ~refunds
    return {
        **sums,
        "fees": sums["fee"] + sums["fee_vat"],
        **{f"refund_{name}": _pence(lines[name][refunds]) for name in ("gross", "fee", "fee_vat")},
        "refund_net": _pence(lines["net"][refunds]),
        "donations": _pence(lines["gross"][donations]),
        "donations_refunded": _pence(lines["gross"][donations & refunds]),
        "gift_aid_donations": _pence(lines["gross"][donations & flags(lines["gift_aid"])]),
        "lines": len(lines),
        "refund_lines": int(refunds.sum()),
        "donation_lines": int(given.sum()),
        "donation_refund_lines": int((donations & refunds).sum()),
        "ticket_gross": _pence(lines["gross"][flags(lines["line_type"] == "TICKETS")]),
        "booked": int((flags(seats["is_booked"]) & ~cancelled).sum()),
        "cancelled": int(cancelled.sum()),
    }


def _pence(amounts: pd.Series) -> int:
    return int(pence_column(amounts).fillna(0).to_numpy(np.int64).sum())


def _total(dataset: Dataset, frame: pd.DataFrame, column: str) -> int:
    if column in dataset.money_columns:
        return _pence(frame[column])
    return int(frame[column].fillna(0).to_numpy(np.int64).sum())


def _adds_up(dataset: Dataset, columns: Mapping[str, str]) -> Callable[[View], Finding]:
    """A rule's work: columns of a mart against what they must come to, and its key."""

    def evaluate(view: View) -> Finding:
        if not view.once("marts", lambda: marts_state(view.store).are_of_what_is_stored):
            # Lines were published since; the marts are made anew when all months are read.
            return Finding([], 0)
        frame, expected = view.frame(dataset), _expected(view)
        failures, total = [], 0
        for column, name in columns.items():
            found = _total(dataset, frame, column)
            if found != expected[name]:
                unit = "pence " if column in dataset.money_columns else ""
                total += found - expected[name] if unit else 0
                what = f"comes to {found} {unit}in all, its source to {expected[name]}"
                failures.append(Failure(what, record_id=column))
        twice = int(frame.duplicated(list(dataset.key)).sum())
        if twice:
            failures.append(Failure(f"is not unique in {twice} rows", record_id=dataset.key[0]))
        return Finding(failures, len(columns), total)

    return evaluate


def _rule(dataset: Dataset, columns: Mapping[str, str], *, source: Dataset) -> Rule:
    return Rule(
        dataset,
        f"adds_up_to_{source.name}",
        f"Its totals are those of {source.name}, to the penny, and no two rows have the same key.",
        Effect.FAIL,
        _adds_up(dataset, columns),
        (BOOKING_LINES, SEATS),
    )


def _customers_are_unique(view: View) -> Finding:
    ids = view.frame(CUSTOMERS, ("customer_id",))["customer_id"]
    twice = ids[ids.duplicated()].unique().tolist()
    return Finding([Failure("is there more than once", record_id=one) for one in twice], len(ids))


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_SEAT_COUNTS = {"seats_booked": "booked", "seats_cancelled": "cancelled"}
_REFUNDED = {"refunded_gross": "refund_gross", "refunded_net": "refund_net"}
RULES = (
    _rule(
        BOOKINGS,
        {
            **_same("gross", "fees", "net"),
            "refunded_gross": "refund_gross",
            "donation": "donations",
            "gift_aid_donation": "gift_aid_donations",
            "tickets": "booked",
        },
        source=BOOKING_LINES,
    ),
    _rule(
        PERFORMANCE_SALES,
        {
            **_same("gross", "fee", "fee_vat", "net", "ticket_gross", "donations"),
            **_REFUNDED,
            **_SEAT_COUNTS,
        },
        source=BOOKING_LINES,
    ),
    _rule(PERFORMANCE_CATEGORIES, _SEAT_COUNTS, source=SEATS),
    _rule(
        DAILY_SALES,
        {
            **_same("gross", "net"),
            **_REFUNDED,
            "tickets": "booked",
            "tickets_cancelled": "cancelled",
        },
        source=BOOKING_LINES,
    ),
    _rule(
        REFUND_PAIRS,
        {name: f"refund_{name}" for name in ("gross", "fee", "fee_vat", "net")},
        source=BOOKING_LINES,
    ),
    _rule(
        GIFT_AID_CLAIMS,
        {
            "donations": "donations",
            "refunded_gross": "donations_refunded",
            "donation_lines": "donation_lines",
            "refund_lines": "donation_refund_lines",
        },
        source=BOOKING_LINES,
    ),
    _rule(
        RECONCILIATION,
        {
            **_same("gross", "fee", "fee_vat", "net", "difference", "lines", "refund_lines"),
            "refunded_gross": "refund_gross",
        },
        source=BOOKING_LINES,
    ),
    _rule(
        RECONCILIATION_MONTHS,
        {**_same("gross", "net", "difference", "lines"), **_SEAT_COUNTS},
        source=BOOKING_LINES,
    ),
)
CUSTOMER_RULES = (
    Rule(
        CUSTOMERS,
        "key_is_unique",
        "No two rows have the same customer_id.",
        Effect.FAIL,
        _customers_are_unique,
    ),
)
