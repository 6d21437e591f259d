"""Which files the datasets have; what is in them is not looked at."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ticketsource_pipeline.datasets import PARTITION_KEY, Dataset
from ticketsource_pipeline.store.errors import refusals
from ticketsource_pipeline.store.files import file_names, names_in
from ticketsource_pipeline.store.state import StateFiles


@dataclass(frozen=True)
class DatasetFiles(StateFiles):
    """The files of the datasets in a data directory: their names, lengths and places."""

    def length(self, dataset: Dataset, month: str | None, name: str) -> int | None:
        """Return how many bytes a file has; none when it is not there."""
        try:
            return self.layout.file(dataset, month, name).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def lengths(self, dataset: Dataset) -> dict[str, int]:
        """Return how long each file of a dataset is in bytes, by its path as in a manifest."""
        root = self.layout.root
        # One listing, where a bucket would take a request for each file.
        found: Any = root.fs.find(self.layout.dataset(dataset).path, detail=True)
        return {
            path.removeprefix(root.path).lstrip("/"): about["size"] for path, about in found.items()
        }

    def names(self, dataset: Dataset, month: str | None) -> list[str]:
        """Return the names of the files of a dataset, of one month when it is partitioned."""
        return list(file_names(self.layout.folder(dataset, month), ".parquet"))

    def move(self, dataset: Dataset, name: str, month: str, to_month: str) -> None:
        """Move a file of a partitioned dataset from one month to another."""
        source = self.layout.file(dataset, month, name)
        target = self.layout.file(dataset, to_month, name)
        with refusals(target):
            self.writer.move(source, target, private=dataset.personal)

    def remove(self, dataset: Dataset, month: str | None, name: str) -> None:
        """Remove a file of a dataset; one that is not there is fine."""
        path = self.layout.file(dataset, month, name)
        with refusals(path):
            self.writer.remove(path)

    def sweep(self, dataset: Dataset, month: str | None) -> int:
        """Remove what a killed writer left unfinished; the caller holds the lock."""
        return self.writer.sweep(self.layout.folder(dataset, month))

    def months(self, dataset: Dataset) -> list[str]:
        """Return the months a partitioned dataset has a folder for, in order."""
        prefix = f"{PARTITION_KEY}="
        folders = names_in(self.layout.dataset(dataset))
        return [name.removeprefix(prefix) for name in folders if name.startswith(prefix)]

    def written_since(self, dataset: Dataset, moment: datetime) -> list[tuple[str | None, str]]:
        """Return month and name of the files on a disk that were written since a moment (aware)."""
        months: list[str | None] = list(self.months(dataset)) if dataset.partitioned else [None]
        found = []
        for month in months:
            folder = Path(self.layout.folder(dataset, month).path)
            for name in self.names(dataset, month):
                with contextlib.suppress(FileNotFoundError):
                    if (folder / f"{name}.parquet").stat().st_mtime >= moment.timestamp():
                        found.append((month, name))
        return found
