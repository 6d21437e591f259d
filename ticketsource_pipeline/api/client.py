"""The client: asks the API for whole lists and single records; what they mean is left to others."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from ticketsource_pipeline.api.errors import InvalidResponse
from ticketsource_pipeline.api.limits import RateLimiter
from ticketsource_pipeline.api.links import Prefix, checked_id
from ticketsource_pipeline.api.meter import Meter, MeterReading
from ticketsource_pipeline.api.pages import Row, parse_page
from ticketsource_pipeline.api.paging import MOST_PER_PAGE, PageLedger, read_whole_list
from ticketsource_pipeline.api.requester import Params, Requester
from ticketsource_pipeline.api.retry import Backoff
from ticketsource_pipeline.api.transport import Auth


@dataclass(frozen=True)
class ListReading:
    """A whole list: its rows, the pages that prove it, and how many pages were asked in all."""

    rows: list[Row]
    ledger: PageLedger
    requests: int
    started_at: datetime
    """When the reading that counted began (aware, UTC): the rows are at least this fresh."""
    is_proven: bool = True
    """Whether no row can be missing; else one may be, if a row read before it left meanwhile."""


def believed(ask: Callable[[], ListReading], *, had_rows: bool) -> ListReading:
    """Return a list; one that had rows and comes back empty is asked for once more.

    Args:
        ask: reads the list.
        had_rows: whether it had rows when it was last read.
    """
    listing = ask()
    return ask() if had_rows and not listing.rows else listing


class TicketSourceClient:
    """Reads the TicketSource API; safe to use from many threads.

    Args:
        base_url: the API's root, https:// (http:// for this machine only).
        api_key: the account's secret key; sent to `base_url` only, never shown.
        auth: how the key is sent: "bearer" or "basic".
        limiter: asked before each attempt.
        max_in_flight: requests under way at the same time, at most.
        page_size: rows per page to ask for, 1 to 100.
        full_page: pages of fewer rows overlap in any case.
        timeout_seconds: the longest time without a byte, for connecting and for reading.
        max_retries: tries after the first one.
        wait_ceiling_seconds: the longest wait the server may ask for.
        meter: counts what is done.
        backoff: waits between tries when the server does not name one.
        sleep: waits that many seconds; by default it wakes when the client is closed.
        monotonic: the clock that goes with `sleep`.

    Raises:
        ValueError: when an argument cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        auth: Auth = "bearer",
        limiter: RateLimiter,
        max_in_flight: int = 8,
        page_size: int = MOST_PER_PAGE,
        full_page: int = MOST_PER_PAGE,
        timeout_seconds: float = 30,
        max_retries: int = 6,
        wait_ceiling_seconds: float = 300,
        meter: Meter | None = None,
        backoff: Backoff | None = None,
        sleep: Callable[[float], object] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 1 <= page_size <= MOST_PER_PAGE:
            raise ValueError(f"page_size must be 1 to {MOST_PER_PAGE}, not {page_size}")
        self.meter = meter or Meter()
        self.max_in_flight = max_in_flight
        self._page_size = page_size
        self._full_page = full_page
        self._requester = Requester(
            base_url,
            api_key,
            auth=auth,
            limiter=limiter,
            max_in_flight=max_in_flight,
            timeout_seconds=timeout_seconds,
            max_retries=max_retries,
            wait_ceiling_seconds=wait_ceiling_seconds,
            meter=self.meter,
            backoff=backoff or Backoff(),
            sleep=sleep,
            monotonic=monotonic,
        )

    def __repr__(self) -> str:
        return f"TicketSourceClient({self._requester.host_and_port!r}, api_key='***')"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; threads that wait for their turn get a `ClientClosed`."""
        self._requester.close()

    def events(self) -> ListReading:
        """Return all events of the account, the archived ones too (seen in other clients)."""
        return self.read_list("/events", "evt")

    def venues_of_event(self, event_id: str) -> ListReading:
        """Return the venues of an event."""
        return self.read_list(f"/events/{checked_id(event_id, 'evt')}/venues", "ven")

    def dates_of_event(self, event_id: str) -> ListReading:
        """Return the dates of an event, the cancelled ones too (seen in other clients)."""
        return self.read_list(f"/events/{checked_id(event_id, 'evt')}/dates", "dat")

    def bookings_of_date(self, date_id: str, *, overlapping: bool = True) -> ListReading:
        """Return the bookings of a date.

        Args:
            date_id: the date.
            overlapping: as for `read_list`.
        """
        path = f"/dates/{checked_id(date_id, 'dat')}/bookings"
        return self.read_list(path, "bkg", overlapping=overlapping)

    def seats_of_booking(self, booking_id: str) -> ListReading:
        """Return the seats of a booking."""
        return self.read_list(f"/bookings/{checked_id(booking_id, 'bkg')}/seats", "sea")

    def customers(self) -> ListReading:
        """Return all customers of the account; 403 or 404 where the key may not list them."""
        return self.read_list("/customers", "cst")

    def booking(self, booking_id: str) -> Row:
        """Return one booking.

        Raises:
            InvalidResponse: when the answer holds no such booking.
            ApiError: when the API cannot be read.
        """
        path = f"/bookings/{checked_id(booking_id, 'bkg')}"
        envelope = self._requester.get_json(path, {})
        record = envelope.get("data") if isinstance(envelope, dict) else None
        if not isinstance(record, dict) or record.get("id") != booking_id:
            raise InvalidResponse(f"The answer to {path} has not that booking in `data`.", path)
        return record

    def read_list(
        self, path: str, kind: Prefix, params: Params | None = None, *, overlapping: bool = True
    ) -> ListReading:
        """Return a whole list.

        Args:
            path: the list's path, such as `/events`.
            kind: what the ids of its rows start with.
            params: filters to send along with `page` and `per_page`.
            overlapping: whether its pages prove by themselves that no row left while they were
                read, at the cost of a page more for some lengths; if not, see `is_proven`.

        Raises:
            InvalidResponse: when an answer is not a page of such rows.
            ListKeptMoving: when the list could not be read whole.
            ApiError: when the API cannot be read.
            ValueError: when `path` is no plain path.
        """
        if not re.fullmatch(r"(/[A-Za-z0-9-]+)+", path, re.ASCII):
            raise ValueError("a path must be made of plain words and ids")
        started_at = datetime.now(UTC)

        def on_start(rereads: int) -> None:
            nonlocal started_at
            started_at = datetime.now(UTC)
            if rereads:
                self.meter.record(MeterReading(rereads=1))

        reader = read_whole_list(
            path,
            self._page_size,
            overlapping=overlapping,
            full_page=self._full_page,
            on_start=on_start,
        )
        requests = 0
        ask = next(reader)
        try:
            while True:
                requests += 1
                envelope = self._requester.get_json(
                    path, {**(params or {}), "page": ask.page, "per_page": ask.per_page}
                )
                ask = reader.send(parse_page(envelope, path, kind))
        except StopIteration as end:
            whole = end.value
            return ListReading(whole.rows, whole.ledger, requests, started_at, whole.is_proven)
