"""Dagster's home: made when it is new, and cleared of runs whose process has died."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from socket import gethostname
from tempfile import NamedTemporaryFile

import dagster as dg
from dagster._core.instance.config import dagster_instance_config
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from filelock import FileLock

from ticketsource_pipeline.cli.event_log import quick_event_log
from ticketsource_pipeline.settings import SettingsError, dagster_home

HOST_TAG = "ticketsource/host"
PROCESS_TAG = "ticketsource/process"
_BEGUN = ".ticketsource-"
_NOT_KEPT = {
    "module": NoOpComputeLogManager.__module__,
    "class": NoOpComputeLogManager.__name__,
}


def prepare_home() -> str:
    """Return the path of Dagster's home, made with the project's own settings if it is new.

    Raises:
        SettingsError: when nothing can be written there, or everybody can.
    """
    home = dagster_home()
    text = files("ticketsource_pipeline.cli").joinpath("dagster.yaml").read_text("utf-8")
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
        if home.stat().st_mode & stat.S_IWOTH:
            raise SettingsError(
                f"DAGSTER_HOME is {str(home)!r}, where every user of this machine may write, and"
                f" what is put there is run: chmod o-w {home}"
            )
        with _lock_of(home):
            # Under a name of its own first: another process that starts now reads all or none.
            with NamedTemporaryFile(
                "w", dir=home, prefix=_BEGUN, delete=False, encoding="utf-8"
            ) as file:
                file.write(text)
            if all(path.name.startswith(_BEGUN) for path in home.iterdir()):
                Path(file.name).replace(home / "dagster.yaml")
            else:
                Path(file.name).unlink()
    except OSError as error:
        raise SettingsError(
            f"DAGSTER_HOME is {str(home)!r}: allowed is a folder that can be written"
            f" ({error.strerror})."
        ) from None
    return str(home)


@contextlib.contextmanager
def open_instance() -> Iterator[dg.DagsterInstance]:
    """Yield the Dagster instance of the home; runs of dead processes no longer hold anything."""
    home = prepare_home()
    with contextlib.ExitStack() as stack:
        stack.enter_context(quick_event_log())
        # Two processes that make a new home's databases at once leave them broken for good.
        with _lock_of(Path(home)):
            instance = stack.enter_context(dg.DagsterInstance.from_ref(_reference(home)))
            instance.event_log_storage.get_maximum_record_id()
        release_dead_runs(instance)
        yield instance


def _reference(home: str) -> InstanceRef:
    """The home's configuration; what a command prints goes to its terminal alone, unless it says.

    To keep it in files too, Dagster starts four processes for each step, and lets them print it.
    """
    own, _ = dagster_instance_config(home)
    if "compute_logs" in own:
        return InstanceRef.from_dir(home)
    return InstanceRef.from_dir(home, overrides={"compute_logs": _NOT_KEPT})


def _lock_of(home: Path) -> FileLock:
    return FileLock(home / f"{_BEGUN}home.lock")


def own_tags() -> dict[str, str]:
    """Return the tags that tell a run of this process from those of others."""
    return {HOST_TAG: gethostname(), PROCESS_TAG: f"{os.getpid()}:{_started(os.getpid())}"}


def release_dead_runs(instance: dg.DagsterInstance) -> int:
    """Mark runs as failed whose process on this machine has died; returns how many.

    A run of a command that was killed would else stay started for ever, and keep its place in the
    pool of API steps from others.
    """
    unfinished = instance.get_runs(
        filters=dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES), tags={HOST_TAG: gethostname()})
    )
    dead = [run for run in unfinished if not _is_alive(run.tags.get(PROCESS_TAG, ""))]
    for run in dead:
        instance.report_run_failed(run, "The process of this run has died.")
        if instance.event_log_storage.supports_global_concurrency_limits:
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(dead)


def _is_alive(process: str) -> bool:
    number, _, started = process.partition(":")
    return number.isdigit() and _started(int(number)) == started


def _started(process: int) -> str:
    """When a process started, in the kernel's own count; empty when there is no such process."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:  # noqa: PTH123 - a kernel file
            state, *words = file.read().rpartition(")")[2].split()
    except OSError:
        return ""
    # A zombie is dead: nobody has asked yet what it died of.
    return "" if state in {"Z", "X"} else words[18]
