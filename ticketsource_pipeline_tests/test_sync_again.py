"""A sync of what was synced before reads what may have changed, and leaves the rest alone."""

from datetime import UTC, datetime

import pytest

from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline_tests.running import (
    CLOSED_MONTH,
    MARTS,
    MONTHLY,
    Machine,
    Outcome,
    assert_holds,
    dates_of,
    next_month,
    small_theatre,
)

SEATS = "/bookings/.*/seats"
BOOKINGS = "/dates/.*/bookings"
LATER_MONTH = f"{datetime.now(UTC).year + 1}-12"


def asked_for_bookings(server: SandboxServer) -> set[str]:
    return {r.path.split("/")[2] for r in server.requests if r.path.startswith("/dates/")}


def asked_for_seats(server: SandboxServer) -> set[str]:
    return {r.path.split("/")[2] for r in server.requests if r.path.startswith("/bookings/")}


def only_in(*months: str) -> dict[str, set[str]]:
    return {dataset: set(months) for dataset in MONTHLY}


def synced_again(machine: Machine, server: SandboxServer, *words: str) -> Outcome:
    server.clear()
    outcome = machine.sync_here(server, *words)
    assert outcome.code == 0, outcome.stderr
    assert_holds(machine, server.theatre)
    return outcome


def assert_verified(machine: Machine) -> None:
    told = machine.verify_here()
    assert told.code == 0, told.stderr
    assert told.summary["notes"] == []


def manifests(machine: Machine) -> dict[str, tuple[int, int]]:
    folder = machine.data / "_ticketsource" / "manifests"
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_nothing_changed_costs_the_catalogue_and_the_lists_of_open_performances(
    synced: Machine,
) -> None:
    before, published = synced.files(), manifests(synced)
    theatre = small_theatre()
    with SandboxServer(theatre) as server:
        outcome = synced_again(synced, server)
        assert sorted({r.path for r in server.requests}) == sorted(
            {
                "/events",
                *(f"/events/{event}/venues" for event in theatre.events),
                *(f"/events/{event}/dates" for event in theatre.events),
                *(f"/dates/{date}/bookings" for date in dates_of(theatre, next_month())),
            }
        )
        assert len(server.requests) == 1 + 2 + 2 + 2
    assert outcome.summary["requests"] == 7
    assert outcome.summary["months"] == 1
    assert outcome.summary["reused_bookings"] == 10
    assert synced.files() == before
    assert manifests(synced) == published
    assert_verified(synced)


def test_a_closed_month_that_is_named_is_listed_again_and_its_seats_are_reused(
    synced: Machine,
) -> None:
    before = synced.files()
    with SandboxServer(small_theatre()) as server:
        outcome = synced_again(synced, server, "--month", CLOSED_MONTH)
        assert asked_for_bookings(server) == set(dates_of(server.theatre, CLOSED_MONTH))
        assert server.count(SEATS) == 0
    assert outcome.summary["months"] == 1
    assert outcome.summary["reused_bookings"] == 10
    assert synced.files() == before


def test_full_reuses_nothing_and_reads_closed_months_too(synced: Machine) -> None:
    with SandboxServer(small_theatre()) as server:
        outcome = synced_again(synced, server, "--full")
        assert asked_for_bookings(server) == set(server.theatre.dates)
        assert server.count(SEATS) == len(server.theatre.bookings)
    assert outcome.summary["reused_bookings"] == 0
    assert outcome.summary["months"] == 2


def test_a_changed_booking_costs_one_request_for_seats_and_leaves_other_files_alone(
    synced: Machine,
) -> None:
    theatre = small_theatre()
    date_id = dates_of(theatre, next_month())[0]
    changed = theatre.bookings_of(date_id)[2]["id"]
    theatre.refund_booking(changed, fraction="1/2")
    before = synced.files()
    with SandboxServer(theatre) as server:
        outcome = synced_again(synced, server)
        assert asked_for_seats(server) == {changed}
        assert server.count(SEATS) == 1
    assert outcome.summary["reused_bookings"] == 9
    after = synced.files()
    month = f"performance_month={next_month()}"
    # The booking has no attendee and no donation.
    marts = set(MARTS) - {"gift_aid_claims"}
    assert {name for name in before if before[name] != after[name]} == {
        *(f"{mart}/part-0.parquet" for mart in marts),
        f"raw_bookings/{month}/{date_id}.parquet",
        f"raw_seats/{month}/{date_id}.parquet",
        f"booking_lines/{month}/part-0.parquet",
        f"seats/{month}/part-0.parquet",
    }
    assert after.keys() == before.keys()


def test_a_deleted_booking_leaves_every_dataset(synced: Machine) -> None:
    theatre = small_theatre()
    gone = theatre.bookings_of(dates_of(theatre, next_month())[1])[0]["id"]
    assert any(row["booking_id"] == gone for row in synced.rows("attendees"))
    theatre.delete_booking(gone)
    with SandboxServer(theatre) as server:
        synced_again(synced, server)
        assert server.count(SEATS) == 0
    for dataset in MONTHLY:
        assert gone not in {row["booking_id"] for row in synced.rows(dataset)}


@pytest.mark.parametrize("words", [("--month", next_month()), ("--month", LATER_MONTH)])
def test_a_moved_performance_is_in_its_new_month_alone_and_its_seats_are_not_asked_again(
    synced: Machine, words: tuple[str, ...]
) -> None:
    theatre = small_theatre()
    moved = dates_of(theatre, next_month())[0]
    theatre.move_date(moved, f"{LATER_MONTH}-20T19:30:00+00:00")
    with SandboxServer(theatre) as server:
        synced_again(synced, server, *words)
        assert server.count(SEATS) == 0
        assert server.count(f"/dates/{moved}/bookings") == 1
    assert synced.months_of(moved) == only_in(LATER_MONTH)
    assert_verified(synced)


def test_a_performance_that_moves_from_a_closed_month_to_an_open_one_goes_along(
    synced: Machine,
) -> None:
    theatre = small_theatre()
    moved = dates_of(theatre, CLOSED_MONTH)[0]
    theatre.move_date(moved, f"{next_month()}-20T19:30:00+00:00")
    with SandboxServer(theatre) as server:
        synced_again(synced, server)
        assert server.count(SEATS) == 0
    assert synced.months_of(moved) == only_in(next_month())


def test_a_performance_that_leaves_the_catalogue_leaves_the_store(synced: Machine) -> None:
    theatre = small_theatre()
    gone = dates_of(theatre, CLOSED_MONTH)[1]
    theatre.delete_date(gone)
    with SandboxServer(theatre) as server:
        synced_again(synced, server)
        assert server.count(SEATS) == 0
        assert asked_for_bookings(server) == set(dates_of(theatre, next_month()))
    assert synced.months_of(gone) == only_in()
    assert not list(synced.data.rglob(f"*{gone}*"))


def test_a_month_that_is_emptied_has_no_rows_and_is_not_read_again(synced: Machine) -> None:
    theatre = small_theatre()
    for date_id in dates_of(theatre, CLOSED_MONTH):
        theatre.delete_date(date_id)
    with SandboxServer(theatre) as server:
        assert synced_again(synced, server).summary["months"] == 2
        for dataset in MONTHLY:
            months = {str(row["performance_month"]) for row in synced.rows(dataset)}
            assert months == {next_month()}
        before = synced.files()
        assert synced_again(synced, server).summary["months"] == 1
        assert synced.files() == before
    assert_verified(synced)


def test_an_event_without_dates_is_an_event_and_nothing_more(machine: Machine) -> None:
    theatre = Theatre.empty()
    theatre.add_event("Announced")
    with SandboxServer(theatre) as server:
        outcome = synced_again(machine, server)
        assert len(server.requests) == 3
        assert outcome.summary["months"] == 0
        assert outcome.summary["datasets"]["events"] == {"rows": 1, "files": 1}
        assert outcome.summary["datasets"]["performances"] == {"rows": 0, "files": 1}


def test_an_account_without_events_is_read_as_one(machine: Machine) -> None:
    with SandboxServer(Theatre.empty()) as server:
        outcome = synced_again(machine, server)
        assert len(server.requests) == 1
    assert outcome.summary["datasets"]["events"] == {"rows": 0, "files": 1}
