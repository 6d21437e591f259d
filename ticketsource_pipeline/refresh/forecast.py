"""How many requests a sync will take, told from what is stored before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from ticketsource_pipeline.api.paging import widest_overlapping_ask
from ticketsource_pipeline.datasets import RAW_SEATS
from ticketsource_pipeline.refresh.openness import Performance
from ticketsource_pipeline.refresh.plan import MonthPlan
from ticketsource_pipeline.refresh.seats import SeatReading, SeatReuse, seat_readings
from ticketsource_pipeline.store import MonthRecord, ParquetStore


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
    """

    month: str
    reason: str
    performances: int
    closed: int
    booking_pages: int
    new: int
    aged: int

    @property
    def requests(self) -> int:
        """How many requests that makes, without retries and without bookings that changed."""
        return self.booking_pages + self.new + self.aged


def forecast(
    store: ParquetStore, plans: Sequence[MonthPlan], rules: ForecastRules
) -> list[MonthForecast]:
    """Return what each month will take; bookings that changed are only known once listed.

    Args:
        store: the data directory; nothing in it is changed.
        plans: what a sync does with each month.
        rules: what is supposed.
    """
    records = {plan.month: store.month_record(plan.month) for plan in plans}
    known = [
        reading.bookings
        for record in records.values()
        for reading in record.performances.values()
        if reading.is_whole
    ]
    typical = ceil(sum(known) / len(known)) if known else 0
    return [_month(store, plan, records[plan.month], typical, rules) for plan in plans]


def pages_of(rows: int, page_size: int) -> int:
    """Return how many pages a list of so many rows takes, each overlapping the one before."""
    pages, end = 1, page_size
    while end < rows:
        ask = widest_overlapping_ask(end, page_size)
        # Where no page can overlap, the list is read twice.
        if ask is None:
            return 2 * ceil(rows / page_size)
        pages, end = pages + 1, ask.page * ask.per_page
    return pages


def catalog_requests(events: int) -> int:
    """Return how many requests the catalogue takes: its list, and two lists an event."""
    return pages_of(events, 100) + 2 * events


def _month(
    store: ParquetStore,
    plan: MonthPlan,
    record: MonthRecord,
    typical: int,
    rules: ForecastRules,
) -> MonthForecast:
    asked = [*plan.due, *plan.settled] if rules.full or rules.closed_too else list(plan.due)
    notes = store.notes(RAW_SEATS, plan.month) if asked else {}
    pages = new = aged = 0
    for performance in asked:
        reading = record.performances.get(performance.date_id)
        if reading is None or not reading.is_whole:
            pages += pages_of(typical, rules.page_size)
            new += typical
            continue
        pages += pages_of(reading.bookings, rules.page_size)
        stored = seat_readings(notes.get(performance.date_id, {}))
        aged += _not_reusable(performance, stored, rules)
    reason = plan.reason or ("full" if asked else "")
    left_alone = len(plan.due) + len(plan.settled) - len(asked)
    return MonthForecast(plan.month, reason, len(asked), left_alone, pages, new, aged)


def _not_reusable(
    performance: Performance, stored: Mapping[str, SeatReading], rules: ForecastRules
) -> int:
    reuse = SeatReuse(
        stored=stored,
        now=rules.now,
        max_age=rules.seat_max_age,
        is_open=rules.now < performance.closes_at(rules.refund_window),
        since=rules.now,
        full=rules.full,
    )
    return sum(not reuse.allows(key, reading.booking) for key, reading in stored.items())
