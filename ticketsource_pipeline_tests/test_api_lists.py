"""Whole lists from the sandbox, whatever it does to their pages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ticketsource_pipeline.api import InvalidResponse, ListKeptMoving, TicketSourceClient
from ticketsource_pipeline.sandbox import Faults, SandboxServer, Theatre
from ticketsource_pipeline_tests.test_api_scripted_server import client_of


def date_of(theatre: Theatre) -> str:
    return next(iter(theatre.dates))


def bookings(client: TicketSourceClient, theatre: Theatre) -> list[str]:
    return [row["id"] for row in client.bookings_of_date(date_of(theatre)).rows]


@pytest.mark.parametrize(
    "faults",
    [
        Faults(),
        Faults(next_style="page-only"),
        Faults(next_style="with-per-page"),
        Faults(next_style="foreign"),
        Faults(next_style="always-until-empty"),
        Faults(string_meta=True),
        Faults(no_meta=True),
        Faults(clamp_per_page=7),
        Faults(ignore_per_page=True),
        Faults(share_500=0.1, share_reset=0.1, share_cut=0.1, share_not_json=0.1, share_429=0.1),
    ],
    ids=repr,
)
@pytest.mark.parametrize("page_size", [100, 20, 3])
def test_a_list_is_read_whole_and_in_order(faults: Faults, page_size: int) -> None:
    theatre = Theatre.uniform(events=1, dates=1, bookings=45)
    with (
        SandboxServer(theatre, faults=faults) as server,
        client_of(server.url, key=server.key, page_size=page_size, max_retries=20) as client,
    ):
        found = bookings(client, theatre)
    with SandboxServer(theatre) as server, client_of(server.url, key=server.key) as client:
        assert found == bookings(client, theatre)
    assert len(set(found)) == 45


@pytest.mark.parametrize("kind", ["insert-front", "delete-front", "rotate", "shift"])
@pytest.mark.parametrize("others", [Faults(), Faults(ignore_per_page=True), Faults(no_meta=True)])
def test_a_list_that_moves_twice_while_it_is_read_is_read_again(kind: str, others: Faults) -> None:
    theatre = Theatre.uniform(events=1, dates=1, bookings=150)
    faults = replace(others, moves=2, move_kind=kind)
    with SandboxServer(theatre, faults=faults) as server:
        with client_of(server.url, key=server.key) as client:
            found = bookings(client, theatre)
            rereads = client.meter.snapshot().rereads
        server.faults = Faults()
        with client_of(server.url, key=server.key) as client:
            now_there = bookings(client, theatre)
    assert set(found) >= set(now_there)
    assert len(set(found)) == len(found)
    assert 1 <= rereads <= 2


def test_a_deleted_booking_between_two_pages_makes_the_list_be_read_again() -> None:
    theatre = Theatre.uniform(events=1, dates=1, bookings=150)
    faults = Faults(moves=1, move_kind="delete-front")
    with (
        SandboxServer(theatre, faults=faults) as server,
        client_of(server.url, key=server.key) as client,
    ):
        reading = client.bookings_of_date(date_of(theatre))
        assert client.meter.snapshot().rereads == 1
    assert len(reading.rows) == 149
    assert reading.requests == 4
    assert len(reading.ledger) == 2


def test_a_list_that_moves_for_ever_is_not_taken() -> None:
    theatre = Theatre.uniform(events=1, dates=1, bookings=150)
    with (
        SandboxServer(theatre, faults=Faults(moves=1000, move_kind="rotate")) as server,
        client_of(server.url, key=server.key) as client,
    ):
        with pytest.raises(ListKeptMoving):
            bookings(client, theatre)
        assert client.meter.snapshot().requests == 12


@pytest.mark.parametrize(
    "faults",
    [
        Faults(next_style="endless"),
        Faults(wrong_meta="current_page"),
        Faults(wrong_meta="from"),
        Faults(wrong_meta="per_page"),
    ],
    ids=repr,
)
def test_numbers_that_do_not_fit_are_refused(faults: Faults) -> None:
    theatre = Theatre.uniform(events=1, dates=1, bookings=150)
    with (
        SandboxServer(theatre, faults=faults) as server,
        client_of(server.url, key=server.key) as client,
    ):
        with pytest.raises(InvalidResponse, match="Rows could be missed"):
            bookings(client, theatre)
        assert client.meter.snapshot().requests <= 30


def test_a_list_of_one_page_costs_one_request() -> None:
    theatre = Theatre.uniform(events=1, dates=1, bookings=100)
    with SandboxServer(theatre) as server, client_of(server.url, key=server.key) as client:
        reading = client.bookings_of_date(date_of(theatre))
    assert (reading.requests, len(reading.rows)) == (1, 100)
