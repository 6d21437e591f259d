"""Locks hold between processes, and none outlives its process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ticketsource_pipeline_tests.test_store_writing import store_in

OPENED = """
import os, sys
from pathlib import Path
from ticketsource_pipeline.store import Layout, ParquetStore
store = ParquetStore(Layout.of(sys.argv[1], Path(sys.argv[1])))
"""
TAKE_TURNS = """
log = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(200):
    with store.lock("catalog"):
        os.write(log, f"{os.getpid()} in\\n".encode())
        os.sched_yield()
        os.write(log, f"{os.getpid()} out\\n".encode())
"""
HOLD = """
lock = store.lock("catalog")
lock.__enter__()
print("held", flush=True)
sys.stdin.readline()
"""


def started(script: str, *arguments: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", OPENED + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_two_processes_are_never_inside_one_lock(tmp_path: Path) -> None:
    store_in(tmp_path)
    log = tmp_path / "log"
    processes = [started(TAKE_TURNS, tmp_path / "data", log) for _ in range(2)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    lines = log.read_text().splitlines()
    assert len(lines) == 800
    for entered, left in zip(lines[::2], lines[1::2], strict=True):
        assert entered.replace(" in", " out") == left


def test_a_process_that_was_killed_holds_no_lock(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    process = started(HOLD, tmp_path / "data")
    process.kill()
    process.communicate()
    with store.lock("catalog"):
        assert process.returncode < 0


def test_locks_of_other_names_do_not_wait_for_each_other(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    process = started(HOLD, tmp_path / "data")
    with store.lock("month-2025-03"), store.lock("month-2025-04"):
        assert process.poll() is None
    process.communicate("done\n")
    assert process.returncode == 0
