"""Dagster's home as the commands open it: no process beside them, and no file left open."""

from __future__ import annotations

from pathlib import Path
from queue import Queue
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager

from ticketsource_pipeline.cli.home import open_instance
from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline_tests.running import Machine

SETTINGS = """
compute_logs:
  module: ticketsource_pipeline_tests.test_cli_home
  class: KeptElsewhere
"""


class KeptElsewhere(NoOpComputeLogManager):
    """Keeps what steps print where the user said."""


def open_files_below(folder: Path) -> set[str]:
    """The files below a folder that this process holds open."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            path = entry.readlink()
        except FileNotFoundError:
            # What listed the folder is closed by now.
            continue
        if path.is_relative_to(folder):
            found.add(path.name)
    return found


def test_what_a_step_prints_is_not_kept_by_processes_beside_the_sync(machine: Machine) -> None:
    with SandboxServer(Theatre.uniform(1, 1, 1)) as server:
        assert machine.sync_here(server).code == 0
    assert (machine.home / "history").is_dir()
    assert [path for path in machine.home.rglob("*") if "compute_logs" in path.parts] == []


def test_where_the_user_keeps_what_steps_print_is_kept_to(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.home.mkdir()
    (machine.home / "dagster.yaml").write_text(SETTINGS)
    monkeypatch.setenv("DAGSTER_HOME", str(machine.home))
    with open_instance() as instance:
        assert isinstance(instance.compute_log_manager, KeptElsewhere)


def test_few_databases_are_open_at_once_and_none_afterwards(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(machine.home))
    with open_instance() as instance:
        for number in range(10):
            assert instance.all_logs(f"run-{number}") == []
        databases = {name for name in open_files_below(machine.home) if name.endswith(".db")}
        # Eight of runs, and the list of runs.
        assert "run-9.db" in databases
        assert len(databases) <= 8 + 1
    assert open_files_below(machine.home) == set()
    assert len(list((machine.home / "history" / "runs").glob("run-*.db"))) == 10


def test_who_watches_a_run_of_a_command_sees_its_events_while_it_goes_on(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(machine.home))
    seen: Queue[str] = Queue()

    @dg.op
    def waits(context):  # Dagster reads an annotation here, and cannot resolve it.
        for number in range(3):
            context.log.info(f"line {number}")
            while f"line {number}" not in seen.get(timeout=30):
                pass

    @dg.job(executor_def=dg.in_process_executor)
    def job() -> None:
        waits()

    with open_instance() as instance, dg.DagsterInstance.from_config(str(machine.home)) as other:
        run_id = str(uuid4())
        other.watch_event_logs(run_id, None, lambda event, _: seen.put(event.user_message))
        assert job.execute_in_process(instance=instance, run_id=run_id).success
