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
    MARTS,
    PARTITION_KEY,
    PERFORMANCES,
    RAW_BOOKINGS,
    SEATS,
    Dataset,
)
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
from ticketsource_pipeline.landing.customers import refresh_customers
from ticketsource_pipeline.landing.readable import keep_readable
from ticketsource_pipeline.store import ParquetStore, Written
from ticketsource_pipeline.store.layout import SINGLE_FILE
from ticketsource_pipeline.store.marts import (
    MartsRecord,
    read_marts_record,
    write_marts_record,
)

_MONTH = pd.ArrowDtype(PERFORMANCES.schema.field(PARTITION_KEY).type)
_LOOKED_AT_AGAIN = timedelta(hours=24)


@dataclass(frozen=True)
class MartsState:
    """How the marts stand to what is stored.

    Attributes:
        content: the fingerprint of what they would be made from now.
        record: what they were last made from.
        all_there: whether each has its file.
        anything_stored: whether there is anything at all to make them from.
    """

    content: str
    record: MartsRecord
    all_there: bool
    anything_stored: bool

    @property
    def are_current(self) -> bool:
        """Whether they are of what is stored now, or there is nothing to make them from."""
        made = self.record.content == self.content or not self.anything_stored
        return self.all_there and made

    def are_due(self, now: datetime) -> bool:
        """Return whether they should be made: what is stored changed, or a day has passed."""
        if not self.are_current:
            return True
        made_at = self.record.made_at
        return self.anything_stored and (made_at is None or now - made_at >= _LOOKED_AT_AGAIN)


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
    """Return how the marts stand to what is stored; only small files are looked at."""
    performances = store.read(PERFORMANCES, columns=PERFORMANCE_COLUMNS)
    months = store.recorded_months()
    digest = sha256(CODE_VERSION.encode())
    digest.update(pd.util.hash_pandas_object(performances, index=False).to_numpy().tobytes())
    for month in months:
        record = store.month_record(month)
        # What was read and could not be published changes nothing of what is published.
        digest.update(f"\n{month} {record.published_content} {record.published_by}".encode())
    return MartsState(
        content=digest.hexdigest()[:24],
        record=read_marts_record(store),
        all_there=all(SINGLE_FILE in store.names(dataset, None) for dataset in (*MARTS, CUSTOMERS)),
        anything_stored=bool(months) or not performances.empty,
    )


def make_marts(store: ParquetStore) -> MartsLanding:
    """Make the marts from what is stored, unless they are of it already.

    What they are made from is noted before it is read: should a month be published meanwhile, they
    are due again. A mart in which nothing changed keeps its file.

    Args:
        store: the data directory.

    Raises:
        StoreError: when a file cannot be read or written.
    """
    with store.lock("marts"):
        state = marts_state(store)
        made_at = utc_now()
        if state.are_current and state.record.content == state.content:
            frames = {dataset.name: store.read(dataset) for dataset in MARTS}
            written = {
                dataset.name: Written(store.proof(dataset, None, SINGLE_FILE), changed=False)
                for dataset in MARTS
            }
        else:
            frames = mart_frames(read_stored(store))
            for dataset in MARTS:
                store.sweep(dataset, None)
            written = {
                dataset.name: store.write(dataset, frames[dataset.name]) for dataset in MARTS
            }
        keep_readable(store, CUSTOMERS)
        customers = refresh_customers(store, frames[BOOKINGS.name])
        write_marts_record(store, state.content, made_at)
    return MartsLanding(frames, written, customers)


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
