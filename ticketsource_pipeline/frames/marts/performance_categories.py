"""The seats of each performance by price category."""

from __future__ import annotations

import pandas as pd

from ticketsource_pipeline.datasets import PERFORMANCE_CATEGORIES
from ticketsource_pipeline.frames.marts.reading import Reading
from ticketsource_pipeline.frames.marts.sums import Groups, mart_frame


def performance_categories_frame(reading: Reading) -> pd.DataFrame:
    """Return a row for each performance and price category that has a seat, sorted by them."""
    seats = reading.seats
    groups = Groups([seats], ["date_id", "price_category"])
    frame = mart_frame(
        PERFORMANCE_CATEGORIES,
        {
            **{name: groups.keys[name] for name in ("date_id", "price_category")},
            **{name: groups.firsts([seats], name) for name in ("event_id", "performance_month")},
            "seats_booked": groups.total(0, seats["is_booked"]),
            "seats_cancelled": groups.total(0, seats["is_cancelled"]),
        },
    )
    by = ["performance_month", "date_id", "price_category"]
    return frame.sort_values(by, kind="stable").reset_index(drop=True)
