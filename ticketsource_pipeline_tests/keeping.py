"""How tests read a theatre into a data directory without Dagster, and look for people in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

from ticketsource_pipeline.api import NoLimit, TicketSourceClient
from ticketsource_pipeline.checks.asset_checks import RAW_RULES, SALES_RULES
from ticketsource_pipeline.checks.rule import View
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import PERFORMANCES
from ticketsource_pipeline.landing.catalog import land_catalog
from ticketsource_pipeline.landing.customers import land_customers
from ticketsource_pipeline.landing.marts import make_marts
from ticketsource_pipeline.landing.month import MonthLanding, land_month
from ticketsource_pipeline.landing.privacy import settle
from ticketsource_pipeline.landing.rules import RefreshRules
from ticketsource_pipeline.landing.sales import publish_month
from ticketsource_pipeline.personal_data import AttendeeMode
from ticketsource_pipeline.refresh.openness import performances_of
from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline.store import Layout, ParquetStore
from ticketsource_pipeline.store.files import FileWriter
from ticketsource_pipeline_tests.running import Machine


class Killed(BaseException):
    """The process is no more."""


@dataclass(frozen=True)
class MortalWriter(FileWriter):
    """A writer whose process dies before its so-many-th write."""

    writes_left: list[int] = field(default_factory=lambda: [10**6])

    def write(self, path: UPath, content: bytes, *, private: bool) -> None:
        if self.writes_left[0] == 0:
            raise Killed
        self.writes_left[0] -= 1
        super().write(path, content, private=private)


@dataclass(frozen=True)
class Archive:
    """A data directory, read from a server by the steps of a run without Dagster around them."""

    folder: Path
    client: TicketSourceClient

    @property
    def machine(self) -> Machine:
        return Machine(self.folder)

    def store(self, writes: int = 10**6) -> ParquetStore:
        """The data directory; the process dies before its so-many-th write."""
        layout = Layout.of(str(self.folder / "data"), self.folder)
        return ParquetStore(layout, MortalWriter([writes]))

    def read(
        self,
        *months: str,
        mode: AttendeeMode = AttendeeMode.FULL,
        full: bool = False,
        publish: bool = True,
    ) -> MonthLanding:
        """Read the catalogue, months and customers, and make the marts; returns the last month's.

        Without `publish`, neither sales layer, marts nor customers are brought up to date.
        """
        store = self.store()
        land_catalog(self.client, store, lambda _: None)
        settle(store, mode)
        landing = MonthLanding()
        for month in months:
            landing = self.read_month(month, mode=mode, full=full)
            if publish:
                publish_month(store, month, performances_of(store.read(PERFORMANCES)))
        if publish:
            make_marts(store)
            land_customers(self.client, store, mode)
        return landing

    def read_month(self, month: str, *, mode: AttendeeMode, full: bool = False) -> MonthLanding:
        """Read a month's raw layer alone."""
        store = self.store()
        catalog = performances_of(store.read(PERFORMANCES))
        return land_month(
            self.client,
            store,
            month,
            catalog=catalog,
            months=sorted({str(item.month) for item in catalog}),
            rules=RefreshRules(
                since=utc_now(),
                full=full,
                open_only=False,
                refund_window=timedelta(days=60),
                seat_max_age=timedelta(days=7),
                attendees=mode,
            ),
            say=lambda _: None,
        )

    def failed_checks(self, *months: str) -> set[str]:
        """The names of the checks that fail over months."""
        view = View(self.store(), months, months)
        return {
            f"{rule.dataset.name}.{rule.name}"
            for rule in (*RAW_RULES, *SALES_RULES)
            if not rule.evaluate(view).passed
        }


@contextlib.contextmanager
def archive(folder: Path, theatre: Theatre) -> Iterator[tuple[Archive, SandboxServer]]:
    """Yield an empty data directory and the server of its theatre."""
    with (
        SandboxServer(theatre) as server,
        TicketSourceClient(server.url, server.key, limiter=NoLimit()) as client,
    ):
        yield Archive(folder, client), server


def let_queries_end(folder: Path) -> None:
    """Let all files below a folder have been written two minutes ago, and not looked at since."""
    for path in folder.rglob("cleared.json"):
        path.unlink()
    for path in folder.rglob("*.parquet"):
        before = path.stat().st_mtime - 120
        os.utime(path, (before, before))


def places_of(folder: Path, text: str) -> set[Path]:
    """The files below a folder that hold a text, whatever its case.

    Parquet is unpacked first, the bytes that its footer does not speak of too.
    """
    return {
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and text.lower().encode() in _content(path).lower()
    }


def _content(path: Path) -> bytes:
    name = path.name.encode()
    if path.suffix != ".parquet":
        return name + path.read_bytes()
    with pq.ParquetFile(path) as file:
        table = file.read(use_threads=False)
    kept: dict[bytes, bytes] = table.schema.metadata or {}
    rows: list[dict[str, Any]] = table.to_pylist()
    text = repr(rows).encode("utf-8", "replace")
    return name + b"".join([*kept, *kept.values(), text, *_every_page(path.read_bytes())])


def _every_page(content: bytes) -> Iterator[bytes]:
    """What is packed anywhere in a file."""
    begins = b"\x28\xb5\x2f\xfd"
    start = content.find(begins)
    while start >= 0:
        page = b""
        # Arrow gives nothing of a piece that reaches past the end.
        for piece in (4096, 64, 1):
            stream = pa.CompressedInputStream(pa.BufferReader(content[start:]), "zstd")
            stream.read(len(page))
            with contextlib.suppress(OSError):
                while found := stream.read(piece):
                    page += found
        yield page
        start = content.find(begins, start + 1)
