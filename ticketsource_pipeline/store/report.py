"""The sales report's files: the latest one, those before it, and what is noted of it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256

from ticketsource_pipeline.store.errors import refusals
from ticketsource_pipeline.store.files import NewFile, file_names
from ticketsource_pipeline.store.layout import REPORT
from ticketsource_pipeline.store.store import ParquetStore

_DATED = re.compile(rf"{REPORT}-\d{{8}}T\d{{6}}Z", re.ASCII)


@dataclass(frozen=True)
class ReportRecord:
    """What is known of the latest report.

    Attributes:
        marts: the fingerprint of what the marts it tells of were made from.
        figures: the fingerprint of what it says.
        file: the SHA-256 of the file.
        failed_checks: the failed checks it tells of.
    """

    marts: str = ""
    figures: str = ""
    file: str = ""
    failed_checks: tuple[str, ...] = ()


def read_report_record(store: ParquetStore) -> ReportRecord:
    """Return the record of the report; an empty one when there is none, or a damaged one."""
    try:
        values = json.loads(store.layout.report_record.read_text(encoding="utf-8"))
        failed = tuple(str(one) for one in values.pop("failed_checks"))
        return ReportRecord(**values, failed_checks=failed)
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        # All it is good for is to spare work: without it the report is made once more.
        return ReportRecord()


def write_report_record(store: ParquetStore, record: ReportRecord) -> None:
    """Put the record of the report in its place; the caller holds its lock.

    Raises:
        StoreError: when the data directory refuses; the report is then made once more.
    """
    path = store.layout.report_record
    with refusals(path):
        store.writer.write(path, json.dumps(asdict(record)).encode(), private=False)


def stored_report(store: ParquetStore) -> bytes | None:
    """Return the latest report as it is stored; none when there is none."""
    try:
        return store.layout.report.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def write_report(store: ParquetStore, content: bytes, made_at: datetime, *, keep: int) -> str:
    """Put a report in its place, and a copy named by its time beside it; returns its SHA-256.

    Args:
        store: the data directory; the caller holds the report's lock.
        content: the whole file.
        made_at: when it was made, aware.
        keep: how many of the copies stay, the latest ones.

    Raises:
        StoreError: when the data directory refuses; what was there before is untouched.
    """
    layout = store.layout
    copy = layout.dated_report(made_at)
    with refusals(layout.report):
        store.writer.sweep(layout.reports)
        store.writer.write_together(
            [NewFile(path, content, private=False) for path in (copy, layout.report)]
        )
        dated = [name for name in file_names(layout.reports, ".html") if _DATED.fullmatch(name)]
        for name in dated[:-keep]:
            store.writer.remove(layout.reports / f"{name}.html")
    return sha256(content).hexdigest()
