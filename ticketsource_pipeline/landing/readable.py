"""Datasets that can be read from the first day on: a folder without a file is no table."""

from __future__ import annotations

from ticketsource_pipeline.datasets import DATASETS, RAW_BOOKINGS, Dataset
from ticketsource_pipeline.frames.extract import typed_frame
from ticketsource_pipeline.landing.marts import make_marts, marts_state
from ticketsource_pipeline.landing.sales import publish_locked_month
from ticketsource_pipeline.store import ParquetStore
from ticketsource_pipeline.store.state import lock_of


def keep_month_readable(store: ParquetStore, dataset: Dataset, month: str) -> None:
    """Give a month without a file an empty one.

    It stays when there are others: a query that has just listed it is going to open it.

    Args:
        store: the data directory; the caller holds the month's lock.
        dataset: a dataset laid out by month.
        month: the month.
    """
    if not store.names(dataset, month):
        store.write(dataset, typed_frame(dataset, []), month=month)


def keep_store_readable(store: ParquetStore, month: str) -> None:
    """Give each dataset but those of the catalogue an empty file where it has none at all.

    A manifest comes with them. The marts are made of what there is.

    Args:
        store: the data directory.
        month: the month the empty files go to.
    """
    with store.lock(lock_of(month)):
        for dataset in DATASETS.values():
            if dataset.partitioned and not any(
                store.names(dataset, name) for name in store.months(dataset)
            ):
                keep_month_readable(store, dataset, month)
    for name in sorted(set(store.months(RAW_BOOKINGS)) - set(store.manifested_months())):
        with store.lock(lock_of(name)):
            # A month of performances gets its manifest when it is read.
            if not store.month_record(name).performances:
                publish_locked_month(store, name, [])
    if not marts_state(store).all_there:
        make_marts(store)
