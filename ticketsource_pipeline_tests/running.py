"""How tests run the `ticketsource` command and look at what it leaves; no test is in here."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from ticketsource_pipeline.cli.main import ticketsource
from ticketsource_pipeline.sandbox import SandboxServer, Theatre

COMMAND = str(Path(sys.executable).with_name("ticketsource"))
CATALOG = ("events", "venues", "performances")
MONTHLY = ("raw_bookings", "raw_seats", "booking_lines", "seats", "attendees")
DATASETS = (*CATALOG, *MONTHLY)
MARTS = (
    "bookings",
    "performance_sales",
    "performance_categories",
    "daily_sales",
    "refund_pairs",
    "gift_aid_claims",
    "reconciliation",
    "reconciliation_months",
)
SINGLE = (*CATALOG, *MARTS, "customers")
PERSONAL = ("raw_bookings", "raw_seats", "attendees", "bookings", "customers")
AMOUNTS = ("gross", "fee", "fee_vat", "net")
CLOSED_MONTH = "2024-03"
KEY = "skl-sandbox-1"
OTHER_KEY = "skl-a1b2c3d4e5f6g7h8"
WITH_REPORT = {"TICKETSOURCE_REPORT": "on"}


Once = Callable[[str, Callable[[Path], object]], Path]
"""Gives the folder of a name, filled by the first who asks for it."""


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    code: int
    stdout: str
    stderr: str

    @property
    def summary(self) -> dict[str, Any]:
        """The JSON object on the last line of stdout."""
        return json.loads(self.stdout.splitlines()[-1])

    @property
    def output(self) -> str:
        """All it wrote."""
        return self.stdout + self.stderr


@dataclass(frozen=True)
class Machine:
    """A folder to run commands in: the data directory and Dagster's home lie below it."""

    folder: Path

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def home(self) -> Path:
        """Dagster's home."""
        return self.folder / "home"

    def variables(self, server: SandboxServer | None, **more: str) -> dict[str, str]:
        """The environment of a command that reads from a server into the data directory.

        The report is made only where a test is about it: it is half of a small sync's work.
        """
        known = {
            "DAGSTER_HOME": str(self.home),
            "TICKETSOURCE_DATA_DIR": str(self.data),
            "TICKETSOURCE_REQUESTS_PER_MINUTE": "0",
            "TICKETSOURCE_REPORT": "off",
        }
        if server is not None:
            known["TICKETSOURCE_BASE_URL"] = server.url
            known["TICKETSOURCE_API_KEY"] = server.key
        return {**known, **more}

    def start(
        self, *words: str, variables: dict[str, str], folder: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start the command as a process of its own and do not wait for it."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return subprocess.Popen(
            [COMMAND, *words],
            env={**kept, **variables},
            cwd=folder or self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, variables: dict[str, str], folder: Path | None = None) -> Outcome:
        """Run the command as a process of its own."""
        return ended(self.start(*words, variables=variables, folder=folder))

    def sync(self, server: SandboxServer | None, *words: str, **more: str) -> Outcome:
        """Run `ticketsource sync --json` as a process of its own."""
        return self.run("sync", "--json", *words, variables=self.variables(server, **more))

    def sync_here(self, server: SandboxServer | None, *words: str, **more: str) -> Outcome:
        """Run `ticketsource sync --json` in this process, where its start is not the point."""
        environment: dict[str, str | None] = {**self.variables(server, **more)}
        result = CliRunner().invoke(ticketsource, ["sync", "--json", *words], env=environment)
        unforeseen = result.exception
        if unforeseen is not None and not isinstance(unforeseen, SystemExit):
            raise unforeseen
        return Outcome(result.exit_code, result.stdout, result.stderr)

    def verify_here(self, *words: str, **more: str) -> Outcome:
        """Run `ticketsource verify --json` in this process; it has no key."""
        environment: dict[str, str | None] = {**self.variables(None, **more)}
        result = CliRunner().invoke(ticketsource, ["verify", "--json", *words], env=environment)
        unforeseen = result.exception
        if unforeseen is not None and not isinstance(unforeseen, SystemExit):
            raise unforeseen
        return Outcome(result.exit_code, result.stdout, result.stderr)

    def files(self) -> dict[str, tuple[int, int, bytes]]:
        """Every Parquet file with its inode, its time of change and its bytes."""
        return {
            str(path.relative_to(self.data)): (
                path.stat().st_ino,
                path.stat().st_mtime_ns,
                path.read_bytes(),
            )
            for path in sorted(self.data.rglob("*.parquet"))
        }

    def bytes_by_file(self) -> dict[str, bytes]:
        """Every Parquet file with its bytes."""
        return {name: content for name, (_, _, content) in self.files().items()}

    def rows(self, dataset: str) -> list[dict[str, Any]]:
        """The rows of a dataset as a reader of its folder sees them, the month among them."""
        folder = self.data / dataset
        # Before the first sync is through, a dataset may not have its folder yet.
        return pq.read_table(folder).to_pylist() if folder.exists() else []

    def months_of(self, date_id: str) -> dict[str, set[str]]:
        """By monthly dataset, the months that hold rows of a performance."""
        return {
            dataset: {
                str(row["performance_month"])
                for row in self.rows(dataset)
                if row["date_id"] == date_id
            }
            for dataset in MONTHLY
        }

    @contextlib.contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Dagster's instance of the home, to look at its runs."""
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            yield instance

    def everything(self) -> dict[Path, bytes]:
        """Every file below the folder, with its bytes."""
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    @staticmethod
    def unmount(folder: Path) -> None:
        """Take a disk away again."""
        subprocess.run(["umount", str(folder)], check=True)


def ended(process: subprocess.Popen[str]) -> Outcome:
    """Wait for a command to end."""
    try:
        stdout, stderr = process.communicate(timeout=150)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    return Outcome(process.returncode, stdout, stderr)


def next_month() -> str:
    """The month after this one: its performances are still to come, and open."""
    now = datetime.now(UTC)
    return f"{now.year + now.month // 12}-{now.month % 12 + 1:02d}"


def small_theatre() -> Theatre:
    """Two closed performances in March 2024, two open ones next month, five bookings each.

    The same at every call.
    """
    theatre = Theatre.empty()
    theatre.clock = lambda: datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    opera = theatre.add_event("Opera")
    revue = theatre.add_event("Revue")
    for event_id, month, day in (
        (opera, CLOSED_MONTH, "09"),
        (opera, CLOSED_MONTH, "20"),
        (opera, next_month(), "05"),
        (revue, next_month(), "11"),
    ):
        date_id = theatre.add_date(event_id, f"{month}-{day}T19:30:00+00:00")
        for number in range(5):
            name = {"first_name": "Ann", "last_name": f"Number {number}"} if number < 2 else None
            theatre.add_booking(date_id, 2, price=1250 + 7 * number, attendee=name)
    return theatre


def dates_of(theatre: Theatre, month: str) -> list[str]:
    """The ids of a theatre's performances in a month."""
    return [
        date_id
        for date_id, date in theatre.dates.items()
        if date["attributes"]["start"].startswith(month)
    ]


def assert_holds(machine: Machine, theatre: Theatre) -> None:
    """Fail unless every dataset holds just what a perfect reading of the theatre finds."""
    assert {name: len(machine.rows(name)) for name in DATASETS} == theatre.counts()
    lines = machine.rows("booking_lines")
    sums = {name: sum(int(line[name] * 100) for line in lines) for name in AMOUNTS}
    assert sums == theatre.pence()
    assert {row["booking_id"] for row in machine.rows("raw_bookings")} == set(theatre.bookings)
    assert {row["seat_id"] for row in machine.rows("seats")} == set(theatre.seats)
    for row in machine.rows("raw_bookings"):
        start = theatre.dates[row["date_id"]]["attributes"]["start"]
        assert row["performance_month"] == start[:7]
        assert json.loads(row["payload"]) == theatre.bookings[row["booking_id"]]


def mounted_disk(folder: Path, kibibytes: int) -> None:
    """Mount a disk of its own on a folder; skip the test where that is not allowed."""
    words = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a disk of its own cannot be mounted here")
