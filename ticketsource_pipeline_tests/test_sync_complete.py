"""A sync leaves all that the server has, to the row and to the penny, whatever the line does."""

from datetime import UTC, datetime
from math import ceil

import pytest

from ticketsource_pipeline.sandbox import Faults, MoveKind, RequestRecord, SandboxServer, Theatre
from ticketsource_pipeline_tests.running import (
    DATASETS,
    MARTS,
    MONTHLY,
    Machine,
    assert_holds,
    next_month,
)


def test_a_first_sync_leaves_the_rows_and_pence_of_the_server_and_asks_for_nothing_twice(
    machine: Machine,
) -> None:
    theatre = Theatre.uniform(3, 4, 60)
    # Answers that take a moment let requests be under way together.
    with SandboxServer(theatre, faults=Faults(latency_seconds=0.01)) as server:
        outcome = machine.sync(
            server, TICKETSOURCE_MAX_CONCURRENCY="5", TICKETSOURCE_PAGE_SIZE="50"
        )
        requests = server.requests
        assert 1 < server.peak_in_flight <= 5
    assert outcome.code == 0, outcome.stderr
    assert_holds(machine, theatre)

    # Two pages of 50 for 60 bookings, and one request for the seats of each booking.
    most = 1 + 2 * len(theatre.events) + 2 * len(theatre.dates) + len(theatre.bookings)
    assert len(requests) <= most
    asked = [(r.path, r.query["page"], r.query["per_page"]) for r in requests]
    assert len(asked) == len(set(asked))
    assert max(int(r.query["per_page"]) for r in requests) == 50

    counts = theatre.counts()
    files = dict.fromkeys(DATASETS, 1) | dict.fromkeys(MONTHLY, 4)
    files |= {"raw_bookings": 12, "raw_seats": 12}
    assert outcome.stdout.count("\n") == 1
    summary = outcome.summary
    datasets = summary.pop("datasets")
    assert {name: datasets.pop(name) for name in DATASETS} == {
        name: {"rows": counts[name], "files": files[name]} for name in DATASETS
    }
    # What is made of them is there too, and nobody asked for the customers.
    assert {name: datasets.pop(name)["files"] for name in MARTS} == dict.fromkeys(MARTS, 1)
    assert datasets == {"customers": {"rows": 0, "files": 1}}
    assert summary == {
        "months": 4,
        "requests": len(requests),
        "retries": 0,
        "reused_bookings": 0,
        "failed_checks": [],
    }


def test_a_hundred_rows_are_asked_for_a_page_unless_told_otherwise(machine: Machine) -> None:
    theatre = Theatre.uniform(1, 1, 130, seats=1)
    with SandboxServer(theatre) as server:
        outcome = machine.sync_here(server)
        assert outcome.code == 0, outcome.stderr
        assert {r.query["per_page"] for r in server.requests} <= {"100", "99"}
        assert server.count("/dates/.*/bookings") == 2
        assert len(server.requests) == 1 + 1 + 1 + 2 + 130
    assert_holds(machine, theatre)


@pytest.mark.parametrize("bookings", [199, 200])
def test_bookings_that_are_all_asked_for_their_seats_are_listed_in_the_fewest_pages(
    machine: Machine, bookings: int
) -> None:
    theatre = Theatre.uniform(1, 1, bookings, seats=1)
    with SandboxServer(theatre) as server:
        for words in ([], ["--full"]):
            server.clear()
            outcome = machine.sync_here(server, *words)
            assert outcome.code == 0, outcome.stderr
            assert server.count("/dates/.*/bookings") == 2
            assert len(server.requests) == 1 + 1 + 1 + 2 + bookings
        # Where nobody is asked for seats, a third page is what proves the second.
        server.clear()
        months = {row["performance_month"] for row in machine.rows("performances")}
        named = [word for month in months for word in ("--month", month)]
        outcome = machine.sync_here(server, *named)
        assert outcome.summary["reused_bookings"] == bookings
        assert len(server.requests) == 1 + 1 + 1 + 3
    assert_holds(machine, theatre)


@pytest.mark.parametrize("size", [100, 25])
def test_a_booking_deleted_between_two_pages_of_a_first_reading_hides_no_other(
    machine: Machine, size: int
) -> None:
    theatre = Theatre.uniform(1, 1, size + size // 4, seats=1)
    first, *_ = theatre.bookings
    behind = list(theatre.bookings)[size]
    with SandboxServer(theatre) as server:

        def on_request(request: RequestRecord) -> None:
            if request.query.get("page") == "2" and first in theatre.bookings:
                theatre.delete_booking(first)

        server.on_request = on_request
        outcome = machine.sync_here(server, TICKETSOURCE_PAGE_SIZE=str(size))
        assert outcome.code == 0, outcome.stderr
        # Plain pages are asked for again once a booking had no seats to find, smaller ones at once.
        assert server.count("/dates/.*/bookings") == 2 + 2
    assert first not in theatre.bookings
    assert behind in {row["booking_id"] for row in machine.rows("raw_bookings")}
    assert_holds(machine, theatre)


def test_a_booking_exchanged_between_two_pages_of_a_first_reading_hides_no_other(
    machine: Machine,
) -> None:
    theatre = Theatre.empty()
    theatre.clock = lambda: datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    event_id = theatre.add_event("Play")
    one, two = (
        theatre.add_date(event_id, f"{next_month()}-{day}T19:30:00+00:00") for day in (10, 11)
    )
    first, *others = (theatre.add_booking(one, 1) for _ in range(101))

    def on_request(request: RequestRecord) -> None:
        is_second_page = request.query.get("page") == "2" and f"/{one}/" in request.path
        if is_second_page and theatre.bookings_of(two) == []:
            theatre.clock = lambda: datetime.now(UTC)
            theatre.exchange_booking(first, two)

    with SandboxServer(theatre) as server:
        server.on_request = on_request
        outcome = machine.sync_here(server)
        assert outcome.code == 0, outcome.stderr
        # Two plain pages, and one of the hundred bookings left once a seat was found changed.
        assert server.count(f"/dates/{one}/bookings") == 2 + 1
        stored = {(row["date_id"], row["booking_id"]) for row in machine.rows("raw_bookings")}
        # The other performance was listed before it came there, or after.
        assert stored - {(two, first)} == {(one, booking_id) for booking_id in others}
        outcome = machine.sync_here(server)
    assert outcome.code == 0, outcome.stderr
    assert_holds(machine, theatre)


def test_broken_answers_cost_retries_and_no_rows(machine: Machine) -> None:
    faults = Faults(share_500=0.05, share_reset=0.02, share_cut=0.02)
    theatre = Theatre.uniform(3, 2, 60)
    with SandboxServer(theatre, faults=faults) as server:
        outcome = machine.sync_here(server, TICKETSOURCE_MAX_CONCURRENCY="32")
        spoilt = [request for request in server.requests if request.fault]
        assert {request.fault for request in spoilt} == {"500", "reset", "cut"}
    assert outcome.code == 0, outcome.stderr
    assert_holds(machine, theatre)
    assert outcome.summary["retries"] == len(spoilt)
    assert outcome.summary["requests"] == len(server.requests)


@pytest.mark.parametrize("page_size", [25, 100])
@pytest.mark.parametrize("kind", ["insert-front", "delete-front", "rotate", "shift"])
def test_rows_that_move_between_pages_are_neither_lost_nor_doubled(
    machine: Machine, kind: MoveKind, page_size: int
) -> None:
    bookings = page_size + 30
    theatre = Theatre.uniform(1, 1, bookings, seats=1)
    before = set(theatre.bookings)
    faults = Faults(moves=1, move_kind=kind, only_path="bookings")
    with SandboxServer(theatre, faults=faults) as server:
        outcome = machine.sync_here(server, TICKETSOURCE_PAGE_SIZE=str(page_size))
        pages = server.count("/dates/.*/bookings")
    assert outcome.code == 0, outcome.stderr
    assert_holds(machine, theatre)
    changed = len(before ^ set(theatre.bookings))
    assert changed == (1 if kind in {"insert-front", "delete-front"} else 0)
    # The move was noticed: pages were asked for again.
    assert pages > ceil(bookings / page_size)
