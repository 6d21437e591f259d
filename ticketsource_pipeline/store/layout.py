"""Where everything lies below a data directory: the only place that builds a path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from upath import UPath

from ticketsource_pipeline.datasets import DATASETS, PARTITION_KEY, Dataset

STATE_FOLDER = "_ticketsource"
SINGLE_FILE = "part-0"
REPORT = "sales-report"
CATALOG_SCOPE: Final = "catalog"
MARTS_SCOPE: Final = "marts"
"""What is not laid out by month is published as one of two wholes; each other scope is a month."""


def datasets_of(scope: str) -> list[Dataset]:
    """Return the datasets that are published together.

    Args:
        scope: a month, `CATALOG_SCOPE`, or `MARTS_SCOPE` (the marts with the customers).
    """
    if scope not in {CATALOG_SCOPE, MARTS_SCOPE}:
        return [dataset for dataset in DATASETS.values() if dataset.partitioned]
    return [
        dataset
        for dataset in DATASETS.values()
        if not dataset.partitioned and (dataset.layer == "catalog") is (scope == CATALOG_SCOPE)
    ]


def month_of(scope: str) -> str | None:
    """Return the month that a scope is; none for the catalogue and the marts."""
    return None if scope in {CATALOG_SCOPE, MARTS_SCOPE} else scope


class StoreError(Exception):
    """The data directory cannot be used; the message says which path and what to do."""


@dataclass(frozen=True)
class Layout:
    """The paths of a data directory, on a folder or on an object store.

    Attributes:
        root: the data directory.
        machine_folder: a folder of this machine for what only local processes share (locks and
            the count of requests) when the data directory is not on this machine.
    """

    root: UPath
    machine_folder: Path

    @classmethod
    def of(cls, data_dir: str, machine_folder: Path) -> Layout:
        """Return the layout of a data directory given as a folder or an fsspec address."""
        root = UPath(data_dir)
        if is_local(root):
            return cls(UPath(Path(root.path).absolute()), machine_folder)
        # Other processes write there too, so a cached listing would be a wrong one.
        return cls(UPath(data_dir, use_listings_cache=False), machine_folder)

    @property
    def local(self) -> bool:
        """Whether the data directory is a folder of this machine."""
        return is_local(self.root)

    def dataset(self, dataset: Dataset) -> UPath:
        """The folder of a dataset."""
        return self.root / dataset.name

    def folder(self, dataset: Dataset, month: str | None) -> UPath:
        """The folder that holds a dataset's files, of one month when it is partitioned."""
        folder = self.dataset(dataset)
        return folder / f"{PARTITION_KEY}={month}" if month else folder

    def file(self, dataset: Dataset, month: str | None, name: str) -> UPath:
        """The path of one file of a dataset, its name given without the ending."""
        return self.folder(dataset, month) / f"{name}.parquet"

    @property
    def state(self) -> UPath:
        """The hidden folder of what is known about the data: readers of Parquet pass it over."""
        return self.root / STATE_FOLDER

    def month_record(self, month: str) -> UPath:
        """The record of a month: which performances were read, and when."""
        return self.months / f"{month}.json"

    @property
    def months(self) -> UPath:
        """The folder of the records of months."""
        return self.state / "months"

    def manifest(self, scope: str) -> UPath:
        """The manifest of a month, the catalogue or the marts: what was published together."""
        return self.manifests / f"{scope}.json"

    @property
    def manifests(self) -> UPath:
        """The folder of the manifests."""
        return self.state / "manifests"

    def relative(self, path: UPath) -> str:
        """A path below the data directory as it is written in a manifest."""
        return path.path.removeprefix(self.root.path).lstrip("/")

    @property
    def database(self) -> UPath:
        """DuckDB's file of views over the datasets; it holds no row."""
        return self.root / "ticketsource.duckdb"

    @property
    def database_record(self) -> UPath:
        """The record of which views the file was made with."""
        return self.state / "database.json"

    @property
    def reports(self) -> UPath:
        """The folder of the sales reports: pages for people, no dataset."""
        return self.root / "reports"

    @property
    def report(self) -> UPath:
        """The latest sales report."""
        return self.reports / f"{REPORT}.html"

    def dated_report(self, made_at: datetime) -> UPath:
        """The sales report that was made at a moment."""
        return self.reports / f"{REPORT}-{made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}.html"

    @property
    def report_record(self) -> UPath:
        """The record of what the latest sales report tells of."""
        return self.state / "report.json"

    @property
    def account(self) -> UPath:
        """The record of whose data this is."""
        return self.state / "account.json"

    @property
    def privacy(self) -> UPath:
        """The note under which mode of personal data everything is."""
        return self.state / "privacy.json"

    @property
    def cleared(self) -> UPath:
        """The note until when files of persons were rid of replaced rows."""
        return self.state / "cleared.json"

    @property
    def pseudonym_key(self) -> UPath:
        """The key that tokens and marks of persons are made with."""
        return self.state / "pseudonyms.key"

    @property
    def forgotten(self) -> UPath:
        """The record of those who are to be kept out."""
        return self.state / "forgotten.json"

    @property
    def shared(self) -> Path:
        """The local folder of locks and of the request count that all processes share."""
        if self.local:
            return Path(self.root.path) / STATE_FOLDER
        return self.machine_folder / sha256(str(self.root).encode()).hexdigest()[:16]


def is_local(path: UPath) -> bool:
    """Return whether a path lies on this machine's file system."""
    return path.protocol in {"", "file", "local"}
