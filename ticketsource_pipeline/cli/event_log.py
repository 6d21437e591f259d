"""Dagster's SQLite databases, made quicker for a process that writes many runs to them.

Dagster opens a connection for each event and closes it again. The last one to close a database
makes SQLite fold its journal into it, which syncs the disk: a hundred times a month of data. It
also makes an engine of SQLAlchemy's for each connection, which then puts each statement into words
anew. Engines and connections that are kept spare both, half of a run's processor time; and in
SQLite's journal mode `wal` a commit need not sync the disk to keep the database sound: a power cut
may cost the last events, never the data itself, which the store syncs by its own rules.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool

_ENGINES_AT_MOST = 8


@contextlib.contextmanager
def quick_event_log() -> Iterator[None]:
    """Make this process's writes to Dagster's databases quicker while the block runs."""
    with contextlib.ExitStack() as stack:
        for module in (sqlite_event_log, sqlite_run_storage):
            kept = _KeptEngines(module.create_engine)
            stack.callback(kept.close)
            stack.callback(setattr, module, "create_engine", module.create_engine)
            setattr(module, "create_engine", kept)  # noqa: B010
        stack.enter_context(migrations_read_once())
        yield


@contextlib.contextmanager
def migrations_read_once() -> Iterator[None]:
    """Read the migrations of each kind of database once while the block runs."""
    # As it is in the class, for `ScriptDirectory.from_config` is bound to it.
    as_it_was = vars(ScriptDirectory)["from_config"]
    kept = _kept_scripts(ScriptDirectory.from_config)
    setattr(ScriptDirectory, "from_config", kept)  # noqa: B010
    try:
        yield
    finally:
        setattr(ScriptDirectory, "from_config", as_it_was)  # noqa: B010


def _kept_scripts(read: Callable[[Config], ScriptDirectory]) -> Callable[[Config], ScriptDirectory]:
    """Reads as the function it is given, but once: there are eighty migrations, each a module."""
    kept: dict[str | None, ScriptDirectory] = {}

    def from_config(config: Config) -> ScriptDirectory:
        place = config.get_main_option("script_location")
        if place not in kept:
            kept[place] = read(config)
        return kept[place]

    return from_config


class _KeptPool(QueuePool):
    """A pool whose connections stay open when Dagster disposes of its engine after each use."""

    def dispose(self) -> None:
        """Keep them."""

    def recreate(self) -> _KeptPool:
        """Return itself."""
        return self

    def close(self) -> None:
        """Close the connections that are not in use."""
        super().dispose()


class _KeptEngines:
    """Makes engines as the function it is given, but gives the last few again when asked again.

    Args:
        create: makes an engine.
    """

    def __init__(self, create: Callable[..., Engine]) -> None:
        self._create = create
        self._engines: dict[str, Engine] = {}
        self._lock = Lock()

    def __call__(self, url: str, **options: Any) -> Engine:
        """Return an engine for a database: there is one for all runs, and one for each run."""
        with self._lock:
            engine = self._engines.pop(url, None)
            if engine is None:
                engine = self._create(url, **{**options, "poolclass": _KeptPool})
                event.listen(engine, "connect", _on_connect)
                event.listen(engine, "commit", _on_commit)
            # The one used last is the last to be let go of.
            self._engines[url] = engine
            while len(self._engines) > _ENGINES_AT_MOST:
                _close(self._engines.pop(next(iter(self._engines))))
            return engine

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for engine in self._engines.values():
                _close(engine)
            self._engines.clear()


def _close(engine: Engine) -> None:
    if isinstance(engine.pool, _KeptPool):
        engine.pool.close()


def _on_commit(connection: Connection) -> None:
    """Let those see it who watch the database's file, as Dagster's UI does: the journal has it."""
    database = connection.engine.url.database
    if database:
        with contextlib.suppress(OSError):
            os.utime(database)


def _on_connect(connection: Any, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        # As Dagster does it, but before it makes a hundred tables and indexes, not after.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
