"""The manifest of a month, the catalogue or the marts: which files were published together.

It is written last, so whoever finds the files as it says has them of one reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ticketsource_pipeline.datasets import Dataset
from ticketsource_pipeline.frames.money import total_pence
from ticketsource_pipeline.store.layout import CATALOG_SCOPE
from ticketsource_pipeline.store.proof import FileProof

PACKAGE = "ticketsource-pipeline"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, strict=False)


class ManifestFile(_Model):
    """One file: its path below the data directory, and what proves that it is the one meant."""

    path: str
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def proof(self) -> FileProof:
        """What proves that the file is the one meant."""
        return FileProof(self.rows, self.bytes, self.sha256)


class ManifestDataset(_Model):
    """A dataset's part of a manifest.

    Attributes:
        rows: how many rows all its files have.
        pence: the exact sum of each column that holds money, in whole pence, empty cells left out.
        files: its files, in the order of their paths.
    """

    rows: int
    pence: dict[str, int]
    files: tuple[ManifestFile, ...]

    @classmethod
    def of(cls, files: Mapping[str, FileProof], pence: Mapping[str, int]) -> ManifestDataset:
        """Return the part for files given by path."""
        entries = tuple(
            ManifestFile(path=path, rows=proof.rows, bytes=proof.bytes, sha256=proof.sha256)
            for path, proof in sorted(files.items())
        )
        rows = sum(entry.rows for entry in entries)
        return cls(rows=rows, pence=dict(pence), files=entries)

    @property
    def proofs(self) -> dict[str, FileProof]:
        """By path, what proves each file."""
        return {file.path: file.proof for file in self.files}


class ListedAt(_Model):
    """When the bookings of a month's performances were listed, aware UTC."""

    oldest: datetime
    newest: datetime


class Manifest(_Model):
    """Which files were published together.

    Attributes:
        format: the version of this layout.
        month: the month, `YYYY-MM`; none for the catalogue and the marts.
        layer: `marts` for the marts with the customers; none for a month and for the catalogue.
        published_at: when it was written, aware UTC.
        code_version: the version of the code that made the sales layer or the marts; none for the
            catalogue.
        package_version: the version of the package that wrote it.
        raw_content: the fingerprint of the raw rows the sales layer was made from, or of what the
            marts were made from.
        performances: how many performances the month has.
        listed_at: when they were read; none when none was.
        datasets: by name, the files.
    """

    format: Literal[1] = 1
    month: str | None = None
    layer: Literal["marts"] | None = None
    published_at: datetime
    code_version: str | None = None
    package_version: str = Field(default_factory=lambda: version(PACKAGE))
    raw_content: str | None = None
    performances: int | None = None
    listed_at: ListedAt | None = None
    datasets: dict[str, ManifestDataset]

    @property
    def scope(self) -> str:
        """What it is about: a month, the catalogue or the marts."""
        return self.month or self.layer or CATALOG_SCOPE

    def says_the_same_as(self, other: Manifest | None) -> bool:
        """Return whether another manifest names the same files, made in the same way."""
        if other is None:
            return False
        when = {"published_at", "package_version", "listed_at"}
        return self.model_dump(exclude=when) == other.model_dump(exclude=when)

    def to_json(self) -> str:
        """Return the manifest as JSON text."""
        return self.model_dump_json(indent=1)

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Return the manifest of a JSON text.

        Raises:
            ValueError: when the text is no manifest.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            # Its words repeat what was in the file.
            raise ValueError("no manifest") from None


def money_of(dataset: Dataset, frame: pd.DataFrame) -> dict[str, int]:
    """Return the exact sum of each money column of a frame, in whole pence."""
    return {name: total_pence(frame[name]) for name in dataset.money_columns}
