"""`ticketsource.duckdb`: a file of views over the datasets, for whatever opens DuckDB's files."""

from __future__ import annotations

import glob
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from ticketsource_pipeline.datasets import DATASETS, Dataset
from ticketsource_pipeline.sql.views import literal, pattern_of, view_statements
from ticketsource_pipeline.store import ParquetStore, StoreError
from ticketsource_pipeline.store.errors import refusals
from ticketsource_pipeline.store.files import NewFile
from ticketsource_pipeline.store.state import DATABASE_LOCK, Busy

# DuckDB 1.2 and later can read it; blocks of the least size keep it small.
_FORMAT = "STORAGE_VERSION 'v1.2.0', BLOCK_SIZE 16384"


def keep_database(store: ParquetStore) -> bool:
    """Make the file anew unless it is current; a data directory on an object store has none.

    It is current when it was made with the views that would be made now, and nobody changed it.

    Returns:
        Whether it was made.

    Raises:
        StoreError: when it cannot be made; what was there before is untouched.
    """
    if not store.layout.local or not store.layout.root.exists():
        return False
    try:
        with store.lock(DATABASE_LOCK, wait=False):
            for path in (store.layout.database, store.layout.database_record):
                store.writer.sweep(path.parent, path.name)
            if _is_current(store):
                return False
            _make(store)
    except Busy:
        # Whoever holds the lock makes it.
        return False
    return True


def make_database(store: ParquetStore) -> None:
    """Make the file anew, current or not.

    Raises:
        StoreError: when it cannot be made, or the data directory is on an object store.
    """
    if not store.layout.local:
        raise StoreError(
            f"{store.layout.root} is no folder of this machine, so it has no"
            f" {store.layout.database.name}: `ticketsource sql` reads it without."
        )
    with store.lock(DATABASE_LOCK):
        _make(store)


def _make(store: ParquetStore) -> None:
    statements = list(_statements(store))
    content = _built(store, statements)
    record = {"views": _digest(statements), "sha256": sha256(content).hexdigest()}
    files = [
        NewFile(store.layout.database, content, private=False, read_only=True),
        NewFile(store.layout.database_record, json.dumps(record).encode(), private=False),
    ]
    with refusals(store.layout.database):
        store.writer.write_together(files)


def _built(store: ParquetStore, statements: list[str]) -> bytes:
    """The content of a new file with these views."""
    # Most syncs find it current, and need no DuckDB.
    import duckdb  # noqa: PLC0415

    with TemporaryDirectory(prefix="ticketsource-") as folder:
        path = Path(folder) / store.layout.database.name
        with duckdb.connect() as connection:
            try:
                connection.execute(f"ATTACH {literal(str(path))} AS made ({_FORMAT})")
                connection.execute("USE made")
                connection.execute(";".join(["BEGIN", *statements, "COMMIT"]))
                connection.execute("USE memory")
                connection.execute("DETACH made")
            except duckdb.Error as error:
                words = str(error).partition("\n")[0]
                raise StoreError(f"Cannot make {store.layout.database}: {words}") from None
        return path.read_bytes()


def _is_current(store: ParquetStore) -> bool:
    try:
        record = json.loads(store.layout.database_record.read_text(encoding="utf-8"))
        content = store.layout.database.read_bytes()
    except (OSError, ValueError):
        return False
    now = {"views": _digest(list(_statements(store))), "sha256": sha256(content).hexdigest()}
    return record == now


def _statements(store: ParquetStore) -> Iterator[str]:
    # The paths are absolute: DuckDB takes others as from the folder that a reader happens to be in.
    root = glob.escape(store.layout.root.path)
    for dataset in DATASETS.values():
        pattern = f"{root}/{pattern_of(dataset)}" if _has_files(store, dataset) else None
        yield from view_statements(dataset, pattern)


def _has_files(store: ParquetStore, dataset: Dataset) -> bool:
    months = store.months(dataset) if dataset.partitioned else [None]
    return any(store.names(dataset, month) for month in months)


def _digest(statements: list[str]) -> str:
    return sha256("\n".join([_FORMAT, *statements]).encode()).hexdigest()
