"""The report's figures out of the marts' frames: sums of whole pence and counts, nothing else."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from ticketsource_pipeline.datasets import (
    GIFT_AID_CLAIMS,
    PERFORMANCE_CATEGORIES,
    PERFORMANCE_SALES,
    RECONCILIATION,
    REFUND_PAIRS,
    Dataset,
)
from ticketsource_pipeline.frames.marts.reading import flags
from ticketsource_pipeline.frames.marts.sums import london_days
from ticketsource_pipeline.frames.money import pence_column
from ticketsource_pipeline.report.figures import (
    Category,
    Checks,
    Curve,
    Donations,
    Event,
    Figures,
    Money,
    Month,
    Payment,
    RefundMonth,
)

MARTS_READ: tuple[Dataset, ...] = (
    PERFORMANCE_SALES,
    PERFORMANCE_CATEGORIES,
    REFUND_PAIRS,
    RECONCILIATION,
    GIFT_AID_CLAIMS,
)
"""The marts whose frames the report is made of."""


@dataclass(frozen=True)
class Sources:
    """What the figures are gathered from.

    Attributes:
        account: whose sales they are.
        marts: by name, the frames of `MARTS_READ`.
        names: by event id, the events' names.
        curves: by event id, how they sold.
        checks: the latest results of the checks.
    """

    account: str
    marts: Mapping[str, pd.DataFrame]
    names: Mapping[str, str | None]
    curves: Mapping[str, Curve]
    checks: Checks


def figures(sources: Sources) -> Figures:
    """Return everything the report tells."""
    sales, categories, refunds, reconciliation, donations = (
        _plain(dataset, sources.marts[dataset.name]) for dataset in MARTS_READ
    )
    sales = sales.assign(
        fees=sales["fee"] + sales["fee_vat"],
        off=flags(sales["cancelled"]),
        day=_days(sales["start"]),
    )
    reconciliation = reconciliation.assign(fees=reconciliation["fee"] + reconciliation["fee_vat"])
    return Figures(
        account=sources.account,
        bookings=int(sales["bookings"].sum()),
        events=_events(sales, sources),
        months=[
            Month(str(month), len(rows), int(rows["seats_booked"].sum()), _money(rows))
            for month, rows in _groups(sales, "performance_month")
        ],
        categories=_categories(categories),
        refunds=_refunds(refunds),
        methods=_payments(reconciliation, "payment_method"),
        types=_payments(reconciliation, "line_type"),
        donations=[_donations(row) for row in donations.to_dict(orient="records")],
        checks=sources.checks,
    )


def _plain(dataset: Dataset, frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with money as whole pence, where an amount that is not there counts as nothing."""
    pence = {
        name: pence_column(frame[name]).fillna(0).to_numpy(np.int64)
        for name in dataset.money_columns
    }
    return frame.assign(**pence)


def _groups(frame: pd.DataFrame, by: str) -> list[tuple[Hashable, pd.DataFrame]]:
    """The rows by a column, in the order of its values; what has none comes last, as none."""
    grouped = frame.groupby(by, dropna=False)
    return [(None if pd.isna(key) else key, rows) for key, rows in grouped]


def _money(rows: pd.DataFrame) -> Money:
    return Money(
        gross=int(rows["gross"].sum()),
        fees=int(rows["fees"].sum()),
        net=int(rows["net"].sum()),
        refunded=int(rows["refunded_gross"].sum()),
    )


def _events(sales: pd.DataFrame, sources: Sources) -> list[Event]:
    """Every event that has a performance, that with the earliest performance first."""
    events = []
    for event_id, rows in _groups(sales, "event_id"):
        days = [day for day in rows["day"] if day is not None]
        events.append(
            Event(
                event_id=str(event_id or ""),
                name=_name(str(event_id or ""), rows, sources.names),
                first_day=min(days, default=None),
                last_day=max(days, default=None),
                performances=len(rows),
                cancelled=int(rows["off"].sum()),
                tickets=int(rows["seats_booked"].sum()),
                ticket_gross=int(rows["ticket_gross"].sum()),
                money=_money(rows),
                curve=sources.curves.get(str(event_id or ""), Curve()),
            )
        )
    return sorted(events, key=lambda event: (event.first_day or date.max, event.event_id))


def _name(event_id: str, rows: pd.DataFrame, names: Mapping[str, str | None]) -> str:
    told = [name for name in (names.get(event_id), *rows["event_name"]) if isinstance(name, str)]
    return next((name for name in told if name.strip()), event_id or "no event")


def _categories(categories: pd.DataFrame) -> list[Category]:
    """Every price category, that with most seats first."""
    found = [
        Category(
            name=_text(name),
            booked=int(rows["seats_booked"].sum()),
            cancelled=int(rows["seats_cancelled"].sum()),
        )
        for name, rows in _groups(categories, "price_category")
    ]
    return sorted(found, key=lambda one: (-one.booked, -one.cancelled, one.name or ""))


def _refunds(pairs: pd.DataFrame) -> list[RefundMonth]:
    days = _days(pairs["refund_created_at"])
    made = pd.Series([f"{day:%Y-%m}" if day else None for day in days], dtype=object)
    pairs = pairs.reset_index(drop=True).assign(made=made)
    return [
        RefundMonth(
            month=_text(month),
            refunds=int((rows["pair_number"] == 1).sum()),
            gross={str(kind): int(of["gross"].sum()) for kind, of in _groups(rows, "kind")},
        )
        for month, rows in _groups(pairs, "made")
    ]


def _payments(reconciliation: pd.DataFrame, by: str) -> list[Payment]:
    """Every payment method or type of line, that with the most gross first."""
    found = [
        Payment(
            name=_text(name),
            lines=int(rows["lines"].sum()),
            refund_lines=int(rows["refund_lines"].sum()),
            money=_money(rows),
        )
        for name, rows in _groups(reconciliation, by)
    ]
    return sorted(found, key=lambda one: (-one.money.gross, one.name or ""))


def _donations(row: Mapping[Hashable, Any]) -> Donations:
    return Donations(
        tax_year=_text(row["tax_year"]),
        first_day=_day(row["first_day"]),
        last_day=_day(row["last_day"]),
        claimable=int(row["gift_aid_yes"]),
        declined=int(row["gift_aid_no"]),
        unknown=int(row["gift_aid_unknown"]),
        refunded=int(row["refunded_gross"]),
        total=int(row["donations"]),
    )


def _days(times: pd.Series) -> pd.Series:
    """London's day of each moment, none where there is no moment."""
    days: Sequence[date | None] = london_days(times).to_pylist()
    return pd.Series(days, index=times.index, dtype=object)


def _day(value: object) -> date | None:
    return value if isinstance(value, date) and not pd.isna(value) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
