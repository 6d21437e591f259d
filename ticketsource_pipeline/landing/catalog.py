"""The catalogue's way from the API to the store: events, venues and performances in one reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd

from ticketsource_pipeline.api import ApiError, NotFound, TicketSourceClient, believed
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import EVENTS, PERFORMANCES, VENUES
from ticketsource_pipeline.frames.catalog import events_frame, performances_frame, venues_frame
from ticketsource_pipeline.landing.manifests import (
    known_manifest,
    manifest_parts,
    write_catalog_manifest,
)
from ticketsource_pipeline.landing.readable import keep_store_readable
from ticketsource_pipeline.store import DamagedFile, NewFrame, ParquetStore, Written
from ticketsource_pipeline.store.layout import CATALOG_SCOPE, SINGLE_FILE
from ticketsource_pipeline.store.leftovers import sweep_leftovers
from ticketsource_pipeline.store.state import CATALOG_LOCK

_READINGS_AT_MOST = 3
CATALOG = (EVENTS, VENUES, PERFORMANCES)


@dataclass(frozen=True)
class CatalogLanding:
    """What came of reading the catalogue: frames, what was written and pages, by dataset name."""

    frames: dict[str, pd.DataFrame]
    written: dict[str, Written]
    pages: dict[str, int]


@dataclass(frozen=True)
class _Reading:
    events: list[dict[str, Any]]
    venues: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    dates: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    dates_read: dict[str, int] = field(default_factory=dict)
    pages: Counter[str] = field(default_factory=Counter)


def land_catalog(
    client: TicketSourceClient, store: ParquetStore, claim: Callable[[list[str]], None]
) -> CatalogLanding:
    """Read all events with their venues and dates, and put the three datasets in the store.

    An event that disappears between the list of events and its own lists makes the catalogue be
    read again, so that the three datasets are of one reading. What killed writers left anywhere in
    the store is removed.

    Args:
        client: the API.
        store: where the datasets go.
        claim: called with the ids of the events listed before anything is written; it raises when
            they are not the store's account's.

    Raises:
        ApiError: when the API cannot be read whole.
        StoreError: when the store cannot be written.
    """
    reading = _read(client, _dates_read(store))
    claim([event["id"] for event in reading.events])
    events, _ = events_frame(reading.events)
    venues, _ = venues_frame(reading.venues)
    performances, _ = performances_frame(
        reading.dates, events, venues, months_before=_months_of(store)
    )
    frames = {EVENTS.name: events, VENUES.name: venues, PERFORMANCES.name: performances}
    notes = {PERFORMANCES.name: {"dates_read": reading.dates_read}}
    sweep_leftovers(store)
    with store.lock(CATALOG_LOCK):
        written = _write(store, frames, notes)
    if performances.empty:
        keep_store_readable(store, utc_now().strftime("%Y-%m"))
    return CatalogLanding(frames, written, dict(reading.pages))


def withdraw_performance(
    client: TicketSourceClient, store: ParquetStore, date_id: str, event_id: str
) -> bool:
    """Take a performance out of the stored catalogue, if its event lists it no longer.

    For a performance that left the API after the catalogue was read. The rest of the catalogue
    stays as it is, to be read anew in its own time.

    Args:
        client: the API; it is asked for the dates of the event once more.
        store: the data directory.
        date_id: the performance.
        event_id: its event.

    Returns:
        Whether the performance is gone; when not, nothing has changed.

    Raises:
        ApiError: when the event's dates cannot be read.
        StoreError: when the store cannot be written.
    """
    try:
        listed = {row["id"] for row in client.dates_of_event(event_id).rows}
    except NotFound:
        listed = set()
    if date_id in listed:
        return False
    with store.lock(CATALOG_LOCK):
        stored = store.read_file(PERFORMANCES, None, SINGLE_FILE)
        if stored is None:
            return True
        rest = stored.frame[stored.frame["date_id"] != date_id].reset_index(drop=True)
        dates_read = {
            **stored.notes.get("dates_read", {}),
            event_id: int((rest["event_id"] == event_id).sum()),
        }
        written = store.write(PERFORMANCES, rest, notes={**stored.notes, "dates_read": dates_read})
        known = known_manifest(store, CATALOG_SCOPE)
        if known is not None:
            name = PERFORMANCES.name
            part = manifest_parts(store, None, {name: rest}, {name: written})
            write_catalog_manifest(store, {**known.datasets, **part})
    return True


def _months_of(store: ParquetStore) -> dict[str, str]:
    """The month each performance of the stored catalogue is filed under."""
    try:
        stored = store.read(PERFORMANCES, columns=("date_id", "performance_month"))
    except DamagedFile:
        # It is about to be written anew.
        return {}
    filed = stored.dropna()
    return dict(zip(filed["date_id"].tolist(), filed["performance_month"].tolist(), strict=True))


def _write(
    store: ParquetStore,
    frames: Mapping[str, pd.DataFrame],
    notes: Mapping[str, Mapping[str, Any]],
) -> dict[str, Written]:
    for dataset in CATALOG:
        store.sweep(dataset, None)
    new = [
        NewFrame(dataset, frames[dataset.name], notes=notes.get(dataset.name, {}))
        for dataset in CATALOG
    ]
    files = store.write_together(new)
    written = {dataset.name: file for dataset, file in zip(CATALOG, files, strict=True)}
    write_catalog_manifest(store, manifest_parts(store, None, frames, written))
    return written


def _dates_read(store: ParquetStore) -> dict[str, int]:
    """How many dates each event of the stored catalogue had."""
    try:
        stored = store.notes(PERFORMANCES, None)
    except DamagedFile:
        return {}
    return dict(stored.get(SINGLE_FILE, {}).get("dates_read", {}))


def _read(client: TicketSourceClient, known_dates: Mapping[str, int]) -> _Reading:
    gone: ApiError | None = None
    for _ in range(_READINGS_AT_MOST):
        try:
            return _read_once(client, known_dates)
        except NotFound as error:
            gone = error
    raise gone or ApiError("The catalogue could not be read.")


def _read_once(client: TicketSourceClient, known_dates: Mapping[str, int]) -> _Reading:
    listing = believed(client.events, had_rows=bool(known_dates))
    reading = _Reading(events=listing.rows)
    reading.pages[EVENTS.name] = len(listing.ledger)
    event_ids = [event["id"] for event in reading.events]
    with ThreadPoolExecutor(client.max_in_flight) as executor:
        try:
            venues = [executor.submit(client.venues_of_event, event_id) for event_id in event_ids]
            dates = [
                executor.submit(
                    believed,
                    partial(client.dates_of_event, event_id),
                    had_rows=bool(known_dates.get(event_id)),
                )
                for event_id in event_ids
            ]
            for event_id, venue_list, date_list in zip(event_ids, venues, dates, strict=True):
                listed_venues, listed_dates = venue_list.result(), date_list.result()
                reading.venues.extend((event_id, venue) for venue in listed_venues.rows)
                reading.dates.extend((event_id, date) for date in listed_dates.rows)
                reading.dates_read[event_id] = len(listed_dates.rows)
                reading.pages[VENUES.name] += len(listed_venues.ledger)
                reading.pages[PERFORMANCES.name] += len(listed_dates.ledger)
        except BaseException:
            executor.shutdown(cancel_futures=True)
            raise
    return reading
