"""When a performance is open: while its bookings may still change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from ticketsource_pipeline.store.months import PerformanceRecord


@dataclass(frozen=True)
class Performance:
    """A performance of the catalogue, as far as reading it again is concerned.

    Attributes:
        date_id: its id.
        event_id: its event.
        month: the month it is filed under; none when its start names none.
        starts_at: when it starts, aware UTC; none when unknown.
        ends_at: when it ends (or starts, when no end is given), aware UTC; none when unknown.
        cancelled: whether it is cancelled.
    """

    date_id: str
    event_id: str
    month: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    cancelled: bool

    @property
    def fingerprint(self) -> str:
        """What the catalogue says of it that bears on its bookings, as a short text.

        It changes when the performance moves, is cancelled or reinstated.
        """
        times = (self.starts_at, self.ends_at)
        written = [moment.strftime("%Y-%m-%dT%H:%MZ") if moment else "-" for moment in times]
        return " ".join([*written, "cancelled" if self.cancelled else "on"])

    def closes_at(self, refund_window: timedelta) -> datetime:
        """Return the moment after which no refund is expected; far ahead when it is unknown."""
        far_ahead = datetime.max.replace(tzinfo=UTC)
        if self.ends_at is None or self.ends_at > far_ahead - refund_window:
            return far_ahead
        return self.ends_at + refund_window


def performances_of(catalog: pd.DataFrame) -> list[Performance]:
    """Return the performances of a catalogue frame, in its order."""
    columns = ("date_id", "event_id", "performance_month", "start", "end", "cancelled")
    rows = zip(*(catalog[name].tolist() for name in columns), strict=True)
    return [_performance(dict(zip(columns, row, strict=True))) for row in rows]


def is_due(
    performance: Performance,
    record: PerformanceRecord | None,
    *,
    now: datetime,
    refund_window: timedelta,
) -> bool:
    """Return whether a performance's bookings must be listed again.

    They must be while it is open (until the refund window after its end has passed; a cancelled
    one only until every booking comes to zero), when it was never read whole, when it moved, was
    cancelled or reinstated since, and once more after it closed: a refund of the last day is not
    to be missed because nobody synced that day.
    """
    if record is None or not record.is_whole or record.catalog != performance.fingerprint:
        return True
    if record.listed_at > now:
        # The clock was wrong then or is now, so nobody knows when it was listed.
        return True
    closes_at = performance.closes_at(refund_window)
    if performance.cancelled and record.balanced:
        return False
    return now < closes_at or record.listed_at < closes_at


def _performance(row: Mapping[str, Any]) -> Performance:
    start = _moment(row["start"])
    month = row["performance_month"]
    return Performance(
        date_id=row["date_id"],
        event_id=row["event_id"],
        month=month if isinstance(month, str) else None,
        starts_at=start,
        ends_at=_moment(row["end"]) or start,
        cancelled=row["cancelled"] is True,
    )


def _moment(value: Any) -> datetime | None:
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    return pd.Timestamp(value).to_pydatetime()
