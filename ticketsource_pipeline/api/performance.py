"""All that is read of one performance: its bookings and their seats, concurrently and whole."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from ticketsource_pipeline.api.client import ListReading, TicketSourceClient
from ticketsource_pipeline.api.errors import InvalidResponse, NotFound
from ticketsource_pipeline.api.links import Prefix, id_from_link
from ticketsource_pipeline.api.meter import MeterReading
from ticketsource_pipeline.api.pages import Row
from ticketsource_pipeline.api.paging import PageLedger
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.times import TimeError, utc_time

_CLOCKS_DIFFER = timedelta(minutes=5)
_WALL_CLOCK_AHEAD = timedelta(hours=1)
"""In summer, should the API write the wall clock's time; a later one is no moment there was."""


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

    It is a `PerformanceReader` begun and finished at once: the arguments and errors are its own.
    """
    reader = PerformanceReader(
        client, executor, date_id, reusable=reusable, max_rereads=max_rereads, listing=listing
    )
    return reader.finish()


class PerformanceReader:
    """The reading of a performance, its requests for seats under way from the start.

    A 404 for a booking's seats (vendor's OpenAPI) means that the booking left meanwhile: the
    bookings are listed again, and seats already read are kept for the bookings that did not change.
    Where each booking is asked for its seats after it was listed, that none left is also the proof
    that a list whose pages did not overlap is whole: a deleted one has no seats to find, and the
    seats of one that went to another date were changed. Either way the bookings are listed again.

    Args:
        client: asks the API.
        executor: runs the requests for seats; do not use this from one of its own threads.
        date_id: the performance.
        reusable: whether the seats of a booking are already known.
        max_rereads: how often the bookings may be listed again.
        listing: the date's bookings, when they were listed already; listed again when it is not
            proven and some bookings are not asked for their seats.
        ahead: how many bookings are asked for their seats before `ask_all`; all when not given.

    Raises:
        InvalidResponse: when a booking names another date.
        ApiError: when the bookings cannot be listed.
    """

    def __init__(
        self,
        client: TicketSourceClient,
        executor: Executor,
        date_id: str,
        *,
        reusable: Callable[[Row], bool],
        max_rereads: int = 3,
        listing: ListReading | None = None,
        ahead: int | None = None,
    ) -> None:
        self._client = client
        self._executor = executor
        self._date_id = date_id
        self._reusable = reusable
        self._rereads_left = max_rereads
        self._read: dict[str, tuple[Row, ListReading]] = {}
        self._later: list[str] = []
        self._begin(listing, ahead)

    def ask_all(self) -> None:
        """Have all bookings asked for their seats that are not yet."""
        self._submit(self._later)
        self._later = []

    def finish(self) -> PerformanceReading:
        """Wait for the seats and return the reading.

        Raises:
            NotFound: when a booking is still listed at the end and still has no seats to find, or
                when the date itself is gone.
            InvalidResponse: when a booking names another date, or a seat another booking.
            ApiError: when the API cannot be read; requests not yet started are then cancelled.
        """
        self.ask_all()
        while (missing := self._take_seats()) or self._may_lack_rows():
            if missing and self._rereads_left < 1:
                raise missing[0]
            self._rereads_left -= 1
            self._client.meter.record(MeterReading(rereads=1))
            # The pages of this listing overlap, so it lacks none.
            self._begin(None)
        rows = self._listing.rows
        return PerformanceReading(
            date_id=self._date_id,
            bookings=rows,
            ledger=self._listing.ledger,
            seats={key: self._read[key][1] for key in self._needed},
            reused=tuple(row["id"] for row in rows if row["id"] not in self._needed),
            listed_at=self._listing.started_at,
        )

    def _begin(self, listing: ListReading | None, ahead: int | None = None) -> None:
        """List the bookings, where they are not, and start asking for the seats still needed."""
        self._listing, self._needed = self._listed(listing)
        if not self._listing.is_proven and len(self._needed) < len(self._listing.rows):
            self._listing, self._needed = self._listed(None)
        self._read = {
            key: known for key, known in self._read.items() if self._needed.get(key) == known[0]
        }
        self._futures: dict[Future[ListReading | NotFound], str] = {}
        wanted = [booking_id for booking_id in self._needed if booking_id not in self._read]
        count = len(wanted) if ahead is None else ahead
        self._submit(wanted[:count])
        self._later = wanted[count:]

    def _may_lack_rows(self) -> bool:
        """Whether the pages may have moved unseen: a seat was changed since they were asked."""
        since = self._listing.started_at
        return not self._listing.is_proven and any(
            _is_changed(seat, since)
            for booking_id in self._needed
            for seat in self._read[booking_id][1].rows
        )

    def _listed(self, listing: ListReading | None) -> tuple[ListReading, dict[str, Row]]:
        """The bookings, listed where they are not, and those to be asked for their seats, by id."""
        listing = listing or self._client.bookings_of_date(self._date_id)
        path = f"/dates/{self._date_id}/bookings"
        _check_links(listing.rows, "date", "dat", self._date_id, path)
        return listing, {row["id"]: row for row in listing.rows if not self._reusable(row)}

    def _submit(self, booking_ids: list[str]) -> None:
        for booking_id in booking_ids:
            future = self._executor.submit(_seats_of, self._client, booking_id)
            self._futures[future] = booking_id

    def _take_seats(self) -> list[NotFound]:
        """Wait for the seats asked for; returns the bookings that had none to find."""
        try:
            done, _ = wait(self._futures, return_when=FIRST_EXCEPTION)
            for future in done:
                # An error is raised here; when there is none, all are done.
                future.result()
            answers = {key: future.result() for future, key in self._futures.items()}
        finally:
            for future in self._futures:
                future.cancel()
        for booking_id, seats in answers.items():
            if not isinstance(seats, NotFound):
                self._read[booking_id] = (self._needed[booking_id], seats)
        return [seats for seats in answers.values() if isinstance(seats, NotFound)]


def _seats_of(client: TicketSourceClient, booking_id: str) -> ListReading | NotFound:
    try:
        reading = client.seats_of_booking(booking_id)
    except NotFound as error:
        return error
    path = f"/bookings/{booking_id}/seats"
    _check_links(reading.rows, "booking", "bkg", booking_id, path)
    return reading


def _is_changed(row: Row, since: datetime) -> bool:
    """Whether a record's own times say that it was made or changed since a moment."""
    attributes = row.get("attributes")
    times = attributes if isinstance(attributes, dict) else {}
    until = utc_now() + _WALL_CLOCK_AHEAD + _CLOCKS_DIFFER
    for name in ("created_at", "updated_at"):
        try:
            if since - _CLOCKS_DIFFER <= utc_time(str(times.get(name))) <= until:
                return True
        except TimeError:
            continue
    return False


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
