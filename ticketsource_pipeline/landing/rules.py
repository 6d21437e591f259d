"""How much of what is stored a run may take as it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class RefreshRules:
    """How much of what is stored a run may take as it is.

    Attributes:
        since: when this run began, or the run it goes on from; what was read since then is good.
        full: read everything again, reusing nothing read earlier.
        open_only: list the bookings of open performances only, not of closed ones read whole.
        refund_window: how long after its end a performance stays open.
        seat_max_age: how old the stored seats of an open performance may be.
    """

    since: datetime
    full: bool
    open_only: bool
    refund_window: timedelta
    seat_max_age: timedelta
