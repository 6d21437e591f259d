"""One performance's way from the API to its two raw files, seats reused where they may be."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import pandas as pd

from ticketsource_pipeline.api import (
    ListReading,
    PerformanceReader,
    PerformanceReading,
    TicketSourceClient,
)
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import RAW_BOOKINGS, RAW_SEATS, Dataset
from ticketsource_pipeline.frames.payload import payload_digest, payload_text
from ticketsource_pipeline.frames.raw import raw_bookings_frame, raw_seats_frame
from ticketsource_pipeline.frames.redaction import Redaction
from ticketsource_pipeline.frames.sales import bookings_balance
from ticketsource_pipeline.landing.rules import PrivacyRules, RefreshRules
from ticketsource_pipeline.refresh.openness import Performance
from ticketsource_pipeline.refresh.seats import SeatReading, SeatReuse, seat_readings
from ticketsource_pipeline.store import (
    DamagedFile,
    NewFrame,
    ParquetStore,
    PerformanceRecord,
    Stored,
)


@dataclass(frozen=True)
class PerformanceLanding:
    """What came of reading a performance."""

    date_id: str
    record: PerformanceRecord
    booking_pages: int
    seat_pages: int
    seats_asked: int
    seats_reused: int
    files_changed: int


class PerformanceInProgress:
    """A performance being read: its first requests for seats are under way from the start.

    Args:
        client: the API.
        executor: runs the requests for seats.
        store: the data directory; the caller holds the month's lock.
        performance: what to read; it has a month.
        listing: its bookings, just listed.
        privacy: what is kept of a person; rows are rid of the rest before anything is made of them.
        rules: how much of what is stored may be taken as it is.

    Raises:
        ApiError: when it cannot be read.
        StoreError: when the store cannot be read.
    """

    def __init__(
        self,
        client: TicketSourceClient,
        executor: ThreadPoolExecutor,
        store: ParquetStore,
        performance: Performance,
        *,
        listing: ListReading,
        rules: RefreshRules,
        privacy: PrivacyRules,
    ) -> None:
        month, date_id = performance.month, performance.date_id
        self._store = store
        self._redaction = privacy.redaction
        self.performance = performance
        self._old_bookings = _stored_file(store, RAW_BOOKINGS, month, date_id)
        self._old_seats = _stored_file(store, RAW_SEATS, month, date_id)
        self._stored = seat_readings(self._old_seats.notes if self._old_seats else {})
        now = utc_now()
        reuse = SeatReuse(
            stored=self._stored,
            now=now,
            max_age=rules.seat_max_age,
            is_open=now < performance.closes_at(rules.refund_window),
            since=rules.since,
            full=rules.full,
            not_before=privacy.loosened_at,
        )
        self._reader = PerformanceReader(
            client,
            executor,
            date_id,
            reusable=lambda booking: reuse.allows(
                booking["id"], _digest(self._redaction.booking(booking))
            ),
            listing=listing,
            ahead=client.max_in_flight,
        )

    def ask_all(self) -> None:
        """Have all its requests made, now that no performance is read before it."""
        self._reader.ask_all()

    def land(self, replacing: Callable[[str], None]) -> PerformanceLanding:
        """Wait until the performance is whole, and put its bookings and seats in their files.

        Args:
            replacing: called with its id before the first of its files is replaced, if one is.

        Raises:
            ApiError: when it cannot be read whole; its files are as they were.
            StoreError: when the store cannot be written.
        """
        reading = _redacted(self._reader.finish(), self._redaction)
        performance = self.performance
        bookings, _ = raw_bookings_frame(
            reading.bookings,
            date_id=performance.date_id,
            event_id=performance.event_id,
            fetched_at=reading.listed_at,
            stored=_payloads(self._old_bookings.frame) if self._old_bookings else None,
        )
        seats = _seats(reading, self._old_seats.frame if self._old_seats else None)
        # Seats first: should the run stop in between, the seats just read are found again.
        wrote = self._store.write_together(
            [
                self._file(RAW_SEATS, seats, _seat_notes(reading, self._stored)),
                self._file(RAW_BOOKINGS, bookings, {"pages": _page_notes(reading)}),
            ],
            lambda: replacing(performance.date_id),
        )
        record = PerformanceRecord(
            listed_at=reading.listed_at,
            bookings=len(bookings),
            seats=len(seats),
            content=raw_content(bookings, seats),
            catalog=performance.fingerprint,
            balanced=performance.cancelled and bookings_balance(bookings),
            files={
                dataset.name: file.proof
                for dataset, file in zip((RAW_SEATS, RAW_BOOKINGS), wrote, strict=True)
            },
        )
        return PerformanceLanding(
            date_id=performance.date_id,
            record=record,
            booking_pages=len(reading.ledger),
            seat_pages=sum(len(seats.ledger) for seats in reading.seats.values()),
            seats_asked=len(reading.seats),
            seats_reused=len(reading.reused),
            files_changed=sum(file.changed for file in wrote),
        )

    def _file(self, dataset: Dataset, frame: pd.DataFrame, notes: dict[str, Any]) -> NewFrame:
        month, name = self.performance.month, self.performance.date_id
        return NewFrame(dataset, frame, month, name, notes)


def _redacted(reading: PerformanceReading, redaction: Redaction) -> PerformanceReading:
    """A reading as it may be stored: the one place where rows of the API are rid of persons."""
    of_forgotten = {row["id"] for row in reading.bookings if redaction.forgotten_customer_of(row)}
    seats = {
        booking_id: replace(
            listing,
            rows=[
                redaction.seat(row, of_forgotten_customer=booking_id in of_forgotten)
                for row in listing.rows
            ],
        )
        for booking_id, listing in reading.seats.items()
    }
    return replace(
        reading, bookings=[redaction.booking(row) for row in reading.bookings], seats=seats
    )


def _stored_file(
    store: ParquetStore, dataset: Dataset, month: str | None, name: str
) -> Stored | None:
    """What is stored of a performance; nothing when its file is damaged, for it is read anew."""
    try:
        return store.read_file(dataset, month, name)
    except DamagedFile:
        return None


def _page_notes(reading: PerformanceReading) -> list[list[int]]:
    return [[page.page, page.per_page, page.from_, page.to, page.rows] for page in reading.ledger]


def _digest(booking: dict[str, Any]) -> str:
    return payload_digest(payload_text(booking))


def _payloads(frame: pd.DataFrame) -> dict[str, Any]:
    return dict(
        zip(
            frame["booking_id"],
            zip(frame["payload"], frame["fetched_at"], strict=True),
            strict=True,
        )
    )


def _seats(reading: PerformanceReading, stored: pd.DataFrame | None) -> pd.DataFrame:
    """The seats asked for and those taken from the store, in the order of the bookings."""
    fresh = raw_seats_frame(
        (
            (booking_id, seat, reading.listed_at)
            for booking_id, listing in reading.seats.items()
            for seat in listing.rows
        ),
        date_id=reading.date_id,
    )
    if stored is None or not reading.reused:
        kept = fresh.iloc[:0]
    else:
        kept = stored[stored["booking_id"].isin(reading.reused)]
    places = {booking["id"]: place for place, booking in enumerate(reading.bookings)}
    seats = pd.concat([kept, fresh], ignore_index=True)
    order = seats["booking_id"].map(places).argsort(kind="stable")
    return seats.iloc[order].reset_index(drop=True)


def _seat_notes(
    reading: PerformanceReading, stored: dict[str, SeatReading]
) -> dict[str, dict[str, list[Any]]]:
    notes = {}
    for booking in reading.bookings:
        booking_id = booking["id"]
        listing = reading.seats.get(booking_id)
        if listing is None:
            notes[booking_id] = stored[booking_id].to_note()
        else:
            notes[booking_id] = SeatReading(
                booking=_digest(booking),
                read_at=reading.listed_at,
                seats=len(listing.rows),
                pages=len(listing.ledger),
            ).to_note()
    return {"seat_readings": notes}


def raw_content(bookings: pd.DataFrame, seats: pd.DataFrame) -> str:
    """Return the fingerprint of a performance's raw rows; the same rows give the same."""
    digest = sha256()
    for frame in (bookings, seats):
        for payload in frame["payload"]:
            digest.update(payload.encode("utf-8", "surrogatepass"))
            digest.update(b"\n")
        digest.update(b"\f")
    return digest.hexdigest()[:24]
