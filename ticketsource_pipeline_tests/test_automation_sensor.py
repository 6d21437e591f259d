"""The sensor sees what changed in the catalogue, and asks once for the months concerned."""

from copy import deepcopy

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketsource_pipeline.automation.sensors import Cursor
from ticketsource_pipeline.sandbox import Faults
from ticketsource_pipeline_tests.automating import (
    AUGUST,
    JULY,
    JUNE,
    SENSOR,
    Office,
    assert_one_month_each,
    keys,
    months,
)


def dates(place: Office) -> list[str]:
    return list(place.theatre.dates)


def why(place: Office, cursor: str | None = None) -> dict[str | None, str]:
    """By month asked for, the reason."""
    seen = place.look(cursor)
    assert bool(seen.skip_message) is not bool(seen.run_requests)
    return {
        request.partition_key: request.tags["ticketsource/why"]
        for request in seen.run_requests or []
    }


def test_it_is_on_from_the_start_and_looks_every_minute(place: Office) -> None:
    sensor = place.defs.get_repository_def().get_sensor_def(SENSOR)
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert sensor.minimum_interval_seconds == 60
    assert sensor.job_name == "refresh_month"
    assert sensor.description


def test_what_did_not_change_is_no_reason_for_a_run(place: Office) -> None:
    theatre = place.theatre
    theatre.rename_event(next(iter(theatre.events)), "Another name")
    theatre.add_booking(dates(place)[0])
    place.read_catalog()
    seen = place.look(None)
    assert not seen.run_requests
    assert seen.skip_message == "No performance changed since the last look."


def test_each_kind_of_change_asks_for_the_months_concerned_alone(place: Office) -> None:
    theatre = place.theatre
    first, second, third = dates(place)
    event = next(iter(theatre.events))
    changes = {
        "new": lambda: theatre.add_date(event, "2024-08-01T19:30:00+00:00"),
        "moved": lambda: theatre.move_date(third, "2024-08-05T19:30:00+00:00"),
        "later the same day": lambda: theatre.move_date(first, "2024-06-10T20:00:00+00:00"),
        "cancelled": lambda: theatre.cancel_date(second),
        "left": lambda: theatre.delete_date(third),
    }
    seen = []
    for change in changes.values():
        change()
        place.read_catalog()
        seen.append(why(place))
    assert seen == [
        {AUGUST: "new"},
        {JULY: "moved", AUGUST: "moved, new"},
        {JUNE: "changed", JULY: "moved", AUGUST: "moved, new"},
        {JUNE: "changed", JULY: "moved", AUGUST: "moved, new"},
        {JUNE: "changed", JULY: "left", AUGUST: "new"},
    ]


def test_the_runs_asked_for_leave_nothing_to_ask_for(place: Office) -> None:
    first, second, third = dates(place)
    place.theatre.move_date(third, "2024-08-05T19:30:00+00:00")
    place.theatre.cancel_date(second)
    place.theatre.delete_date(first)
    place.read_catalog()
    wanted = place.watch()
    assert months(wanted) == [JUNE, JULY, AUGUST]
    for request in wanted:
        assert request.run_config == {
            "ops": {"raw": {"config": {"full": False, "open_only": True}}}
        }
    place.carry_out(wanted)
    assert place.look(place.cursor).skip_message
    assert place.look(None).skip_message
    assert_one_month_each(place.machine, place.theatre)


def test_a_month_without_a_partition_is_not_asked_for(place: Office) -> None:
    place.theatre.move_date(dates(place)[2], "2099-01-01T19:30:00+00:00")
    place.theatre.add_date(next(iter(place.theatre.events)), "2009-01-01T19:30:00+00:00")
    place.read_catalog()
    assert why(place) == {JULY: "left"}


def test_a_tick_repeated_because_its_cursor_was_not_kept_has_the_same_run_keys(
    place: Office,
) -> None:
    before = place.cursor
    place.theatre.move_date(dates(place)[2], "2024-08-05T19:30:00+00:00")
    place.read_catalog()
    first, again = place.look(before), place.look(before)
    assert len(keys(first.run_requests)) == 2
    assert keys(first.run_requests) == keys(again.run_requests)
    assert first.cursor == again.cursor


def test_a_repeated_tick_that_sees_one_change_more_has_another_key_for_that_month(
    place: Office,
) -> None:
    first, second, _ = dates(place)
    place.theatre.cancel_date(first)
    place.read_catalog()
    lost = place.look(None)
    place.theatre.cancel_date(second)
    place.read_catalog()
    again = place.look(None)
    assert months(lost.run_requests) == months(again.run_requests) == [JUNE]
    assert set(keys(lost.run_requests)).isdisjoint(keys(again.run_requests))


def test_a_change_that_comes_back_is_run_again_each_time(place: Office) -> None:
    date_id = dates(place)[0]
    steps = [place.theatre.cancel_date, place.theatre.reinstate_date] * 2
    seen = []
    for step in steps:
        step(date_id)
        place.read_catalog()
        wanted = place.watch()
        seen += keys(wanted)
        assert place.carry_out(wanted) == [JUNE]
    assert len(set(seen)) == len(steps)


def test_a_change_taken_back_and_made_again_before_any_run_is_asked_for_again(
    place: Office,
) -> None:
    seen = []
    for start in ("2024-08-05", "2024-07-05", "2024-08-05"):
        place.theatre.move_date(dates(place)[2], f"{start}T19:30:00+00:00")
        place.read_catalog()
        seen.append(keys(place.watch()))
    assert [len(found) for found in seen] == [2, 0, 2]
    assert set(seen[0]).isdisjoint(seen[2])


def test_a_performance_that_leaves_and_comes_back_is_asked_for_each_time(place: Office) -> None:
    theatre = place.theatre
    record = deepcopy(theatre.dates[dates(place)[2]])
    seen = []
    for step in (
        lambda: theatre.delete_date(record["id"]),
        lambda: theatre.insert_date(deepcopy(record)),
        lambda: theatre.delete_date(record["id"]),
    ):
        step()
        place.read_catalog()
        wanted = place.watch()
        seen += keys(wanted)
        assert place.carry_out(wanted) == [JULY]
    assert len(set(seen)) == 3


def test_a_change_whose_run_is_under_way_is_not_asked_for_twice(place: Office) -> None:
    theatre = place.theatre
    event = next(iter(theatre.events))
    added = [theatre.add_date(event, f"2024-08-0{day}T19:30:00+00:00") for day in (1, 2, 3)]
    theatre.add_booking(added[0])
    place.read_catalog()
    wanted = place.watch()
    assert months(wanted) == [AUGUST]
    assert place.watch() == []
    # The run gets through the first performance and no further.
    place.server.faults = Faults(share_500=1.0, only_path=f"/dates/{added[1]}/bookings")
    assert not place.run_month(AUGUST, open_only=True).success
    assert {row["date_id"] for row in place.machine.rows("raw_bookings")} >= {added[0]}
    assert place.watch() == []
    # What is new meanwhile is asked for, and nothing that was before.
    theatre.cancel_date(dates(place)[0])
    place.read_catalog()
    assert months(place.watch()) == [JUNE]
    assert place.watch() == []


def test_a_move_half_done_is_not_asked_for_twice(place: Office) -> None:
    moved = dates(place)[2]
    place.theatre.move_date(moved, "2024-08-05T19:30:00+00:00")
    place.read_catalog()
    assert months(place.watch()) == [JULY, AUGUST]
    place.server.faults = Faults(share_500=1.0, only_path=f"/dates/{moved}/bookings")
    assert not place.run_month(AUGUST, open_only=True).success
    assert place.watch() == []
    place.server.faults = Faults()
    assert place.run_month(JULY, open_only=True).success
    assert place.watch() == []
    assert place.run_month(AUGUST, open_only=True).success
    assert place.watch() == []
    assert_one_month_each(place.machine, place.theatre)


HEX = st.text("0123456789abcdef", min_size=8, max_size=8)


@given(st.integers(0, 10**9), st.frozensets(HEX, max_size=20))
def test_the_cursor_says_as_text_what_it_said_before(count: int, asked: frozenset[str]) -> None:
    cursor = Cursor(count, asked)
    assert Cursor.read(cursor.write()) == cursor


@pytest.mark.parametrize("text", [None, ""])
def test_without_a_cursor_nothing_was_asked_for_yet(text: str | None) -> None:
    assert Cursor.read(text) == Cursor(0, frozenset())
