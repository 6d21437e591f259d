"""What a frame function found wrong with its records, without the values themselves.

A value may be somebody's name, so a problem says which record and which field, never what it held.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace


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
class Novelty:
    """A field or a value that nobody has declared: how often it came, and where first.

    Attributes:
        field: the path of the field.
        value: the value, as it may be shown; none when the field itself is new.
        place: the first record that has it.
        records: how many records have it.
        gone: declared fields beside it that none of those records has, as after a renaming.
    """

    field: str
    value: str | None
    place: Place
    records: int
    gone: frozenset[str] = frozenset()


@dataclass
class Report:
    """The problems of one frame, and what came that nobody has declared."""

    problems: list[Problem] = field(default_factory=list)
    novelties: dict[tuple[str, str | None], Novelty] = field(default_factory=dict)

    @property
    def unknown_fields(self) -> dict[str, int]:
        """How many records have each field that is new to us, by its path."""
        return {item.field: item.records for item in self.novelties.values() if item.value is None}

    def add(self, dataset: str, place: Place, field_path: str, message: str) -> None:
        """Note a field that could not be read."""
        self.problems.append(Problem(dataset, place, field_path, message))

    def add_novelty(
        self, place: Place, field_path: str, value: str | None, gone: frozenset[str] = frozenset()
    ) -> None:
        """Note a field that is new to us, or a new value of one.

        Args:
            place: the record that has it.
            field_path: the field.
            value: the value, as it may be shown; none when the field itself is new.
            gone: the declared fields beside it that the record has not.
        """
        known = self.novelties.get((field_path, value))
        if known is None:
            self.novelties[field_path, value] = Novelty(field_path, value, place, 1, gone)
        else:
            known.records += 1
            known.gone &= gone

    def merge(self, others: Iterable[Report]) -> Report:
        """Take in what other reports found; returns this report."""
        for other in others:
            self.problems.extend(other.problems)
            for key, novelty in other.novelties.items():
                known = self.novelties.setdefault(key, replace(novelty, records=0))
                known.records += novelty.records
                known.gone &= novelty.gone
        return self
