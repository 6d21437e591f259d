"""How much of what is stored a run may take as it is, and how much it may store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ticketsource_pipeline.frames.redaction import Redaction
from ticketsource_pipeline.personal_data import AttendeeMode


@dataclass(frozen=True)
class RefreshRules:
    """How much of what is stored a run may take as it is.

    Attributes:
        since: when this run began, or the run it goes on from; what was read since then is good.
        full: read everything again, reusing nothing read earlier.
        open_only: list the bookings of open performances only, not of closed ones read whole.
        refund_window: how long after its end a performance stays open.
        seat_max_age: how old the stored seats of an open performance may be.
        attendees: how much is stored of the people in bookings and seats.
    """

    since: datetime
    full: bool
    open_only: bool
    refund_window: timedelta
    seat_max_age: timedelta
    attendees: AttendeeMode = AttendeeMode.FULL


@dataclass(frozen=True)
class PrivacyRules:
    """What a run may store of a person, as the store has it at that moment.

    Attributes:
        redaction: the rule for each row.
        loosened_at: when more became allowed, aware UTC: seats read before are asked for again;
            none when that never happened.
    """

    redaction: Redaction
    loosened_at: datetime | None
