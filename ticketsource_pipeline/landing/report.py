"""The sales report's way from the stored datasets to its file in the data directory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import pandas as pd
from upath import UPath

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import BOOKING_LINES, EVENTS, PERFORMANCES, SEATS
from ticketsource_pipeline.landing.chart_library import chart_library
from ticketsource_pipeline.landing.manifests import known_manifest
from ticketsource_pipeline.report.curve import LINE_COLUMNS, SEAT_COLUMNS, curves, sales_by_day
from ticketsource_pipeline.report.figures import Checks, Figures
from ticketsource_pipeline.report.gather import MARTS_READ, Sources, figures
from ticketsource_pipeline.report.looks import made_with
from ticketsource_pipeline.store import ParquetStore
from ticketsource_pipeline.store.layout import MARTS_SCOPE
from ticketsource_pipeline.store.report import (
    ReportRecord,
    read_report_record,
    stored_report,
    write_report,
    write_report_record,
)
from ticketsource_pipeline.store.state import MARTS_LOCK, REPORT_LOCK

KEPT = 30
"""How many reports stay beside the latest: a month of nights."""


@dataclass(frozen=True)
class ReportLanding:
    """The report, and what was written of it.

    Attributes:
        figures: what it tells.
        path: where the latest report lies.
        size: its length in bytes.
        changed: whether it was written; false when the one there says the same.
    """

    figures: Figures
    path: UPath
    size: int
    changed: bool


def report_is_current(store: ParquetStore) -> bool:
    """Return whether there is a report of the marts as they are; it may tell of old checks."""
    is_there = store.layout.report.exists()
    return is_there and read_report_record(store).marts == _made_from(store)


def make_report(store: ParquetStore, account: str, checks: Checks) -> ReportLanding:
    """Write the report of what is stored, unless the one there says the same.

    Args:
        store: the data directory.
        account: whose sales they are.
        checks: the latest results of the checks.

    Raises:
        StoreError: when a file cannot be read or written.
    """
    with store.lock(REPORT_LOCK):
        with store.lock(MARTS_LOCK):
            marts = _made_from(store)
            frames = {dataset.name: store.read(dataset) for dataset in MARTS_READ}
        found = figures(
            Sources(account, frames, _names(store), curves(_sales_of_months(store)), checks)
        )
        fingerprint = found.fingerprint(made_with())
        record, content = read_report_record(store), stored_report(store)
        kept = (
            content is not None
            and record.figures == fingerprint
            and record.file == sha256(content).hexdigest()
        )
        if content is None or not kept:
            made_at = utc_now()
            content = _page(found, made_at)
            digest = write_report(store, content, made_at, keep=KEPT)
        else:
            digest = record.file
        failed = tuple(str(one) for one in checks.failed)
        write_report_record(store, ReportRecord(marts, fingerprint, digest, failed))
    return ReportLanding(found, store.layout.report, len(content), changed=not kept)


def _page(found: Figures, made_at: datetime) -> bytes:
    # What draws the charts is loaded only where a report is made: it is large.
    from ticketsource_pipeline.report.page import page  # noqa: PLC0415

    return page(found, made_at, chart_library()).encode()


def _made_from(store: ParquetStore) -> str:
    """The fingerprint of what the marts were made from; empty when they never were."""
    manifest = known_manifest(store, MARTS_SCOPE)
    return (manifest.raw_content if manifest else None) or ""


def _names(store: ParquetStore) -> dict[str, str | None]:
    events = store.read(EVENTS, columns=["event_id", "name"])
    return dict(zip(events["event_id"].tolist(), events["name"].tolist(), strict=True))


def _sales_of_months(store: ParquetStore) -> Iterator[pd.DataFrame]:
    """What was sold by event and day before the performance, of one month after the other."""
    performances = store.read(PERFORMANCES, columns=["date_id", "start"])
    for month in sorted({*store.months(SEATS), *store.months(BOOKING_LINES)}):
        seats = store.read(SEATS, [month], SEAT_COLUMNS)
        lines = store.read(BOOKING_LINES, [month], LINE_COLUMNS)
        yield sales_by_day(seats, lines, performances)
