"""What a rule is, what it looks at and what it finds: plain values that know no Dagster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

import pandas as pd

from ticketsource_pipeline.datasets import PERFORMANCES, RAW_BOOKINGS, Dataset
from ticketsource_pipeline.frames.raw import shown_ref
from ticketsource_pipeline.refresh.openness import Performance, performances_of
from ticketsource_pipeline.store import ParquetStore

SHOWN_AT_MOST = 20
NAMED_AT_MOST = 5

Found = TypeVar("Found")


class Effect(StrEnum):
    """What a rule's failing means to a reader of the data.

    WARN: worth a look. FAIL: something is wrong, the data is published and the run's check is an
    error. BLOCK: the month is not whole, so it is not published and the last good one stays.
    """

    WARN = "warn"
    FAIL = "fail"
    BLOCK = "block"


@dataclass(frozen=True)
class Failure:
    """One thing that breaks a rule: where it lies and what is wrong, without personal data.

    Attributes:
        what: what is wrong.
        records: how many records it is wrong with; where they are several, the place is the first.
    """

    what: str
    date_id: str | None = None
    ref: str | None = None
    record_id: str | None = None
    line_number: int | None = None
    records: int = 1

    def __post_init__(self) -> None:
        # What does not look like a reference may be anything, so it is not shown.
        object.__setattr__(self, "ref", shown_ref(self.ref))

    def __str__(self) -> str:
        """Say it in a line."""
        place = self.ref or self.record_id or self.date_id or ""
        if self.records == 1:
            return f"{place} {self.what}".strip()
        return f"{self.what}, in {self.records} records such as {place}"


@dataclass(frozen=True)
class Finding:
    """What a rule found.

    Attributes:
        failures: everything that breaks it, in order.
        looked_at: how many things were looked at.
        pence: the total difference in whole pence, for rules about money.
    """

    failures: Sequence[Failure]
    looked_at: int
    pence: int | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing breaks the rule."""
        return not self.failures

    @property
    def count(self) -> int:
        """How many things break it."""
        return sum(failure.records for failure in self.failures)

    @property
    def summary(self) -> str:
        """The finding in a line."""
        if self.passed:
            return f"All {self.looked_at} are right."
        named = self.failures[:NAMED_AT_MOST]
        parts = [
            f"{self.count} of {self.looked_at} are wrong",
            f"{self.pence} pence in total" if self.pence else "",
            *(str(item) for item in named),
            "and more" if len(self.failures) > len(named) else "",
        ]
        return "; ".join(part for part in parts if part) + "."


@dataclass(frozen=True)
class View:
    """The part of the store that a rule looks at: some months, or everything.

    Attributes:
        store: the data directory.
        chosen: the months to look at; none for every month there is.
        partitions: the months there are partitions for.
    """

    store: ParquetStore
    chosen: tuple[str, ...] | None
    partitions: tuple[str, ...]
    _frames: dict[tuple[str, tuple[str, ...] | None], pd.DataFrame] = field(
        default_factory=dict, repr=False
    )
    _found: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def months(self) -> tuple[str, ...]:
        """The months to look at."""
        if self.chosen is not None:
            return self.chosen
        recorded = {*self.store.recorded_months(), *self.store.months(RAW_BOOKINGS)}
        return tuple(sorted(recorded))

    @cached_property
    def catalog(self) -> list[Performance]:
        """Every performance of the stored catalogue."""
        return performances_of(self.frame(PERFORMANCES))

    def frame(self, dataset: Dataset, columns: tuple[str, ...] | None = None) -> pd.DataFrame:
        """Return the rows of a dataset in the months looked at; read once."""
        key = (dataset.name, columns)
        if key not in self._frames:
            months = self.months if dataset.partitioned else None
            self._frames[key] = self.store.read(dataset, months, columns)
        return self._frames[key]

    def once(self, name: str, work: Callable[[], Found]) -> Found:
        """Return what some work over the view came to, done once however many rules want it."""
        if name not in self._found:
            self._found[name] = work()
        return self._found[name]

    def notes(self, dataset: Dataset) -> dict[str, Mapping[str, Any]]:
        """Return, by file name, what is noted in a dataset's files of the months looked at."""
        months = self.months if dataset.partitioned else (None,)
        return {
            name: notes
            for month in months
            for name, notes in self.store.notes(dataset, month).items()
        }


@dataclass(frozen=True)
class Rule:
    """Something that must be true of a dataset.

    Attributes:
        dataset: the dataset it guards.
        name: its name among the dataset's checks.
        description: what must be true, in a sentence.
        effect: what its failing means.
        evaluate: looks at the data.
        also_reads: other datasets it looks at.
    """

    dataset: Dataset
    name: str
    description: str
    effect: Effect
    evaluate: Callable[[View], Finding]
    also_reads: tuple[Dataset, ...] = ()


def shown(failures: Sequence[Failure]) -> Sequence[Failure]:
    """Return the failures a person is shown."""
    return failures[:SHOWN_AT_MOST]


def refs_of(raw_bookings: pd.DataFrame) -> dict[str, str]:
    """Return the booking reference of each booking id."""
    pairs = zip(raw_bookings["booking_id"], raw_bookings["ref"], strict=True)
    return {booking_id: ref for booking_id, ref in pairs if isinstance(ref, str)}


def rows_of(frame: pd.DataFrame, columns: Iterable[str]) -> list[dict[str, Any]]:
    """Return columns of a frame as one dict per row, empty cells as none."""
    names = list(columns)
    values = [
        [None if pd.isna(value) else value for value in frame[name].tolist()] for name in names
    ]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
