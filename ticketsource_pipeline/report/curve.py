"""Sales by days before the performance: of each event, over all its performances.

A day is London's calendar day of `created_at` and of the performance's start, as in `daily_sales`.
No mart has sales by performance and day, so they are counted from seats and lines, month by month.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ticketsource_pipeline.frames.marts.reading import flags
from ticketsource_pipeline.frames.marts.sums import london_days
from ticketsource_pipeline.frames.money import pence_column
from ticketsource_pipeline.report.figures import Curve

SEAT_COLUMNS = ("date_id", "event_id", "is_booked", "is_cancelled", "created_at")
LINE_COLUMNS = ("date_id", "event_id", "gross", "created_at")
_KEY = ["event_id", "day"]
_NO_DAY = -1


def sales_by_day(
    seats: pd.DataFrame, lines: pd.DataFrame, performances: pd.DataFrame
) -> pd.DataFrame:
    """Return tickets and gross by event and day before the performance, of some months.

    Args:
        seats: `seats` with `SEAT_COLUMNS`.
        lines: `booking_lines` with `LINE_COLUMNS`.
        performances: the catalogue's performances, of all months, with `date_id` and `start`.

    Returns:
        Rows of `event_id`, `day` (-1 where a time is unreadable), `tickets`, `gross` in pence. A
        sale after the performance's day is of day 0.
    """
    booked = seats[flags(seats["is_booked"]) & ~flags(seats["is_cancelled"])]
    starts = performances.drop_duplicates("date_id").set_index("date_id")["start"]
    parts = [
        _counted(booked, starts, tickets=np.ones(len(booked), np.int64)),
        _counted(lines, starts, gross=pence_column(lines["gross"]).fillna(0).to_numpy(np.int64)),
    ]
    return _added(parts)


def curves(months: Iterable[pd.DataFrame]) -> Mapping[str, Curve]:
    """Return the curve of each event.

    Args:
        months: what `sales_by_day` gave of each month.
    """
    sales = _added(list(months))
    return {str(event): _curve(rows) for event, rows in sales.groupby("event_id", sort=False)}


def _curve(rows: pd.DataFrame) -> Curve:
    known = rows[rows["day"] != _NO_DAY].sort_values("day", ascending=False)
    unknown = rows[rows["day"] == _NO_DAY]
    return Curve(
        days=tuple(known["day"].tolist()),
        tickets=tuple(known["tickets"].cumsum().tolist()),
        gross=tuple(known["gross"].cumsum().tolist()),
        tickets_without_day=int(unknown["tickets"].sum()),
        gross_without_day=int(unknown["gross"].sum()),
    )


def _counted(frame: pd.DataFrame, starts: pd.Series, **amounts: np.ndarray) -> pd.DataFrame:
    start = frame["date_id"].map(starts).astype(starts.dtype)
    performed, sold = (
        pd.Series(pd.arrays.ArrowExtensionArray(pc.cast(london_days(times), pa.int32())))
        for times in (start, frame["created_at"])
    )
    before = performed - sold
    return pd.DataFrame(
        {
            "event_id": frame["event_id"].to_numpy(object),
            "day": np.where(before.isna(), _NO_DAY, before.fillna(0).clip(lower=0)).astype(int),
            "tickets": 0,
            "gross": 0,
            **amounts,
        }
    )


def _added(parts: list[pd.DataFrame]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame(columns=[*_KEY, "tickets", "gross"])
    return pd.concat(parts, ignore_index=True).groupby(_KEY, as_index=False).sum()
