"""What every test starts from: nobody's settings, and a machine of its own."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from ticketsource_pipeline.cli.event_log import migrations_read_once
from ticketsource_pipeline.sandbox import SandboxServer
from ticketsource_pipeline_tests.automating import Office, fill_spring, spring_office
from ticketsource_pipeline_tests.running import (
    WITH_REPORT,
    Machine,
    Once,
    mounted_disk,
    small_theatre,
)

_NOT_OURS = ("TICKETSOURCE_", "DAGSTER_", "AWS_")

# How long an example takes on a busy machine proves nothing.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# What is loaded stays to the end: looking it over for garbage is a good part of a test's time.
gc.set_threshold(50_000, 20, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the tests that take longest first, so that no worker is left alone with one."""
    items.sort(key=lambda item: item.get_closest_marker("takes_long") is None)


def pytest_collection_finish() -> None:
    """Keep what the tests are made of out of the garbage collector's way."""
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> None:
    for name in [name for name in os.environ if name.startswith(_NOT_OURS)]:
        del os.environ[name]


@pytest.fixture(autouse=True, scope="session")
def _quick_instances() -> Iterator[None]:
    # Dagster reads all of its migrations for each new instance, in memory too.
    with migrations_read_once():
        yield


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A place with nothing on it yet: no data, no Dagster home."""
    return Machine(tmp_path)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Fills a folder once for all workers, which from then on only read or copy it."""
    own = tmp_path_factory.getbasetemp()
    # The folders of pytest-xdist's workers lie in one that they share.
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        folder, filled = shared / name, shared / f"{name}.filled"
        with FileLock(shared / f"{name}.lock"):
            if not filled.exists():
                # Another worker may have begun and failed.
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                filled.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def _yesterday(made_once: Once) -> Path:
    def fill(folder: Path) -> None:
        with SandboxServer(small_theatre()) as server:
            outcome = Machine(folder).sync_here(server, **WITH_REPORT)
        assert outcome.code == 0, outcome.stderr

    return made_once("yesterday", fill)


@pytest.fixture(scope="session")
def _spring(made_once: Once) -> Path:
    return made_once("spring", fill_spring)


@pytest.fixture
def place(_spring: Path, tmp_path: Path) -> Iterator[Office]:
    """An office that read `spring_theatre()` yesterday; each request is tried once."""
    with spring_office(_spring, tmp_path, TICKETSOURCE_MAX_RETRIES="0") as opened:
        yield opened


@pytest.fixture
def synced(_yesterday: Path, tmp_path: Path) -> Machine:
    """A place where `small_theatre()` was synced yesterday, with exit code 0."""
    shutil.copytree(_yesterday, tmp_path, dirs_exist_ok=True)
    return Machine(tmp_path)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes a disk of so many KiB; tests are skipped where none can be mounted."""
    made: list[Path] = []

    def make(kibibytes: int) -> Path:
        folder = tmp_path / f"disk-{len(made)}"
        folder.mkdir()
        mounted_disk(folder, kibibytes)
        made.append(folder)
        return folder

    yield make
    for folder in made:
        Machine.unmount(folder)
