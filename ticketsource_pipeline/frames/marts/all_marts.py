"""All marts of one reading."""

from __future__ import annotations

import pandas as pd

from ticketsource_pipeline.datasets import (
    BOOKINGS,
    DAILY_SALES,
    GIFT_AID_CLAIMS,
    PERFORMANCE_CATEGORIES,
    PERFORMANCE_SALES,
    RECONCILIATION,
    RECONCILIATION_MONTHS,
    REFUND_PAIRS,
)
from ticketsource_pipeline.frames.marts.bookings import bookings_frame
from ticketsource_pipeline.frames.marts.daily_sales import daily_sales_frame
from ticketsource_pipeline.frames.marts.gift_aid_claims import gift_aid_claims_frame
from ticketsource_pipeline.frames.marts.performance_categories import performance_categories_frame
from ticketsource_pipeline.frames.marts.performance_sales import performance_sales_frame
from ticketsource_pipeline.frames.marts.reading import Reading
from ticketsource_pipeline.frames.marts.reconciliation import (
    reconciliation_frame,
    reconciliation_months_frame,
)
from ticketsource_pipeline.frames.marts.refund_pairs import refund_pairs_frame

# Raised when the same stored frames give other marts: they are then made anew.
CODE_VERSION = "1"


def mart_frames(reading: Reading) -> dict[str, pd.DataFrame]:
    """Return every mart by its name, all of one reading."""
    refund_pairs = refund_pairs_frame(reading.lines)
    performance_sales = performance_sales_frame(reading)
    return {
        BOOKINGS.name: bookings_frame(reading),
        PERFORMANCE_SALES.name: performance_sales,
        PERFORMANCE_CATEGORIES.name: performance_categories_frame(reading),
        DAILY_SALES.name: daily_sales_frame(reading),
        REFUND_PAIRS.name: refund_pairs,
        GIFT_AID_CLAIMS.name: gift_aid_claims_frame(reading, refund_pairs),
        RECONCILIATION.name: reconciliation_frame(reading.lines),
        RECONCILIATION_MONTHS.name: reconciliation_months_frame(
            reading, refund_pairs, performance_sales
        ),
    }
