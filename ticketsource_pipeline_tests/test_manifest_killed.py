"""Wherever a run is killed, a reader can tell a month of one reading from a mix, and so can verify.

The next runs put it right.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline_tests.automating import assert_one_month_each
from ticketsource_pipeline_tests.running import (
    CLOSED_MONTH,
    Machine,
    Once,
    assert_holds,
    dates_of,
    next_month,
    small_theatre,
)
from ticketsource_pipeline_tests.test_automation_moves_killed import (
    MARCH,
    Killed,
    Place,
    place_at,
    theatre,
)

SALES = ("booking_lines", "seats", "attendees")
KILLED_SYNC = """
import os, sys
from ticketsource_pipeline.cli.main import main

left, replace = int(sys.argv.pop(1)), os.replace

def mortal(source, target, **more):
    global left
    left -= str(target).endswith("part-0.parquet")
    if left == 0:
        os._exit(9)
    replace(source, target, **more)

os.replace = mortal
main()
"""


def published(machine: Machine, month: str) -> list[list[dict[str, Any]]]:
    """The rows of the month's three files of sales."""
    folders = [machine.data / name / f"performance_month={month}" for name in SALES]
    return [pq.read_table(folder / "part-0.parquet").to_pylist() for folder in folders]


def is_of_one_reading(machine: Machine, month: str) -> bool:
    """What a reader can tell with the manifest alone."""
    path = machine.data / f"_ticketsource/manifests/{month}.json"
    parts = json.loads(path.read_text())["datasets"]
    files = [file for name in SALES for file in parts[name]["files"]]
    return all(
        sha256((machine.data / file["path"]).read_bytes()).hexdigest() == file["sha256"]
        for file in files
    )


def change_sales(theatre: Theatre, date_id: str) -> None:
    """Something that bears on all three datasets."""
    booking_id = theatre.bookings_of(date_id)[0]["id"]
    (seat, *_) = theatre.seats_of(booking_id)
    theatre.edit_attendee(seat["id"], touch_booking=True, first_name="Bea", last_name="Late")
    theatre.refund_booking(booking_id, fraction="1/2")
    theatre.add_booking(date_id, 1)


@pytest.fixture(scope="module")
def filled(made_once: Once) -> Path:
    def fill(folder: Path) -> None:
        with place_at(folder) as place:
            place.read_catalog()
            place.run_all_due(list)
            assert place.machine.verify_here().code == 0

    return made_once("before-a-manifest", fill)


def test_a_month_of_two_readings_is_never_taken_for_one(filled: Path, tmp_path: Path) -> None:
    old = published(Machine(filled), MARCH)
    seen: list[tuple[list[list[dict[str, Any]]], bool]] = []
    new = old
    for changes in itertools.count():
        # Every other time all is as it was when the next run reads it.
        back = changes % 2 == 1
        folder = tmp_path / str(changes)
        shutil.copytree(filled, folder)
        with place_at(folder) as place:
            machine = place.machine
            change_sales(place.server.theatre, dates_of(place.server.theatre, MARCH)[0])
            try:
                place.run(MARCH, changes, open_only=False)
            except Killed:
                alive = False
            else:
                alive = True
            seen.append((published(machine, MARCH), is_of_one_reading(machine, MARCH)))
            told = machine.verify_here()
            assert (told.code == 0) == seen[-1][1], told.stderr
            assert all("a sync was stopped" in f["what"] for f in told.summary["faults"])
            if back:
                place.server.theatre = theatre()
            put_right(place)
            if alive:
                new = seen[-1][0]
                break
            assert (published(machine, MARCH) == old) == back
    mixed = [fits for rows, fits in seen if rows not in (old, new)]
    assert len(mixed) == 2
    assert not any(mixed)
    assert len(seen) > 8


def put_right(place: Place) -> None:
    """Run what is then due, and the month as if it were named; all is well after each."""
    place.run_all_due(list)
    assert is_of_one_reading(place.machine, MARCH)
    place.run(MARCH, open_only=False)
    assert place.machine.verify_here().code == 0
    assert_one_month_each(place.machine, place.server.theatre)


def test_a_sync_whose_process_ends_between_two_files_is_made_good(synced: Machine) -> None:
    theatre = small_theatre()
    change_sales(theatre, dates_of(theatre, next_month())[0])
    with SandboxServer(theatre) as server:
        words = [sys.executable, "-c", KILLED_SYNC, "2", "sync"]
        environment = {**os.environ, **synced.variables(server)}
        assert subprocess.run(words, env=environment, check=False).returncode == 9
        assert list((synced.data / "seats").rglob(".*.tmp"))
        assert not is_of_one_reading(synced, next_month())
        outcome = synced.verify_here()
        (fault,) = outcome.summary["faults"]
        assert fault["where"] == next_month()
        assert "a sync was stopped while it wrote booking_lines" in fault["what"]
        assert synced.sync_here(server).code == 0
    assert is_of_one_reading(synced, next_month())
    assert synced.verify_here().code == 0
    assert not list(synced.data.rglob(".*.tmp"))
    assert_holds(synced, theatre)


def test_a_sync_sweeps_what_was_left_in_a_month_that_is_not_read_again(synced: Machine) -> None:
    closed, *_ = (synced.data / f"raw_seats/performance_month={CLOSED_MONTH}").glob("*.parquet")
    left = closed.with_name(f".{closed.name}.{'0' * 32}.tmp")
    left.touch()
    with SandboxServer(small_theatre()) as server:
        outcome = synced.sync_here(server)
        assert (outcome.code, server.count("/seats")) == (0, 0)
    assert not left.exists()
    assert closed.exists()
