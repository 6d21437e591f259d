"""The record of the marts: what they were last made from, and when."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from ticketsource_pipeline.store.layout import StoreError
from ticketsource_pipeline.store.store import ParquetStore


@dataclass(frozen=True)
class MartsRecord:
    """What is known of the last making of the marts.

    Attributes:
        content: the fingerprint of what they were made from; empty when they never were.
        made_at: when they were last made, or looked at and found right, aware UTC.
    """

    content: str = ""
    made_at: datetime | None = None


def read_marts_record(store: ParquetStore) -> MartsRecord:
    """Return the record of the marts; an empty one when there is none, or a damaged one."""
    try:
        values = json.loads(store.layout.marts_record.read_text(encoding="utf-8"))
        return MartsRecord(str(values["content"]), datetime.fromisoformat(values["made_at"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        # All it is good for is to spare work: without it the marts are made once more.
        return MartsRecord()


def write_marts_record(store: ParquetStore, content: str, made_at: datetime) -> None:
    """Put the record of the marts in its place; the caller holds their lock.

    Args:
        store: the data directory.
        content: the fingerprint of what they were made from.
        made_at: when, aware UTC.

    Raises:
        StoreError: when the data directory refuses; the marts are then made once more.
    """
    record = {"content": content, "made_at": made_at.isoformat()}
    path = store.layout.marts_record
    try:
        store.writer.write(path, json.dumps(record).encode(), private=False)
    except OSError as error:
        raise StoreError(
            f"Cannot write {path}: {error.strerror or error} (TICKETSOURCE_DATA_DIR)."
        ) from error
