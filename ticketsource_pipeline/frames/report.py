"""What a frame function found wrong with its records, without the values themselves.

A value may be somebody's name, so a problem says which record and which field, never what it held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Place:
    """Where a record lies: enough for a person to find it, nothing that names a person."""

    record_id: str
    date_id: str | None = None
    ref: str | None = None
    line_number: int | None = None


@dataclass(frozen=True)
class Problem:
    """A field that could not be read; its cell in the frame is null."""

    dataset: str
    place: Place
    field: str
    message: str

    def __str__(self) -> str:
        """Say it in a line."""
        line = f" line {self.place.line_number}" if self.place.line_number else ""
        return f"{self.dataset}: {self.place.record_id}{line}: {self.field} {self.message}"


@dataclass
class Report:
    """The problems of one frame, and the fields nobody has declared with how often each came."""

    problems: list[Problem] = field(default_factory=list)
    unknown_fields: Counter[str] = field(default_factory=Counter)

    def add(self, dataset: str, place: Place, field_path: str, message: str) -> None:
        """Note a field that could not be read."""
        self.problems.append(Problem(dataset, place, field_path, message))

    def merge(self, others: Iterable[Report]) -> Report:
        """Take in what other reports found; returns this report."""
        for other in others:
            self.problems.extend(other.problems)
            self.unknown_fields.update(other.unknown_fields)
        return self
