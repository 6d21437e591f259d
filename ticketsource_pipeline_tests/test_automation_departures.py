"""Performances that leave the API after the catalogue was read, while their month is."""

from collections.abc import Callable

from ticketsource_pipeline.sandbox import Faults, Theatre
from ticketsource_pipeline_tests.automating import (
    JUNE,
    Office,
    assert_one_month_each,
)


def assert_gone(place: Office, date_id: str) -> None:
    assert_one_month_each(place.machine, place.theatre)
    assert not any(place.machine.months_of(date_id).values())
    assert not list(place.machine.data.rglob(f"*{date_id}*"))


def test_a_performance_that_left_since_the_catalogue_leaves_the_store_and_fails_no_month(
    place: Office,
) -> None:
    gone = next(iter(place.theatre.dates))
    place.read_catalog()
    place.theatre.delete_date(gone)
    result = place.run_month(JUNE)
    assert result.success
    assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
    assert_gone(place, gone)


def test_one_that_leaves_while_its_seats_are_read_is_left_out_as_well(place: Office) -> None:
    gone = list(place.theatre.dates)[1]
    place.read_catalog()
    place.server.on_request = once(
        "/seats", lambda theatre: theatre.delete_date(gone), place.theatre
    )
    assert place.run_month(JUNE, full=True).success
    assert_gone(place, gone)


def test_a_performance_never_read_that_left_since_the_catalogue_is_left_out(
    place: Office,
) -> None:
    event_id = next(iter(place.theatre.events))
    gone = place.theatre.add_date(event_id, f"{JUNE}-25T19:30:00+00:00")
    place.theatre.add_booking(gone, 2)
    place.read_catalog()
    place.theatre.delete_date(gone)
    assert place.run_month(JUNE).success
    assert_gone(place, gone)


def test_bookings_not_found_of_a_performance_still_listed_fail_the_month_and_lose_nothing(
    place: Office,
) -> None:
    place.read_catalog()
    date_id = next(iter(place.theatre.dates))
    before = place.machine.bytes_by_file()
    place.server.faults = Faults(missing=f"/dates/{date_id}/bookings")
    assert not place.run_month(JUNE).success
    assert place.machine.bytes_by_file() == before


def once(
    path: str, change: Callable[[Theatre], None], theatre: Theatre
) -> Callable[[object], None]:
    """A hook that changes the theatre when a path is first asked for."""
    left = [change]

    def hook(request: object) -> None:
        if path in str(getattr(request, "path", "")) and left:
            left.pop()(theatre)

    return hook
