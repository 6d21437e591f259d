"""A month's way from the API to the raw layer: performance by performance, each whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from ticketsource_pipeline.api import ApiError, ListReading, NotFound, TicketSourceClient, believed
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import RAW_BOOKINGS, RAW_SEATS
from ticketsource_pipeline.landing.moves import Departures, carry_out, locked_moves
from ticketsource_pipeline.landing.performance import PerformanceInProgress, PerformanceLanding
from ticketsource_pipeline.landing.privacy import privacy_rules
from ticketsource_pipeline.landing.readable import keep_month_readable
from ticketsource_pipeline.landing.rules import PrivacyRules, RefreshRules
from ticketsource_pipeline.refresh.moves import Move
from ticketsource_pipeline.refresh.openness import Performance
from ticketsource_pipeline.refresh.plan import month_plan
from ticketsource_pipeline.refresh.seats import SeatReading, seat_readings
from ticketsource_pipeline.store import MonthRecord, ParquetStore, PerformanceRecord


@dataclass
class MonthLanding:
    """What came of reading a month.

    Attributes:
        performances_read: performances whose bookings were listed.
        performances_kept: performances taken as they were.
        republished: other months whose sales were made anew as a performance left them.
        moved: performances that came from or went to another month, or left altogether.
        bookings: bookings of the performances read.
        booking_pages: pages of bookings they took.
        seat_pages: pages of seats they took.
        seats_asked: bookings that were asked for their seats.
        seats_reused: bookings whose stored seats were taken.
        files_changed: files written.
    """

    performances_read: int = 0
    performances_kept: int = 0
    moved: list[Move] = field(default_factory=list)
    republished: list[str] = field(default_factory=list)
    bookings: int = 0
    booking_pages: int = 0
    seat_pages: int = 0
    seats_asked: int = 0
    seats_reused: int = 0
    files_changed: int = 0

    def add(self, landing: PerformanceLanding) -> None:
        """Count a performance that was read."""
        self.performances_read += 1
        self.bookings += landing.record.bookings
        self.booking_pages += landing.booking_pages
        self.seat_pages += landing.seat_pages
        self.seats_asked += landing.seats_asked
        self.seats_reused += landing.seats_reused
        self.files_changed += landing.files_changed


def land_month(
    client: TicketSourceClient,
    store: ParquetStore,
    month: str,
    *,
    catalog: Sequence[Performance],
    months: Sequence[str],
    rules: RefreshRules,
    say: Callable[[str], None],
) -> MonthLanding:
    """Read a month's performances into the raw layer.

    Each performance is written as soon as it is complete, so a run that stops half-way is gone on
    from there. A performance that left the month takes its files along to its new month, or leaves
    the store when the catalogue has it no longer; so does one that the API turns out to have no
    longer.

    Args:
        client: the API.
        store: the data directory.
        month: the month.
        catalog: every performance of the catalogue.
        months: the months there are partitions for.
        rules: how much of what is stored may be taken as it is, and how much may be stored.
        say: takes a line for the log after each performance.

    Raises:
        ApiError: when a performance cannot be read whole; those before it are written.
        StoreError: when the store cannot be written.
    """
    landing = MonthLanding()
    with locked_moves(store, month, catalog, months) as moves:
        # Under the lock: whoever is forgotten from here on is taken out once the month is free.
        privacy = privacy_rules(store, rules.attendees)
        landing.moved.extend(moves)
        for from_month in sorted({move.from_month for move in moves}):
            leaving = [move for move in moves if move.from_month == from_month]
            republished = carry_out(store, from_month, leaving, catalog)
            if republished and from_month != month:
                landing.republished.append(from_month)
        store.sweep_month_record(month)
        for dataset in (RAW_BOOKINGS, RAW_SEATS):
            store.sweep(dataset, month)
        record = store.month_record(month)
        present = [performance for performance in catalog if performance.month == month]
        to_read = _to_read(store, month, present, record, rules)
        record = _begin(record, to_read)
        store.write_month_record(record)
        landing.performances_kept = len(present) - len(to_read)
        departures = Departures(client, store, month, say)

        def replacing(date_id: str) -> None:
            # A run that dies between its two files has left it to be read again.
            nonlocal record
            known = record.performances[date_id]
            if known.is_whole:
                record = record.with_performance(date_id, known.being_replaced())
                store.write_month_record(record)

        for count, performance_landing in enumerate(
            _land_performances(
                client,
                store,
                to_read,
                unread=_unread(store, month, to_read, rules),
                known={key: reading.bookings for key, reading in record.performances.items()},
                rules=rules,
                privacy=privacy,
                departures=departures,
                replacing=replacing,
            ),
            start=1,
        ):
            landing.add(performance_landing)
            date_id = performance_landing.date_id
            record = record.with_performance(date_id, performance_landing.record)
            store.write_month_record(record)
            say(
                f"{date_id}: {performance_landing.record.bookings} bookings,"
                f" {performance_landing.seats_asked} asked for seats,"
                f" {performance_landing.seats_reused} reused ({count} of {len(to_read)})"
            )
        if departures.moves:
            landing.moved.extend(departures.moves)
            carry_out(store, month, departures.moves, catalog)
            record = store.month_record(month)
        for dataset in (RAW_BOOKINGS, RAW_SEATS):
            keep_month_readable(store, dataset, month)
        if rules.full:
            store.write_month_record(replace(record, full_at=utc_now()))
    return landing


def _begin(record: MonthRecord, performances: Sequence[Performance]) -> MonthRecord:
    """The record with new performances named before any of their files is written."""
    for performance in performances:
        if performance.date_id not in record.performances:
            record = record.with_performance(performance.date_id, PerformanceRecord.begun())
    return record


def _to_read(
    store: ParquetStore,
    month: str,
    present: Sequence[Performance],
    record: MonthRecord,
    rules: RefreshRules,
) -> list[Performance]:
    plan = month_plan(month, present, record, now=utc_now(), refund_window=rules.refund_window)
    wanted = plan.due if rules.open_only and not rules.full else present
    notes = store.notes(RAW_SEATS, month) if rules.full else {}
    return [
        performance
        for performance in wanted
        if not _is_read_since(
            performance, record, rules, seat_readings(notes.get(performance.date_id, {}))
        )
    ]


def _is_read_since(
    performance: Performance,
    record: MonthRecord,
    rules: RefreshRules,
    seats: Mapping[str, SeatReading],
) -> bool:
    """Whether this run, or the one it goes on from, need not read a performance any more."""
    known = record.performances.get(performance.date_id)
    # One listed later than now was listed under a wrong clock, nobody knows when.
    if known is None or not rules.since <= known.listed_at <= utc_now():
        return False
    # Another run may have read it meanwhile: of an older catalogue, or with seats reused.
    return known.catalog == performance.fingerprint and (
        not rules.full or all(reading.read_at >= rules.since for reading in seats.values())
    )


def _unread(
    store: ParquetStore, month: str, performances: Sequence[Performance], rules: RefreshRules
) -> set[str]:
    """The ids of the performances of which each booking is going to be asked for its seats."""
    stored = set() if rules.full else set(store.names(RAW_SEATS, month))
    return {performance.date_id for performance in performances} - stored


def _land_performances(
    client: TicketSourceClient,
    store: ParquetStore,
    performances: Sequence[Performance],
    *,
    unread: Collection[str],
    known: Mapping[str, int],
    rules: RefreshRules,
    privacy: PrivacyRules,
    departures: Departures,
    replacing: Callable[[str], None],
) -> Iterator[PerformanceLanding]:
    with ThreadPoolExecutor(client.max_in_flight) as executor:
        try:
            under_way: deque[PerformanceInProgress] = deque()
            for performance, listing in _listed_ahead(
                client, executor, performances, unread, known
            ):
                try:
                    bookings = listing.result()
                except ApiError as error:
                    if departures.explain(performance, error):
                        continue
                    # Those before it are written all the same, so the next run goes on from here.
                    while under_way:
                        yield from _landed(under_way.popleft(), departures, replacing)
                    raise
                under_way.append(
                    PerformanceInProgress(
                        client,
                        executor,
                        store,
                        performance,
                        listing=bookings,
                        rules=rules,
                        privacy=privacy,
                    )
                )
                # The next one's first requests queue behind this one's, so that none waits for its
                # files; no more than those, since they are lost should the run end here.
                if len(under_way) > 1:
                    yield from _landed(under_way.popleft(), departures, replacing)
                under_way[0].ask_all()
            for last in under_way:
                yield from _landed(last, departures, replacing)
        except BaseException:
            executor.shutdown(cancel_futures=True)
            raise


def _landed(
    reading: PerformanceInProgress, departures: Departures, replacing: Callable[[str], None]
) -> list[PerformanceLanding]:
    """Land a performance: nothing comes of one that is gone meanwhile."""
    try:
        return [reading.land(replacing)]
    except NotFound as error:
        if departures.explain(reading.performance, error):
            return []
        raise


def _listed_ahead(
    client: TicketSourceClient,
    executor: ThreadPoolExecutor,
    performances: Sequence[Performance],
    unread: Collection[str],
    known: Mapping[str, int],
) -> Iterator[tuple[Performance, Future[ListReading]]]:
    """Yield performances in order, the lists of the next few already under way.

    Where all bookings are asked for their seats, that proves the list, and it needs no overlap.
    """
    waiting: deque[tuple[Performance, Future[ListReading]]] = deque()
    for performance in performances:
        date_id = performance.date_id
        ask = partial(client.bookings_of_date, date_id, overlapping=date_id not in unread)
        listing = executor.submit(believed, ask, had_rows=bool(known.get(date_id)))
        waiting.append((performance, listing))
        if len(waiting) > client.max_in_flight:
            yield waiting.popleft()
    yield from waiting
