"""Which bookings' seats can be taken from the stored data instead of being asked for again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

# Seats fetched on one night come due over the last third of the age limit, not all on one night.
_SPREAD = 1 / 3


@dataclass(frozen=True)
class SeatReading:
    """When a booking's seats were last asked for, and for which form of the booking.

    Attributes:
        booking: the digest of the booking's JSON at that time.
        read_at: when, aware UTC.
        seats: how many seats it had.
        pages: how many pages their list took.
    """

    booking: str
    read_at: datetime
    seats: int
    pages: int

    def to_note(self) -> list[Any]:
        """Return the reading as a JSON list, to be noted beside the seats in their file."""
        return [self.booking, self.read_at.isoformat(), self.seats, self.pages]

    @classmethod
    def from_note(cls, note: list[Any]) -> SeatReading:
        """Return the reading of a noted JSON list."""
        booking, read_at, seats, pages = note
        return cls(booking, datetime.fromisoformat(read_at), seats, pages)


@dataclass(frozen=True)
class SeatReuse:
    """The rule by which stored seats are taken again.

    Attributes:
        stored: the last reading of each booking's seats, by booking id.
        now: the present moment, aware UTC.
        max_age: how old stored seats of an open performance may be, as nobody knows whether the
            edit of an attendee touches the booking; zero means never to reuse any, of closed ones
            neither.
        is_open: whether the performance is open; a closed one's seats do not age.
        since: when this run began, or the run it goes on from: what was read since then is good.
        full: whether nothing read earlier is to be reused.
        not_before: what was read before this moment, aware UTC, is not reused, as more of a person
            may be stored since.
    """

    stored: Mapping[str, SeatReading]
    now: datetime
    max_age: timedelta
    is_open: bool
    since: datetime
    full: bool
    not_before: datetime | None = None

    def allows(self, booking_id: str, booking_digest: str) -> bool:
        """Return whether a booking's stored seats are still good for its present JSON."""
        reading = self.stored.get(booking_id)
        if reading is None or reading.booking != booking_digest:
            return False
        # The clock was wrong then or is now, so nothing is known of its age.
        is_of_the_future = reading.read_at > self.now
        if is_of_the_future or (self.not_before is not None and reading.read_at < self.not_before):
            return False
        if reading.read_at >= self.since:
            return True
        if self.full or not self.max_age:
            return False
        if not self.is_open:
            return True
        return self.now - reading.read_at <= self.max_age * _share_of_age(booking_id)


def _share_of_age(booking_id: str) -> float:
    number = int.from_bytes(sha256(booking_id.encode()).digest()[:4], "big")
    return 1 - _SPREAD * number / 2**32


def seat_readings(notes: Mapping[str, Any]) -> dict[str, SeatReading]:
    """Return the readings noted in a file of seats, by booking id."""
    return {
        booking_id: SeatReading.from_note(note)
        for booking_id, note in notes.get("seat_readings", {}).items()
    }
