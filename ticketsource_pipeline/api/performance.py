"""All that is read of one performance: its bookings and their seats, concurrently and whole."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, wait
from dataclasses import dataclass
from datetime import datetime

from ticketsource_pipeline.api.client import ListReading, TicketSourceClient
from ticketsource_pipeline.api.errors import InvalidResponse, NotFound
from ticketsource_pipeline.api.links import Prefix, id_from_link
from ticketsource_pipeline.api.meter import MeterReading
from ticketsource_pipeline.api.pages import Row
from ticketsource_pipeline.api.paging import PageLedger


@dataclass(frozen=True)
class PerformanceReading:
    """A date's bookings and the seats asked for."""

    date_id: str
    bookings: list[Row]
    ledger: PageLedger
    """The pages that prove the list of bookings whole."""
    seats: dict[str, ListReading]
    """The seats of each booking that was not reusable, by booking id."""
    reused: tuple[str, ...]
    """The ids of the bookings whose seats were not asked for."""
    listed_at: datetime
    """When the listing that counted began (aware, UTC)."""


def read_performance(
    client: TicketSourceClient,
    executor: Executor,
    date_id: str,
    *,
    reusable: Callable[[Row], bool],
    max_rereads: int = 3,
    listing: ListReading | None = None,
) -> PerformanceReading:
    """Return a date's bookings, and the seats of those that are not reusable.

    A 404 for a booking's seats means that the booking left meanwhile: the bookings are listed
    again, and seats already read are kept for the bookings that did not change.

    Args:
        client: asks the API.
        executor: runs the requests for seats; do not call this from one of its own threads.
        date_id: the performance.
        reusable: whether the seats of a booking are already known.
        max_rereads: how often the bookings may be listed again.
        listing: the date's bookings, when they were listed already.

    Raises:
        NotFound: when a booking is still listed at the end and still has no seats to find, or
            when the date itself is gone.
        InvalidResponse: when a booking names another date, or a seat another booking.
        ApiError: when the API cannot be read; requests not yet started are then cancelled.
    """
    read: dict[str, tuple[Row, ListReading]] = {}
    rereads = 0
    while True:
        if listing is None:
            listing = client.bookings_of_date(date_id)
        _check_links(listing.rows, "date", "dat", date_id, f"/dates/{date_id}/bookings")
        needed = {row["id"]: row for row in listing.rows if not reusable(row)}
        read = {key: known for key, known in read.items() if needed.get(key) == known[0]}
        missing: list[NotFound] = []
        unread = [key for key in needed if key not in read]
        for booking_id, seats in _read_seats(client, executor, unread).items():
            if isinstance(seats, NotFound):
                missing.append(seats)
            else:
                read[booking_id] = (needed[booking_id], seats)
        if not missing:
            return PerformanceReading(
                date_id=date_id,
                bookings=listing.rows,
                ledger=listing.ledger,
                seats={key: read[key][1] for key in needed},
                reused=tuple(row["id"] for row in listing.rows if row["id"] not in needed),
                listed_at=listing.started_at,
            )
        rereads += 1
        if rereads > max_rereads:
            raise missing[0]
        client.meter.record(MeterReading(rereads=1))
        listing = None


def _read_seats(
    client: TicketSourceClient, executor: Executor, booking_ids: list[str]
) -> dict[str, ListReading | NotFound]:
    futures: dict[Future[ListReading | NotFound], str] = {}
    try:
        for booking_id in booking_ids:
            futures[executor.submit(_seats_of, client, booking_id)] = booking_id
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        for future in done:
            # An error is raised here; when there is none, all are done.
            future.result()
        return {booking_id: future.result() for future, booking_id in futures.items()}
    finally:
        for future in futures:
            future.cancel()


def _seats_of(client: TicketSourceClient, booking_id: str) -> ListReading | NotFound:
    try:
        reading = client.seats_of_booking(booking_id)
    except NotFound as error:
        return error
    path = f"/bookings/{booking_id}/seats"
    _check_links(reading.rows, "booking", "bkg", booking_id, path)
    return reading


def _check_links(rows: list[Row], name: str, prefix: Prefix, owner_id: str, path: str) -> None:
    for row in rows:
        links = row.get("links")
        link = links.get(name) if isinstance(links, dict) else None
        if link is not None and id_from_link(link, prefix) != owner_id:
            raise InvalidResponse(
                f"The answer to {path} holds {row['id']}, whose link `{name}` does not name"
                f" {owner_id}. Nothing of it was taken.",
                path,
            )
