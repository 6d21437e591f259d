"""The two raw files of a performance as they may be stored, read from those that are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ticketsource_pipeline.datasets import RAW_BOOKINGS, RAW_SEATS
from ticketsource_pipeline.frames.extract import typed_frame
from ticketsource_pipeline.frames.payload import payload_digest
from ticketsource_pipeline.frames.raw import changed_bookings, changed_seats
from ticketsource_pipeline.frames.redaction import Redaction, holds_personal_value
from ticketsource_pipeline.frames.sales import attendees_frame
from ticketsource_pipeline.landing.performance import raw_content
from ticketsource_pipeline.refresh.seats import seat_readings
from ticketsource_pipeline.store import ParquetStore, Stored, Written


@dataclass(frozen=True)
class RemovalCounts:
    """How much was removed of bookings, seats and customers, by mark of somebody forgotten."""

    bookings: Counter[str] = field(default_factory=Counter)
    seats: Counter[str] = field(default_factory=Counter)
    customers: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class RedactedFiles:
    """A performance's raw rows and notes, rid of what may not be stored.

    Attributes:
        bookings: the file of bookings; none where there is no such file.
        seats: the file of seats; none likewise.
        of_forgotten: the bookings of customers who are to be forgotten, with the customer's mark.
    """

    bookings: Stored | None
    seats: Stored | None
    of_forgotten: Mapping[str, str]

    @classmethod
    def of(
        cls,
        store: ParquetStore,
        month: str,
        name: str,
        redaction: Redaction,
        counts: RemovalCounts,
    ) -> RedactedFiles:
        """Return the files of a performance as they may be stored; nothing is written yet.

        Args:
            store: the data directory; the caller holds the month's lock.
            month: the month.
            name: the files' name, the performance's id.
            redaction: the rule in force.
            counts: where it is counted what is removed of somebody forgotten.

        Raises:
            DamagedFile: when a file cannot be read.
        """
        stored = store.read_file(RAW_BOOKINGS, month, name)
        stored_seats = store.read_file(RAW_SEATS, month, name)
        bookings, of_forgotten = _bookings(stored, redaction, counts) if stored else (None, {})
        seats = (
            _seats(stored_seats, redaction, of_forgotten, counts, _digests(stored, bookings))
            if stored_seats
            else None
        )
        return cls(bookings, seats, of_forgotten)

    @property
    def content(self) -> str:
        """The fingerprint of the rows."""
        return raw_content(
            self.bookings.frame if self.bookings else typed_frame(RAW_BOOKINGS, []),
            self.seats.frame if self.seats else typed_frame(RAW_SEATS, []),
        )

    @property
    def seats_of_nobody(self) -> set[str]:
        """The ids of the seats that nobody is named for."""
        if self.seats is None:
            return set()
        named, _ = attendees_frame(self.seats.frame, {})
        return set(self.seats.frame["seat_id"]) - set(named["seat_id"])

    def write(self, store: ParquetStore, month: str, name: str) -> dict[str, Written]:
        """Put both in their files; returns what was written, by dataset name.

        Seats first: those of a forgotten customer are known by the booking as it was.
        """
        return {
            dataset.name: store.write(dataset, file.frame, month=month, name=name, notes=file.notes)
            for dataset, file in ((RAW_SEATS, self.seats), (RAW_BOOKINGS, self.bookings))
            if file is not None
        }


def _bookings(
    stored: Stored, redaction: Redaction, counts: RemovalCounts
) -> tuple[Stored, dict[str, str]]:
    of_forgotten: dict[str, str] = {}

    def change(booking: dict[str, Any]) -> dict[str, Any]:
        mark = redaction.forgotten_customer_of(booking)
        if mark is not None:
            of_forgotten[booking["id"]] = mark
            counts.bookings[mark] += 1
        return redaction.booking(booking)

    return replace(stored, frame=changed_bookings(stored.frame, change)), of_forgotten


def _seats(
    stored: Stored,
    redaction: Redaction,
    of_forgotten: Mapping[str, str],
    counts: RemovalCounts,
    digests: Mapping[str, tuple[str, str]],
) -> Stored:
    def change(booking_id: str, seat: dict[str, Any]) -> dict[str, Any]:
        mark = of_forgotten.get(booking_id) or redaction.forgotten_attendee_of(seat)
        if mark is not None and holds_personal_value(seat, RAW_SEATS.record):
            counts.seats[mark] += 1
        return redaction.seat(seat, of_forgotten_customer=booking_id in of_forgotten)

    frame = changed_seats(stored.frame, change)
    return Stored(frame, _with_digests(stored.notes, digests))


def _digests(old: Stored | None, new: Stored | None) -> dict[str, tuple[str, str]]:
    """By booking id, the digests of its JSON before and after, where it changed."""
    if old is None or new is None:
        return {}
    rows = zip(old.frame["booking_id"], old.frame["payload"], new.frame["payload"], strict=True)
    return {
        booking_id: (payload_digest(before), payload_digest(after))
        for booking_id, before, after in rows
        if before != after
    }


def _with_digests(
    notes: Mapping[str, Any], digests: Mapping[str, tuple[str, str]]
) -> Mapping[str, Any]:
    """The notes of seats for their bookings' new JSON: they are as good for it as for the old."""
    if not digests:
        return notes
    readings = seat_readings(notes)
    for booking_id, (old, new) in digests.items():
        reading = readings.get(booking_id)
        if reading is not None and reading.booking == old:
            readings[booking_id] = replace(reading, booking=new)
    noted = {booking_id: reading.to_note() for booking_id, reading in readings.items()}
    return {**notes, "seat_readings": noted}
