"""Which stored seats are taken again, and how the age of those that are is spread."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketsource_pipeline.refresh.seats import SeatReading, SeatReuse, seat_readings

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
BEGAN = NOW - timedelta(hours=1)
LIMIT = timedelta(days=6)
SECOND = timedelta(seconds=1)
IDS = st.from_regex(r"bkg-[A-Za-z0-9]{16}", fullmatch=True)


def reuse(
    age: timedelta,
    *,
    booking_id: str = "bkg-B1",
    max_age: timedelta = LIMIT,
    is_open: bool = True,
    full: bool = False,
) -> SeatReuse:
    reading = SeatReading(booking="digest", read_at=NOW - age, seats=2, pages=1)
    return SeatReuse(
        stored={booking_id: reading},
        now=NOW,
        max_age=max_age,
        is_open=is_open,
        since=BEGAN,
        full=full,
    )


def allows(rule: SeatReuse, booking_id: str = "bkg-B1", digest: str = "digest") -> bool:
    return rule.allows(booking_id, digest)


def test_seats_of_an_unchanged_booking_are_taken_again_while_young() -> None:
    assert allows(reuse(LIMIT / 2))
    assert not allows(reuse(LIMIT + SECOND))


def test_seats_of_a_changed_or_unknown_booking_are_asked_for() -> None:
    assert not allows(reuse(LIMIT / 2), digest="another")
    assert not allows(reuse(LIMIT / 2), booking_id="bkg-B2")
    assert not allows(reuse(timedelta(minutes=1)), digest="another")


@settings(deadline=None)
@given(IDS)
def test_every_booking_comes_due_between_two_thirds_and_all_of_the_limit(booking_id: str) -> None:
    assert allows(reuse(LIMIT * 2 / 3 - SECOND, booking_id=booking_id), booking_id)
    assert not allows(reuse(LIMIT + SECOND, booking_id=booking_id), booking_id)


def test_bookings_read_on_one_night_come_due_over_the_last_third() -> None:
    ids = [f"bkg-{number}" for number in range(900)]
    for part, least, most in ((0.75, 150, 300), (0.85, 400, 600), (0.95, 700, 820)):
        gone = [not allows(reuse(LIMIT * part, booking_id=key), key) for key in ids]
        assert least <= sum(gone) <= most


@settings(deadline=None)
@given(IDS, st.integers(0, 10**6), st.integers(0, 10**6))
def test_seats_never_become_good_again_with_age(booking_id: str, first: int, second: int) -> None:
    younger, older = sorted((timedelta(seconds=first), timedelta(seconds=second)))
    if allows(reuse(older, booking_id=booking_id), booking_id):
        assert allows(reuse(younger, booking_id=booking_id), booking_id)


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("age", [BEGAN - NOW, timedelta(days=-400)])
def test_a_reading_from_the_future_is_not_believed(age: timedelta, is_open: bool) -> None:
    assert not allows(reuse(age, is_open=is_open))
    assert not allows(reuse(age, is_open=is_open, full=True))


@pytest.mark.parametrize("is_open", [True, False])
def test_a_limit_of_zero_reuses_nothing_that_was_read_before_this_run(is_open: bool) -> None:
    never = timedelta(0)
    assert not allows(reuse(NOW - BEGAN + SECOND, max_age=never, is_open=is_open))
    assert not allows(reuse(timedelta(days=300), max_age=never, is_open=is_open))


def test_what_this_run_has_read_is_good_also_when_all_is_to_be_read() -> None:
    for full in (True, False):
        for max_age in (LIMIT, timedelta(0)):
            assert allows(reuse(NOW - BEGAN, max_age=max_age, full=full))
            assert allows(reuse(timedelta(0), max_age=max_age, full=full))


def test_a_full_run_takes_nothing_that_was_read_before_it_began() -> None:
    assert not allows(reuse(NOW - BEGAN + SECOND, full=True))
    assert not allows(reuse(NOW - BEGAN + SECOND, full=True, is_open=False))


def test_seats_of_a_closed_performance_do_not_age() -> None:
    assert allows(reuse(timedelta(days=4000), is_open=False))
    assert not allows(reuse(timedelta(days=4000), is_open=True))


@settings(deadline=None)
@given(
    st.text(),
    st.datetimes(timezones=st.just(UTC)),
    st.integers(0, 10**6),
    st.integers(0, 10**4),
)
def test_a_reading_is_noted_and_read_back(
    digest: str, read_at: datetime, seats: int, pages: int
) -> None:
    reading = SeatReading(digest, read_at, seats, pages)
    assert SeatReading.from_note(reading.to_note()) == reading
    assert seat_readings({"seat_readings": {"bkg-B1": reading.to_note()}}) == {"bkg-B1": reading}
    assert reading != replace(reading, seats=seats + 1)


def test_a_file_without_notes_has_no_readings() -> None:
    assert seat_readings({}) == {}
