"""Sales by day and event, and how they add up."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from ticketsource_pipeline.datasets import DAILY_SALES
from ticketsource_pipeline.frames.marts.reading import Reading
from ticketsource_pipeline.frames.marts.sums import Groups, london_days, mart_frame

_LINES, _SEATS = range(2)
_KEY = ["event_id", "sale_day"]
_DAY = pd.ArrowDtype(pa.date32())


def daily_sales_frame(reading: Reading) -> pd.DataFrame:
    """Return a row for each event and London day on which it sold or refunded, in that order."""
    lines, seats = (
        pd.DataFrame({"event_id": frame["event_id"], "sale_day": _days(frame["created_at"])})
        for frame in (reading.lines, reading.seats)
    )
    groups = Groups([lines, seats], _KEY)
    is_refund = reading.lines["is_refund"].to_numpy(bool)
    gross, net = reading.lines["gross"], reading.lines["net"]
    days = groups.keys.assign(
        tickets=groups.total(_SEATS, reading.seats["is_booked"]),
        tickets_cancelled=groups.total(_SEATS, reading.seats["is_cancelled"]),
        gross=groups.total(_LINES, gross),
        net=groups.total(_LINES, net),
        refunded_gross=groups.total(_LINES, gross, is_refund),
        refunded_net=groups.total(_LINES, net, is_refund),
    )
    days = days.sort_values(_KEY, kind="stable").reset_index(drop=True)
    so_far = days.groupby("event_id", sort=False, dropna=False)
    names = reading.performances.drop_duplicates("event_id").set_index("event_id")["event_name"]
    return mart_frame(
        DAILY_SALES,
        {
            **{name: days[name] for name in days.columns},
            "event_name": days["event_id"]
            .map(names)
            .astype(reading.performances["event_name"].dtype),
            **{f"cumulative_{name}": so_far[name].cumsum() for name in ("tickets", "gross", "net")},
        },
    )


def _days(times: pd.Series) -> pd.Series:
    return pd.Series(pd.arrays.ArrowExtensionArray(london_days(times)), index=times.index)
