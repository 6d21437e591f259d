"""A sync in a process of its own, without Dagster's start-up, that can be killed at any moment."""

from __future__ import annotations

import builtins
import multiprocessing
import os
import signal
from collections.abc import Callable
from functools import wraps
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from ticketsource_pipeline_tests.chaos.place import Place

CHANGES = ("open", "replace", "rename", "unlink", "mkdir", "fsync", "close", "write")
"""What a process does to a disk, by its name in `os`."""


def start(
    data: Path, url: str, *, full: bool = False, dies_at: int = 0, notes: Path | None = None
) -> ForkServerProcess:
    """Start a sync of a data directory as a process of its own.

    Args:
        data: the data directory.
        url: the API's root.
        full: whether everything is read again.
        dies_at: before which change of the disk, from 1, it kills itself; 0 for never.
        notes: a file that gets a line for every change of the disk, if given.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_sync, args=(data, url, full, dies_at, notes))
    process.start()
    return process


def _sync(data: Path, url: str, full: bool, dies_at: int, notes: Path | None) -> None:
    if dies_at or notes:
        _watch(data, dies_at, notes)
    place = Place(data)
    with place.client(url) as client:
        report = place.sync(client, full=full)
    # Ends at once, as a process that is killed does: nothing is left to be tidied up.
    os._exit(1 if report.words else 0)


def _watch(data: Path, dies_at: int, notes: Path | None) -> None:
    """Count the changes of the disk below the data directory, and die before one of them."""
    left = [dies_at]
    # Opened beforehand, so that writing down a change is none.
    log = builtins.open(notes, "a", buffering=1) if notes else None  # noqa: PTH123, SIM115

    def counted(name: str, change: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(change)
        def watched(*words: Any, **more: Any) -> Any:
            where = _path(words[0], data)
            if where is not None:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                if log is not None:
                    target = _path(words[1], data) if name in {"replace", "rename"} else None
                    log.write(f"{name}\t{where}\t{target or ''}\n")
            return change(*words, **more)

        return watched

    for name in CHANGES:
        setattr(os, name, counted(name, getattr(os, name)))


def _path(what: Any, data: Path) -> str | None:
    """The path below the data directory that an argument names; locks are no data."""
    try:
        path = Path(f"/proc/self/fd/{what}").readlink() if isinstance(what, int) else Path(what)
        below = str(path.relative_to(data))
    except (OSError, ValueError, TypeError):
        return None
    return None if "/locks" in f"/{below}" else below
