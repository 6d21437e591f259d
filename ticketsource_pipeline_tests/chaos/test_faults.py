"""Whatever the API does, the data is today's or yesterday's, and an error says why.

A few dozen cases here; `make chaos` plays thousands, of a seed of their own.
"""

import json
import os
from collections.abc import Iterator
from itertools import cycle, islice

import pytest

from ticketsource_pipeline_tests.chaos.campaign import Broken, Stage, stage
from ticketsource_pipeline_tests.chaos.cases import DOCUMENT, FEW, SHARES, play_case

LONG = os.environ.get("LONG_TESTS") == "1"
SEED = int(os.environ.get("CHAOS_SEED", "1"))
BATCHES, SIZE = (28, 300) if LONG else (1, sum(FEW.values()))
FIELD_BATCHES, FIELD_SIZE = (10, 200) if LONG else (1, 6)
SHOWN_AT_MOST = 5

pytestmark = pytest.mark.timeout(1200 if LONG else 240)


@pytest.fixture(scope="module")
def set_stage() -> Iterator[Stage]:
    with stage() as made:
        yield made


def names(shares: dict[str, int], first: int, count: int) -> list[str]:
    """Names of cases, the groups in turn as often as their shares say."""
    groups = [group for group, share in shares.items() for _ in range(share)]
    chosen = islice(cycle(groups), first, first + count)
    return [f"{group}-{SEED}x{number}" for number, group in enumerate(chosen, start=first)]


def play_all(stage: Stage, cases: list[str], record: pytest.FixtureRequest) -> None:
    stage.counts.clear()
    stage.outcomes.clear()
    broken = []
    for name in cases:
        try:
            play_case(stage, name)
        except Broken as error:
            broken.append(f"{name}: {error}")
    told = {"seed": SEED, "counts": stage.counts, "outcomes": stage.outcomes}
    record.node.user_properties.append(("chaos", json.dumps(told)))
    shown = "\n\n".join(broken[:SHOWN_AT_MOST])
    assert not broken, f"{len(broken)} of {len(cases)} cases are broken:\n{shown}"
    assert stage.outcomes["succeeded"]
    assert sum(stage.outcomes.values()) == len(cases)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_faults_leave_the_truth_or_yesterday(
    set_stage: Stage, batch: int, request: pytest.FixtureRequest
) -> None:
    play_all(set_stage, names(SHARES if LONG else FEW, batch * SIZE, SIZE), request)


@pytest.mark.skipif(
    not DOCUMENT.is_file(),
    reason="the vendor's OpenAPI document is not here; set TICKETSOURCE_OPENAPI to its path",
)
@pytest.mark.parametrize("batch", range(FIELD_BATCHES))
def test_a_wrong_value_in_any_documented_field_is_kept_and_named(
    set_stage: Stage, batch: int, request: pytest.FixtureRequest
) -> None:
    play_all(set_stage, names({"fields": 1}, batch * FIELD_SIZE, FIELD_SIZE), request)


@pytest.mark.skipif("CHAOS_CASE" not in os.environ, reason="set CHAOS_CASE to the name of a case")
def test_one_case(set_stage: Stage) -> None:
    play_case(set_stage, os.environ["CHAOS_CASE"])
