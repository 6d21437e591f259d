"""Dagster's SQLite event log, made quicker for a process that writes many runs to it.

Dagster opens a connection for each event and closes it again. The last one to close a database
makes SQLite fold its journal into it, which syncs the disk: a hundred times a month of data. A
connection kept open spares that, and in SQLite's journal mode `wal` a commit need not sync the
disk to keep the database sound: a power cut may cost the last events, never the data itself,
which the store syncs by its own rules.

Dagster also makes an engine of SQLAlchemy's for each connection, which then puts each statement
into words anew. One engine for each database, kept, spares that: a third of a run's processor time.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any

from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from sqlalchemy import event
from sqlalchemy.engine import Engine

_ENGINES_AT_MOST = 8


@contextlib.contextmanager
def quick_event_log() -> Iterator[None]:
    """Make this process's writes to SQLite databases quicker while the block runs."""
    kept = _KeptConnections()

    def before_connect(_dialect: object, _record: object, words: list[Any], _named: object) -> None:
        # For SQLite the first word is the database's path; other databases have none.
        if words and isinstance(words[0], str):
            kept.hold(words[0])

    def on_connect(connection: Any, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=NORMAL")

    event.listen(Engine, "do_connect", before_connect)
    event.listen(Engine, "connect", on_connect)
    try:
        with contextlib.ExitStack() as stack:
            for module in (sqlite_event_log, sqlite_run_storage):
                stack.callback(setattr, module, "create_engine", module.create_engine)
                setattr(module, "create_engine", _KeptEngines(module.create_engine))  # noqa: B010
            yield
    finally:
        event.remove(Engine, "do_connect", before_connect)
        event.remove(Engine, "connect", on_connect)
        kept.close()


class _KeptEngines:
    """Makes engines as the function it is given, but gives the last few again when asked again.

    Args:
        create: makes an engine.
    """

    def __init__(self, create: Callable[..., Engine]) -> None:
        self._create = create
        self._engines: dict[tuple[str, str], Engine] = {}
        self._lock = Lock()

    def __call__(self, url: str, **options: Any) -> Engine:
        """Return an engine for a database: there is one for all runs, and one for each run."""
        key = (url, repr(sorted(options.items(), key=str)))
        with self._lock:
            if key not in self._engines:
                self._engines[key] = self._create(url, **options)
                if len(self._engines) > _ENGINES_AT_MOST:
                    del self._engines[next(iter(self._engines))]
            # The one used last is the last to be let go of.
            self._engines[key] = self._engines.pop(key)
            return self._engines[key]


class _KeptConnections:
    """One connection to each database, kept open until the end."""

    def __init__(self) -> None:
        self._connections: dict[str, sqlite3.Connection] = {}
        self._settled: set[str] = set()
        self._lock = Lock()

    def hold(self, path: str) -> None:
        """Keep a connection to a database open, once there is such a database."""
        with self._lock:
            if path in self._settled or not Path(path).is_file():
                return
            connection = self._connections.get(path)
            if connection is None:
                connection = sqlite3.connect(path, check_same_thread=False)
                self._connections[path] = connection
            # Only a connection that has read since the journal was begun holds it open.
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
                self._settled.add(path)

    def close(self) -> None:
        """Close them all."""
        for connection in self._connections.values():
            connection.close()
