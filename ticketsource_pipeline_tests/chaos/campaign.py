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

from ticketsource_pipeline.api import ApiError
from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.sandbox import Theatre
from ticketsource_pipeline.store import StoreError
from ticketsource_pipeline_tests.chaos import oracle
from ticketsource_pipeline_tests.chaos.place import Place, Report, partitions
from ticketsource_pipeline_tests.chaos.playhouse import PERSON, go_on, yesterday
from ticketsource_pipeline_tests.chaos.server import SpoiltServer, Trap, Trouble
from ticketsource_pipeline_tests.chaos.spoilers import Fault

RETRIES = 3
KEY = "skl-sandbox-1"
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
    """

    server: SpoiltServer
    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    trap: Trap = field(default_factory=Trap)
    before: oracle.Expected = field(default_factory=oracle.Expected)

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


def expectation(theatre: Theatre, spoilt: Mapping[str, list[Any]]) -> oracle.Expected:
    """What a perfect reading of a theatre holds."""
    return oracle.expected(theatre, spoilt, set(partitions()))


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


def play(  # noqa: C901 - one case after the other in the order things happen
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
    lively: bool = False,
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
        lively: whether the theatre changes under the reading, so that only what comes in the end
            is known.

    Raises:
        Broken: when something does not hold.
    """
    chance = Random(seed)  # noqa: S311
    theatre, server, before = yesterday(), stage.server, stage.before
    go_on(theatre, chance, moves=moves)
    at_first = _listed(theatre)
    server.play(theatre, list(troubles), seed)
    server.on_request = on_request or server.on_request
    for name in [*(trouble.name for trouble in troubles), *([named] if named else [])]:
        stage.counts[name] += 1

    def fail(what: str, *more: str) -> None:
        said = "\n  ".join(more)
        raise Broken(f"{what}\n  {said}\nreproduce: {reproduce}")

    with stage.place() as place:
        try:
            with place.client(server.url, timeout_seconds=0.12 if slow else 2) as client:
                report = place.sync(client, all_checks=all_checks)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            trace = "".join(traceback.format_exception(error))
            return fail(f"an error that is not ours: {type(error).__name__}", trace)
        _look_at_words(report, fail)
        if stage.trap.caught():
            fail("somebody else was asked")
        after = expectation(theatre, server.spoilt)
        if server.strange:
            fail("asked what no path may be, or the server broke", *server.strange)
        if lively:
            stage.outcomes["failed" if report.failed else "succeeded"] += 1
            if not report.failed:
                _look_at_lists(place, at_first, _listed(theatre), fail)
            _look_at_recovery(place, server, fail)
        elif report.failed:
            stage.outcomes["failed"] += 1
            if must_succeed:
                fail("failed, though all troubles pass", *report.words)
            _look_at_months(place, before, after, report, fail)
        else:
            stage.outcomes["succeeded"] += 1
            wrong = [] if _tells_doubles(report) else list(oracle.differences(place.data, after))
            if wrong:
                fail("the files are not what was served", *wrong, *report.words)
            if all_checks:
                _look_at_checks(after, report, fail)
        if report.words or server.spoilt:
            _look_at_recovery(place, server, fail)
    return None


def _listed(theatre: Theatre) -> dict[str, set[str]]:
    return {key: {row["id"] for row in theatre.bookings_of(key)} for key in theatre.dates}


def _look_at_lists(
    place: Place, first: dict[str, set[str]], last: dict[str, set[str]], fail: Any
) -> None:
    """Each performance's bookings are those of one moment of the reading, and no mixture."""
    found: dict[str, set[str]] = {key: set() for key in {*first, *last}}
    for row in oracle.stored(place.data, DATASETS["raw_bookings"]):
        found[row["date_id"]].add(row["booking_id"])
    for key, ids in found.items():
        if ids not in (first.get(key, set()), last.get(key, set())):
            fail(f"the bookings of {key} are of no moment")


def _look_at_words(report: Report, fail: Any) -> None:
    for error in report.errors.values():
        if not isinstance(error, ApiError | StoreError) or len(str(error)) < 20:
            fail(f"an error that does not say what happened: {error!r}")
        trace = "".join(traceback.format_exception(error))
        for secret in (KEY, PERSON):
            if secret in trace or secret in repr(error):
                fail(f"an error that holds {secret}", trace)
    for words in report.words:
        if PERSON in words:
            fail("a check that names somebody", words)


def _look_at_months(
    place: Place, before: oracle.Expected, after: oracle.Expected, report: Report, fail: Any
) -> None:
    """Each month's sales are yesterday's or today's, whole; those that failed are yesterday's."""
    stored = {name: oracle.stored(place.data, DATASETS[name]) for name in oracle.SALES}
    months = {row["performance_month"] for rows in stored.values() for row in rows}
    for dataset in (DATASETS[name] for name in oracle.SALES):
        keys = [oracle.key_of(dataset, row) for row in stored[dataset.name]]
        if len(keys) != len(set(keys)) and not _tells_doubles(report):
            fail(f"{dataset.name} holds rows twice", *report.words)
    everything = {*months, *_months(before), *_months(after)}
    homes = {key: row["performance_month"] for key, row in after.rows["performances"].items()}
    for month in everything:
        found = {
            name: {
                oracle.key_of(DATASETS[name], row): row
                for row in stored[name]
                if row["performance_month"] == month
            }
            for name in oracle.SALES
        }
        old = {name: before.month(name, month) for name in oracle.SALES}
        new = {name: after.month(name, month) for name in oracle.SALES}
        # Where a performance leaves a month, its rows go before it is read where it went.
        rest = {
            name: {key: row for key, row in rows.items() if homes.get(row["date_id"]) == month}
            for name, rows in old.items()
        }
        touched = month in report.errors or month in report.blocked or "" in report.errors
        allowed = [old, rest] if touched else [old, rest, new]
        if found not in allowed and not _tells_doubles(report):
            sizes = _sizes(found, old, new)
            fail(f"{month} is neither yesterday's nor today's", *sizes, *report.words)


def _tells_doubles(report: Report) -> bool:
    """Whether a check says that one record is in two months, where only a lying API can put it."""
    return any(check == "key_is_unique_over_all_months" for _, check in report.failures)


def _sizes(*sales: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [str({name: sorted(rows) for name, rows in item.items()}) for item in sales]


def _months(whole: oracle.Expected) -> set[str]:
    return {row["performance_month"] for name in oracle.SALES for row in whole.rows[name].values()}


def _look_at_checks(after: oracle.Expected, report: Report, fail: Any) -> None:
    """Just the fields that cannot be read are named by the checks on them."""
    named = {
        (dataset, str(failure.record_id), failure.what.split(" ")[0])
        for (dataset, check), failures in report.failures.items()
        if check == "fields_are_readable"
        for failure in failures
    }
    # A seat's ids and times are read once for the raw data and once for the sales.
    wanted = {item for item in after.unreadable if item[0] != "raw_seats"}
    if named != wanted:
        fail(
            "the checks do not name just what cannot be read",
            f"not named: {sorted(wanted - named)}",
            f"named, though readable: {sorted(named - wanted)}",
        )


def _look_at_recovery(place: Place, server: SpoiltServer, fail: Any) -> None:
    """Without troubles, the next sync makes all good."""
    # Seats are asked for again only when their booking changed, or all are.
    full = bool(server.spoilt or server.troubles)
    server.calm()
    server.spoilt.clear()
    try:
        with place.client(server.url) as client:
            report = place.sync(client, full=full, all_checks=True)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        trace = "".join(traceback.format_exception(error))
        return fail(f"the next sync: {type(error).__name__}", trace)
    wrong = list(oracle.differences(place.data, expectation(server.theatre, {})))
    if wrong or report.words:
        fail("the next sync did not make it good", *wrong, *report.words)
    leftovers = [str(path) for path in place.data.rglob("*.tmp")]
    if leftovers:
        fail("unfinished files are left", *leftovers)
    return None
