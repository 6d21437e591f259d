"""The benchmarks: what is run, what is measured and what is wanted."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from measuring import (
    Account,
    Asked,
    Home,
    Neighbours,
    Server,
    Sync,
    SyncFailedError,
    fresh_home,
    serving,
)
from report import Result

LIMIT = 240
IN_FLIGHT = 8
OWN_WINDOW_SECONDS = 61
SYNC_COLUMNS = ("seconds", "CPU s", "peak MiB", "requests", "load", "others")
LIMIT_COLUMNS = ("a minute", "most in 60 s", "429")


@dataclass(frozen=True)
class Measured:
    """A sync, what the server saw of it, and what the machine did beside it.

    Attributes:
        sync: the sync.
        asked: what the server saw.
        load: the machine's load before it.
        others: how many cores others kept busy meanwhile.

    """

    sync: Sync
    asked: Asked
    load: float
    others: float

    @property
    def seconds(self) -> float:
        """How long the sync took."""
        return self.sync.wall_seconds

    def cells(self) -> tuple[str, ...]:
        """Return the cells of `SYNC_COLUMNS`."""
        return (
            f"{self.sync.wall_seconds:.1f}",
            f"{self.sync.cpu_seconds:.1f}",
            f"{self.sync.peak_mib:.0f}",
            f"{self.sync.requests:,}",
            f"{self.load:.1f}",
            f"{self.others:.1f}",
        )


def cold_latency(*, quick: bool, runs: int) -> Result:
    """A first sync with 50 ms to each answer: is time spent on little else than waiting."""
    events, dates, bookings = (1, 2, 50) if quick else (3, 4, 200)
    account = Account(events, dates, bookings, _month(0), latency_ms=50)
    nothing = replace(account, events=0, dates=0, bookings=0)
    idle_runs, full_runs = [], []
    for _ in range(runs):
        idle_runs.append(_cold(nothing))
        full_runs.append(_cold(account))
    idle, full = _middle(idle_runs), _middle(full_runs)
    waiting = full.sync.requests * account.latency_ms / 1000 / IN_FLIGHT
    wanted = 1.4 * waiting + idle.seconds
    result = Result("cold_latency", ("sync", *SYNC_COLUMNS))
    result.rows = [
        ("of an empty account", *idle.cells()),
        (f"of {account.total_bookings:,} bookings, 50 ms an answer", *full.cells()),
    ]
    result.judge(
        f"{full.seconds:.1f} s; wanted at most 1.4 x {waiting:.1f} s of waiting (requests x 50 ms /"
        f" {IN_FLIGHT}) + {idle.seconds:.1f} s for an empty account = {wanted:.1f} s. It is"
        f" {(full.seconds - idle.seconds) / waiting:.2f} x the waiting.",
        reached=full.seconds <= wanted,
    )
    return result


def rate(*, quick: bool, runs: int) -> Result:  # noqa: ARG001 - one run is long enough
    """A first sync against the API's limit: how much of the allowance is used, never too much."""
    account = Account(
        1, 2 if quick else 12, 120, _month(0), latency_ms=50, requests_per_minute=LIMIT
    )
    with serving(account) as server, fresh_home() as home:
        measured = _measured(home, server, ceiling=LIMIT)
    _expect(measured.sync, account.total_bookings)
    result = Result("rate", ("sync", *SYNC_COLUMNS, *LIMIT_COLUMNS))
    name = f"first, {account.total_bookings:,} bookings"
    result.rows = [(name, *measured.cells(), *_limit_cells(measured.asked))]
    _judge_limit(result, measured.asked, least=0.95)
    return result


def scale(*, quick: bool, runs: int) -> Result:  # noqa: ARG001 - the largest takes minutes
    """A first sync and a next one of ever more bookings: how time and memory grow."""
    sizes = [(1, 1), (1, 10)] if quick else [(1, 4), (2, 20), (20, 20)]
    result = Result("scale", ("sync", *SYNC_COLUMNS, "bookings/s"))
    taken: dict[str, list[Measured]] = {"first": [], "next": []}
    for events, dates in sizes:
        account = Account(events, dates, 250, _month(0), two_years=True)
        bookings = account.total_bookings
        with serving(account) as server, fresh_home() as home:
            for name, all_of_name in taken.items():
                measured = _measured(home, server)
                _expect(measured.sync, bookings)
                cells = (*measured.cells(), f"{bookings / measured.seconds:,.0f}")
                result.rows.append((f"{name}, {bookings:,} bookings", *cells))
                all_of_name.append(measured)
    peak = max(one.sync.peak_mib for all_of_name in taken.values() for one in all_of_name)
    result.judge(f"{peak:.0f} MiB at most; wanted less than 600 MiB.", reached=peak < 600)
    for name, all_of_name in taken.items():
        growth = [later.seconds / earlier.seconds for earlier, later in pairwise(all_of_name)]
        times = " and ".join(f"{factor:.1f}" for factor in growth)
        result.judge(
            f"ten times as many bookings take the {name} sync {times} times as long; wanted at most"
            " ten.",
            reached=max(growth) <= 10,
        )
    return result


def warm_night(*, quick: bool, runs: int) -> Result:
    """The sync of a night on which nothing changed, against the API's limit."""
    account = Account(1 if quick else 5, 4 if quick else 12, 250, _month(1))
    limited = replace(account, requests_per_minute=LIMIT)
    nights: list[Measured] = []
    with fresh_home() as home:
        with serving(account) as server:
            home.sync(server)
        for _ in range(runs):
            # A server anew each night: the one before has its allowance used up, and so has our
            # own count, which the data directory keeps for a minute.
            time.sleep(OWN_WINDOW_SECONDS if nights else 0)
            with serving(limited) as server:
                nights.append(_measured(home, server, ceiling=LIMIT))
            _expect(nights[-1].sync, account.total_bookings)
            if nights[-1].sync.summary["reused_bookings"] != account.total_bookings:
                raise SyncFailedError("not all seats were reused")
    middle = _middle(nights)
    result = Result("warm_night", ("sync", *SYNC_COLUMNS, "429"))
    name = f"next, {account.performances} open performances x 250 bookings, nothing changed"
    result.rows = [(name, *middle.cells(), str(sum(night.asked.refused for night in nights)))]
    result.judge(
        f"{middle.seconds:.0f} s; wanted at most 120 s.",
        reached=middle.seconds <= 120,
    )
    return result


def limit_shared(*, quick: bool, runs: int) -> Result:  # noqa: ARG001 - one run is long enough
    """Four syncs at once into one data directory: how they share the API's limit."""
    account = Account(
        1, 12, 25 if quick else 100, _month(0), latency_ms=50, requests_per_minute=LIMIT
    )
    months = [_month(number) for number in range(12)]
    shares = [months[first : first + 3] for first in range(0, 12, 3)]
    neighbours = Neighbours()
    with serving(account) as server, fresh_home() as home:
        running = [
            home.start(server, ceiling=LIMIT, months=share, dagster=f"dagster-{number}")
            for number, share in enumerate(shares)
        ]
        syncs = [one.wait() for one in running]
        asked = server.asked()
        others = neighbours.cores(asked.cpu_seconds)
    # The last to end sees all that the others stored.
    last = max(syncs, key=lambda sync: sync.bookings)
    _expect(last, account.total_bookings)
    together = Sync(
        wall_seconds=last.wall_seconds,
        cpu_seconds=sum(sync.cpu_seconds for sync in syncs),
        peak_mib=max(sync.peak_mib for sync in syncs),
        summary={"requests": sum(sync.requests for sync in syncs)},
    )
    result = Result("limit_shared", ("syncs", *SYNC_COLUMNS, *LIMIT_COLUMNS))
    cells = Measured(together, asked, neighbours.load, others).cells()
    name = f"4 at once, {account.total_bookings:,} bookings"
    result.rows = [(name, *cells, *_limit_cells(asked))]
    _judge_limit(result, asked, least=0.9)
    return result


def marts(*, quick: bool, runs: int) -> Result:  # noqa: ARG001 - it varies little
    """All marts made anew of 84 months: how time and memory grow with the booking lines."""
    result = Result("marts", ("booking lines", "seconds", "CPU s", "peak MiB", "bookings"))
    sizes = [10_000] if quick else [10_000, 100_000, 1_000_000]
    cost: dict[str, Any] = {}
    for lines in sizes:
        with tempfile.TemporaryDirectory() as folder:
            _run_marts("fill", folder, f"--lines={lines}")
            cost = json.loads(_run_marts("make", folder))
        cells = (f"{cost[name]:.1f}" for name in ("seconds", "cpu_seconds"))
        row = (f"{lines:,}", *cells, f"{cost['peak_mib']:.0f}", f"{cost['rows']['bookings']:,}")
        result.rows.append(row)
    result.judge(
        f"{cost['seconds']:.1f} s for {sizes[-1]:,} lines; wanted less than 60 s.",
        reached=cost["seconds"] < 60,
    )
    result.judge(
        f"{cost['peak_mib']:.0f} MiB at most; wanted less than 1,536 MiB.",
        reached=cost["peak_mib"] < 1536,
    )
    return result


def _run_marts(*words: str) -> str:
    command = [sys.executable, str(Path(__file__).with_name("marts.py")), *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


BENCHMARKS: dict[str, Callable[..., Result]] = {
    case.__name__: case for case in (cold_latency, rate, warm_night, limit_shared, scale, marts)
}


def _cold(account: Account) -> Measured:
    with serving(account) as server, fresh_home() as home:
        measured = _measured(home, server)
    _expect(measured.sync, account.total_bookings)
    return measured


def _measured(home: Home, server: Server, *, ceiling: int = 0) -> Measured:
    before = server.asked()
    neighbours = Neighbours()
    sync = home.sync(server, ceiling=ceiling)
    asked = server.asked()
    others = neighbours.cores(asked.cpu_seconds - before.cpu_seconds)
    return Measured(sync, asked, neighbours.load, others)


def _expect(sync: Sync, bookings: int) -> None:
    if sync.bookings != bookings:
        raise SyncFailedError(f"{sync.bookings} bookings are stored, not {bookings}")


def _middle(runs: Sequence[Measured]) -> Measured:
    """The run of the middle wall time, so that its figures belong together."""
    return sorted(runs, key=lambda run: run.seconds)[(len(runs) - 1) // 2]


def _limit_cells(asked: Asked) -> tuple[str, ...]:
    return (
        f"{asked.per_minute(LIMIT) or 0:.1f}",
        str(asked.most_in_a_window()),
        str(asked.refused),
    )


def _judge_limit(result: Result, asked: Asked, *, least: float) -> None:
    used = (asked.per_minute(LIMIT) or 0) / LIMIT
    wanted = f"wanted at least {least:.0%}."
    result.judge(f"{used:.1%} of the allowance used; {wanted}", reached=used >= least)
    result.judge(f"{asked.refused} answers 429; wanted none.", reached=asked.refused == 0)


def _month(ahead: int) -> str:
    """The month so many months from now: its performances are open."""
    today = datetime.now(UTC)
    years, month = divmod(today.month - 1 + ahead, 12)
    return f"{today.year + years}-{month + 1:02d}"
