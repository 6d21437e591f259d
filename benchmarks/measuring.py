"""The two processes of a benchmark, the sandbox and the sync, and what they cost."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SYNC = Path(sys.executable).with_name("ticketsource")
MEBIBYTE_IN_KIBIBYTES = 1024
WINDOW_SECONDS = 60.0


class SyncFailedError(Exception):
    """A sync did not do what it should, so its figures mean nothing."""


@dataclass(frozen=True)
class Account:
    """A make-believe theatre and how its API behaves.

    Attributes:
        events: how many events.
        dates: performances an event.
        bookings: bookings a performance, two seats each.
        first_month: the first month with performances.
        two_years: spread the performances over 24 months, not 12.
        latency_ms: what each answer takes at least.
        requests_per_minute: the server's own limit; 0 for none.

    """

    events: int
    dates: int
    bookings: int
    first_month: str
    two_years: bool = False
    latency_ms: int = 0
    requests_per_minute: int = 0

    @property
    def performances(self) -> int:
        """How many performances there are."""
        return self.events * self.dates

    @property
    def total_bookings(self) -> int:
        """How many bookings there are."""
        return self.performances * self.bookings

    def words(self) -> list[str]:
        """Return the arguments of the server's process."""
        numbers = {
            "events": self.events,
            "dates": self.dates,
            "bookings": self.bookings,
            "latency-ms": self.latency_ms,
            "requests-per-minute": self.requests_per_minute,
        }
        words = [f"--{name}={number}" for name, number in numbers.items()]
        return [*words, f"--first-month={self.first_month}", *["--two-years"] * self.two_years]


@dataclass(frozen=True)
class Asked:
    """What a server was asked, as it saw it.

    Attributes:
        answered_at: when each request that was not refused arrived, in seconds, in order.
        refused: how many were answered 429.
        peak_in_flight: the most requests that were unanswered at one moment.
        cpu_seconds: what the server's process has used since it started.

    """

    answered_at: list[float]
    refused: int
    peak_in_flight: int
    cpu_seconds: float

    def per_minute(self, limit: int) -> float | None:
        """Return the rate over whole windows; none when there were too few requests.

        A client that sends its whole allowance at once and then waits would look faster than the
        limit from the first request to the last. So the time is taken from the first request to
        the one that opens the last window, and the requests before that one are counted.
        """
        whole = (len(self.answered_at) - 1) // limit * limit
        if whole <= 0:
            return None
        return whole / (self.answered_at[whole] - self.answered_at[0]) * WINDOW_SECONDS

    def most_in_a_window(self) -> int:
        """Return the most requests in any 60 seconds."""
        first = most = 0
        for last, moment in enumerate(self.answered_at):
            while moment - self.answered_at[first] >= WINDOW_SECONDS:
                first += 1
            most = max(most, last - first + 1)
        return most


class Server:
    """The sandbox's process while it runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        first = self._read()
        self.url: str = first["url"]
        self.key: str = first["key"]

    def asked(self) -> Asked:
        """Return what was asked since this was called before."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer = self._read()
        return Asked(
            answered_at=answer["answered_at"],
            refused=answer["statuses"].get("429", 0),
            peak_in_flight=answer["peak_in_flight"],
            cpu_seconds=answer["cpu_seconds"],
        )

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise SyncFailedError("the sandbox's process has ended")
        return json.loads(line)


@contextlib.contextmanager
def serving(account: Account) -> Iterator[Server]:
    """Run the sandbox in a process of its own; it ends with the block."""
    command = [sys.executable, str(FOLDER / "server.py"), *account.words()]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        # Leaving the block closes the process's input, and so ends it.
        yield Server(process)


@dataclass(frozen=True)
class Sync:
    """What a sync did and what its process used.

    Attributes:
        wall_seconds: from its start to its end.
        cpu_seconds: of all its threads, user and system.
        peak_mib: the most memory it held.
        summary: what it printed with `--json`.

    """

    wall_seconds: float
    cpu_seconds: float
    peak_mib: float
    summary: dict[str, Any]

    @property
    def requests(self) -> int:
        """How many requests it made."""
        return self.summary["requests"]

    @property
    def bookings(self) -> int:
        """How many bookings are stored after it."""
        return self.summary["datasets"]["raw_bookings"]["rows"]


@dataclass
class RunningSync:
    """A sync whose end is waited for with `wait`."""

    process: subprocess.Popen[bytes]
    started: float
    output: Path
    errors: Path

    def wait(self) -> Sync:
        """Return what it did, when it has ended.

        Raises:
            SyncFailedError: when its exit code is not 0.

        """
        _, status, usage = os.wait4(self.process.pid, 0)
        wall = time.monotonic() - self.started
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode != 0:
            last = self.errors.read_text().splitlines()[-15:]
            raise SyncFailedError(
                "\n".join([f"a sync ended with exit code {self.process.returncode}:", *last])
            )
        return _sync(wall, usage, self.output.read_text())


@dataclass
class Home:
    """A fresh data directory, and homes of Dagster for the syncs into it."""

    folder: Path
    _started: int = field(default=0)

    def sync(self, server: Server, *, ceiling: int = 0) -> Sync:
        """Run a sync to its end.

        Args:
            server: what to ask.
            ceiling: the client's requests per minute; 0 for none.

        """
        return self.start(server, ceiling=ceiling).wait()

    def start(
        self,
        server: Server,
        *,
        ceiling: int = 0,
        months: Sequence[str] = (),
        dagster: str = "dagster",
    ) -> RunningSync:
        """Start a sync.

        Args:
            server: what to ask.
            ceiling: the client's requests per minute; 0 for none.
            months: only these; those that need it when empty.
            dagster: the name of the home of Dagster.

        """
        self._started += 1
        output = self.folder / f"{self._started}.out"
        errors = self.folder / f"{self._started}.err"
        ours = {
            "TICKETSOURCE_API_KEY": server.key,
            "TICKETSOURCE_BASE_URL": server.url,
            "TICKETSOURCE_DATA_DIR": str(self.folder / "data"),
            "TICKETSOURCE_REQUESTS_PER_MINUTE": str(ceiling),
            "DAGSTER_HOME": str(self.folder / dagster),
        }
        others = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TICKETSOURCE_", "DAGSTER_"))
        }
        command = [str(SYNC), "sync", "--json", *(f"--month={month}" for month in months)]
        with output.open("wb") as to, errors.open("wb") as complaints:
            started = time.monotonic()
            process = subprocess.Popen(
                command,
                env={**others, **ours},
                stdin=subprocess.DEVNULL,
                stdout=to,
                stderr=complaints,
            )
        return RunningSync(process, started, output, errors)


@contextlib.contextmanager
def fresh_home() -> Iterator[Home]:
    """Make folders that are removed after the block."""
    with tempfile.TemporaryDirectory(prefix="ticketsource-bench-") as folder:
        yield Home(Path(folder))


class Neighbours:
    """What the machine was doing beside the benchmark, from the moment this was made."""

    def __init__(self) -> None:
        self.load = os.getloadavg()[0]
        self._started = time.monotonic()
        self._busy = _busy_seconds()
        self._ours = _own_seconds()

    def cores(self, server_seconds: float = 0.0) -> float:
        """Return how many cores others kept busy on average since then.

        Args:
            server_seconds: the CPU seconds of our server that has not ended yet.

        """
        others = _busy_seconds() - self._busy - (_own_seconds() - self._ours) - server_seconds
        return max(0.0, others / (time.monotonic() - self._started))


def _sync(wall: float, usage: resource.struct_rusage, output: str) -> Sync:
    return Sync(
        wall_seconds=wall,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / MEBIBYTE_IN_KIBIBYTES,
        summary=json.loads(output.splitlines()[-1]),
    )


def _own_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _busy_seconds() -> float:
    """What all cores have worked since the machine started; 0 where the kernel does not tell."""
    try:
        words = Path("/proc/stat").read_text(encoding="ascii").split(maxsplit=9)
    except OSError:
        return 0.0
    user, nice, system, _idle, _waiting, interrupts, soft = (int(word) for word in words[1:8])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")
