"""Rules about money, on booking lines: in whole pence, exactly."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ticketsource_pipeline.checks.rule import Effect, Failure, Finding, Rule, View, rows_of
from ticketsource_pipeline.datasets import BOOKING_LINES
from ticketsource_pipeline.frames.money import pence_column

_AMOUNTS = ("gross", "fee", "fee_vat", "net")


def _lines(view: View) -> list[dict[str, Any]]:
    return view.once("lines in pence", lambda: _lines_in_pence(view))


def _lines_in_pence(view: View) -> list[dict[str, Any]]:
    frame = view.frame(BOOKING_LINES)
    whole = frame.assign(**{name: pence_column(frame[name]) for name in _AMOUNTS})
    names = ("booking_id", "date_id", "ref", "line_number", "line_type", "is_refund", *_AMOUNTS)
    return rows_of(whole, names)


def _failure(line: dict[str, Any], what: str) -> Failure:
    return Failure(
        what=what,
        date_id=line["date_id"],
        ref=line["ref"],
        record_id=line["booking_id"],
        line_number=line["line_number"],
    )


def _net_adds_up(view: View) -> Finding:
    lines = _lines(view)
    failures, total = [], 0
    for line in lines:
        if any(line[name] is None for name in _AMOUNTS):
            failures.append(_failure(line, "has an amount that could not be read"))
            continue
        difference = line["gross"] - line["fee"] - line["fee_vat"] - line["net"]
        if difference:
            total += difference
            failures.append(_failure(line, f"is {difference} pence off"))
    return Finding(failures, len(lines), total)


def _signs(view: View) -> Finding:
    lines = _lines(view)
    failures, total = [], 0
    for line in lines:
        wrong = [name for name in _AMOUNTS if _has_wrong_sign(line, name)]
        if wrong:
            kind = "refund" if line["is_refund"] else "sale"
            failures.append(_failure(line, f"is a {kind} with a wrong sign in {', '.join(wrong)}"))
            total += sum(line[name] for name in wrong)
    return Finding(failures, len(lines), total)


def _has_wrong_sign(line: dict[str, Any], name: str) -> bool:
    amount = line[name]
    if amount is None:
        return False
    if line["is_refund"]:
        return amount > 0
    # The net of a small sale may be negative: its fee can be more than it brought in.
    return amount < 0 and name != "net"


def _refunds_within_takings(view: View) -> Finding:
    taken: dict[str, int] = defaultdict(int)
    refunded: dict[str, int] = defaultdict(int)
    last_line: dict[str, dict[str, Any]] = {}
    for line in _lines(view):
        if line["gross"] is None:
            continue
        booking_id = line["booking_id"]
        (refunded if line["is_refund"] else taken)[booking_id] += line["gross"]
        if line["is_refund"] or booking_id not in last_line:
            last_line[booking_id] = line
    failures, total = [], 0
    for booking_id, line in last_line.items():
        excess = -refunded[booking_id] - taken[booking_id]
        if refunded[booking_id] and excess > 0:
            total += excess
            failures.append(_failure(line, f"refunds {excess} pence more than was taken"))
    return Finding(failures, len(last_line), total)


RULES = (
    Rule(
        BOOKING_LINES,
        "net_is_gross_less_fees",
        "net = gross - fee - fee_vat, on every line, to the penny.",
        Effect.FAIL,
        _net_adds_up,
    ),
    Rule(
        BOOKING_LINES,
        "refunds_are_negative",
        "Refund lines hold no positive amount, sale lines no negative gross or fee.",
        Effect.FAIL,
        _signs,
    ),
    Rule(
        BOOKING_LINES,
        "refunds_within_takings",
        "What is refunded on a booking is no more than what it took.",
        Effect.FAIL,
        _refunds_within_takings,
    ),
)
