"""What killed writers left unfinished, removed wherever it lies, but not what is being written."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from ticketsource_pipeline.datasets import DATASETS, PARTITION_KEY
from ticketsource_pipeline.store.errors import refusals
from ticketsource_pipeline.store.files import TEMPORARY_ENDING
from ticketsource_pipeline.store.layout import CATALOG_SCOPE, MARTS_SCOPE, Layout, datasets_of
from ticketsource_pipeline.store.state import (
    DATABASE_LOCK,
    PRIVACY_LOCK,
    REPORT_LOCK,
    STATE_LOCK,
    Busy,
    StateFiles,
    lock_of,
)

_TEMPORARY = re.compile(rf"\.(?P<target>.+)\.[0-9a-f]+{re.escape(TEMPORARY_ENDING)}")

_MONTH = re.compile(rf"(?P<dataset>\w+)/{PARTITION_KEY}=(?P<month>\d{{4}}-\d{{2}})", re.ASCII)


def sweep_leftovers(store: StateFiles) -> int:
    """Remove every hidden file that a killed writer left, also in months that are not read again.

    What somebody holds the lock of is left alone: it may be a file just being written.

    Args:
        store: the data directory; the caller holds no lock of it.

    Returns:
        How many files were removed; none on an object store, where there are no such files.

    Raises:
        StoreError: when the data directory refuses.
    """
    layout = store.layout
    if not layout.local:
        return 0
    removed = 0
    for path in _hidden_files(Path(layout.root.path)):
        lock = _lock_over(layout, path)
        if lock is None:
            continue
        with (
            contextlib.suppress(Busy),
            store.lock(lock, wait=False),
            refusals(layout.root),
            contextlib.suppress(FileNotFoundError),
        ):
            path.unlink()
            removed += 1
    return removed


def _hidden_files(root: Path) -> list[Path]:
    """What might be one; a folder that goes meanwhile, or cannot be read, is passed over."""
    return sorted(
        Path(folder) / name
        for folder, _, names in os.walk(root)
        for name in names
        if name.startswith(".") and name.endswith(TEMPORARY_ENDING)
    )


def _lock_over(layout: Layout, path: Path) -> str | None:
    """The lock that whoever writes a file holds; none where none of ours is written."""
    name = _TEMPORARY.fullmatch(path.name)
    if name is None:
        return None
    folder = path.parent.relative_to(layout.root.path).as_posix()
    if month := _MONTH.fullmatch(folder):
        return lock_of(month["month"]) if month["dataset"] in DATASETS else None
    if folder in DATASETS:
        is_catalog = DATASETS[folder] in datasets_of(CATALOG_SCOPE)
        return lock_of(CATALOG_SCOPE if is_catalog else MARTS_SCOPE)
    if folder in {layout.relative(layout.months), layout.relative(layout.manifests)}:
        return lock_of(name["target"].removesuffix(".json"))
    target = path.with_name(name["target"]).as_posix()
    of_persons = (layout.privacy, layout.forgotten, layout.pseudonym_key)
    locks = {
        PRIVACY_LOCK: {known.path for known in of_persons},
        REPORT_LOCK: {layout.report_record.path, (layout.reports / name["target"]).path},
        DATABASE_LOCK: {layout.database_record.path, layout.database.path},
    }
    held = [lock for lock, targets in locks.items() if target in targets]
    if held:
        return held[0]
    return STATE_LOCK if folder == layout.relative(layout.state) else None
