"""Every dataset, declared once: columns, types, meaning, keys and personal-data marks.

Schemas of files, Dagster's column metadata, the documentation and the checks all come from here.
"""

from ticketsource_pipeline.datasets.catalog import EVENTS, PERFORMANCES, VENUES
from ticketsource_pipeline.datasets.declaration import (
    PARTITION_KEY,
    Column,
    ColumnType,
    Dataset,
    Record,
)
from ticketsource_pipeline.datasets.raw import RAW_BOOKINGS, RAW_SEATS
from ticketsource_pipeline.datasets.sales import ATTENDEES, BOOKING_LINES, SEATS

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
    )
}

__all__ = [
    "ATTENDEES",
    "BOOKING_LINES",
    "DATASETS",
    "EVENTS",
    "PARTITION_KEY",
    "PERFORMANCES",
    "RAW_BOOKINGS",
    "RAW_SEATS",
    "SEATS",
    "VENUES",
    "Column",
    "ColumnType",
    "Dataset",
    "Record",
]
