"""The marts' way from the stored datasets to their files: all of one reading, when they are due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import pandas as pd

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import (
    BOOKING_LINES,
    BOOKINGS,
    CUSTOMERS,
    DATASETS,
    MARTS,
    PARTITION_KEY,
    PERFORMANCES,
    RAW_BOOKINGS,
    SEATS,
    Dataset,
)
from ticketsource_pipeline.frames.customers import with_bookings
from ticketsource_pipeline.frames.marts.all_marts import CODE_VERSION, mart_frames
from ticketsource_pipeline.frames.marts.raw_lines import raw_line_count
from ticketsource_pipeline.frames.marts.reading import (
    BOOKING_COLUMNS,
    LINE_COLUMNS,
    PERFORMANCE_COLUMNS,
    SEAT_COLUMNS,
    Reading,
    working_lines,
    working_seats,
)
from ticketsource_pipeline.landing.manifests import known_manifest, manifest_parts
from ticketsource_pipeline.store import Manifest, NewFrame, ParquetStore, Written
from ticketsource_pipeline.store.layout import MARTS_SCOPE, SINGLE_FILE
from ticketsource_pipeline.store.state import MARTS_LOCK

_MONTH = pd.ArrowDtype(PERFORMANCES.schema.field(PARTITION_KEY).type)
_LOOKED_AT_AGAIN = timedelta(hours=24)


@dataclass(frozen=True)
class MartsState:
    """How the marts stand to what is stored.

    Attributes:
        content: the fingerprint of what they would be made from now.
        made_from: the fingerprint of what they were last made from; none when they never were.
        made_at: when they were last made, or looked at and found right, aware UTC.
        all_there: whether each has its file, of the length it was written with.
        anything_stored: whether there is anything at all to make them from.
    """

    content: str
    made_from: str | None
    made_at: datetime | None
    all_there: bool
    anything_stored: bool

    @property
    def are_of_what_is_stored(self) -> bool:
        """Whether they were made from just what is stored now, or there is nothing to make of."""
        return self.made_from == self.content or not self.anything_stored

    @property
    def are_current(self) -> bool:
        """Whether nothing is to be done: all are there, and of what is stored now."""
        return self.all_there and self.are_of_what_is_stored

    def are_due(self, now: datetime) -> bool:
        """Return whether they should be made: what is stored changed, or a day has passed."""
        if not self.are_current:
            return True
        long_ago = self.made_at is None or now - self.made_at >= _LOOKED_AT_AGAIN
        return self.anything_stored and long_ago


@dataclass(frozen=True)
class MartsLanding:
    """The marts: their frames, and what was written, by dataset name.

    Attributes:
        frames: every mart.
        written: what was written of each.
        customers: what was written of the customers, whose bookings were counted anew.
    """

    frames: dict[str, pd.DataFrame]
    written: dict[str, Written]
    customers: Written


def marts_state(store: ParquetStore) -> MartsState:
    """Return how the marts stand to what is stored; only small files are looked at.

    Raises:
        StoreError: when the performances or the record of a month cannot be read.
    """
    performances = store.read(PERFORMANCES, columns=PERFORMANCE_COLUMNS)
    months = store.recorded_months()
    digest = sha256(CODE_VERSION.encode())
    digest.update(pd.util.hash_pandas_object(performances, index=False).to_numpy().tobytes())
    for month in months:
        record = store.month_record(month)
        # What was read and could not be published changes nothing of what is published.
        digest.update(f"\n{month} {record.published_content} {record.published_by}".encode())
    manifest = known_manifest(store, MARTS_SCOPE)
    return MartsState(
        content=digest.hexdigest()[:24],
        made_from=manifest.raw_content if manifest else None,
        made_at=manifest.published_at if manifest else None,
        all_there=_all_there(store, manifest),
        anything_stored=bool(months) or not performances.empty,
    )


def _all_there(store: ParquetStore, manifest: Manifest | None) -> bool:
    """Whether every file is there, and as long as it is said to be."""
    parts = manifest.datasets if manifest else {}
    return all(
        dataset.name in parts
        and [file.bytes for file in parts[dataset.name].files]
        == [store.length(dataset, None, SINGLE_FILE)]
        for dataset in (*MARTS, CUSTOMERS)
    )


def make_marts(store: ParquetStore) -> MartsLanding:
    """Make the marts from what is stored, unless they are of it already.

    What they are made from is noted before it is read: should a month be published meanwhile, they
    are due again. A mart in which nothing changed keeps its file. The manifest comes last.

    Args:
        store: the data directory; the caller does not hold the marts' lock.

    Raises:
        StoreError: when a file cannot be read or written.
    """
    with store.lock(MARTS_LOCK):
        return make_locked_marts(store)


def make_locked_marts(store: ParquetStore, *, anew: bool = False) -> MartsLanding:
    """Make the marts as `make_marts` does, for a caller who holds their lock.

    Args:
        store: the data directory.
        anew: whether they are made even if nothing that is published has changed.
    """
    state = marts_state(store)
    made_at = utc_now()
    if not anew and state.all_there and state.made_from == state.content:
        frames = {dataset.name: store.read(dataset) for dataset in MARTS}
    else:
        frames = mart_frames(read_stored(store))
        for dataset in MARTS:
            store.sweep(dataset, None)
    store.sweep(CUSTOMERS, None)
    customers = with_bookings(store.read(CUSTOMERS), frames[BOOKINGS.name])
    all_frames = {**frames, CUSTOMERS.name: customers}
    files = store.write_together(
        [NewFrame(DATASETS[name], frame) for name, frame in all_frames.items()],
        lambda: _drop_claim(store),
    )
    written = dict(zip(all_frames, files, strict=True))
    store.write_manifest(
        Manifest(
            layer=MARTS_SCOPE,
            published_at=made_at,
            code_version=CODE_VERSION,
            raw_content=state.content,
            datasets=manifest_parts(store, None, all_frames, written),
        )
    )
    of_customers = written.pop(CUSTOMERS.name)
    return MartsLanding(frames, written, of_customers)


def store_customers(store: ParquetStore, customers: pd.DataFrame) -> Written:
    """Put the customers in their place, and what proves them in the manifest of the marts.

    Args:
        store: the data directory; the caller holds the marts' lock.
        customers: the frame.

    Raises:
        StoreError: when the store cannot be written.
    """
    store.sweep(CUSTOMERS, None)
    known = known_manifest(store, MARTS_SCOPE)
    (written,) = store.write_together([NewFrame(CUSTOMERS, customers)], lambda: _drop_claim(store))
    name = CUSTOMERS.name
    part = manifest_parts(store, None, {name: customers}, {name: written})
    # Without one the marts are due, and their manifest tells of the customers too.
    if known is not None and (written.changed or known.datasets.get(name) != part[name]):
        datasets = {**known.datasets, **part}
        store.write_manifest(known.model_copy(update={"datasets": datasets}))
    return written


def _drop_claim(store: ParquetStore) -> None:
    """Note that the files are being replaced: should the run stop, they are made again."""
    known = known_manifest(store, MARTS_SCOPE)
    if known is not None and known.raw_content is not None:
        store.write_manifest(known.model_copy(update={"raw_content": None}))


def read_stored(store: ParquetStore) -> Reading:
    """Return what the marts are made from, of all months.

    Of a month whose raw data is newer than its sales (it was not published), bookings that are not
    in the sales yet are left out: the marts are of what was published.
    """
    lines = _of_all_months(store, BOOKING_LINES, LINE_COLUMNS)
    bookings, raw_lines = [], {}
    for month in store.months(RAW_BOOKINGS):
        raw = store.read(RAW_BOOKINGS, [month], [*BOOKING_COLUMNS, "payload"])
        raw_lines[month] = raw_line_count(raw.pop("payload"))
        record = store.month_record(month)
        if record.published_content != record.content:
            raw = raw[raw["booking_id"].isin(lines["booking_id"]).to_numpy(bool)]
        bookings.append(_filed_under(month, raw))
    return Reading(
        lines=working_lines(lines),
        seats=working_seats(_of_all_months(store, SEATS, SEAT_COLUMNS)),
        bookings=pd.concat(
            [_none(store, RAW_BOOKINGS, BOOKING_COLUMNS), *bookings], ignore_index=True
        ),
        performances=store.read(PERFORMANCES, columns=PERFORMANCE_COLUMNS),
        raw_lines=raw_lines,
    )


def _of_all_months(store: ParquetStore, dataset: Dataset, columns: Sequence[str]) -> pd.DataFrame:
    months = [
        _filed_under(month, store.read(dataset, [month], columns))
        for month in store.months(dataset)
    ]
    return pd.concat([_none(store, dataset, columns), *months], ignore_index=True)


def _none(store: ParquetStore, dataset: Dataset, columns: Sequence[str]) -> pd.DataFrame:
    return _filed_under("", store.read(dataset, [], columns))


def _filed_under(month: str, frame: pd.DataFrame) -> pd.DataFrame:
    named = pd.Series(month, index=frame.index, dtype=_MONTH)
    return frame.assign(**{PARTITION_KEY: named})
