"""Wherever a sync is killed, what is there is whole, and the next makes it good at little cost.

A few kills here; `make chaos` makes more than two hundred, a good part of them of `ticketsource
sync`. Only what hit a process that had begun to sync counts as one. DuckDB reads all the while.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import duckdb
import pyarrow.parquet as pq
import pytest

from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.landing.sales import CODE_VERSION
from ticketsource_pipeline.sandbox import Theatre
from ticketsource_pipeline_tests.chaos import dying, oracle
from ticketsource_pipeline_tests.chaos.campaign import Stage, expectation, stage
from ticketsource_pipeline_tests.chaos.place import Place
from ticketsource_pipeline_tests.chaos.playhouse import book, go_on, open_dates, yesterday
from ticketsource_pipeline_tests.chaos.reader import Reader, Readings

LONG = os.environ.get("LONG_TESTS") == "1"
SEED = int(os.environ.get("CHAOS_SEED", "1"))
KINDS = ("cold", "warm", "moving", "full")
KILLS = 40 if LONG else 1
"""Of each kind, in the light process."""
IN_FLIGHT = 3
MOMENTS = ("a change of the disk", "a request", "any time")

pytestmark = pytest.mark.timeout(1200 if LONG else 240)


@pytest.fixture(scope="module")
def set_stage() -> Iterator[Stage]:
    with stage() as made:
        yield made


@dataclass
class Scene:
    """What a process is killed in: before, the theatre of today, and how it syncs."""

    kind: str
    before: oracle.Expected
    theatre: Theatre
    after: oracle.Expected = field(default_factory=oracle.Expected)

    @property
    def full(self) -> bool:
        return self.kind == "full"

    def sales(self, month: str) -> dict[str, dict[str, oracle.Rows]]:
        """The forms the sales of a month may have, by what they are called."""
        homes = {
            row["date_id"]: row["performance_month"]
            for row in self.after.rows["performances"].values()
        }
        old = {name: self.before.month(name, month) for name in oracle.SALES}
        return {
            "old": old,
            # Where a performance leaves a month, its rows go before it is read where it went.
            "rest": {
                name: {key: row for key, row in rows.items() if homes.get(row["date_id"]) == month}
                for name, rows in old.items()
            },
            "new": {name: self.after.month(name, month) for name in oracle.SALES},
            # None of a first reading is there before all is.
            "none": {name: {} for name in oracle.SALES},
        }

    def leaving(self) -> frozenset[str]:
        """The performances that leave their month."""
        before, after = (
            {key: row["performance_month"] for key, row in whole.rows["performances"].items()}
            for whole in (self.before, self.after)
        )
        return frozenset(key for key, month in before.items() if after.get(key) != month)

    def months(self) -> set[str]:
        """The months that have or had sales."""
        return {
            row["performance_month"]
            for whole in (self.before, self.after)
            for row in whole.rows["booking_lines"].values()
        }

    def allowed(self) -> Readings:
        """What a reader may see of each month."""
        return {
            month: [
                {name: frozenset(rows) for name, rows in form.items()}
                for which, form in self.sales(month).items()
                # A month that is not read yet has no rows; one that was keeps some, unless all go.
                if which != "none" or not any(self.before.month(name, month) for name in form)
            ]
            for month in self.months()
        }


def scene_of(kind: str, chance: Random) -> Scene:
    theatre = yesterday()
    before = oracle.Expected() if kind == "cold" else expectation(theatre, {})
    if kind != "cold":
        go_on(theatre, chance, moves=kind == "moving")
        # In each month something is new, so that old and new are told apart in every dataset.
        for date_id in open_dates(theatre):
            book(theatre, date_id, 80)
    scene = Scene(kind, before, theatre)
    scene.after = expectation(theatre, {})
    return scene


def data_of(stage: Stage, scene: Scene, folder: str) -> Path:
    data = Path(folder) / "data"
    if scene.kind != "cold":
        shutil.copytree(stage.filled, data)
    return data


def changes_of(stage: Stage, scene: Scene) -> list[list[str]]:
    """What an undisturbed sync does to the disk, change by change."""
    with TemporaryDirectory(dir=stage.folder) as folder:
        notes = Path(folder) / "notes"
        stage.server.play(scene.theatre, [], 1)
        process = dying.start(
            data_of(stage, scene, folder), stage.server.url, full=scene.full, notes=notes
        )
        process.join(60)
        assert process.exitcode == 0
        return [line.split("\t") for line in notes.read_text().splitlines()]


def assert_readable(data: Path) -> None:
    """Every dataset is one table in DuckDB and in pyarrow, and no key comes twice."""
    for name in oracle.NAMES:
        files = list((data / name).rglob("[!.]*.parquet"))
        if not files:
            continue
        dataset = DATASETS[name]
        keys = ", ".join(dataset.key)
        with duckdb.connect() as connection:
            (rows, distinct), *_ = connection.execute(
                f"SELECT count(*), count(DISTINCT ({keys})) FROM"  # noqa: S608
                f" read_parquet('{data / name}/**/*.parquet', hive_partitioning = true)"
            ).fetchall()
        assert pq.read_table(data / name).num_rows == rows
        assert rows == distinct, f"{name}: {rows} rows, {distinct} keys"


def assert_months_are_whole(place: Place, scene: Scene) -> bool:
    """Each dataset of each month is of one reading; returns whether some month's are of two."""
    stored = {name: oracle.stored(place.data, DATASETS[name]) for name in oracle.SALES}
    months = {row["performance_month"] for rows in stored.values() for row in rows}
    mixed = False
    for month in months | scene.months():
        forms = scene.sales(month)
        agreeing: list[set[str]] = []
        for name, rows in stored.items():
            found = {
                oracle.key_of(DATASETS[name], row): row
                for row in rows
                if row["performance_month"] == month
            }
            fitting = {which for which, form in forms.items() if form[name] == found}
            assert fitting, f"{name} of {month} is of no reading"
            agreeing.append(fitting)
        if not set.intersection(*agreeing):
            # Between the first of the three files and the last: the record must not call it done.
            assert not place.store().month_record(month).is_published_by(CODE_VERSION)
            mixed = True
    return mixed


def assert_made_good(
    stage: Stage,
    place: Place,
    scene: Scene,
    asked: Counter[str],
    sync: Callable[[Place], None],
) -> None:
    """The next sync ends well, leaves nothing behind, and asks again for little."""
    stage.server.play(scene.theatre, [], 1)
    sync(place)
    assert not list(oracle.differences(place.data, scene.after))
    assert not list(place.data.rglob("*.tmp"))
    again = Counter(path for path in stage.server.requests if path.endswith("/seats"))
    twice = sum((again & asked).values())
    largest = max(len(scene.theatre.bookings_of(date_id)) for date_id in scene.theatre.dates)
    # The seats of the performance it was reading, and what was under way for the next.
    assert twice <= largest + IN_FLIGHT, f"{twice} bookings were asked twice"


@dataclass
class Tally:
    """What a campaign of kills came to."""

    counts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    reader: Reader = field(default_factory=Reader)
    killed: int = 0
    tries: int = 0

    def wants(self, kills: int) -> bool:
        """Whether more are to be made; fails where too many missed."""
        assert self.tries <= 4 * kills + 4, f"of {self.tries} kills {self.killed} hit a sync"
        return self.killed < kills

    def note(self, what: str, *, hit: bool) -> None:
        """Note a kill, or one that came before the process did anything or after its end."""
        self.tries += 1
        self.killed += hit
        self.counts[
            what if hit else "kills that missed: before the first request or after the end"
        ] += 1

    def tell(self, record: pytest.FixtureRequest, kind: str) -> None:
        """Hand the counts over to the summary, and look what the reader saw."""
        told = {
            "seed": SEED,
            "counts": self.counts,
            "kills": {kind: self.killed},
            "kill_outcomes": self.outcomes,
            "readings": self.reader.readings,
            "proven": self.reader.proven,
            "overtaken": self.reader.overtaken,
        }
        record.node.user_properties.append(("chaos", json.dumps(told)))
        assert not self.reader.wrong, self.reader.wrong[:5]
        assert self.reader.readings >= self.tries
        assert self.reader.proven


@pytest.mark.parametrize("kind", KINDS)
def test_a_sync_killed_anywhere_leaves_what_the_next_one_makes_good(
    set_stage: Stage, kind: str, request: pytest.FixtureRequest
) -> None:
    chance = Random(f"{SEED} {kind}")  # noqa: S311
    tally = Tally()
    while tally.wants(KILLS):
        scene = scene_of(kind, chance)
        changes = changes_of(set_stage, scene)
        requests = len(set_stage.server.requests)
        moment = MOMENTS[(tally.tries + KINDS.index(kind)) % 3]
        most = len(changes) if moment == "a change of the disk" else requests
        with TemporaryDirectory(dir=set_stage.folder) as folder:
            place = Place(data_of(set_stage, scene, folder))
            with tally.reader.reading(place.data, scene.allowed(), scene.leaving()):
                set_stage.server.play(scene.theatre, [], 1)
                what, hit = kill(set_stage, place, scene, moment, chance.randint(1, most), chance)
                asked = Counter(p for p in set_stage.server.requests if p.endswith("/seats"))
                told = f"seed {SEED}, {kind}, kill {tally.tries + 1}: {what}"
                tally.note(f"{kind}: killed at {moment}", hit=hit)
                try:
                    assert_readable(place.data)
                    mixed = assert_months_are_whole(place, scene)
                    assert_made_good(set_stage, place, scene, asked, in_light_process(set_stage))
                except AssertionError as error:
                    raise AssertionError(f"{told}: {error}") from error
            if hit:
                tally.outcomes["between two files of a month" if mixed else "clean"] += 1
    tally.tell(request, "light syncs")


def in_light_process(stage: Stage) -> Callable[[Place], None]:
    """How the next sync is made: in a process like the one that was killed."""

    def sync(place: Place) -> None:
        process = dying.start(place.data, stage.server.url)
        process.join(60)
        assert process.exitcode == 0

    return sync


def kill(  # noqa: PLR0917
    stage: Stage,
    place: Place,
    scene: Scene,
    moment: str,
    at: int,
    chance: Random,
) -> tuple[str, bool]:
    """Kill a sync at a moment of a kind; returns which it was, and whether it hit a sync."""
    if moment == "a change of the disk":
        process = dying.start(place.data, stage.server.url, full=scene.full, dies_at=at)
    elif moment == "a request":
        reached = threading.Event()
        stage.server.on_request = lambda number: number == at and reached.set()
        process = dying.start(place.data, stage.server.url, full=scene.full)
        reached.wait(60)
        process.kill()
    else:
        process = dying.start(place.data, stage.server.url, full=scene.full)
        process.join(chance.uniform(0, 0.3))
        process.kill()
    process.join(60)
    # Where the moment came after the end, nothing was killed.
    assert process.exitcode in ({-signal.SIGKILL} if at and moment.startswith("a ch") else {-9, 0})
    begun = bool(stage.server.requests) or moment == "a change of the disk"
    return f"{moment}, {at}", process.exitcode == -signal.SIGKILL and begun
