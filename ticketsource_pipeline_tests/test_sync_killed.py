"""A sync whose process is killed leaves what is whole, and the next one goes on from there."""

import os
import signal
import subprocess
import sys
from collections import Counter
from threading import Event

import dagster as dg
import pytest

from ticketsource_pipeline.assets.specs import API_POOL
from ticketsource_pipeline.sandbox import RequestRecord, SandboxServer, Theatre
from ticketsource_pipeline_tests.running import (
    DATASETS,
    Machine,
    assert_holds,
    ended,
    small_theatre,
)

BOOKINGS, PERFORMANCES = 12, 4


class Killer:
    """Ends a process, with a signal, at the n-th request whose path contains a text."""

    def __init__(self, text: str, number: int, with_signal: signal.Signals) -> None:
        self.text, self.number, self.signal = text, number, with_signal
        self.process = 0

    def __call__(self, request: RequestRecord) -> None:
        self.number -= self.text in request.path
        if self.number == 0 and self.text in request.path:
            os.kill(self.process, self.signal)


def killed(
    machine: Machine, server: SandboxServer, *, at: tuple[str, int]
) -> subprocess.Popen[str]:
    """A sync that was killed and that nobody has asked yet what it died of."""
    killer = Killer(*at, signal.SIGKILL)
    server.on_request = killer
    process = machine.start(
        "sync", variables=machine.variables(server, TICKETSOURCE_MAX_CONCURRENCY="2")
    )
    killer.process = process.pid
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    server.on_request = None
    return process


def slots(machine: Machine) -> int:
    with machine.instance() as instance:
        return instance.event_log_storage.get_concurrency_info(API_POOL).active_slot_count


def statuses(machine: Machine) -> Counter[dg.DagsterRunStatus]:
    with machine.instance() as instance:
        return Counter(run.status for run in instance.get_runs())


# In the first performance, and in the third of four.
@pytest.mark.parametrize("number", [2, 2 * BOOKINGS + 5])
def test_after_a_kill_the_next_sync_asks_again_only_for_what_was_under_way(
    machine: Machine, number: int
) -> None:
    theatre = Theatre.uniform(PERFORMANCES, 1, BOOKINGS, first_month="2024-03")
    with SandboxServer(theatre) as server:
        assert ended(killed(machine, server, at=("/seats", number))).code == -signal.SIGKILL
        assert statuses(machine)[dg.DagsterRunStatus.STARTED] == 1
        assert slots(machine) == 1
        # All is readable, and a performance is there whole or not at all.
        for dataset in DATASETS:
            assert len(machine.rows(dataset)) <= theatre.counts()[dataset]
        kept = Counter(row["date_id"] for row in machine.rows("raw_bookings"))
        assert set(kept.values()) <= {BOOKINGS}
        complete = number // BOOKINGS
        # The last complete one may not have reached its files yet.
        assert complete - 1 <= len(kept) <= complete

        outcome = machine.sync_here(server)
        assert outcome.code == 0, outcome.stderr
        assert_holds(machine, theatre)
        times = Counter(request.path for request in server.requests)
        for date_id in kept:
            assert times[f"/dates/{date_id}/bookings"] == 1
        seats = {path: count for path, count in times.items() if path.endswith("/seats")}
        assert len(seats) == len(theatre.bookings)
        # With the request beside the last one.
        assert sum(seats.values()) - len(seats) <= number + 1 - len(kept) * BOOKINGS

    assert statuses(machine)[dg.DagsterRunStatus.STARTED] == 0
    assert statuses(machine)[dg.DagsterRunStatus.FAILURE] == 1
    assert slots(machine) == 0


def test_a_kill_while_the_catalogue_is_read_leaves_yesterdays_data(synced: Machine) -> None:
    before = synced.files()
    theatre = small_theatre()
    theatre.add_booking(next(reversed(theatre.dates)), 3)
    with SandboxServer(theatre) as server:
        process = killed(synced, server, at=("/venues", 2))
        assert synced.files() == before
        assert statuses(synced)[dg.DagsterRunStatus.STARTED] == 1
        # Its parent, this test, has not waited for it: it is a zombie, and dead all the same.
        outcome = synced.sync_here(server)
        assert statuses(synced)[dg.DagsterRunStatus.STARTED] == 0
        assert ended(process).code == -signal.SIGKILL
    assert outcome.code == 0, outcome.stderr
    assert_holds(synced, theatre)


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_a_sync_that_is_told_to_stop_stops_at_once_and_says_so_in_a_line(
    machine: Machine, with_signal: signal.Signals
) -> None:
    # One performance a month, so the stop falls into the second month of four.
    theatre = Theatre.uniform(1, PERFORMANCES, BOOKINGS, first_month="2024-03")
    killer = Killer("/seats", BOOKINGS + 2, with_signal)
    with SandboxServer(theatre, on_request=killer) as server:
        variables = machine.variables(server, TICKETSOURCE_MAX_CONCURRENCY="2")
        process = machine.start("sync", variables=variables)
        killer.process = process.pid
        outcome = ended(process)
        assert server.count("/dates/.*/bookings") == 2
    assert outcome.code == 1
    if "Exception ignored in" in outcome.stderr:
        # Python lost the exception, as the next test shows: the month under way is read to its end.
        read, told = ("2024-03", "2024-04"), "Stopped after 2024-04"
    else:
        assert len(outcome.stderr.splitlines()) == 2
        read, told = ("2024-03",), "Stopped while 2024-04 was being read"
    assert outcome.stderr.splitlines()[-1].startswith(f"ticketsource: {told}")
    lines = sum(theatre.counts(month)["booking_lines"] for month in read)
    assert len(machine.rows("booking_lines")) == lines
    assert statuses(machine)[dg.DagsterRunStatus.STARTED] == 0
    assert slots(machine) == 0


def test_a_stop_that_python_loses_in_a_callback_stops_the_sync_after_that_month(
    machine: Machine,
) -> None:
    theatre = Theatre.uniform(1, PERFORMANCES, BOOKINGS, first_month="2024-03")
    script = """
import gc, os, signal, sys, threading
from pathlib import Path
from ticketsource_pipeline.cli.main import ticketsource

def interrupt(phase, info):
    # What the signal raises in here is printed by Python, and goes no further.
    first = Path(os.environ["TICKETSOURCE_DATA_DIR"], "booking_lines", "performance_month=2024-03")
    # At other times Dagster only notes the signal, and loses nothing.
    raises = "raise_interrupts_as" in getattr(signal.getsignal(signal.SIGINT), "__qualname__", "")
    here = threading.current_thread() is threading.main_thread()
    if here and raises and first.is_dir():
        gc.callbacks.remove(interrupt)
        signal.raise_signal(signal.SIGINT)

gc.callbacks.append(interrupt)
ticketsource(["sync"])
"""
    with SandboxServer(theatre) as server:
        ended = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, **machine.variables(server)},
            cwd=machine.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert server.count("/dates/.*/bookings") < PERFORMANCES
    assert "Exception ignored in" in ended.stderr
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("ticketsource: Stopped ")


def test_a_sync_that_runs_is_not_taken_for_a_dead_one(machine: Machine) -> None:
    theatre = Theatre.uniform(1, 1, 3, first_month="2024-03")
    stopped = Event()

    def stop(request: RequestRecord) -> None:
        if request.path.endswith("/seats"):
            process.send_signal(signal.SIGSTOP)
            stopped.set()

    with SandboxServer(theatre, on_request=stop) as server:
        process = machine.start("sync", variables=machine.variables(server))
        assert stopped.wait(timeout=60)
        server.on_request = None
        other = Machine(machine.folder / "other")
        other.folder.mkdir()
        assert other.sync_here(server, DAGSTER_HOME=str(machine.home)).code == 0
        assert statuses(machine)[dg.DagsterRunStatus.STARTED] == 1
        process.send_signal(signal.SIGCONT)
        outcome = ended(process)
    assert outcome.code == 0, outcome.stderr
    assert statuses(machine)[dg.DagsterRunStatus.FAILURE] == 0
    assert_holds(machine, theatre)
    assert_holds(other, theatre)
