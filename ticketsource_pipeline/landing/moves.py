"""Performances that leave a month: to another one, or out of the API altogether."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ticketsource_pipeline.api import ApiError, NotFound, TicketSourceClient
from ticketsource_pipeline.datasets import RAW_BOOKINGS, RAW_SEATS
from ticketsource_pipeline.landing.catalog import withdraw_performance
from ticketsource_pipeline.landing.sales import publish_locked_month, withdraw_from_sales
from ticketsource_pipeline.refresh.moves import Move, moves_of_month
from ticketsource_pipeline.refresh.openness import Performance
from ticketsource_pipeline.store import ParquetStore
from ticketsource_pipeline.store.months import MOVED, NEVER
from ticketsource_pipeline.store.state import lock_of


@dataclass
class Departures:
    """The performances of a month that turn out to have left the API since the catalogue was read.

    Attributes:
        client: the API.
        store: the data directory.
        month: the month.
        say: takes a line for the log for each.
        moves: those found so far; the caller carries them out.
    """

    client: TicketSourceClient
    store: ParquetStore
    month: str
    say: Callable[[str], None]
    moves: list[Move] = field(default_factory=list)

    def explain(self, performance: Performance, error: ApiError) -> bool:
        """Return whether an error means that a performance left: its event lists it no longer.

        The stored catalogue then has it no longer either.

        Raises:
            ApiError: when the event's dates cannot be read.
            StoreError: when the store cannot be written.
        """
        date_id, event_id = performance.date_id, performance.event_id
        if not isinstance(error, NotFound) or error.path != f"/dates/{date_id}/bookings":
            return False
        if not withdraw_performance(self.client, self.store, date_id, event_id):
            return False
        self.say(f"{date_id}: left the API since the catalogue was read, and leaves the store.")
        self.moves.append(Move(date_id, self.month, None))
        return True


@contextlib.contextmanager
def locked_moves(
    store: ParquetStore, month: str, catalog: Sequence[Performance], months: Sequence[str]
) -> Iterator[list[Move]]:
    """Hold the month's lock and those of all months it shares moves with; yields the moves."""

    def moves() -> list[Move]:
        records = {name: store.month_record(name) for name in store.recorded_months()}
        stored = {name: list(record.performances) for name, record in records.items()}
        return moves_of_month(month, catalog, stored, months)

    needed = {month, *(name for move in moves() for name in move.months)}
    with contextlib.ExitStack() as locks:
        # Always in the same order, so that two runs never wait for each other.
        for name in sorted(needed):
            locks.enter_context(store.lock(lock_of(name)))
        yield [move for move in moves() if needed.issuperset(move.months)]


def carry_out(
    store: ParquetStore, from_month: str, moves: Sequence[Move], catalog: Sequence[Performance]
) -> bool:
    """Take performances out of a month; returns whether its sales layer was made anew.

    They leave the sales layer first, so that none is ever in two months' sales, and their files
    follow. The month's record names them to the last: should the run stop in between, the next
    one finds the same moves and does what is left of them.
    """
    leaving = {move.date_id for move in moves}
    record = store.month_record(from_month)
    for date_id in leaving:
        known = record.performances[date_id]
        # Until it is read again nobody knows how many of its rows are in which month, so sales
        # made meanwhile, of either, are never taken for whole.
        on_its_way = replace(known, content=MOVED if known.content else "")
        record = record.with_performance(date_id, on_its_way)
    store.write_month_record(replace(record, published_content=None))
    has_sales = withdraw_from_sales(store, from_month, catalog, leaving)
    for move in moves:
        _carry_files(store, move)
    record = store.month_record(from_month)
    for date_id in leaving:
        record = record.without_performance(date_id)
    store.write_month_record(record)
    if has_sales:
        publish_locked_month(store, from_month, catalog)
    return has_sales


def _carry_files(store: ParquetStore, move: Move) -> None:
    if move.to_month is not None:
        known = store.month_record(move.from_month).performances[move.date_id]
        target = store.month_record(move.to_month)
        # Not yet read in its new month: the reading there takes the stored seats again.
        begun = replace(known, listed_at=NEVER)
        store.write_month_record(target.with_performance(move.date_id, begun))
    for dataset in (RAW_SEATS, RAW_BOOKINGS):
        if move.date_id not in store.names(dataset, move.from_month):
            continue
        if move.to_month is None:
            store.remove(dataset, move.from_month, move.date_id)
        else:
            store.move(dataset, move.date_id, move.from_month, move.to_month)
