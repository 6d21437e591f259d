"""What changed in the catalogue since each performance was last read."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256

from ticketsource_pipeline.refresh.openness import Performance
from ticketsource_pipeline.store.months import MonthRecord, PerformanceRecord


@dataclass(frozen=True)
class Change:
    """A performance that is not as it was when it was last read.

    Attributes:
        date_id: the performance.
        what: new, moved, changed or left.
        months: the months concerned.
        now: what the catalogue says of it at present; empty when it has it no longer.
    """

    date_id: str
    what: str
    months: tuple[str, ...]
    now: str

    @property
    def identity(self) -> str:
        """A short text that is the same as long as the performance waits to be read as it is now.

        It does not tell from what it changed: a performance half-way moved still waits for the
        same reading.
        """
        return sha256(f"{self.date_id} {self.now}".encode()).hexdigest()[:8]


def changes(
    catalog: Iterable[Performance], records: Iterable[MonthRecord], partitions: Collection[str]
) -> list[Change]:
    """Return the performances that are new, moved, changed or left, in the order of their ids.

    Args:
        catalog: every performance of the catalogue.
        records: the records of all stored months.
        partitions: the months there are partitions for; others are of no concern.
    """
    stored = {
        date_id: (record.month, reading)
        for record in records
        for date_id, reading in record.performances.items()
    }
    present = {item.date_id: item for item in catalog if item.month in partitions}
    found = []
    for date_id in sorted({*present, *stored}):
        change = _change(date_id, present.get(date_id), *stored.get(date_id, (None, None)))
        if change is not None:
            found.append(change)
    return found


def _change(
    date_id: str,
    performance: Performance | None,
    month: str | None,
    reading: PerformanceRecord | None,
) -> Change | None:
    if performance is None or performance.month is None:
        return Change(date_id, "left", (month,), "") if month else None
    here = performance.month
    now = f"{here} {performance.fingerprint}"
    if month is None or reading is None:
        return Change(date_id, "new", (here,), now)
    if month != here:
        return Change(date_id, "moved", (month, here), now)
    if reading.catalog != performance.fingerprint or not reading.is_whole:
        what = "changed" if reading.catalog else "new"
        return Change(date_id, what, (here,), now)
    return None
