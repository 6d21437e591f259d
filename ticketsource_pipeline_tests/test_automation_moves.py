"""Performances that change month: whichever run comes first, each is in one month alone."""

from itertools import permutations

import pytest

from ticketsource_pipeline.sandbox import Faults
from ticketsource_pipeline_tests.automating import (
    AUGUST,
    JULY,
    JUNE,
    Office,
    assert_no_booking_twice,
    assert_one_month_each,
    months,
)


def move(place: Office, number: int, start: str) -> str:
    date_id = list(place.theatre.dates)[number]
    place.theatre.move_date(date_id, f"{start}T19:30:00+00:00")
    return date_id


def run(place: Office, month: str) -> None:
    assert place.run_month(month, open_only=True).success
    assert_no_booking_twice(place.machine)


def test_the_run_of_the_gaining_month_alone_moves_the_performance(place: Office) -> None:
    move(place, 2, "2024-08-05")
    place.read_catalog()
    run(place, AUGUST)
    assert_one_month_each(place.machine, place.theatre)
    assert place.server.count("/seats") == 0


def test_the_run_of_the_losing_month_alone_takes_it_out_of_there(place: Office) -> None:
    moved = move(place, 2, "2024-08-05")
    place.read_catalog()
    run(place, JULY)
    found = place.machine.months_of(moved)
    # Its raw rows are in August already; what is made of them there waits for August's run.
    assert found["raw_bookings"] == found["raw_seats"] == {AUGUST}
    assert found["booking_lines"] == found["seats"] == found["attendees"] == set()
    run(place, AUGUST)
    assert_one_month_each(place.machine, place.theatre)
    assert place.server.count("/seats") == 0


@pytest.mark.parametrize("order", list(permutations([JUNE, JULY])))
def test_two_performances_that_change_places_are_each_in_one_month(
    place: Office, order: tuple[str, ...]
) -> None:
    move(place, 0, "2024-07-15")
    move(place, 2, "2024-06-15")
    place.read_catalog()
    assert months(place.watch()) == [JUNE, JULY]
    for month in order:
        run(place, month)
    assert_one_month_each(place.machine, place.theatre)
    assert place.server.count("/seats") == 0


def test_a_run_that_fails_after_the_move_leaves_no_booking_in_two_months(place: Office) -> None:
    moved = move(place, 2, "2024-06-15")
    stays = next(iter(place.theatre.dates))
    place.read_catalog()
    place.server.faults = Faults(share_500=1.0, only_path=f"/dates/{stays}/bookings")
    for month in (JULY, JUNE):
        place.run_month(month, open_only=True)
        assert_no_booking_twice(place.machine)
    place.server.faults = Faults()
    run(place, JUNE)
    assert place.machine.months_of(moved)["booking_lines"] == {JUNE}
    assert_one_month_each(place.machine, place.theatre)
    assert place.server.count("/seats") == 0


def test_a_performance_that_leaves_the_partitions_and_is_back_before_a_run_stays_as_it_was(
    place: Office,
) -> None:
    before = place.machine.bytes_by_file()
    move(place, 2, "2099-01-01")
    place.read_catalog()
    move(place, 2, "2024-07-05")
    place.read_catalog()
    run(place, JULY)
    assert place.server.count("/seats") == 0
    after = place.machine.bytes_by_file()
    assert {name: after[name] for name in after if not name.startswith("performances")} == {
        name: before[name] for name in before if not name.startswith("performances")
    }


def test_a_performance_that_leaves_the_partitions_is_nowhere_and_back_again_read_anew(
    place: Office,
) -> None:
    moved = move(place, 2, "2099-01-01")
    place.read_catalog()
    run(place, JULY)
    assert not any(place.machine.months_of(moved).values())
    move(place, 2, "2024-08-05")
    place.read_catalog()
    run(place, AUGUST)
    assert_one_month_each(place.machine, place.theatre)
    assert place.server.count("/seats") == len(place.theatre.bookings_of(moved))
