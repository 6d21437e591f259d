"""A theatre's year under a real Dagster daemon, real schedules and the sensor; the clock is set.

Minutes of work: only with LONG_TESTS=1 in the environment.
"""

import os

import pytest

from ticketsource_pipeline_tests.living import daemon
from ticketsource_pipeline_tests.running import Machine
from ticketsource_pipeline_tests.season_script import BEGIN, Season

pytestmark = pytest.mark.skipif(
    os.environ.get("LONG_TESTS") != "1", reason="minutes of work: set LONG_TESTS=1"
)


@pytest.mark.timeout(1800)
def test_a_year_of_nights_leaves_the_parquet_equal_to_the_box_office(machine: Machine) -> None:
    season = Season()
    with daemon(machine, season.theatre, BEGIN, **season.settings) as dagster:
        for step in season.steps():
            dagster.clock.set(step.moment)
            step.change()
            for night in step.nights:
                dagster.night(night)
            step.check(machine)
        assert set(dagster.runs_by_key().values()) == {1}
        assert {run.status.value for run in dagster.runs()} == {"SUCCESS"}
