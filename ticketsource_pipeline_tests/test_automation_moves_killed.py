"""Wherever a run is killed while performances change month, no row is doubled and none is lost.

The performances are closed, so nothing is read again but what the move itself makes due.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from upath import UPath

from ticketsource_pipeline.api import NoLimit, TicketSourceClient
from ticketsource_pipeline.automation.months import current_plans
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import PERFORMANCES
from ticketsource_pipeline.landing.catalog import land_catalog
from ticketsource_pipeline.landing.month import land_month
from ticketsource_pipeline.landing.rules import RefreshRules
from ticketsource_pipeline.landing.sales import publish_month
from ticketsource_pipeline.partitions import month_partitions
from ticketsource_pipeline.refresh.openness import performances_of
from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline.store import Layout, ParquetStore
from ticketsource_pipeline.store.files import FileWriter, NewFile
from ticketsource_pipeline_tests.automating import (
    assert_no_booking_twice,
    assert_one_month_each,
    moment,
    theatre_of,
)
from ticketsource_pipeline_tests.running import Machine, Once

WINDOW = timedelta(days=60)
PARTITIONS = month_partitions("2019-01").get_partition_keys(current_time=moment("2024-06-01T00:00"))
MARCH, APRIL = "2024-03", "2024-04"


class Killed(BaseException):
    """The process is no more."""


@dataclass(frozen=True)
class MortalWriter(FileWriter):
    """A writer whose process dies before its so-many-th change of the disk."""

    changes_left: list[int] = field(default_factory=lambda: [10**6])

    def _live(self) -> None:
        if self.changes_left[0] == 0:
            raise Killed
        self.changes_left[0] -= 1

    def _take_place(self, file: NewFile, temporary: Path | None) -> None:
        self._live()
        super()._take_place(file, temporary)

    def move(self, source: UPath, target: UPath, *, private: bool) -> None:
        self._live()
        super().move(source, target, private=private)

    def remove(self, path: UPath) -> None:
        self._live()
        super().remove(path)


@dataclass
class Place:
    """A data directory and the theatre it is read from; runs without Dagster around them."""

    folder: Path
    server: SandboxServer
    client: TicketSourceClient

    @property
    def machine(self) -> Machine:
        return Machine(self.folder)

    def store(self, changes: int = 10**6) -> ParquetStore:
        layout = Layout.of(str(self.folder / "data"), self.folder)
        return ParquetStore(layout, MortalWriter([changes]))

    def read_catalog(self) -> None:
        land_catalog(self.client, self.store(), lambda _: None)

    def run(self, month: str, changes: int = 10**6, *, open_only: bool = True) -> None:
        """What the two steps of a month's run do."""
        store = self.store(changes)
        catalog = performances_of(store.read(PERFORMANCES))
        rules = RefreshRules(
            since=utc_now(),
            full=False,
            open_only=open_only,
            refund_window=WINDOW,
            seat_max_age=timedelta(days=7),
        )
        land_month(
            self.client,
            store,
            month,
            catalog=catalog,
            months=PARTITIONS,
            rules=rules,
            say=lambda _: None,
        )
        publish_month(store, month, catalog)

    def due(self) -> list[str]:
        plans = current_plans(self.store(), PARTITIONS, now=utc_now(), refund_window=WINDOW)
        return [plan.month for plan in plans if plan.is_needed]

    def run_all_due(self, order: Callable[[list[str]], list[str]]) -> None:
        for month in order(self.due()):
            self.run(month)
            assert_no_booking_twice(self.machine)
        assert self.due() == []


def theatre() -> Theatre:
    return theatre_of("2024-03-05T19:30", "2024-03-06T19:30", "2024-04-07T19:30", bookings=1)


@pytest.fixture(scope="module")
def filled(made_once: Once) -> Path:
    def fill(folder: Path) -> None:
        with place_at(folder) as place:
            place.read_catalog()
            place.run_all_due(list)
            assert_one_month_each(place.machine, place.server.theatre)

    return made_once("before-a-kill", fill)


@contextmanager
def place_at(folder: Path) -> Iterator[Place]:
    with (
        SandboxServer(theatre()) as server,
        TicketSourceClient(server.url, server.key, limiter=NoLimit()) as client,
    ):
        yield Place(folder, server, client)


def move_to_april(theatre: Theatre) -> None:
    theatre.move_date(next(iter(theatre.dates)), "2024-04-20T19:30:00+00:00")


def move_to_march(theatre: Theatre) -> None:
    theatre.move_date(list(theatre.dates)[2], "2024-03-20T19:30:00+00:00")


def swap(theatre: Theatre) -> None:
    move_to_april(theatre)
    move_to_march(theatre)


def go_round(theatre: Theatre) -> None:
    move_to_april(theatre)
    theatre.move_date(list(theatre.dates)[2], "2024-05-20T19:30:00+00:00")


def leave(theatre: Theatre) -> None:
    theatre.delete_date(list(theatre.dates)[2])


def back(theatre: Theatre) -> None:
    for date_id, start in zip(theatre.dates, ("03-05", "03-06", "04-07"), strict=False):
        theatre.move_date(date_id, f"2024-{start}T19:30:00+00:00")


ORDERS = [list, lambda months: months[::-1]]


@pytest.mark.parametrize(
    ("change", "first"),
    [
        (move_to_april, APRIL),
        (swap, MARCH),
        (leave, APRIL),
    ],
)
def test_a_run_killed_anywhere_in_a_move_is_made_good_by_the_runs_then_due(
    filled: Path, tmp_path: Path, change: Callable[[Theatre], None], first: str
) -> None:
    killed = 0
    for changes in itertools.count():
        folder = tmp_path / str(changes)
        shutil.copytree(filled, folder)
        with place_at(folder) as place:
            change(place.server.theatre)
            place.read_catalog()
            place.server.clear()
            try:
                place.run(first, changes)
            except Killed:
                killed += 1
            else:
                break
            assert_no_booking_twice(place.machine)
            place.run_all_due(ORDERS[changes % 2])
            assert_one_month_each(place.machine, place.server.theatre)
            assert place.server.count("/seats") == 0
    assert killed > 5


def test_performances_that_are_back_before_the_killed_run_is_made_good_are_where_they_were(
    filled: Path, tmp_path: Path
) -> None:
    changes = 0
    for changes in itertools.count(0, 2):
        folder = tmp_path / str(changes)
        shutil.copytree(filled, folder)
        with place_at(folder) as place:
            go_round(place.server.theatre)
            place.read_catalog()
            place.server.clear()
            try:
                place.run(APRIL, changes)
            except Killed:
                pass
            else:
                break
            back(place.server.theatre)
            place.read_catalog()
            place.run_all_due(ORDERS[changes // 2 % 2])
            assert_one_month_each(place.machine, place.server.theatre)
            assert place.server.count("/seats") == 0
    assert changes > 15
