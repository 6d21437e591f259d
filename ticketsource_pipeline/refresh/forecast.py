"""How many requests a sync will take, told from what is stored before anything is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from math import ceil
from typing import Any

from ticketsource_pipeline.api.paging import MOST_PER_PAGE, widest_overlapping_ask
from ticketsource_pipeline.datasets import EVENTS, PERFORMANCES, RAW_SEATS, VENUES
from ticketsource_pipeline.refresh.openness import Performance
from ticketsource_pipeline.refresh.plan import MonthPlan
from ticketsource_pipeline.refresh.seats import SeatReading, SeatReuse, seat_readings
from ticketsource_pipeline.store import ParquetStore, PerformanceRecord
from ticketsource_pipeline.store.privacy import privacy_state


@dataclass(frozen=True)
class ForecastRules:
    """What a forecast supposes.

    Attributes:
        now: the present moment, aware UTC.
        refund_window: how long after its end a performance stays open.
        seat_max_age: how old the stored seats of an open performance may be.
        page_size: rows a page.
        full: whether nothing is reused; closed performances are then listed too.
        closed_too: whether closed performances are listed as well.
    """

    now: datetime
    refund_window: timedelta
    seat_max_age: timedelta
    page_size: int
    full: bool
    closed_too: bool = False


@dataclass(frozen=True)
class MonthForecast:
    """What reading a month will take.

    Attributes:
        month: the month.
        reason: why it is read; empty when it is closed and not asked for.
        performances: how many performances' bookings are listed.
        closed: how many are left alone.
        booking_pages: pages of bookings, from the number of bookings stored.
        new: bookings never asked for their seats: supposed from the others' average.
        aged: bookings whose stored seats may not be reused.
        aged_pages: pages their seats took when they were last read.
    """

    month: str
    reason: str
    performances: int
    closed: int
    booking_pages: int
    new: int
    aged: int
    aged_pages: int

    @property
    def requests(self) -> int:
        """How many requests that makes, without retries and without bookings that changed."""
        return self.booking_pages + self.new + self.aged_pages


def forecast(
    store: ParquetStore, plans: Sequence[MonthPlan], rules: ForecastRules
) -> list[MonthForecast]:
    """Return what each month will take; bookings that changed are only known once listed.

    Args:
        store: the data directory; nothing in it is changed.
        plans: what a sync does with each month.
        rules: what is supposed.
    """
    stored = _Stored.of(store, plans)
    return [_month(plan, stored, rules) for plan in plans]


def anything_read(store: ParquetStore, plans: Sequence[MonthPlan]) -> bool:
    """Return whether any performance of the months was ever read whole."""
    return any(
        reading.is_whole
        for plan in plans
        for reading in store.month_record(plan.month).performances.values()
    )


def pages_of(rows: int, page_size: int, *, overlapping: bool = True) -> int:
    """Return how many pages a list of so many rows takes, whether they are to overlap or not."""
    if not overlapping and page_size == MOST_PER_PAGE:
        return max(1, ceil(rows / page_size))
    pages, end, confirmed = 1, page_size, 0
    while end < rows:
        ask = widest_overlapping_ask(end, page_size)
        if ask is None:
            # Where no page can overlap, the plain next one is taken, and all up to it twice.
            confirmed = end // page_size + 1
            end = confirmed * page_size
        else:
            end = ask.page * ask.per_page
        pages += 1
    return pages + confirmed


def catalog_requests(store: ParquetStore, page_size: int) -> int:
    """Return how many requests the catalogue takes: its list, and two lists an event."""
    events = store.read(EVENTS, columns=["event_id"])["event_id"].tolist()
    pages = pages_of(len(events), page_size)
    for dataset in (VENUES, PERFORMANCES):
        rows = store.read(dataset, columns=["event_id"])["event_id"].value_counts().to_dict()
        pages += sum(pages_of(rows.get(event_id, 0), page_size) for event_id in events)
    return pages


@dataclass(frozen=True)
class _Stored:
    """What is stored of each performance, in whichever month it lies as yet.

    Attributes:
        readings: by date id, its month and its last reading.
        typical: how many bookings a performance has on average.
        notes: gives what is noted beside a month's seats, by date id.
        not_before: seats read before this moment say less of a person than they now may.
    """

    readings: Mapping[str, tuple[str, PerformanceRecord]]
    typical: int
    notes: Callable[[str], Mapping[str, Mapping[str, Any]]]
    not_before: datetime | None

    @classmethod
    def of(cls, store: ParquetStore, plans: Sequence[MonthPlan]) -> _Stored:
        records = [store.month_record(plan.month) for plan in plans]
        # One that was begun only has no content: nothing is stored of it.
        readings = {
            date_id: (record.month, reading)
            for record in records
            for date_id, reading in record.performances.items()
            if reading.content
        }
        known = [reading.bookings for _, reading in readings.values()]
        typical = ceil(sum(known) / len(known)) if known else 0
        notes = cache(lambda month: store.notes(RAW_SEATS, month))
        return cls(readings, typical, notes, privacy_state(store).loosened_at)


def _month(plan: MonthPlan, stored: _Stored, rules: ForecastRules) -> MonthForecast:
    asked = [*plan.due, *plan.settled] if rules.full or rules.closed_too else list(plan.due)
    pages = new = 0
    aged: list[SeatReading] = []
    for performance in asked:
        if performance.date_id not in stored.readings:
            pages += pages_of(stored.typical, rules.page_size, overlapping=False)
            new += stored.typical
            continue
        month, reading = stored.readings[performance.date_id]
        pages += pages_of(reading.bookings, rules.page_size, overlapping=not rules.full)
        notes = stored.notes(month).get(performance.date_id, {})
        aged += _not_reusable(performance, seat_readings(notes), rules, stored.not_before)
    return MonthForecast(
        month=plan.month,
        reason=plan.reason or ("full" if asked else ""),
        performances=len(asked),
        closed=len(plan.due) + len(plan.settled) - len(asked),
        booking_pages=pages,
        new=new,
        aged=len(aged),
        aged_pages=sum(reading.pages for reading in aged),
    )


def _not_reusable(
    performance: Performance,
    stored: Mapping[str, SeatReading],
    rules: ForecastRules,
    not_before: datetime | None,
) -> list[SeatReading]:
    reuse = SeatReuse(
        stored=stored,
        now=rules.now,
        max_age=rules.seat_max_age,
        is_open=rules.now < performance.closes_at(rules.refund_window),
        since=rules.now,
        full=rules.full,
        not_before=not_before,
    )
    return [reading for key, reading in stored.items() if not reuse.allows(key, reading.booking)]
