"""`ticketsource sync` itself is killed, at any moment from its start to its end.

Minutes of work: only with LONG_TESTS=1 in the environment.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from ticketsource_pipeline_tests.chaos.campaign import Stage, stage
from ticketsource_pipeline_tests.chaos.place import Place
from ticketsource_pipeline_tests.chaos.playhouse import PAGE_SIZE, yesterday
from ticketsource_pipeline_tests.chaos.test_kills import (
    IN_FLIGHT,
    KINDS,
    SEED,
    Scene,
    Tally,
    assert_made_good,
    assert_months_are_whole,
    assert_readable,
    scene_of,
)
from ticketsource_pipeline_tests.running import WITH_REPORT, Machine, ended

BATCHES, KILLS = 2, 8
"""Of each kind, so many times so many."""

pytestmark = [
    pytest.mark.skipif(os.environ.get("LONG_TESTS") != "1", reason="minutes: set LONG_TESTS=1"),
    pytest.mark.timeout(1800),
]


@pytest.fixture(scope="module")
def set_stage() -> Iterator[Stage]:
    with stage() as made:
        machine = Machine(made.folder / "office")
        machine.folder.mkdir()
        made.server.play(yesterday(), [], 1)
        outcome = machine.run("sync", variables=variables(made, machine))
        assert outcome.code == 0, outcome.output
        yield made


def variables(stage: Stage, machine: Machine) -> dict[str, str]:
    return machine.variables(
        None,
        TICKETSOURCE_BASE_URL=stage.server.url,
        TICKETSOURCE_API_KEY="skl-sandbox-1",
        TICKETSOURCE_MAX_CONCURRENCY=str(IN_FLIGHT),
        TICKETSOURCE_PAGE_SIZE=str(PAGE_SIZE),
        **WITH_REPORT,
    )


@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("kind", KINDS)
def test_a_sync_killed_at_any_moment_is_made_good_by_the_next(
    set_stage: Stage, kind: str, batch: int, request: pytest.FixtureRequest
) -> None:
    chance = Random(f"{SEED} sync {kind} {batch}")  # noqa: S311
    tally = Tally()
    while tally.wants(KILLS):
        scene = scene_of(kind, chance)
        with TemporaryDirectory(dir=set_stage.folder) as folder:
            machine = Machine(Path(folder))
            shutil.copytree(set_stage.folder / "office", folder, dirs_exist_ok=True)
            if kind == "cold":
                shutil.rmtree(machine.data)
            place = Place(machine.data)

            def again(_place: Place, machine: Machine = machine) -> None:
                outcome = machine.run("sync", variables=variables(set_stage, machine))
                assert outcome.code == 0, outcome.output

            with tally.reader.reading(place.data, scene.allowed(), scene.leaving()):
                set_stage.server.play(scene.theatre, [], 1)
                what, hit = kill(set_stage, machine, scene, chance)
                asked = Counter(p for p in set_stage.server.requests if p.endswith("/seats"))
                told = f"seed {SEED}, sync, {kind}, batch {batch}, kill {tally.tries + 1}: {what}"
                tally.note(f"ticketsource sync, {kind}: killed", hit=hit)
                if not hit:
                    continue
                try:
                    assert_readable(place.data)
                    mixed = assert_months_are_whole(place, scene)
                    assert_made_good(set_stage, place, scene, asked, again)
                except AssertionError as error:
                    raise AssertionError(f"{told}: {error}") from error
                tally.outcomes["between two files of a month" if mixed else "clean"] += 1
    tally.tell(request, "`ticketsource sync`")


def kill(stage: Stage, machine: Machine, scene: Scene, chance: Random) -> tuple[str, bool]:
    """Kill a sync somewhat after a request; tells after which and when, and whether it ran."""
    at, later = chance.randint(1, 18), chance.choice([0.0, chance.uniform(0, 1.5)])
    reached = threading.Event()
    stage.server.on_request = lambda number: number == at and reached.set()
    words = ["--full"] if scene.full else []
    process = machine.start("sync", *words, variables=variables(stage, machine))
    while process.poll() is None and not reached.wait(0.02):
        pass
    try:
        process.wait(later)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    code = ended(process).code
    assert code in {-signal.SIGKILL, 0}
    return f"{later:.3f} s after request {at}", code == -signal.SIGKILL
