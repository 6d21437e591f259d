"""How a full reading of everything is cut into slices that fit a budget of requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ticketsource_pipeline.refresh.forecast import MonthForecast


@dataclass(frozen=True)
class Slice:
    """A month as a candidate for a full reading.

    Attributes:
        month: the month.
        full_at: when it was last read in full, aware UTC; far back when never.
        expected: what reading it in full will take.
    """

    month: str
    full_at: datetime
    expected: MonthForecast


def next_slice(candidates: Sequence[Slice], budget: int) -> list[str]:
    """Return the months to read in full next: longest ago first, as many as the budget allows.

    At least one month is chosen, so that one larger than the budget has its turn too.

    Args:
        candidates: the months.
        budget: how many requests the slice may take.
    """
    chosen: list[str] = []
    left = budget
    for candidate in sorted(candidates, key=lambda item: (item.full_at, item.month)):
        if chosen and candidate.expected.requests > left:
            break
        chosen.append(candidate.month)
        left -= candidate.expected.requests
    return chosen
