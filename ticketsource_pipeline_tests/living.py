"""A real Dagster daemon under a clock that tests set, and how they wait for it; no test is here."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorState, SensorInstigatorData, TickStatus
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline_tests.automating import LONDON
from ticketsource_pipeline_tests.running import WITH_REPORT, Machine

LIBRARIES = (
    Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"),
    Path("/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"),
)

# Waits end when the set clock says so, as they would had the time passed; and the library cannot do
# the absolute waits that `time.sleep` makes.
_WAITING = """
import select, threading, time

def _sleep(seconds):
    end = time.time() + seconds
    while (left := end - time.time()) > 0:
        select.select([], [], [], min(left, 0.1))

_wait = threading.Event.wait

def _patient(self, timeout=None):
    if timeout is None:
        return _wait(self)
    end = time.time() + timeout
    while not self.is_set() and (left := end - time.time()) > 0:
        _wait(self, min(left, 0.1))
    return self.is_set()

time.sleep = _sleep
threading.Event.wait = _patient
"""

_HOME = """
telemetry: {enabled: false}
nux: {enabled: false}
concurrency:
  runs: {max_concurrent_runs: 4}
  pools: {granularity: op, default_limit: 2}
run_coordinator:
  module: dagster
  class: QueuedRunCoordinator
  config: {dequeue_interval_seconds: 1}
# Of the ticks that a leap of the clock passes over, the last one of each schedule.
scheduler:
  module: dagster._core.scheduler
  class: DagsterDaemonScheduler
  config: {max_catchup_runs: 1}
"""


def faketime_library() -> Path:
    """The library that gives processes another clock; skips the test where it is not installed."""
    for path in LIBRARIES:
        if path.exists():
            return path
    pytest.skip("libfaketime is not on this machine: apt-get install faketime")


@dataclass
class Clock:
    """A clock in a file that many processes look at; it goes on by itself."""

    file: Path
    ahead: timedelta = timedelta()

    def set(self, moment: datetime) -> None:
        """Let it be a moment now, for all who look."""
        self.ahead = moment - datetime.now(UTC)
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{self.ahead.total_seconds():+.3f}\n")
        fresh.replace(self.file)

    def __call__(self) -> datetime:
        """The moment it shows."""
        return datetime.now(UTC) + self.ahead


@dataclass
class Daemon:
    """Dagster's daemon and its code server, over a workspace file, under the clock."""

    machine: Machine
    server: SandboxServer
    clock: Clock
    variables: dict[str, str]
    instance: dg.DagsterInstance
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def theatre(self) -> Theatre:
        """The theatre behind the server."""
        return self.server.theatre

    def start_code_server(self) -> None:
        """Start what loads the project's definitions and launches its runs."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._start("dagster", "server", "api", "grpc", "-h", "127.0.0.1", "-p", str(port),
                    "-m", "ticketsource_pipeline.definitions")  # fmt: skip
        (self.machine.folder / "workspace.yaml").write_text(
            f"load_from:\n  - grpc_server: {{host: 127.0.0.1, port: {port},"
            " location_name: ticketsource_pipeline}\n"
        )
        self.wait(lambda: _listens(port))

    def start(self) -> None:
        """Start the daemon."""
        workspace = self.machine.folder / "workspace.yaml"
        self._start("dagster-daemon", "daemon", "run", "-w", str(workspace))
        # A schedule counts from when the daemon first saw it.
        self.wait(lambda: all(self._state(name) for name in _ALWAYS_ON))

    def kill(self) -> None:
        """Kill the daemon at once; its code server and the runs live on."""
        process = self.processes.pop("daemon")
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """Kill everything."""
        for process in self.processes.values():
            # Each leads a group of its own, so its runs end with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()

    def wait(self, condition: Callable[[], bool], seconds: float = 150) -> None:
        """Come back when the condition holds; fail when it does not in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not in time; see {self.machine.folder}/*.log"
            select.select([], [], [], 0.1)  # the others have work to do

    def runs(self) -> list[dg.DagsterRun]:
        """All runs, the oldest first."""
        return list(self.instance.get_runs())[::-1]

    def is_idle(self) -> bool:
        """Whether no run is waiting or under way."""
        return not self.instance.get_runs(dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES)))

    def wait_for_schedule(self, name: str, tick: datetime) -> None:
        """Wait until a schedule's tick is done with, and the runs it asked for."""
        self.wait(lambda: self._ticked(name, tick))
        self.wait(self.is_idle)

    def wait_for_sensor(self) -> None:
        """Let a minute pass, and wait until the sensor has looked and its runs are done."""
        self.clock.set(self.clock() + timedelta(seconds=61))
        begun = self.clock().timestamp()
        self.wait(lambda: self._looked_since(begun))
        self.wait(self.is_idle)

    def night(self, day: datetime) -> None:
        """Live through a night: the catalogue after three, the changes, the open months."""
        night = day.astimezone(LONDON).replace(minute=0, second=0, microsecond=0)
        listed, refreshed = (night.replace(hour=3, minute=minute) for minute in (5, 30))
        self.clock.set(listed + timedelta(seconds=1))
        self.wait_for_schedule("catalog_refresh", listed)
        self.wait_for_sensor()
        self.clock.set(refreshed + timedelta(seconds=1))
        self.wait_for_schedule("open_months_refresh", refreshed)

    def runs_by_key(self) -> Counter[str]:
        """How many runs there are of each run key."""
        return Counter(
            run.tags["dagster/run_key"] for run in self.runs() if "dagster/run_key" in run.tags
        )

    def graphql(self, query: str) -> dict[str, Any]:
        """Ask Dagster's own API, as its UI does."""
        answer = json.loads(self._command("dagster-graphql", "-t", query))
        assert "errors" not in answer, answer
        return answer["data"]

    def stop_sensor(self) -> None:
        """Switch the sensor on the catalogue off."""
        self._command("dagster", "sensor", "stop", "changed_performances")

    def _command(self, program: str, *words: str) -> str:
        command = str(Path(sys.executable).with_name(program))
        return subprocess.run(
            [command, *words, "-w", str(self.machine.folder / "workspace.yaml")],
            env=self.variables,
            cwd=self.machine.folder,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    def _state(self, name: str) -> InstigatorState | None:
        states = self.instance.all_instigator_state()
        return next((state for state in states if state.name == name), None)

    def _ticked(self, name: str, tick: datetime) -> bool:
        state = self._state(name)
        if state is None:
            return False
        ticks = self.instance.get_ticks(
            state.instigator_origin_id, state.selector_id, after=tick.timestamp() - 1
        )
        return any(
            item.timestamp == tick.timestamp() and item.status in _DONE_WITH for item in ticks
        )

    def _looked_since(self, begun: float) -> bool:
        state = self._state("changed_performances")
        data = state.instigator_data if state else None
        if not isinstance(data, SensorInstigatorData) or not data.last_tick_start_timestamp:
            return False
        success = data.last_tick_success_timestamp or 0
        return data.last_tick_start_timestamp >= begun and success >= begun

    def _start(self, program: str, name: str, *words: str) -> None:
        command = str(Path(sys.executable).with_name(program))
        with (self.machine.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [command, *words],
                env=self.variables,
                cwd=self.machine.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


_ALWAYS_ON = ("catalog_refresh", "open_months_refresh", "changed_performances")
_DONE_WITH = {TickStatus.SUCCESS, TickStatus.SKIPPED}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def daemon(machine: Machine, theatre: Theatre, moment: datetime, **more: str) -> Iterator[Daemon]:
    """Yield a daemon that runs from a moment on, over a theatre of its own."""
    library = faketime_library()
    clock = Clock(machine.folder / "clock")
    clock.set(moment)
    theatre.clock = clock
    machine.home.mkdir()
    (machine.home / "dagster.yaml").write_text(_HOME)
    (machine.folder / "site").mkdir()
    (machine.folder / "site" / "sitecustomize.py").write_text(_WAITING)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with SandboxServer(theatre) as server, machine.instance() as instance:
        # The databases are made here, by one process alone.
        instance.get_runs()
        instance.all_instigator_state()
        instance.get_latest_materialization_event(dg.AssetKey("events"))
        variables = {
            **kept,
            **machine.variables(server, **WITH_REPORT, **more),
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(clock.file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": str(machine.folder / "site"),
        }
        alive = Daemon(machine, server, clock, variables, instance)
        try:
            alive.start_code_server()
            alive.start()
            yield alive
        finally:
            alive.stop()
