"""A process that fills a data directory with regular sales, or makes the marts of one."""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import (
    BOOKING_LINES,
    EVENTS,
    PERFORMANCES,
    RAW_BOOKINGS,
    SEATS,
    Dataset,
)
from ticketsource_pipeline.frames.marts.sums import mart_frame
from ticketsource_pipeline.landing.marts import make_marts
from ticketsource_pipeline.sandbox.money_records import booking as booking_record
from ticketsource_pipeline.sandbox.money_records import charged_line
from ticketsource_pipeline.store import Layout, MonthRecord, ParquetStore, PerformanceRecord

MONTHS = 84
PERFORMANCES_A_MONTH = 20
KINDS_OF_LINE = 3
DONATION_EVERY = 5
REFUND_EVERY = 10
LINES_A_BOOKING = 1 + 1 / DONATION_EVERY + 1 / REFUND_EVERY
"""Tickets in each booking, a donation in every fifth, a refund in every tenth."""

_OPENING = datetime(2019, 9, 5, 18, 30, tzinfo=UTC)
_MEBIBYTE_IN_KIBIBYTES = 1024


def main() -> None:
    """Do what the arguments say; making the marts prints what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=("fill", "make"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    arguments = parser.parse_args()
    layout = Layout.of(str(arguments.folder / "data"), arguments.folder / "machine")
    store = ParquetStore(layout)
    if arguments.work == "fill":
        _fill(store, arguments.lines)
        return
    began, cpu = time.perf_counter(), time.process_time()
    landing = make_marts(store)
    cost = {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEBIBYTE_IN_KIBIBYTES,
        "rows": {name: len(frame) for name, frame in landing.frames.items()},
    }
    print(json.dumps(cost))


def _fill(store: ParquetStore, lines: int) -> None:
    bookings = int(lines / LINES_A_BOOKING / MONTHS)
    starts = [_OPENING + timedelta(days=30.44 * month) for month in range(MONTHS)]
    dates = [
        (f"dat-{month:03d}x{number:03d}", f"evt-{number:03d}", start)
        for month, start in enumerate(starts)
        for number in range(PERFORMANCES_A_MONTH)
    ]
    _write(store, EVENTS, None, {"event_id": [f"evt-{n:03d}" for n in range(PERFORMANCES_A_MONTH)]})
    _write(
        store,
        PERFORMANCES,
        None,
        {
            "date_id": [date_id for date_id, _, _ in dates],
            "event_id": [event_id for _, event_id, _ in dates],
            "event_name": [f"Event {event_id}" for _, event_id, _ in dates],
            "venue_name": ["Hall"] * len(dates),
            "performance_month": [f"{start:%Y-%m}" for _, _, start in dates],
            "start": [start for _, _, start in dates],
            "cancelled": [False] * len(dates),
        },
    )
    for month, start in enumerate(starts):
        _fill_month(store, f"{start:%Y-%m}", month, start, bookings)


def _fill_month(store: ParquetStore, name: str, month: int, start: datetime, bookings: int) -> None:
    chance = np.random.default_rng(month)
    number = np.arange(bookings)
    ids = np.array([f"bkg-{month:04d}{one:012d}" for one in number], object)
    performance = number % PERFORMANCES_A_MONTH
    refs = np.array([one[-8:] for one in ids], object)
    dates = np.array([f"dat-{month:03d}x{one:03d}" for one in performance], object)
    events = np.array([f"evt-{one:03d}" for one in performance], object)
    made = [start - timedelta(minutes=int(one)) for one in chance.integers(60, 100_000, bookings)]
    price = chance.integers(500, 9000, bookings)
    fee = price * 65 // 1000
    vat = fee // 5
    gift = chance.integers(100, 1000, bookings)
    back = -(price // chance.integers(1, 4, bookings))
    nothing = np.zeros(bookings, np.int64)
    keys = {"booking_id": ids, "date_id": dates, "event_id": events}
    kinds = np.array(["TICKETS", "DONATION", "TICKETS"], object)
    gross = np.stack([price, gift, back], axis=1).ravel()
    fees = np.stack([fee, nothing, nothing], axis=1).ravel()
    vats = np.stack([vat, nothing, nothing], axis=1).ravel()
    there = np.stack(
        [number >= 0, number % DONATION_EVERY == 0, number % REFUND_EVERY == 0], axis=1
    ).ravel()
    columns = {
        **{key: np.repeat(values, KINDS_OF_LINE) for key, values in keys.items()},
        "ref": np.repeat(refs, KINDS_OF_LINE),
        "line_number": np.tile([1, 2, 3], bookings),
        "line_type": np.tile(kinds, bookings),
        "payment_method": np.array(["TS"] * len(there), object),
        "is_refund": np.tile([False, False, True], bookings),
        "gross": gross,
        "fee": fees,
        "fee_vat": vats,
        "net": gross - fees - vats,
        "difference": np.zeros_like(gross),
        "gift_aid": np.tile([False, True, False], bookings),
        "created_at": np.repeat(np.array(made, object), KINDS_OF_LINE),
    }
    _write(store, BOOKING_LINES, name, {key: column[there] for key, column in columns.items()})
    seats = 2
    _write(
        store,
        SEATS,
        name,
        {
            **{key: np.repeat(values, seats) for key, values in keys.items()},
            "seat_id": [f"sea-{month:04d}{one:012d}" for one in range(bookings * seats)],
            "is_booked": np.tile([True, False], bookings),
            "is_cancelled": np.tile([False, True], bookings),
            "price_category": np.tile(np.array(["Adult", "Child"], object), bookings),
            "created_at": np.repeat(np.array(made, object), seats),
        },
    )
    payload = json.dumps(_payload(), separators=(",", ":"), sort_keys=True)
    _write(
        store,
        RAW_BOOKINGS,
        name,
        {
            **keys,
            "ref": refs,
            "customer_id": [f"cst-{one % 5000:016d}" for one in number],
            "consent_email": number % 3 == 0,
            "created_at": made,
            "payload": [payload] * bookings,
        },
    )
    reading = replace(PerformanceRecord.begun(), content="regular", listed_at=utc_now())
    record = MonthRecord(name, dict.fromkeys(dict.fromkeys(dates), reading))
    store.write_month_record(replace(record, published_content=record.content, published_by="1"))


def _payload() -> dict[str, Any]:
    moment = "2024-01-01T10:00:00+00:00"
    line = charged_line("TICKETS", 1250, moment).record()
    return booking_record(
        "bkg-0",
        date_id="dat-0",
        customer_id="cst-0",
        reference="REF0",
        lines=[line] * KINDS_OF_LINE,
        created_at=moment,
        updated_at=moment,
    )


def _write(
    store: ParquetStore, dataset: Dataset, month: str | None, columns: dict[str, Any]
) -> None:
    rows = len(next(iter(columns.values())))
    empty = {
        # Amounts come in whole pence.
        column.name: pa.array([None] * rows, pa.int64() if column.type == "money" else None)
        for column in dataset.columns
    }
    store.write(dataset, mart_frame(dataset, {**empty, **columns}), month=month)


if __name__ == "__main__":
    main()
