"""What a manifest says is what is there: of any month, on a folder and on an fsspec address."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketsource_pipeline.checks.integrity import compare
from ticketsource_pipeline.datasets import DATASETS, RAW_BOOKINGS, RAW_SEATS, SEATS
from ticketsource_pipeline.landing.sales import publish_month
from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline.store import (
    Layout,
    NewFrame,
    ParquetStore,
    PerformanceRecord,
    StoreError,
)
from ticketsource_pipeline.store.leftovers import sweep_leftovers
from ticketsource_pipeline_tests.running import CLOSED_MONTH, Machine, next_month, small_theatre
from ticketsource_pipeline_tests.test_frames_samples import (
    a_booking,
    a_line,
    a_seat,
    raw_bookings,
    raw_seats,
    seats_of,
)
from ticketsource_pipeline_tests.test_store_locks import HOLD, OPENED
from ticketsource_pipeline_tests.test_store_writing import store_in

MONTH = "2025-03"
READ = datetime(2025, 3, 1, 12, tzinfo=UTC)
AMOUNTS = st.decimals(-50_000, 50_000, places=2)
LINES = st.lists(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS | st.just("none")), max_size=4)


def land(store: ParquetStore, bookings: list[list[tuple[Any, ...]]], seats: int) -> None:
    """Put a performance of such bookings in the raw layer, noted as a reading notes it."""
    frame, _ = raw_bookings(
        *(
            a_booking(f"bkg-{number}", *(a_line(*line) for line in lines))
            for number, lines in enumerate(bookings)
        )
    )
    rows = raw_seats(*(a_seat(f"sea-{number}", row=str(number)) for number in range(seats)))
    files = {
        dataset.name: store.write(dataset, content, month=MONTH, name="dat-D1").proof
        for dataset, content in ((RAW_SEATS, rows), (RAW_BOOKINGS, frame))
    }
    read = replace(PerformanceRecord.begun(), listed_at=READ, content=str(bookings), files=files)
    store.write_month_record(store.month_record(MONTH).with_performance("dat-D1", read))


def read_back(store: ParquetStore) -> dict[str, Any]:
    """What pyarrow finds of each monthly dataset, in a manifest's words."""
    found = {}
    for name, dataset in DATASETS.items():
        if not dataset.partitioned:
            continue
        folder = store.layout.folder(dataset, MONTH)
        files, tables = [], []
        for path in sorted(folder.iterdir(), key=lambda path: path.name):
            content = path.read_bytes()
            tables.append(pq.read_table(BytesIO(content)))
            files.append(
                {
                    "path": f"{name}/performance_month={MONTH}/{path.name}",
                    "rows": tables[-1].num_rows,
                    "bytes": len(content),
                    "sha256": sha256(content).hexdigest(),
                }
            )
        table = pa.concat_tables([table.replace_schema_metadata() for table in tables])
        pence = {
            field.name: int((pc.sum(table.column(field.name)).as_py() or 0) * 100)
            for field in table.schema
            if pa.types.is_decimal(field.type)
        }
        found[name] = {"rows": table.num_rows, "pence": pence, "files": files}
    return found


@given(st.lists(st.tuples(st.lists(LINES, max_size=3), st.integers(0, 3)), min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_a_manifest_is_what_pyarrow_reads_back_after_each_publication(
    readings: list[tuple[list[list[tuple[Any, ...]]], int]],
) -> None:
    address = f"memory://tests/{uuid4().hex}"
    with TemporaryDirectory() as folder:
        store = ParquetStore(Layout.of(address, Path(folder)))
        for bookings, seats in readings:
            land(store, bookings, seats)
            publish_month(store, MONTH, [])
            text = store.layout.manifest(MONTH).read_text()
            manifest = json.loads(text)
            assert manifest["datasets"] == read_back(store)
            assert manifest["raw_content"] == store.month_record(MONTH).content
            assert compare(store, MONTH).faults == []
            publish_month(store, MONTH, [])
            assert store.layout.manifest(MONTH).read_text() == text
    fsspec.filesystem("memory").rm(address, recursive=True)


def test_a_manifest_says_what_it_is_made_of_and_names_nobody(synced: Machine) -> None:
    path = synced.data / f"_ticketsource/manifests/{CLOSED_MONTH}.json"
    manifest = json.loads(path.read_text())
    record = json.loads((synced.data / f"_ticketsource/months/{CLOSED_MONTH}.json").read_text())
    assert (manifest["format"], manifest["month"]) == (1, CLOSED_MONTH)
    assert manifest["raw_content"] == record["published_content"]
    assert manifest["code_version"] == record["published_by"]
    read = sorted(datetime.fromisoformat(p["listed_at"]) for p in record["performances"].values())
    listed = {key: datetime.fromisoformat(text) for key, text in manifest["listed_at"].items()}
    assert listed == {"oldest": read[0], "newest": read[-1]}
    assert datetime.fromisoformat(manifest["published_at"]) > read[-1]
    catalog = json.loads((synced.data / "_ticketsource/manifests/catalog.json").read_text())
    assert set(catalog["datasets"]) == {"events", "venues", "performances"}
    told = path.read_text().lower()
    people = [row for row in synced.rows("attendees") if row["last_name"]]
    assert people
    for row in people:
        assert row["last_name"].lower() not in told
        assert str(row["email"]).lower() not in told


def test_the_documents_example_reads_a_month_of_one_reading(
    synced: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (Path(__file__).parent.parent / "docs" / "how-it-works.md").read_text()
    (example,) = re.findall(
        r"<!-- example: a month of one reading -->\s+```python\n(.*?)```", text, re.DOTALL
    )
    monkeypatch.chdir(synced.folder)
    code = example.replace("data/live", "data").replace("2026-03", CLOSED_MONTH)
    found: dict[str, Any] = {}
    exec(code, found)  # noqa: S102 - our own words
    rows = {name: len(frame) for name, frame in found["sales"].items()}
    counts = small_theatre().counts(CLOSED_MONTH)
    assert rows == {name: counts[name] for name in ("booking_lines", "seats", "attendees")}

    path = synced.data / f"seats/performance_month={CLOSED_MONTH}/part-0.parquet"
    pq.write_table(pq.read_table(path, partitioning=None).slice(1), path)
    with pytest.raises(SystemExit, match="seats was written since"):
        exec(code, {})  # noqa: S102 - our own words


def test_a_directory_from_before_there_were_manifests_gets_them_at_the_next_sync(
    synced: Machine,
) -> None:
    state = synced.data / "_ticketsource"
    names = {"catalog.json", "marts.json", f"{CLOSED_MONTH}.json", f"{next_month()}.json"}
    for path in (state / "manifests").iterdir():
        path.unlink()
    for path in (state / "months").iterdir():
        record = json.loads(path.read_text())
        for known in record["performances"].values():
            del known["files"]
        path.write_text(json.dumps(record))
    before = synced.files()
    told = synced.verify_here()
    assert told.code == 1
    assert {fault["where"] for fault in told.summary["faults"]} == {
        f"_ticketsource/manifests/{name}" for name in names
    }
    with SandboxServer(small_theatre()) as server:
        assert synced.sync_here(server).code == 0
        assert server.count("/seats") == 0
        assert server.count("/dates/.*/bookings") == 2
        assert {path.name for path in (state / "manifests").iterdir()} == names
        assert synced.files() == before
        assert synced.verify_here().code == 0
        manifests = {path: path.stat().st_mtime_ns for path in (state / "manifests").iterdir()}
        assert synced.sync_here(server).summary["months"] == 1
    assert {path: path.stat().st_mtime_ns for path in manifests} == manifests


def test_an_account_without_performances_can_be_verified(machine: Machine) -> None:
    with SandboxServer(Theatre.empty()) as server:
        assert machine.sync_here(server).code == 0
    outcome = machine.verify_here()
    assert outcome.code == 0, outcome.stderr
    assert outcome.summary["datasets"]["booking_lines"]["rows"] == 0


LEFT = [
    *(
        f"_ticketsource/.{name}.{'0' * 32}.tmp"
        for name in (
            "account.json",
            "cleared.json",
            "database.json",
            "forgotten.json",
            "privacy.json",
            "pseudonyms.key",
            "report.json",
            "write-test",
        )
    ),
    *(
        f"_ticketsource/{folder}/.{name}.json.{'0' * 32}.tmp"
        for folder in ("months", "manifests")
        for name in (MONTH, "2025-04", "catalog", "marts")
    ),
    *(
        f"{name}/performance_month={month}/.part-0.parquet.{'0' * 32}.tmp"
        for name in ("raw_bookings", "seats")
        for month in (MONTH, "2025-04")
    ),
    *(f"{name}/.part-0.parquet.{'0' * 32}.tmp" for name in ("venues", "bookings", "customers")),
    f"reports/.sales-report.html.{'0' * 32}.tmp",
    f".ticketsource.duckdb.{'0' * 32}.tmp",
]
NOT_OURS = [
    ".notes.tmp",
    f"elsewhere/.part-0.parquet.{'0' * 32}.tmp",
    f"raw_bookings/performance_month={MONTH}/part-0.parquet.{'0' * 32}.tmp",
    f"raw_bookings/performance_month={MONTH}/copy/.part-0.parquet.{'0' * 32}.tmp",
    f"seats/.part-0.parquet.{'1' * 32}.tmp/a-file",
]


def test_what_killed_writers_left_is_swept_but_not_what_is_being_written(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    left, others = ([tmp_path / "data" / name for name in names] for names in (LEFT, NOT_OURS))
    for path in [*left, *others]:
        path.parent.mkdir(exist_ok=True, parents=True)
        path.touch()
    script = OPENED + HOLD.replace("catalog", f"month-{MONTH}")
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "data")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        being_written = [path for path in left if MONTH in str(path)]
        assert sweep_leftovers(store) == len(left) - len(being_written)
        assert [path for path in left if path.exists()] == being_written
        process.communicate("done\n")
    assert sweep_leftovers(store) == len(being_written)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in others)


def test_a_file_that_is_gone_when_it_is_opened_is_looked_for_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(tmp_path)
    for month in ("2025-03", "2025-04"):
        for name in ("dat-D1", "dat-D2"):
            rows = raw_seats(a_seat(f"sea-{month}{name}"))
            store.write(RAW_SEATS, rows, month=month, name=name)
    opened = Path.read_bytes
    gone = tmp_path / "data" / "raw_seats" / "performance_month=2025-03" / "dat-D2.parquet"

    def leaves(path: Path) -> bytes:
        # Another process takes it away after it was listed.
        gone.unlink(missing_ok=True)
        return opened(path)

    monkeypatch.setattr("pathlib.Path.read_bytes", leaves)
    assert len(store.read(RAW_SEATS)) == 3

    def never_there(path: Path) -> bytes:
        raise FileNotFoundError(path)

    monkeypatch.setattr("pathlib.Path.read_bytes", never_there)
    with pytest.raises(StoreError, match=r"dat-D1\.parquet comes and goes"):
        store.read(RAW_SEATS)


def test_files_written_together_are_all_ready_before_the_first_is_seen(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    folder = tmp_path / "data" / "seats"
    frames = [NewFrame(SEATS, seats_of(a_seat())[0], month) for month in ("2025-03", "2025-04")]
    ready: list[list[str]] = []

    def look() -> None:
        ready.append(sorted(path.name[:15] for path in folder.rglob("*") if path.is_file()))

    written = store.write_together(frames, look)
    assert ready == [[".part-0.parquet", ".part-0.parquet"]]
    assert [file.changed for file in written] == [True, True]
    for month, file in zip(("2025-03", "2025-04"), written, strict=True):
        path = folder / f"performance_month={month}" / "part-0.parquet"
        assert file.proof.fits(path.read_bytes())
    # Nothing is to be written, so nobody is told that it is about to be.
    assert [file.changed for file in store.write_together(frames, look)] == [False, False]
    assert len(ready) == 1


def test_when_one_of_the_files_cannot_be_written_none_is_replaced(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.write(SEATS, seats_of(a_seat())[0], month="2025-03")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    # A file lies where the folder would have to be.
    (tmp_path / "data" / "raw_seats").write_text("no folder")
    told = []
    frames = [
        NewFrame(SEATS, seats_of(a_seat("sea-S2"))[0], "2025-03"),
        NewFrame(RAW_SEATS, raw_seats(a_seat()), "2025-03"),
    ]
    with pytest.raises(StoreError, match="Cannot write"):
        store.write_together(frames, lambda: told.append("replacing"))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")} == before
    assert not list(tmp_path.rglob("*.tmp"))
    assert told == []
