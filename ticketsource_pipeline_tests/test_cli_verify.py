"""`ticketsource verify` names what is not as it was written, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from ticketsource_pipeline.cli.verdicts import Verification
from ticketsource_pipeline.cli.verify import verify
from ticketsource_pipeline.sandbox import RequestRecord, SandboxServer
from ticketsource_pipeline.settings import SettingsError, read_settings
from ticketsource_pipeline.store import Layout, ParquetStore
from ticketsource_pipeline_tests.running import (
    AMOUNTS,
    CLOSED_MONTH,
    DATASETS,
    MARTS,
    Machine,
    Outcome,
    dates_of,
    ended,
    mounted_disk,
    next_month,
    small_theatre,
)

CLOSED = f"performance_month={CLOSED_MONTH}"
OPEN = f"performance_month={next_month()}"
ALL = (*DATASETS, *MARTS, "customers")
MARTS_MANIFEST = "_ticketsource/manifests/marts.json"
LINES = f"booking_lines/{CLOSED}/part-0.parquet"
MANIFEST = f"_ticketsource/manifests/{CLOSED_MONTH}.json"


def faults(outcome: Outcome) -> dict[str, str]:
    """By place, what is wrong there; fails unless the exit code says so too."""
    assert outcome.code == (not outcome.summary["all_well"]), outcome.stderr
    return {fault["where"]: fault["what"] for fault in outcome.summary["faults"]}


def rewritten(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """A file of the same schema and notes, with other rows."""
    pq.write_table(change(pq.read_table(path, partitioning=None)), path)


def dearer(table: pa.Table) -> pa.Table:
    """The lines with a penny more of gross and net on the first: it still adds up."""
    for name in ("gross", "net"):
        values: list[Any] = table.column(name).to_pylist()
        column = pa.array([values[0] + Decimal("0.01"), *values[1:]], pa.decimal128(12, 2))
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


def test_all_is_well_after_a_sync_and_the_sums_are_told(synced: Machine) -> None:
    before = synced.everything()
    outcome = synced.verify_here()
    assert faults(outcome) == {}
    theatre = small_theatre()
    found = outcome.summary["datasets"]
    marts = {name: len(synced.rows(name)) for name in ALL if name not in DATASETS}
    assert marts["bookings"] == theatre.counts()["raw_bookings"]
    assert {name: part["rows"] for name, part in found.items()} == theatre.counts() | marts
    assert {name: part["files"] for name, part in found.items()} == {
        name: len(list((synced.data / name).rglob("*.parquet"))) for name in ALL
    }
    assert {name: found["booking_lines"]["pence"][name] for name in AMOUNTS} == theatre.pence()
    assert outcome.summary["failed_checks"] == []
    assert outcome.summary["months"] == 2
    assert synced.everything() == before


def test_a_table_for_people_and_no_key_is_needed(synced: Machine) -> None:
    outcome = synced.run("verify", variables={"TICKETSOURCE_DATA_DIR": str(synced.data)})
    assert outcome.code == 0
    assert "booking_lines" in outcome.stdout
    assert "£505.60" in outcome.stdout
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("All well: 26 files of 2 months")


def test_one_month_is_looked_at_alone(synced: Machine) -> None:
    flip(synced.data / f"seats/{OPEN}/part-0.parquet")
    assert faults(synced.verify_here("--month", CLOSED_MONTH)) == {}
    assert list(faults(synced.verify_here("--month", next_month()))) == [
        f"seats/{OPEN}/part-0.parquet"
    ]


def test_a_flipped_byte_is_found_in_every_dataset_and_mended_as_is_told(synced: Machine) -> None:
    paths = [min((synced.data / dataset).rglob("*.parquet")) for dataset in ALL]
    for path in paths:
        flip(path)
    outcome = synced.verify_here()
    assert list(faults(outcome)) == [str(path.relative_to(synced.data)) for path in paths]
    states = {part["state"] for part in outcome.summary["datasets"].values()}
    assert states == {"1 fault"}
    commands = set()
    for path, fault in zip(paths, outcome.summary["faults"], strict=True):
        if fault["advice"].startswith("Remove it"):
            path.unlink()
        commands.add(fault["advice"].split("`")[1])
    # Either command reads the catalogue; the month is a closed one.
    month = f"ticketsource sync --month {CLOSED_MONTH}"
    of_customers = "ticketsource sync --customers"
    assert commands == {"ticketsource sync", month, of_customers}
    with SandboxServer(small_theatre()) as server:
        assert synced.sync_here(server, *month.split()[2:], "--customers").code == 0
    assert faults(synced.verify_here()) == {}


@pytest.mark.parametrize("damage", ["is cut short", "is gone", "has another's bytes"])
@pytest.mark.parametrize("name", ["booking_lines", "seats", "attendees"])
def test_a_file_of_a_closed_month_is_made_again_by_the_next_sync_or_the_one_that_is_told(
    name: str, damage: str, synced: Machine
) -> None:
    path = synced.data / name / f"performance_month={CLOSED_MONTH}" / "part-0.parquet"
    rows = synced.rows(name)
    if damage == "is gone":
        path.unlink()
    elif damage == "is cut short":
        path.write_bytes(path.read_bytes()[:-9])
    else:
        flip(path)
    ((_, fault),) = enumerate(synced.verify_here().summary["faults"])
    _, *words = fault["advice"].split("`")[1].split()
    with SandboxServer(small_theatre()) as server:
        # One of the right length is found by who reads all of it.
        if damage != "has another's bytes":
            words = ["sync"]
        outcome = synced.sync_here(server, *words[1:])
        assert outcome.code == 0, outcome.stderr
        assert server.count("/seats$") == 0
    assert faults(synced.verify_here()) == {}
    assert synced.rows(name) == rows


def test_marts_of_a_stopped_sync_are_told_from_damaged_ones(synced: Machine) -> None:
    theatre = small_theatre()
    old = (synced.data / "bookings/part-0.parquet").read_bytes()
    with SandboxServer(theatre) as server:
        theatre.add_booking(dates_of(theatre, next_month())[0], 2)
        manifest = (synced.data / MARTS_MANIFEST).read_bytes()
        assert synced.sync_here(server).code == 0
        assert faults(synced.verify_here()) == {}
        # As a process leaves it that dies before the last mart and the manifest are written.
        (synced.data / "bookings/part-0.parquet").write_bytes(old)
        (what,) = faults(synced.verify_here()).values()
        assert what.startswith("has 20 rows where 21 were written; gross ")
        (synced.data / MARTS_MANIFEST).write_bytes(manifest)
        (fault,) = faults(synced.verify_here()).values()
        assert fault.startswith("a sync was stopped while it wrote ")
        assert synced.sync_here(server).code == 0
    assert faults(synced.verify_here()) == {}
    assert len(synced.rows("bookings")) == 21


def test_a_file_that_is_removed_is_named(synced: Machine) -> None:
    raw = min((synced.data / "raw_seats" / CLOSED).iterdir())
    for path in (synced.data / LINES, synced.data / "venues/part-0.parquet", raw):
        path.unlink()
    found = faults(synced.verify_here())
    assert found == dict.fromkeys(
        ("venues/part-0.parquet", str(raw.relative_to(synced.data)), LINES), "is missing"
    )


def test_a_file_that_does_not_belong_there_is_named(synced: Machine) -> None:
    for name in (
        f"attendees/{CLOSED}/part-1.parquet",
        f"raw_bookings/{CLOSED}/copy.parquet",
        f"seats/{OPEN}/notes.txt",
        "seats/performance_month=2024-3/part-0.parquet",
        "events/part-1.parquet",
    ):
        path = synced.data / name
        path.parent.mkdir(exist_ok=True)
        shutil.copy(min((synced.data / name.split("/")[0]).rglob("*.parquet")), path)
    places = faults(synced.verify_here())
    assert places == {
        "events/part-1.parquet": "is no file that was published",
        f"raw_bookings/{CLOSED}/copy.parquet": "is no file that was published",
        f"attendees/{CLOSED}/part-1.parquet": "is no file that was published",
        f"seats/{OPEN}/notes.txt": "is no file that was published",
        "seats/performance_month=2024-3": "lies beside the folders of the months",
    }


def test_files_of_two_months_that_were_swapped_are_named_with_where_they_belong(
    synced: Machine,
) -> None:
    one, other = (f"seats/{month}/part-0.parquet" for month in (CLOSED, OPEN))
    (synced.data / one).rename(synced.data / "kept")
    (synced.data / other).rename(synced.data / one)
    (synced.data / "kept").rename(synced.data / other)
    assert faults(synced.verify_here()) == {
        one: f"is the file that belongs at {other}",
        other: f"is the file that belongs at {one}",
    }


def test_a_sum_that_was_changed_is_told_in_pence(synced: Machine) -> None:
    rewritten(synced.data / LINES, dearer)
    (found,) = faults(synced.verify_here()).items()
    assert found[0] == LINES
    assert "does not hold the bytes that were written" in found[1]
    assert "gross 25281 pence where 25280 were published" in found[1]
    assert "fee" not in found[1]


def test_rows_that_were_taken_out_are_counted(synced: Machine) -> None:
    rewritten(synced.data / f"seats/{CLOSED}/part-0.parquet", lambda table: table.slice(1))
    outcome = synced.verify_here()
    assert faults(outcome) == {
        f"seats/{CLOSED}/part-0.parquet": "has 19 rows where 20 were written"
    }


def test_a_file_of_another_dataset_is_named(synced: Machine) -> None:
    shutil.copy(synced.data / "events/part-0.parquet", synced.data / LINES)
    assert faults(synced.verify_here()) == {
        LINES: "is the file that belongs at events/part-0.parquet"
    }


def test_a_truncated_manifest_is_named_alone_and_written_again(synced: Machine) -> None:
    path = synced.data / MANIFEST
    before = path.read_bytes()
    for damaged in (before[: len(before) // 2], b"", b"[]", b"\xff", b'{"format": 2}'):
        path.write_bytes(damaged)
        assert faults(synced.verify_here()) == {MANIFEST: "is damaged or of another version"}
    with SandboxServer(small_theatre()) as server:
        assert synced.sync_here(server, "--month", CLOSED_MONTH).code == 0
    assert faults(synced.verify_here()) == {}
    assert json.loads(path.read_bytes())["datasets"] == json.loads(before)["datasets"]


def test_a_manifest_in_anothers_place_or_with_other_words_is_named(synced: Machine) -> None:
    path = synced.data / MANIFEST
    text = path.read_text()
    shutil.copy(path.with_name(f"{next_month()}.json"), path)
    assert faults(synced.verify_here()) == {MANIFEST: f"is the manifest of {next_month()}"}
    path.write_text(text.replace('"gross": 25280', '"gross": 25281'))
    assert list(faults(synced.verify_here())) == [MANIFEST]
    path.write_text(text.replace('"raw_content": "', '"raw_content": "0'))
    assert "another publication" in faults(synced.verify_here())[MANIFEST]
    path.unlink()
    assert faults(synced.verify_here()) == {MANIFEST: "is missing, so nothing proves these files"}


def test_a_rule_that_fails_is_an_error_and_a_warning_is_none(machine: Machine) -> None:
    theatre = small_theatre()
    seat = theatre.seats_of(theatre.bookings_of(dates_of(theatre, next_month())[0])[0]["id"])[0]
    theatre.edit_attendee(seat["id"], email="no address")
    booking = theatre.bookings_of(dates_of(theatre, CLOSED_MONTH)[0])[0]
    amount = booking["attributes"]["lines"][0]["amount"]
    amount["net"] = round(amount["net"] - 0.01, 2)
    with SandboxServer(theatre) as server:
        assert machine.sync_here(server).code == 1
    outcome = machine.verify_here("--month", next_month())
    assert faults(outcome) == {}
    (check,) = outcome.summary["failed_checks"]
    assert (check["name"], check["warning"]) == ("attendees.email_looks_like_one", True)
    assert "no address" not in outcome.output

    outcome = machine.verify_here()
    assert outcome.code == 1
    assert outcome.summary["faults"] == []
    (check,) = [check for check in outcome.summary["failed_checks"] if not check["warning"]]
    assert check["name"] == "booking_lines.net_is_gross_less_fees"
    assert check["month"] == CLOSED_MONTH
    assert "1 pence" in check["summary"]


def test_a_data_directory_that_cannot_be_written_is_verified_all_the_same(
    synced: Machine, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted_disk(disk, 8192)
    try:
        shutil.copytree(synced.data, disk / "data")
        shutil.rmtree(disk / "data/_ticketsource/locks")
        flip(disk / "data" / LINES)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        outcome = Machine(disk).verify_here()
        assert list(faults(outcome)) == [LINES]
    finally:
        Machine.unmount(disk)


def test_what_is_not_there_or_not_a_month_is_bad_usage(synced: Machine) -> None:
    elsewhere = synced.folder / "elsewhere"
    for words, variables, message in (
        (["--month", "2024-13"], {}, "--month is '2024-13': allowed is"),
        (["--month", "2024-04"], {}, "nothing is stored of that month"),
        ([], {"TICKETSOURCE_DATA_DIR": "ftp://there"}, "TICKETSOURCE_DATA_DIR is 'ftp://there'"),
    ):
        with pytest.raises(SettingsError, match=message):
            synced.verify_here(*words, **variables)
    outcome = synced.run("verify", variables={"TICKETSOURCE_DATA_DIR": str(elsewhere)})
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.splitlines() == [
        f"ticketsource: TICKETSOURCE_DATA_DIR is {str(elsewhere)!r}: there is no data to verify."
    ]
    assert not elsewhere.exists()


def test_what_looks_wrong_while_a_month_is_written_is_looked_at_again_after_it(
    synced: Machine,
) -> None:
    path = synced.data / LINES
    store = ParquetStore(Layout.of(str(synced.data), synced.folder))
    kept = path.read_bytes()
    with store.lock(f"month-{CLOSED_MONTH}"):
        path.unlink()
        process = synced.start("verify", variables=synced.variables(None))
        assert process.stderr is not None
        assert "waiting for the run that is writing it" in process.stderr.readline()
        path.write_bytes(kept)
    outcome = ended(process)
    assert outcome.code == 0
    assert outcome.stderr.startswith("All well")


def test_a_sync_at_work_is_not_taken_for_damage(machine: Machine) -> None:
    settings = read_settings(machine.variables(None))
    looks: list[Future[tuple[Verification, str]]] = []
    theatre = small_theatre()
    with ThreadPoolExecutor(1) as executor, SandboxServer(theatre) as server:

        def look(request: RequestRecord) -> None:
            if request.path.endswith("/seats") and request.number % 5 == 0:
                words = Console(file=StringIO())
                looks.append(executor.submit(verify, settings, months=[], console=words))

        server.on_request = look
        assert machine.sync_here(server).code == 0
        first = len(looks)
        for booking in theatre.bookings_of(dates_of(theatre, next_month())[1]):
            theatre.refund_booking(booking["id"])
        theatre.move_date(dates_of(theatre, CLOSED_MONTH)[0], f"{next_month()}-20T19:30:00+00:00")
        assert machine.sync_here(server).code == 0
        seen = [look.result()[0] for look in looks]
    assert len(seen) > first > 0
    assert [found.all_well for found in seen] == [True] * len(seen), [found.told for found in seen]
    assert faults(machine.verify_here()) == {}
