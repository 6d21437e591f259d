"""What comes of holding files against what was written of them: faults, notes and sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """Something that is not as it must be: where, what, and what to do about it."""

    where: str
    what: str
    advice: str
    dataset: str | None = None
    month: str | None = None

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.where}: {self.what}. {self.advice}"


@dataclass
class Found:
    """What there is of a dataset: files, rows, and sums of money in whole pence."""

    files: int = 0
    rows: int = 0
    pence: Counter[str] = field(default_factory=Counter)

    def add(self, other: Found) -> None:
        """Count what there is of another part of the dataset."""
        self.files += other.files
        self.rows += other.rows
        for name, pence in other.pence.items():
            # Not update: a sum may come to nothing, or less.
            self.pence[name] += pence


@dataclass
class Comparison:
    """What came of holding files against what was written of them.

    Attributes:
        month: the month; none for the catalogue.
        faults: what is not as it must be.
        notes: what is as it may be, and worth a word.
        found: what there is, by dataset name.
        read_since: names of datasets whose files were read since they were published.
        being_read: whether a performance's files are being replaced, or were when a run died.
        published: whether the sales layer is made from the raw files as they are now.
        unreadable: whether a file cannot be read at all.
    """

    month: str | None
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    found: dict[str, Found] = field(default_factory=dict)
    read_since: set[str] = field(default_factory=set)
    being_read: bool = False
    published: bool = True
    unreadable: bool = False
