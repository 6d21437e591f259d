"""Dagster's SQLite event log, made quicker for a process that writes many runs to it.

Dagster opens a connection for each event and closes it again. The last one to close a database
makes SQLite fold its journal into it, which syncs the disk: a hundred times a month of data. A
connection kept open spares that, and in SQLite's journal mode `wal` a commit need not sync the
disk to keep the database sound: a power cut may cost the last events, never the data itself,
which the store syncs by its own rules.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from threading import Lock
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


@contextlib.contextmanager
def quick_event_log() -> Iterator[None]:
    """Make this process's writes to SQLite databases quicker while the block runs."""
    kept: dict[str, sqlite3.Connection] = {}
    lock = Lock()

    def on_connect(connection: Any, _record: object) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        connection.execute("PRAGMA synchronous=NORMAL")
        path = connection.execute("PRAGMA database_list").fetchone()[2]
        with lock:
            if path and path not in kept:
                kept[path] = sqlite3.connect(path, check_same_thread=False)
            if path:
                # Only a connection that has read since the journal was begun holds it open.
                kept[path].execute("SELECT count(*) FROM sqlite_master").fetchone()

    event.listen(Engine, "connect", on_connect)
    try:
        yield
    finally:
        event.remove(Engine, "connect", on_connect)
        for connection in kept.values():
            connection.close()
