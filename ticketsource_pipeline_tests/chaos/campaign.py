"""One generated case: yesterday's data, today's theatre, faults, and what must hold then."""

from __future__ import annotations

import shutil
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from ticketsource_pipeline.sandbox import Theatre
from ticketsource_pipeline.sandbox.records import linked_id
from ticketsource_pipeline_tests.chaos import oracle
from ticketsource_pipeline_tests.chaos.command import RETRIES, Untold, sync_by_command
from ticketsource_pipeline_tests.chaos.invariants import (
    Fail,
    look_at_catalog,
    look_at_checks,
    look_at_lists,
    look_at_months,
    look_at_words,
    tells_doubles,
)
from ticketsource_pipeline_tests.chaos.moving_lists import MovingLists
from ticketsource_pipeline_tests.chaos.place import Place, Report, partitions
from ticketsource_pipeline_tests.chaos.playhouse import go_on, yesterday
from ticketsource_pipeline_tests.chaos.server import SpoiltServer, Trap, Trouble
from ticketsource_pipeline_tests.chaos.spoilers import Fault

LIST_PATHS = {
    "events": "/events",
    "venues": "/events/[^/]+/venues",
    "dates": "/events/[^/]+/dates",
    "bookings": "/dates/[^/]+/bookings",
    "seats": "/bookings/[^/]+/seats",
}
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where a file's sync costs nothing


class Broken(AssertionError):
    """What must hold does not; the message says what, and how to see it again."""


@dataclass
class Stage:
    """What all cases of a process share: a server, and a data directory as yesterday left it.

    Attributes:
        server: serves the theatre of the case.
        folder: holds the data directories.
        counts: cases by fault.
        outcomes: cases by what came of them.
        trap: an address nobody may ask.
        before: what yesterday's files hold.
        by_command: whether `ticketsource sync` reads, and not what it is made of.
    """

    server: SpoiltServer
    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    trap: Trap = field(default_factory=Trap)
    before: oracle.Expected = field(default_factory=oracle.Expected)
    by_command: bool = False

    @property
    def filled(self) -> Path:
        """The data directory as yesterday left it."""
        return self.folder / "yesterday"

    def prepare(self) -> None:
        """Read yesterday's theatre."""
        self.server.play(yesterday(), [], 1)
        place = Place(self.filled)
        with place.client(self.server.url) as client:
            report = place.sync(client, all_checks=True)
        assert not report.words
        self.before = expectation(self.server.theatre, {})
        assert not list(oracle.differences(self.filled, self.before))

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A copy of yesterday's data directory."""
        with TemporaryDirectory(dir=self.folder) as folder:
            data = Path(folder) / "data"
            shutil.copytree(self.filled, data)
            yield Place(data)

    def sync(
        self, place: Place, *, full: bool = False, slow: bool = False, all_checks: bool = False
    ) -> Report:
        """Sync a place with the server.

        Args:
            place: where the data lies.
            full: whether nothing is reused.
            slow: whether the client soon loses patience.
            all_checks: whether all checks are run, as the command does always.
        """
        if self.by_command:
            return sync_by_command(
                place, self.server.url, full=full, timeout_seconds=0.3 if slow else 2
            )
        with place.client(self.server.url, timeout_seconds=0.12 if slow else 2) as client:
            return place.sync(client, full=full, all_checks=all_checks)


@contextmanager
def stage() -> Iterator[Stage]:
    """A stage ready for cases."""
    root = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None
    with TemporaryDirectory(dir=root) as folder, SpoiltServer() as server:
        made = Stage(server, Path(folder))
        patience = sys.getswitchinterval()
        # The server's thread shares the interpreter with its client: neither is to wait long.
        sys.setswitchinterval(0.0002)
        try:
            made.prepare()
            yield made
        finally:
            sys.setswitchinterval(patience)
            made.trap.close()


def expectation(
    theatre: Theatre, spoilt: Mapping[str, list[Any]], before: oracle.Expected | None = None
) -> oracle.Expected:
    """What a perfect reading of a theatre holds, given what was held before."""
    return oracle.expected(theatre, spoilt, set(partitions()), before)


def troubles_of(faults: Sequence[Fault], chance: Random, *, lasting: bool) -> list[Trouble]:
    """Put faults to work somewhere in a sync.

    Args:
        faults: the faults.
        chance: where and when.
        lasting: whether they stay, or pass before the tries are used up.
    """
    return [
        Trouble(
            fault.name,
            fault.spoil,
            LIST_PATHS[chance.choice(fault.paths)],
            skip=chance.randrange(4) if not lasting or chance.random() < 0.5 else 0,
            times=10**9 if lasting else chance.randint(1, RETRIES),
        )
        for fault in faults
    ]


def play(
    stage: Stage,
    seed: int,
    troubles: Sequence[Trouble],
    *,
    reproduce: str,
    must_succeed: bool = False,
    moves: bool = False,
    slow: bool = False,
    all_checks: bool = False,
    on_request: Callable[[int], object] | None = None,
    named: str = "",
    moving: MovingLists | None = None,
) -> None:
    """Play a case and look that everything holds that must.

    Args:
        stage: where.
        seed: of the day that passed, and of the troubles.
        troubles: what goes wrong.
        reproduce: what shows this case again.
        must_succeed: whether the troubles are such that the sync must get over them.
        moves: whether a performance also changes month.
        slow: whether the troubles need a client that soon loses patience.
        all_checks: whether all checks are run, not only those that may block.
        on_request: what happens at a request, told its number.
        named: what that is called in the counts.
        moving: what changes the theatre under the reading, if anything, so that only what comes in
            the end is known.

    Raises:
        Broken: when something does not hold.
    """
    theatre, server = yesterday(), stage.server
    go_on(theatre, Random(seed), moves=moves)  # noqa: S311
    server.play(theatre, list(troubles), seed)
    if moving:
        moving.begin(yesterday(), theatre)
    server.on_request = on_request or (moving.happen if moving else server.on_request)
    for name in [*(trouble.name for trouble in troubles), *([named] if named else [])]:
        stage.counts[name] += 1

    def fail(what: str, *more: str) -> None:
        said = "\n  ".join(more)
        raise Broken(f"{what}\n  {said}\nreproduce: {reproduce}")

    with stage.place() as place:
        try:
            report = stage.sync(place, slow=slow, all_checks=all_checks)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            return fail(_unforeseen(error))
        look_at_words(report, fail)
        if stage.trap.caught():
            fail("somebody else was asked")
        if server.strange:
            fail("asked what no path may be, or the server broke", *server.strange)
        stage.outcomes["failed" if report.failed else "succeeded"] += 1
        if report.failed and must_succeed:
            fail("failed, though all troubles pass", *report.words)
        if moving:
            _count(stage, moving)
            look_at_lists(place, moving, report, fail)
        else:
            _look(stage, place, report, fail)
        if moving or report.words or server.spoilt:
            _look_at_recovery(stage, place, fail)
    return None


def _look(stage: Stage, place: Place, report: Report, fail: Fail) -> None:
    """Look at what was read of a theatre that kept still."""
    after = expectation(stage.server.theatre, stage.server.spoilt, stage.before)
    if tells_doubles(report):
        return
    if report.failed:
        look_at_catalog(place, stage.before, after, report, fail)
        if _keeps_one_astray(stage.server, report):
            return
        look_at_months(place, stage.before, after, report, fail)
        return
    wrong = list(oracle.differences(place.data, after))
    if wrong:
        fail("the files are not what was served", *wrong, *report.words)
    if report.checked_all:
        look_at_checks(after, report, fail)


def _keeps_one_astray(server: SpoiltServer, report: Report) -> bool:
    """Whether a record was served where it does not belong, and its own place could not be read.

    Nothing tells then that it belongs elsewhere.
    """
    theatre, failed = server.theatre, report.errors.keys() | report.blocked.keys()
    for record_id in server.astray:
        seat = theatre.seats.get(record_id)
        booking = theatre.bookings[linked_id(seat, "booking") if seat else record_id]
        if theatre.dates[linked_id(booking, "date")]["attributes"]["start"][:7] in failed:
            return True
    return False


def _count(stage: Stage, moving: MovingLists) -> None:
    stage.counts.update(moving.changes)
    stage.counts["a list moved while it was read" if moving.moved else "no list moved"] += 1


def _unforeseen(error: Exception) -> str:
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, Untold):
        return str(error)
    return f"an error that is not ours: {type(error).__name__}\n{trace}"


def _look_at_recovery(stage: Stage, place: Place, fail: Fail) -> None:
    """Without troubles, the next sync makes all good."""
    server = stage.server
    # Seats are asked for again only when their booking changed, or all are.
    full = bool(server.spoilt or server.troubles)
    server.calm()
    server.spoilt.clear()
    try:
        report = stage.sync(place, full=full, all_checks=True)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return fail(f"the next sync: {_unforeseen(error)}")
    wrong = list(oracle.differences(place.data, expectation(server.theatre, {})))
    if wrong or report.words:
        fail("the next sync did not make it good", *wrong, *report.words)
    leftovers = [str(path) for path in place.data.rglob("*.tmp")]
    if leftovers:
        fail("unfinished files are left", *leftovers)
    return None
