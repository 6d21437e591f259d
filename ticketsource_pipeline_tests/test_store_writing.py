"""Writing and reading back: the same on a folder and on an fsspec address."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import fsspec
import pandas as pd
import pytest

from ticketsource_pipeline.datasets import DATASETS, EVENTS, RAW_BOOKINGS, RAW_SEATS, SEATS
from ticketsource_pipeline.frames.catalog import events_frame
from ticketsource_pipeline.frames.extract import typed_frame
from ticketsource_pipeline.store import Layout, MonthRecord, ParquetStore, PerformanceRecord
from ticketsource_pipeline.store.months import NEVER
from ticketsource_pipeline_tests.test_frames_samples import (
    a_booking,
    a_seat,
    an_event,
    raw_bookings,
    raw_seats,
    seats_of,
)

MONTH = "2025-03"


def store_in(folder: Path) -> ParquetStore:
    store = ParquetStore(Layout.of(str(folder / "data"), folder / "machine"))
    store.prepare()
    return store


def events(*names: str) -> pd.DataFrame:
    return events_frame([an_event(name=name) for name in names])[0]


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ParquetStore]:
    if request.param == "folder":
        yield store_in(tmp_path)
        return
    address = f"memory://tests/{uuid4().hex}"
    store = ParquetStore(Layout.of(address, tmp_path / "machine"))
    store.prepare()
    yield store
    if fsspec.filesystem("memory").exists(address):
        fsspec.filesystem("memory").rm(address, recursive=True)


def test_rows_and_notes_are_read_back_as_they_were_written(store: ParquetStore) -> None:
    frame, _ = raw_bookings(a_booking("bkg-B1"), a_booking("bkg-B2"))
    notes = {"pages": [[1, 100, 1, 2, 2]], "text": "é"}
    written = store.write(RAW_BOOKINGS, frame, month=MONTH, name="dat-D1", notes=notes)
    assert (written.rows, written.changed) == (2, True)
    stored = store.read_file(RAW_BOOKINGS, MONTH, "dat-D1")
    assert stored is not None
    pd.testing.assert_frame_equal(stored.frame, frame)
    assert stored.notes == notes
    assert store.notes(RAW_BOOKINGS, MONTH) == {"dat-D1": notes}
    pd.testing.assert_frame_equal(store.read(RAW_BOOKINGS), frame)


def test_a_month_is_read_alone_and_columns_in_the_order_asked(store: ParquetStore) -> None:
    for month, seat in (("2025-03", "sea-S1"), ("2025-04", "sea-S2")):
        store.write(SEATS, seats_of(a_seat(seat))[0], month=month)
    assert store.months(SEATS) == ["2025-03", "2025-04"]
    assert store.read(SEATS)["seat_id"].tolist() == ["sea-S1", "sea-S2"]
    columns = ["booking_id", "seat_id"]
    april = store.read(SEATS, ["2025-04"], columns)
    assert april.columns.tolist() == columns
    assert april["seat_id"].tolist() == ["sea-S2"]
    assert store.size(SEATS) == (2, 2)


def test_what_is_not_there_is_empty_and_typed(store: ParquetStore) -> None:
    for dataset in DATASETS.values():
        frame = store.read(dataset)
        assert len(frame) == 0
        assert [dtype.pyarrow_dtype for dtype in frame.dtypes] == dataset.schema.types
        assert store.size(dataset) == (0, 0)
    assert store.read_file(EVENTS, None, "part-0") is None
    assert store.months(SEATS) == []
    assert store.names(RAW_SEATS, MONTH) == []
    assert store.notes(RAW_SEATS, MONTH) == {}
    assert store.read(SEATS, [MONTH]).empty


def test_the_same_rows_again_change_nothing_and_others_do(store: ParquetStore) -> None:
    assert store.write(EVENTS, events("A"), notes={"n": 1}).changed
    assert not store.write(EVENTS, events("A"), notes={"n": 1}).changed
    assert store.write(EVENTS, events("A"), notes={"n": 2}).changed
    assert store.write(EVENTS, events("B"), notes={"n": 2}).changed
    assert store.write(EVENTS, events(), notes={"n": 2}).changed
    assert not store.write(EVENTS, typed_frame(EVENTS, []), notes={"n": 2}).changed


def test_a_file_moves_to_another_month_with_rows_and_notes(store: ParquetStore) -> None:
    frame = raw_seats(a_seat())
    store.write(RAW_SEATS, frame, month=MONTH, name="dat-D1", notes={"n": 1})
    store.move(RAW_SEATS, "dat-D1", MONTH, "2025-05")
    assert store.names(RAW_SEATS, MONTH) == []
    assert store.notes(RAW_SEATS, "2025-05") == {"dat-D1": {"n": 1}}
    pd.testing.assert_frame_equal(store.read(RAW_SEATS), frame)


def test_a_removed_file_is_gone_and_may_be_removed_again(store: ParquetStore) -> None:
    store.write(RAW_SEATS, raw_seats(a_seat()), month=MONTH, name="dat-D1")
    for _ in range(2):
        store.remove(RAW_SEATS, MONTH, "dat-D1")
        assert store.names(RAW_SEATS, MONTH) == []


def test_a_month_record_is_read_back_and_an_unknown_month_is_empty(store: ParquetStore) -> None:
    assert store.month_record(MONTH) == MonthRecord(MONTH)
    assert store.recorded_months() == []
    read = replace(
        PerformanceRecord.begun(),
        listed_at=datetime(2025, 3, 1, tzinfo=UTC),
        bookings=3,
        seats=7,
        content="abc",
        balanced=True,
    )
    record = MonthRecord(MONTH, {"dat-D1": read, "dat-D2": PerformanceRecord.begun()})
    store.write_month_record(record)
    assert store.month_record(MONTH) == record
    assert store.month_record(MONTH).performances["dat-D2"].listed_at == NEVER
    assert store.recorded_months() == [MONTH]


def test_an_unchanged_file_keeps_its_bytes_its_time_and_its_place(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.write(EVENTS, events("A"), notes={"n": 1})
    path = tmp_path / "data" / "events" / "part-0.parquet"
    before = (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
    store.write(EVENTS, events("A"), notes={"n": 1})
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) == before
    store.write(EVENTS, events("B"), notes={"n": 1})
    assert path.stat().st_ino != before[2]


def test_files_of_people_are_for_the_owner_alone_and_others_are_not(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.write(RAW_SEATS, raw_seats(a_seat()), month=MONTH, name="dat-D1")
    store.move(RAW_SEATS, "dat-D1", MONTH, "2025-04")
    store.write(SEATS, seats_of(a_seat())[0], month=MONTH)

    def mode(path: str) -> int:
        return stat.S_IMODE((tmp_path / "data" / path).stat().st_mode)

    assert mode("raw_seats/performance_month=2025-04/dat-D1.parquet") == 0o600
    assert mode("raw_seats") == 0o700
    assert mode("raw_seats/performance_month=2025-03") == 0o700
    assert mode("raw_seats/performance_month=2025-04") == 0o700
    assert mode("seats/performance_month=2025-03/part-0.parquet") & 0o044
    assert mode("seats") & 0o055


def test_what_a_killed_writer_left_is_not_read_and_is_swept(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.write(EVENTS, events("A"))
    folder = tmp_path / "data" / "events"
    leftover = folder / ".part-0.parquet.0123456789abcdef.tmp"
    leftover.write_bytes(b"PAR1 half a file")
    assert pd.read_parquet(folder)["name"].tolist() == ["A"]
    assert store.names(EVENTS, None) == ["part-0"]
    assert store.read(EVENTS)["name"].tolist() == ["A"]
    assert store.sweep(EVENTS, None) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["part-0.parquet"]
    assert store.sweep(EVENTS, None) == 0
    assert store.sweep(SEATS, MONTH) == 0
