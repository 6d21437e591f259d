"""A month's way from the raw layer to the sales layer: three datasets made from one reading."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import (
    ATTENDEES,
    BOOKING_LINES,
    DATASETS,
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
from ticketsource_pipeline.landing.manifests import (
    known_manifest,
    manifest_parts,
    month_manifest,
    with_proofs,
)
from ticketsource_pipeline.refresh.openness import Performance
from ticketsource_pipeline.store import (
    DamagedFile,
    Manifest,
    MonthRecord,
    NewFrame,
    ParquetStore,
    Written,
)
from ticketsource_pipeline.store.layout import SINGLE_FILE
from ticketsource_pipeline.store.manifest import ManifestDataset
from ticketsource_pipeline.store.state import lock_of

SALES = (BOOKING_LINES, SEATS, ATTENDEES)


@dataclass(frozen=True)
class MonthSales:
    """The sales layer of a month: the frames, and what was written, by dataset name."""

    frames: dict[str, pd.DataFrame]
    written: dict[str, Written]


def publish_month(store: ParquetStore, month: str, catalog: Sequence[Performance]) -> MonthSales:
    """Make a month's sales layer from its raw layer, unless it is so already.

    A file that is no longer as it was published is made again like one that is missing.

    Args:
        store: the data directory.
        month: the month.
        catalog: every performance of the catalogue.

    Raises:
        StoreError: when the store cannot be written.
    """
    with store.lock(lock_of(month)):
        return publish_locked_month(store, month, catalog)


def publish_locked_month(
    store: ParquetStore, month: str, catalog: Sequence[Performance]
) -> MonthSales:
    """Make a month's sales layer as `publish_month` does, for a caller who holds its lock."""
    stored = record = store.month_record(month)
    known = known_manifest(store, month)

    def drop_claim() -> None:
        # A run that dies from here on has left a month that the next one publishes anew, even if
        # its raw rows are by then what they were before.
        nonlocal stored
        if stored.published_content is not None:
            stored = replace(stored, published_content=None)
            store.write_month_record(stored)

    sales = _published(store, record, known)
    frames = _as_published(store, month, sales) if sales is not None else None
    published_at = record.published_at
    if sales is not None and frames is not None:
        written = {
            name: Written(part.files[0].proof, changed=False) for name, part in sales.items()
        }
    else:
        frames = _frames(store, record, catalog)
        written = _write(store, month, frames, before=drop_claim)
        sales = manifest_parts(store, month, frames, written)
        published_at = utc_now()
    record = with_proofs(store, record)
    manifest = month_manifest(store, record, sales)
    if not manifest.says_the_same_as(known):
        drop_claim()
        store.write_manifest(manifest)
    record = replace(
        record,
        published_content=record.content,
        published_by=CODE_VERSION,
        published_at=published_at,
    )
    if record != stored:
        store.write_month_record(record)
    return MonthSales(frames, written)


def months_as_published(store: ParquetStore) -> set[str]:
    """Return the months whose files of the sales layer are there, as long as they were written."""
    lengths = {path: size for dataset in SALES for path, size in store.lengths(dataset).items()}

    def is_there(month: str, dataset: Dataset) -> bool:
        path = store.layout.relative(store.layout.file(dataset, month, SINGLE_FILE))
        part = parts[month].get(dataset.name)
        known = part.proofs.get(path) if part is not None else None
        return known is not None and known.bytes == lengths.get(path)

    manifests = {month: known_manifest(store, month) for month in store.manifested_months()}
    parts = {month: manifest.datasets for month, manifest in manifests.items() if manifest}
    return {month for month in parts if all(is_there(month, dataset) for dataset in SALES)}


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
    record = store.month_record(month)
    _write(store, month, _frames(store, record, catalog, without=date_ids))
    return True


def _published(
    store: ParquetStore, record: MonthRecord, manifest: Manifest | None
) -> dict[str, ManifestDataset] | None:
    """The sales layer as the manifest names it; none when it has to be written anew."""
    if manifest is None or not record.is_published_by(CODE_VERSION):
        return None
    if manifest.raw_content != record.content:
        return None
    if store.is_to_be_cleared(ATTENDEES, record.month):
        return None
    sales = {
        dataset.name: part
        for dataset in SALES
        if SINGLE_FILE in store.names(dataset, record.month)
        and (part := manifest.datasets.get(dataset.name)) is not None
        and len(part.files) == 1
    }
    return sales if len(sales) == len(SALES) else None


def _as_published(
    store: ParquetStore, month: str, sales: Mapping[str, ManifestDataset]
) -> dict[str, pd.DataFrame] | None:
    """The frames of a month's sales layer; none when a file is not what was published."""
    try:
        return {
            name: store.read(DATASETS[name], [month], proofs={SINGLE_FILE: part.files[0].proof})
            for name, part in sales.items()
        }
    except DamagedFile:
        return None


def rewrite_attendees(
    store: ParquetStore, month: str, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    """Change a month's attendees where they are, for a month whose raw layer is ahead of them.

    Its lines and seats stay the last good ones. The caller holds the month's lock, and has noted
    that the month is not published, so that the manifest is not held against it.
    """
    for name in store.names(ATTENDEES, month):
        stored = store.read_file(ATTENDEES, month, name)
        if stored is not None:
            changed = change(stored.frame)
            store.write(ATTENDEES, changed, month=month, name=name, notes=stored.notes)


def _frames(
    store: ParquetStore,
    record: MonthRecord,
    catalog: Sequence[Performance],
    *,
    without: Collection[str] = (),
) -> dict[str, pd.DataFrame]:
    """The sales layer made from the month's raw files, which must be as they were written."""
    events = {performance.date_id: performance.event_id for performance in catalog}
    months = [record.month]
    columns = ["seat_id", "booking_id", "date_id", "payload"]
    proofs = {
        dataset.name: {
            date_id: known.files[dataset.name]
            for date_id, known in record.performances.items()
            if dataset.name in known.files
        }
        for dataset in (RAW_SEATS, RAW_BOOKINGS)
    }
    raw_seats = store.read(RAW_SEATS, months, columns, proofs=proofs[RAW_SEATS.name])
    raw_bookings = store.read(RAW_BOOKINGS, months, proofs=proofs[RAW_BOOKINGS.name])
    raw_seats = raw_seats[~raw_seats["date_id"].isin(without)]
    raw_bookings = raw_bookings[~raw_bookings["date_id"].isin(without)]
    lines, _ = booking_lines_frame(raw_bookings)
    seats, _ = seats_frame(raw_seats, events)
    attendees, _ = attendees_frame(raw_seats, events)
    return {BOOKING_LINES.name: lines, SEATS.name: seats, ATTENDEES.name: attendees}


def _write(
    store: ParquetStore,
    month: str,
    frames: Mapping[str, pd.DataFrame],
    before: Callable[[], None] | None = None,
) -> dict[str, Written]:
    for dataset in SALES:
        store.sweep(dataset, month)
    new = [NewFrame(dataset, frames[dataset.name], month) for dataset in SALES]
    written = store.write_together(new, before)
    return {dataset.name: file for dataset, file in zip(SALES, written, strict=True)}
