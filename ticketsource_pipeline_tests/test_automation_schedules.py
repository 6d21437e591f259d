"""Each schedule asks for the runs it should at a tick, under keys that are one's own."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from ticketsource_pipeline.automation.jobs import CATALOG_JOB, MONTH_JOB
from ticketsource_pipeline.sandbox import Theatre
from ticketsource_pipeline_tests.automating import (
    LONDON,
    Office,
    at,
    keys,
    moment,
    months,
    office,
    theatre_of,
)
from ticketsource_pipeline_tests.running import WITH_REPORT, Machine

TODAY = moment("2024-06-12T12:00")
NIGHT = datetime(2024, 6, 13, 3, 30, tzinfo=LONDON)


@pytest.fixture(scope="module")
def summer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Read on 12 June 2024: January is closed, June and July are open."""
    theatre = theatre_of("2024-01-10T19:30", "2024-06-20T19:30", "2024-07-01T19:30")
    machine = Machine(tmp_path_factory.mktemp("summer"))
    with (
        pytest.MonkeyPatch.context() as patch,
        office(machine, theatre, patch) as opened,
        at(theatre, TODAY),
    ):
        opened.bring_up_to_date()
        yield opened


@pytest.mark.parametrize(
    ("name", "job", "is_on", "ticks"),
    [
        ("catalog_refresh", CATALOG_JOB, True, ["00:05", "01:05", "02:05"]),
        ("open_months_refresh", MONTH_JOB, True, ["03:30", "03:30", "03:30"]),
        ("show_day_refresh", MONTH_JOB, False, ["00:30", "01:00", "01:30"]),
        ("weekly_full", MONTH_JOB, False, ["00:00", "00:00", "00:00"]),
    ],
)
def test_a_schedule_keeps_london_time_in_summer_and_is_on_only_where_that_costs_little(
    summer: Office, name: str, job: str, is_on: bool, ticks: list[str]
) -> None:
    schedule = summer.schedule(name)
    assert schedule.job_name == job
    status = dg.DefaultScheduleStatus.RUNNING if is_on else dg.DefaultScheduleStatus.STOPPED
    assert schedule.default_status is status
    assert schedule.description
    assert is_on is ("off by default" not in schedule.description.lower())
    midnight = datetime(2024, 6, 12, 0, 1, tzinfo=LONDON).timestamp()
    coming = _coming(schedule, midnight)
    assert [f"{tick:%H:%M}" for tick in coming] == ticks


def _coming(schedule: dg.ScheduleDefinition, after: float) -> list[datetime]:
    ticks = schedule_execution_time_iterator(
        after, schedule.cron_schedule, schedule.execution_timezone
    )
    return [next(ticks).astimezone(LONDON) for _ in range(3)]


def test_the_night_is_at_half_past_three_on_both_sides_of_the_change_to_summer_time(
    summer: Office,
) -> None:
    schedule = summer.schedule("open_months_refresh")
    before = datetime(2024, 3, 29, 12, tzinfo=UTC).timestamp()
    ticks = _coming(schedule, before)
    assert [f"{tick:%d %H:%M}" for tick in ticks] == ["30 03:30", "31 03:30", "01 03:30"]
    assert [f"{tick.astimezone(UTC):%H:%M}" for tick in ticks] == ["03:30", "02:30", "02:30"]


def test_a_night_asks_for_each_open_month_and_no_closed_one(summer: Office) -> None:
    wanted = summer.tick("open_months_refresh", NIGHT).run_requests
    assert months(wanted) == ["2024-06", "2024-07"]
    assert keys(wanted) == ["nightly 2024-06-13 2024-06", "nightly 2024-06-13 2024-07"]
    for request in wanted or []:
        assert request.tags["ticketsource/why"] == "open"
        assert request.run_config == {
            "ops": {"raw": {"config": {"full": False, "open_only": True}}}
        }


def test_a_month_is_read_once_more_after_its_refund_window_and_then_no_more(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    theatre = theatre_of("2024-06-01T19:30")
    with office(machine, theatre, monkeypatch) as place:
        with at(theatre, TODAY):
            place.bring_up_to_date()
        asked = []
        # 60 days after the end of the performance are over on the last evening of July.
        for night in ("2024-07-30T02:30", "2024-08-01T02:30", "2024-08-02T02:30"):
            with at(theatre, moment(night)):
                wanted = place.tick("open_months_refresh", moment(night)).run_requests or []
                asked.append(place.carry_out(wanted))
    assert asked == [["2024-06"], ["2024-06"], []]


def test_the_same_night_asked_twice_has_the_same_keys_and_another_night_others(
    summer: Office,
) -> None:
    first, again, other = (
        set(keys(summer.tick("open_months_refresh", tick).run_requests))
        for tick in (NIGHT, NIGHT, datetime(2024, 6, 14, 3, 30, tzinfo=LONDON))
    )
    assert first == again
    assert first.isdisjoint(other)


def test_a_night_without_an_open_month_says_why_it_asks_for_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(machine, theatre_of("2024-01-10T19:30"), monkeypatch) as place:
        with at(place.theatre, TODAY):
            place.bring_up_to_date()
        seen = place.tick("open_months_refresh", NIGHT)
        assert not seen.run_requests
        assert seen.skip_message == "No month is open: nothing can have changed."


@pytest.mark.parametrize("name", ["open_months_refresh", "show_day_refresh", "weekly_full"])
def test_before_the_first_catalogue_a_schedule_asks_for_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with office(machine, Theatre.empty(), monkeypatch) as place:
        seen = place.tick(name, NIGHT)
    assert not seen.run_requests
    assert seen.skip_message


def test_a_month_that_was_never_read_and_one_that_lost_a_performance_are_asked_for_at_night(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    theatre = theatre_of("2024-01-10T19:30", "2024-01-11T19:30")
    with office(machine, theatre, monkeypatch) as place:
        with at(theatre, TODAY):
            place.bring_up_to_date()
            theatre.move_date(list(theatre.dates)[1], "2024-02-11T19:30:00+00:00")
            place.read_catalog()
        wanted = place.tick("open_months_refresh", NIGHT).run_requests
    assert {
        request.partition_key: request.tags["ticketsource/why"] for request in wanted or []
    } == {
        "2024-01": "performances left",
        "2024-02": "never read whole",
    }


@pytest.mark.parametrize(
    ("tick", "expected"),
    [
        # 22:45 UTC on 30 June, the start as the API writes it, is 23:45 in London.
        (datetime(2024, 6, 30, 0, 0, tzinfo=LONDON), ["2024-06"]),
        (datetime(2024, 6, 30, 23, 30, tzinfo=LONDON), ["2024-06"]),
        # 23:15 UTC on 31 July is 00:15 on 1 August in London: either may be meant.
        (datetime(2024, 7, 31, 0, 0, tzinfo=LONDON), ["2024-07"]),
        (datetime(2024, 8, 1, 23, 30, tzinfo=LONDON), ["2024-07"]),
        (datetime(2024, 8, 2, 0, 0, tzinfo=LONDON), []),
        (datetime(2024, 7, 30, 23, 30, tzinfo=LONDON), []),
        (datetime(2024, 6, 29, 23, 30, tzinfo=LONDON), []),
        (datetime(2024, 7, 1, 0, 0, tzinfo=LONDON), []),
    ],
)
def test_a_performance_is_played_on_the_day_its_start_names_in_utc_or_in_london(
    midnight_shows: Office, tick: datetime, expected: list[str]
) -> None:
    seen = midnight_shows.tick("show_day_refresh", tick)
    assert months(seen.run_requests) == expected
    assert bool(seen.skip_message) is not bool(expected)


@pytest.fixture(scope="module")
def midnight_shows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    theatre = theatre_of("2024-06-30T22:45", "2024-07-31T23:15")
    machine = Machine(tmp_path_factory.mktemp("midnight"))
    with pytest.MonkeyPatch.context() as patch, office(machine, theatre, patch) as opened:
        opened.read_catalog()
        yield opened


def test_each_half_hour_of_a_show_day_is_a_run_of_its_own_also_when_the_clocks_go_back(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    theatre = theatre_of("2024-10-27T19:30")
    with office(machine, theatre, monkeypatch) as place:
        place.read_catalog()
        ticks = [datetime(2024, 10, 27, 1, 30, tzinfo=LONDON, fold=fold) for fold in (0, 1)]
        found = [keys(place.tick("show_day_refresh", tick).run_requests) for tick in ticks]
    assert found == [
        ["show day 2024-10-27 00:30 2024-10"],
        ["show day 2024-10-27 01:30 2024-10"],
    ]


def test_every_asset_but_the_customers_has_a_freshness_policy_the_catalogue_the_strictest(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office(machine, Theatre.empty(), monkeypatch, **WITH_REPORT) as place:
        specs = place.defs.resolve_all_asset_specs()
    assert len(specs) == 18
    windows = {}
    for spec in specs:
        policy = spec.freshness_policy
        if spec.key.to_user_string() == "customers":
            assert policy is None
            continue
        assert isinstance(policy, dg.FreshnessPolicy)
        windows[spec.key.to_user_string()] = policy
    assert windows["events"] == windows["venues"] == windows["performances"]
    assert windows["raw_bookings"] == windows["seats"] == windows["attendees"]
    assert windows["seats"] == windows["bookings"] == windows["reconciliation"]
    assert windows["events"] != windows["seats"]
