"""The disk: what is synced when, a full one, one that may no longer be written, readers."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from ticketsource_pipeline.store import StoreError
from ticketsource_pipeline_tests.chaos import dying, oracle
from ticketsource_pipeline_tests.chaos.campaign import Stage, expectation, stage
from ticketsource_pipeline_tests.chaos.place import Place
from ticketsource_pipeline_tests.chaos.playhouse import book, go_on, open_dates, yesterday
from ticketsource_pipeline_tests.chaos.reader import Reader
from ticketsource_pipeline_tests.chaos.test_kills import (
    assert_months_are_whole,
    assert_readable,
    changes_of,
    data_of,
    scene_of,
)

LONG = os.environ.get("LONG_TESTS") == "1"
SEED = int(os.environ.get("CHAOS_SEED", "1"))
CASES = 40 if LONG else 1
PAGE = 4096

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def set_stage() -> Iterator[Stage]:
    with stage() as made:
        yield made


@pytest.mark.parametrize("kind", ["cold", "moving"])
def test_each_file_is_synced_before_it_takes_its_name_and_its_folder_after(
    set_stage: Stage, kind: str
) -> None:
    changes = changes_of(set_stage, scene_of(kind, Random(3)))  # noqa: S311
    names = [(name, path, target) for name, path, target in changes]
    renames = [place for place, (name, *_) in enumerate(names) if name == "replace"]
    assert len(renames) > 10
    for place in renames:
        _, source, target = names[place]
        if source.endswith(".tmp"):
            assert ("fsync", source, "") in names[:place], f"{source} was not synced"
        # What says that data is there comes after the folder of that data is on the disk.
        later = [other for other in renames if other > place]
        records = [other for other in later if "_ticketsource" in names[other][2]]
        until = records[0] if records and "_ticketsource" not in target else len(names)
        folder = target.rpartition("/")[0]
        assert ("fsync", folder, "") in names[place:until], f"the folder of {target} was not synced"


def mount(folder: Path, *words: str) -> None:
    """Mount a disk of its own, or change how it is mounted; skips where that is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", ",".join(words), "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a disk of its own cannot be mounted here")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[Path], Path]]:
    """Makes a disk of its own that holds a copy of a data directory."""
    made: list[Path] = []

    def make(data: Path) -> Path:
        folder = tmp_path / f"disk-{len(made)}"
        folder.mkdir()
        mount(folder, "size=64m")
        made.append(folder)
        shutil.copytree(data, folder / "data")
        return folder

    yield make
    for folder in made:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("number", range(CASES))
def test_a_disk_that_fills_up_leaves_each_month_whole_and_room_makes_it_good(
    set_stage: Stage, disk: Callable[[Path], Path], number: int
) -> None:
    chance = Random(f"{SEED} full {number}")  # noqa: S311
    scene = scene_of("moving" if number % 2 else "warm", chance)
    folder = disk(set_stage.filled)
    place = Place(folder / "data")
    space = os.statvfs(folder)
    used = (space.f_blocks - space.f_bfree) * space.f_frsize
    mount(folder, "remount", f"size={used + chance.randint(0, 30) * PAGE}")
    set_stage.server.play(scene.theatre, [], 1)
    with place.client(set_stage.server.url) as client:
        report = place.sync(client)
        for error in report.errors.values():
            assert isinstance(error, StoreError)
            assert "the disk is full" in str(error)
        assert_readable(place.data)
        assert_months_are_whole(place, scene)
        assert not list(place.data.rglob("*.tmp"))
        mount(folder, "remount", "size=64m")
        assert not place.sync(client, all_checks=True).words
    assert not list(oracle.differences(place.data, scene.after))


@pytest.mark.parametrize("number", range(CASES))
def test_a_disk_that_may_no_longer_be_written_leaves_each_month_whole(
    set_stage: Stage, disk: Callable[[Path], Path], number: int
) -> None:
    chance = Random(f"{SEED} sealed {number}")  # noqa: S311
    scene = scene_of("moving" if number % 2 else "warm", chance)
    folder = disk(set_stage.filled)
    place, server = Place(folder / "data"), set_stage.server
    at = chance.randint(1, 14)

    def seal(request: int) -> None:
        # Refused while a file is open for writing: then a little later.
        if request >= at and not sealed:
            command = ["mount", "-o", "remount,ro", str(folder)]
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                sealed.append(request)

    sealed: list[int] = []
    server.play(scene.theatre, [], 1)
    server.on_request = seal
    with place.client(server.url) as client:
        report = place.sync(client)
        for error in report.errors.values():
            assert isinstance(error, StoreError)
            assert "read-only" in str(error)
        assert report.errors or not sealed or not list(oracle.differences(place.data, scene.after))
        assert_readable(place.data)
        assert_months_are_whole(place, scene)
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        server.play(scene.theatre, [], 1)
        assert not place.sync(client, all_checks=True).words
    assert not list(oracle.differences(place.data, scene.after))


def test_a_reader_never_sees_an_error_half_a_file_or_a_row_twice(set_stage: Stage) -> None:
    chance, theatre = Random(SEED), yesterday()  # noqa: S311
    reader = Reader()
    with TemporaryDirectory(dir=set_stage.folder) as folder:
        scene = scene_of("warm", chance)
        place = Place(data_of(set_stage, scene, folder))
        with reader.reading(place.data):
            for _ in range(12 if LONG else 3):
                go_on(theatre, chance)
                book(theatre, open_dates(theatre)[0], 90)
                set_stage.server.play(theatre, [], 1)
                process = dying.start(place.data, set_stage.server.url)
                process.join(60)
                assert process.exitcode == 0
        assert not list(oracle.differences(place.data, expectation(theatre, {})))
    assert not reader.wrong, reader.wrong[:5]
    assert reader.readings >= 3
