"""Every dataset, declared once: columns, types, meaning, keys and personal-data marks.

Schemas of files, Dagster's column metadata, the documentation and the checks all come from here.
"""

from ticketsource_pipeline.datasets.catalog import EVENTS, PERFORMANCES, VENUES
from ticketsource_pipeline.datasets.customers import CUSTOMERS
from ticketsource_pipeline.datasets.declaration import (
    PARTITION_KEY,
    Column,
    ColumnType,
    Dataset,
    Record,
)
from ticketsource_pipeline.datasets.finance import (
    GIFT_AID_CLAIMS,
    RECONCILIATION,
    RECONCILIATION_MONTHS,
    REFUND_PAIRS,
)
from ticketsource_pipeline.datasets.marts import (
    BOOKINGS,
    DAILY_SALES,
    PERFORMANCE_CATEGORIES,
    PERFORMANCE_SALES,
)
from ticketsource_pipeline.datasets.raw import RAW_BOOKINGS, RAW_SEATS
from ticketsource_pipeline.datasets.sales import ATTENDEES, BOOKING_LINES, SEATS

MARTS: tuple[Dataset, ...] = (
    BOOKINGS,
    PERFORMANCE_SALES,
    PERFORMANCE_CATEGORIES,
    DAILY_SALES,
    REFUND_PAIRS,
    GIFT_AID_CLAIMS,
    RECONCILIATION,
    RECONCILIATION_MONTHS,
)
"""What is made of the whole store at once, in one step."""

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        EVENTS,
        VENUES,
        PERFORMANCES,
        RAW_BOOKINGS,
        RAW_SEATS,
        BOOKING_LINES,
        SEATS,
        ATTENDEES,
        *MARTS,
        CUSTOMERS,
    )
}

__all__ = [
    "ATTENDEES",
    "BOOKINGS",
    "BOOKING_LINES",
    "CUSTOMERS",
    "DAILY_SALES",
    "DATASETS",
    "EVENTS",
    "GIFT_AID_CLAIMS",
    "MARTS",
    "PARTITION_KEY",
    "PERFORMANCES",
    "PERFORMANCE_CATEGORIES",
    "PERFORMANCE_SALES",
    "RAW_BOOKINGS",
    "RAW_SEATS",
    "RECONCILIATION",
    "RECONCILIATION_MONTHS",
    "REFUND_PAIRS",
    "SEATS",
    "VENUES",
    "Column",
    "ColumnType",
    "Dataset",
    "Record",
]
