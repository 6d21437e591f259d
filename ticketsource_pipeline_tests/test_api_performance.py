"""A performance is read whole: its bookings, and the seats that are not known yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest

from ticketsource_pipeline.api import (
    InvalidResponse,
    NotFound,
    PerformanceReader,
    PerformanceReading,
    RetriesExhausted,
    Row,
    TicketSourceClient,
    read_performance,
)
from ticketsource_pipeline.sandbox import Faults, RequestRecord, SandboxServer, Theatre
from ticketsource_pipeline_tests.test_api_scripted_server import (
    Reply,
    Seen,
    client_of,
    page_of,
    scripted,
)


@dataclass
class House:
    theatre: Theatre
    server: SandboxServer
    client: TicketSourceClient
    executor: ThreadPoolExecutor

    @property
    def date_id(self) -> str:
        return next(iter(self.theatre.dates))

    def read(self, reusable: set[str] | None = None) -> PerformanceReading:
        known = reusable or set()
        return read_performance(
            self.client, self.executor, self.date_id, reusable=lambda row: row["id"] in known
        )

    def bookings(self) -> list[str]:
        return [row["id"] for row in self.client.bookings_of_date(self.date_id).rows]


@pytest.fixture
def house() -> Iterator[House]:
    theatre = Theatre.uniform(events=1, dates=1, bookings=30)
    with (
        SandboxServer(theatre) as server,
        ThreadPoolExecutor(8) as executor,
        client_of(server.url, key=server.key, max_retries=1) as client,
    ):
        yield House(theatre, server, client, executor)


def test_each_bookings_seats_are_asked_for_once(house: House) -> None:
    reading = house.read()
    assert list(reading.seats) == [row["id"] for row in reading.bookings]
    assert len(reading.seats) == 30
    assert all(seats.rows for seats in reading.seats.values())
    assert house.server.count("/seats$") == 30
    assert house.server.count("/bookings$") == 1
    assert reading.reused == ()
    assert reading.date_id == house.date_id
    assert reading.listed_at.utcoffset() is not None
    assert sum(entry.rows for entry in reading.ledger) == 30


def test_seats_that_are_known_are_not_asked_for(house: House) -> None:
    known = house.bookings()[:20]
    house.server.clear()
    reading = house.read(set(known))
    assert reading.reused == tuple(known)
    assert len(reading.seats) == 10
    assert house.server.count("/seats$") == 10


def test_a_listing_already_there_is_not_asked_for_again(house: House) -> None:
    listing = house.client.bookings_of_date(house.date_id)
    house.server.clear()
    reading = read_performance(
        house.client, house.executor, house.date_id, reusable=lambda _: True, listing=listing
    )
    assert house.server.requests == []
    assert reading.listed_at == listing.started_at


def test_a_list_without_overlap_is_listed_again_where_not_all_are_asked_for_their_seats() -> None:
    theatre = Theatre.uniform(events=1, dates=1, bookings=101)
    (date_id,) = theatre.dates
    first, *_, last = theatre.bookings

    def on_request(request: RequestRecord) -> None:
        # The second page was to hold one booking, and holds none.
        if request.query.get("page") == "2" and first in theatre.bookings:
            theatre.delete_booking(first)

    with (
        SandboxServer(theatre) as server,
        ThreadPoolExecutor(8) as executor,
        client_of(server.url, key=server.key) as client,
    ):
        server.on_request = on_request
        listing = client.bookings_of_date(date_id, overlapping=False)
        assert last not in {row["id"] for row in listing.rows}
        assert not listing.is_proven
        reading = read_performance(
            client, executor, date_id, reusable=lambda row: row["id"] != last, listing=listing
        )
    assert last in reading.seats
    assert first not in {row["id"] for row in reading.bookings}
    assert len(reading.bookings) == 100


@pytest.mark.parametrize(
    ("since", "field", "listings"),
    [
        (timedelta(seconds=1), "updated_at", 2),
        (timedelta(seconds=1), "created_at", 2),
        # Another clock than ours, and the wall clock's hour of summer.
        (timedelta(minutes=-4), "updated_at", 2),
        (timedelta(minutes=64), "updated_at", 2),
        # Long before, and in a future that has not come.
        (timedelta(minutes=-6), "updated_at", 1),
        (timedelta(days=30), "updated_at", 1),
        (None, "updated_at", 1),
    ],
)
def test_a_list_without_overlap_is_listed_again_where_a_seat_was_changed_meanwhile(
    since: timedelta | None, field: str, listings: int
) -> None:
    theatre = Theatre.uniform(events=1, dates=1, bookings=101, seats=1)
    (date_id,) = theatre.dates
    (seat, *_) = theatre.seats_of(list(theatre.bookings)[7])
    with (
        SandboxServer(theatre) as server,
        ThreadPoolExecutor(8) as executor,
        client_of(server.url, key=server.key) as client,
    ):
        for overlapping, expected in ((False, 2 * listings), (True, 2)):
            server.clear()
            listing = client.bookings_of_date(date_id, overlapping=overlapping)
            text = (listing.started_at + since).isoformat() if since else "no time"
            seat["attributes"][field] = text
            reading = read_performance(
                client, executor, date_id, reusable=lambda _: False, listing=listing
            )
            assert server.count("/bookings$") == expected
            assert server.count("/seats$") == 101
            assert len(reading.seats) == 101


@pytest.mark.parametrize(("bookings", "proven"), [(1, True), (100, True), (101, False)])
def test_a_list_of_one_page_proves_itself(bookings: int, proven: bool) -> None:
    theatre = Theatre.uniform(events=1, dates=1, bookings=bookings, seats=0)
    (date_id,) = theatre.dates
    with SandboxServer(theatre) as server, client_of(server.url, key=server.key) as client:
        assert client.bookings_of_date(date_id, overlapping=False).is_proven is proven
        assert client.bookings_of_date(date_id).is_proven


def test_a_booking_that_leaves_before_its_seats_are_read_is_left_out(house: House) -> None:
    gone = house.bookings()[7]
    house.server.clear()

    def on_request(request: RequestRecord) -> None:
        if request.path.endswith("/seats") and gone in house.theatre.bookings:
            house.theatre.delete_booking(gone)

    house.server.on_request = on_request
    reading = house.read()
    assert gone not in reading.seats
    assert gone not in [row["id"] for row in reading.bookings]
    assert len(reading.seats) == 29
    # The 29 that stayed were read once, the one that left was asked for once.
    assert house.server.count("/seats$") == 30
    assert house.server.count("/bookings$") == 2
    assert house.client.meter.snapshot().rereads == 1


def test_a_booking_that_changes_while_another_leaves_has_its_seats_read_again(
    house: House,
) -> None:
    changed, *_, gone = house.bookings()
    house.server.clear()

    def on_request(request: RequestRecord) -> None:
        if gone in request.path and gone in house.theatre.bookings:
            house.theatre.delete_booking(gone)
            house.theatre.refund_booking(changed)

    house.server.on_request = on_request
    reading = house.read()
    assert house.server.count(f"{changed}/seats$") == 2
    assert house.server.count("/seats$") == 31
    assert len(reading.seats) == 29


def test_a_booking_that_is_listed_and_never_found_is_an_error() -> None:
    def script(request: Seen) -> Reply:
        if request.path.endswith("/bookings"):
            return Reply(body=page_of("bkg-1"))
        return Reply(404, b"{}")

    with (
        scripted(script) as server,
        ThreadPoolExecutor(2) as executor,
        client_of(server.url) as client,
        pytest.raises(NotFound) as caught,
    ):
        read_performance(client, executor, "dat-1", reusable=lambda _: False)
    assert caught.value.path == "/bookings/bkg-1/seats"
    assert [request.path for request in server.seen].count("/dates/dat-1/bookings") == 4


def test_a_date_that_does_not_exist_is_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        read_performance(house.client, house.executor, "dat-none", reusable=lambda _: False)


def test_an_error_cancels_what_has_not_started(house: House) -> None:
    house.server.faults = Faults(share_500=1.0, only_path="/seats$")
    with ThreadPoolExecutor(1) as executor, pytest.raises(RetriesExhausted):
        read_performance(house.client, executor, house.date_id, reusable=lambda _: False)
    assert house.server.count("/seats$") <= 6


def _page(row: Row) -> bytes:
    return json.dumps({"data": [row], "links": {"next": None}}).encode()


@pytest.mark.parametrize(
    ("booking_link", "seat_link", "is_right"),
    [
        ("/dates/dat-1", "/bookings/bkg-1", True),
        ("https://evil.example/dates/dat-1", "https://evil.example/bookings/bkg-1", True),
        (None, None, True),
        ("/dates/dat-2", "/bookings/bkg-1", False),
        ("/dates/dat-1", "/bookings/bkg-2", False),
        ("/dates/", "/bookings/bkg-1", False),
        ("/dates/dat-1", 7, False),
    ],
)
def test_rows_that_belong_elsewhere_are_refused(
    booking_link: object, seat_link: object, is_right: bool
) -> None:
    def script(request: Seen) -> Reply:
        if request.path.endswith("/bookings"):
            return Reply(body=_page({"id": "bkg-1", "links": {"date": booking_link}}))
        return Reply(body=_page({"id": "sea-1", "links": {"booking": seat_link}}))

    with (
        scripted(script) as server,
        ThreadPoolExecutor(2) as executor,
        client_of(server.url) as client,
    ):
        if is_right:
            reading = read_performance(client, executor, "dat-1", reusable=lambda _: False)
            assert list(reading.seats) == ["bkg-1"]
            return
        with pytest.raises(InvalidResponse, match="does not name"):
            read_performance(client, executor, "dat-1", reusable=lambda _: False)


def test_ahead_of_its_turn_a_performance_asks_for_a_few_seats_only(house: House) -> None:
    reader = PerformanceReader(
        house.client, house.executor, house.date_id, reusable=lambda _: False, ahead=3
    )
    assert len(house.bookings()) == 30
    assert house.server.count("/seats") <= 3
    reading = reader.finish()
    assert len(reading.seats) == 30
    assert house.server.count("/seats") == 30
