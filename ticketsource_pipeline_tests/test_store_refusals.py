"""What the store says when the disk refuses or a file is damaged, and that the old data stays."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ticketsource_pipeline.datasets import EVENTS, SEATS
from ticketsource_pipeline.store import Layout, MonthRecord, ParquetStore, StoreError
from ticketsource_pipeline_tests.test_frames_samples import a_seat, seats_of
from ticketsource_pipeline_tests.test_store_writing import events, store_in

WRITE_TOO_MUCH = """
import resource, signal, sys
from pathlib import Path
import pandas as pd
from ticketsource_pipeline.datasets import EVENTS
from ticketsource_pipeline.frames.catalog import events_frame
from ticketsource_pipeline.store import Layout, ParquetStore, StoreError

store = ParquetStore(Layout.of(sys.argv[1], Path(sys.argv[1])))
records = [{"id": f"evt-{number}", "noise": hash(str(number))} for number in range(20_000)]
frame, _ = events_frame(records)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
signal.signal(signal.SIGXFSZ, getattr(signal, sys.argv[2]))
try:
    store.write(EVENTS, frame)
except StoreError as error:
    print(error)
    sys.exit(3)
"""


def write_too_much(store: ParquetStore, signal_is: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WRITE_TOO_MUCH, str(store.layout.root), signal_is]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_write_the_system_refuses_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.write(EVENTS, events("A"))
    path = tmp_path / "data" / "events" / "part-0.parquet"
    before = path.read_bytes()
    ended = write_too_much(store, "SIG_IGN")
    assert ended.returncode == 3, ended.stderr
    assert f"Cannot write {path}" in ended.stdout
    assert "larger than allowed" in ended.stdout
    assert "What was there before is untouched." in ended.stdout
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["part-0.parquet"]


def test_a_writer_killed_half_way_leaves_the_old_file_to_readers(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.write(EVENTS, events("A"))
    folder = tmp_path / "data" / "events"
    ended = write_too_much(store, "SIG_DFL")
    assert ended.returncode < 0, ended.stdout
    assert len(list(folder.iterdir())) == 2
    assert pd.read_parquet(folder)["name"].tolist() == ["A"]
    assert store.sweep(EVENTS, None) == 1
    assert [file.name for file in folder.iterdir()] == ["part-0.parquet"]


def test_a_data_directory_below_a_file_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    store = ParquetStore(Layout.of(str(tmp_path / "file" / "data"), tmp_path))
    with pytest.raises(StoreError, match=r"Cannot write .*TICKETSOURCE_DATA_DIR"):
        store.prepare()
    with pytest.raises(StoreError, match="Cannot write"):
        store.write(EVENTS, events("A"))
    with pytest.raises(StoreError, match="Cannot write"), store.lock("catalog"):
        pass


READINGS: list[Callable[[ParquetStore], Any]] = [
    lambda store: store.read(SEATS),
    lambda store: store.read_file(SEATS, "2025-03", "part-0"),
    lambda store: store.notes(SEATS, "2025-03"),
    lambda store: store.size(SEATS),
]
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "text": lambda _: b"seat_id,row\n",
    "cut in the middle": lambda content: content[: len(content) // 2],
    "without its last byte": lambda content: content[:-1],
    "with a broken footer": lambda content: content[:-200] + bytes(192) + content[-8:],
}


@pytest.mark.parametrize("read", READINGS)
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_named_with_what_to_do(
    damage: Callable[[bytes], bytes], read: Callable[[ParquetStore], Any], tmp_path: Path
) -> None:
    store = store_in(tmp_path)
    store.write(SEATS, seats_of(a_seat())[0], month="2025-03")
    path = tmp_path / "data" / "seats" / "performance_month=2025-03" / "part-0.parquet"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StoreError) as refused:
        read(store)
    assert str(path) in str(refused.value)
    assert "run `ticketsource verify`" in str(refused.value)


def test_rows_that_cannot_be_unpacked_are_a_damaged_file(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.write(SEATS, seats_of(*(a_seat(f"sea-{n}") for n in range(500)))[0], month="2025-03")
    path = tmp_path / "data" / "seats" / "performance_month=2025-03" / "part-0.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(len(content) // 2) + content[4 + len(content) // 2 :])
    with pytest.raises(StoreError, match="run `ticketsource verify`"):
        store.read(SEATS)


def test_a_parquet_file_of_something_else_is_a_damaged_file(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    folder = tmp_path / "data" / "seats" / "performance_month=2025-03"
    folder.mkdir(parents=True)
    pd.DataFrame({"a": [1]}).to_parquet(folder / "part-0.parquet")
    with pytest.raises(StoreError, match="run `ticketsource verify`"):
        store.read(SEATS)


RECORD = {
    "month": "2025-03",
    "performances": {},
    "full_at": None,
    "published_content": None,
    "published_by": None,
    "published_at": None,
}
DAMAGED_RECORDS = [
    b"",
    b"[]",
    b"{}",
    b"null",
    b'"text"',
    b"\xff\xfe",
    *(
        json.dumps({**RECORD, **change}).encode()
        for change in (
            {"performances": []},
            {"performances": {"dat-1": {}}},
            {"performances": {"dat-1": None}},
            {"published_at": "soon"},
            {"published_at": 5},
        )
    ),
]


def test_the_record_that_is_damaged_below_can_be_read_whole(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    path = tmp_path / "data" / "_ticketsource" / "months" / "2025-03.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(RECORD))
    assert store.month_record("2025-03") == MonthRecord("2025-03")


@pytest.mark.parametrize("content", DAMAGED_RECORDS)
def test_a_damaged_month_record_is_named_with_what_to_do(content: bytes, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    path = tmp_path / "data" / "_ticketsource" / "months" / "2025-03.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(StoreError) as refused:
        store.month_record("2025-03")
    assert str(path) in str(refused.value)
    assert "remove it, and the next sync reads the month again" in str(refused.value)
