"""A theatre's year night by night: after each, the Parquet is what the box office says."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ticketsource_pipeline_tests.automating import Office, at, office
from ticketsource_pipeline_tests.running import Machine
from ticketsource_pipeline_tests.season_script import Season

LONDON = ZoneInfo("Europe/London")


def night(place: Office, day: datetime) -> None:
    """What the schedules that are on and the sensor do in a night."""
    tick = day.astimezone(LONDON).replace(hour=3, minute=30)
    with at(place.theatre, tick):
        place.bring_up_to_date()
        place.carry_out(place.tick("open_months_refresh", tick).run_requests or [])
        assert place.watch() == []


def test_a_year_of_nights_leaves_the_parquet_equal_to_the_box_office(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    season = Season()
    with office(machine, season.theatre, monkeypatch, **season.settings) as place:
        for step in season.steps(months_a_step=2):
            with at(season.theatre, step.moment):
                step.change()
            for day in step.nights:
                night(place, day)
            step.check(machine)
