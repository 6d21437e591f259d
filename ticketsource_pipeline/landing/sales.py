"""A month's way from the raw layer to the sales layer: three datasets made from one reading."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import (
    ATTENDEES,
    BOOKING_LINES,
    RAW_BOOKINGS,
    RAW_SEATS,
    SEATS,
    Dataset,
)
from ticketsource_pipeline.frames.sales import (
    CODE_VERSION,
    attendees_frame,
    booking_lines_frame,
    seats_frame,
)
from ticketsource_pipeline.refresh.openness import Performance
from ticketsource_pipeline.store import ParquetStore, Written
from ticketsource_pipeline.store.layout import SINGLE_FILE

SALES = (BOOKING_LINES, SEATS, ATTENDEES)


@dataclass(frozen=True)
class MonthSales:
    """The sales layer of a month: the frames, and what was written, by dataset name."""

    frames: dict[str, pd.DataFrame]
    written: dict[str, Written]


def publish_month(store: ParquetStore, month: str, catalog: Sequence[Performance]) -> MonthSales:
    """Make a month's sales layer from its raw layer, unless it is so already.

    Args:
        store: the data directory.
        month: the month.
        catalog: every performance of the catalogue.

    Raises:
        StoreError: when the store cannot be written.
    """
    with store.lock(f"month-{month}"):
        return publish_locked_month(store, month, catalog)


def publish_locked_month(
    store: ParquetStore, month: str, catalog: Sequence[Performance]
) -> MonthSales:
    """Make a month's sales layer as `publish_month` does, for a caller who holds its lock."""
    record = store.month_record(month)
    published = record.is_published_by(CODE_VERSION) and all(
        SINGLE_FILE in store.names(dataset, month) for dataset in SALES
    )
    if published:
        frames = {dataset.name: store.read(dataset, [month]) for dataset in SALES}
        written = {name: Written(len(frame), changed=False) for name, frame in frames.items()}
        return MonthSales(frames, written)
    frames = _frames(store, month, catalog)
    written = {dataset.name: _write(store, dataset, month, frames) for dataset in SALES}
    store.write_month_record(
        replace(
            record,
            published_content=record.content,
            published_by=CODE_VERSION,
            published_at=utc_now(),
        )
    )
    return MonthSales(frames, written)


def withdraw_from_sales(
    store: ParquetStore, month: str, catalog: Sequence[Performance], date_ids: Collection[str]
) -> bool:
    """Take performances out of a month's sales layer, before they may appear in another's.

    Their raw rows are not touched. The caller holds the month's lock, and has noted that the month
    is not published, so that nothing is lost should they stay after all.

    Returns:
        Whether the month has a sales layer at all.
    """
    if not any(store.names(dataset, month) for dataset in SALES):
        return False
    frames = _frames(store, month, catalog, without=date_ids)
    for dataset in SALES:
        _write(store, dataset, month, frames)
    return True


def rewrite_attendees(
    store: ParquetStore, month: str, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    """Change a month's attendees where they are, for a month whose raw layer is ahead of them.

    Its lines and seats stay the last good ones. The caller holds the month's lock.
    """
    for name in store.names(ATTENDEES, month):
        stored = store.read_file(ATTENDEES, month, name)
        if stored is not None:
            changed = change(stored.frame)
            store.write(ATTENDEES, changed, month=month, name=name, notes=stored.notes)


def _frames(
    store: ParquetStore,
    month: str,
    catalog: Sequence[Performance],
    *,
    without: Collection[str] = (),
) -> dict[str, pd.DataFrame]:
    events = {performance.date_id: performance.event_id for performance in catalog}
    raw_seats = store.read(RAW_SEATS, [month], ["seat_id", "booking_id", "date_id", "payload"])
    raw_bookings = store.read(RAW_BOOKINGS, [month])
    raw_seats = raw_seats[~raw_seats["date_id"].isin(without)]
    raw_bookings = raw_bookings[~raw_bookings["date_id"].isin(without)]
    lines, _ = booking_lines_frame(raw_bookings)
    seats, _ = seats_frame(raw_seats, events)
    attendees, _ = attendees_frame(raw_seats, events)
    return {BOOKING_LINES.name: lines, SEATS.name: seats, ATTENDEES.name: attendees}


def _write(
    store: ParquetStore, dataset: Dataset, month: str, frames: dict[str, pd.DataFrame]
) -> Written:
    store.sweep(dataset, month)
    return store.write(dataset, frames[dataset.name], month=month)
