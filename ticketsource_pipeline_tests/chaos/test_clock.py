"""A clock that leaps while a sync reads does no lasting harm, and none that goes unsaid."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
import time_machine

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline_tests.chaos import oracle
from ticketsource_pipeline_tests.chaos.campaign import Stage, expectation, stage
from ticketsource_pipeline_tests.chaos.playhouse import go_on, yesterday


@pytest.fixture(scope="module")
def set_stage() -> Iterator[Stage]:
    with stage() as made:
        yield made


@pytest.mark.parametrize(
    "leap",
    [
        timedelta(hours=-3),
        timedelta(days=-400),
        timedelta(hours=3),
        timedelta(days=400),
        timedelta(days=3650),
    ],
    ids=str,
)
@pytest.mark.parametrize("number", [2, 7])
def test_a_day_under_a_wrong_clock_is_read_right_and_so_is_the_next(
    set_stage: Stage, leap: timedelta, number: int
) -> None:
    theatre, server, chance = yesterday(), set_stage.server, Random(number)  # noqa: S311
    go_on(theatre, chance)
    with set_stage.place() as place, place.client(server.url) as client:
        with time_machine.travel(utc_now(), tick=True) as traveller:
            server.play(theatre, [], 1)
            server.on_request = lambda request: request == number and traveller.shift(leap)
            report = place.sync(client)
        assert not report.words
        assert not list(oracle.differences(place.data, expectation(theatre, {})))
        # The clock is right again, and what happens now is not to be missed.
        go_on(theatre, chance)
        server.play(theatre, [], 1)
        assert not place.sync(client, all_checks=True).words
        assert not list(oracle.differences(place.data, expectation(theatre, {})))
