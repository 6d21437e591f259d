"""How tests run the commands that only read what is stored; no test is in here."""

from __future__ import annotations

import os
from pathlib import Path

from click.testing import CliRunner

from ticketsource_pipeline.cli.main import ticketsource
from ticketsource_pipeline.settings import SettingsError
from ticketsource_pipeline_tests.running import Machine, Outcome


def ask(machine: Machine, *words: str, typed: str | None = None, **more: str) -> Outcome:
    """Run a command in this process, without a key; what is refused is told as `main` tells it."""
    environment: dict[str, str | None] = {**machine.variables(None, **more)}
    result = CliRunner().invoke(ticketsource, list(words), env=environment, input=typed)
    error = result.exception
    if isinstance(error, SettingsError):
        return Outcome(2, result.stdout, f"{result.stderr}ticketsource: {error}\n")
    if error is not None and not isinstance(error, SystemExit):
        raise error
    return Outcome(result.exit_code, result.stdout, result.stderr)


def tree(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every file and folder below a folder, with its inode, mode and time of change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        # A look at a lock is no change of the data.
        if "locks" in path.parts:
            continue
        status = os.lstat(path)
        found[str(path.relative_to(folder))] = (status.st_ino, status.st_mode, status.st_mtime_ns)
    return found
