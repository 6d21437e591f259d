"""What is exported of a dataset: which columns, which months, in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ticketsource_pipeline.datasets import DATASETS, PARTITION_KEY, Column, Dataset
from ticketsource_pipeline.store import ParquetStore


class ExportRefused(ValueError):
    """An export that cannot be made as asked; the message says why and what to do."""


@dataclass(frozen=True)
class Selection:
    """What is to be exported.

    Attributes:
        dataset: the dataset.
        month: only this month; all when none.
        personal: whether personal columns come too.
    """

    dataset: Dataset
    month: str | None = None
    personal: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are exported, in their order."""
        return tuple(
            column
            for column in self.dataset.columns_with_month
            if self.personal or column.personal is None
        )

    @property
    def is_personal(self) -> bool:
        """Whether any of them is personal."""
        return any(column.personal for column in self.columns)

    def check(self) -> None:
        """Make sure that the export says something, and has months where one is named.

        Raises:
            ExportRefused: when not.
        """
        name = self.dataset.name
        if _says_nothing(self):
            raise ExportRefused(
                f"{name} is about people: without its personal columns nothing is left of it. Say"
                " --personal to export them too."
            )
        if self.month is not None and not _has_months(self.dataset):
            raise ExportRefused(f"{name} has no months: leave --month out.")


def dataset_named(name: str) -> Dataset:
    """Return the dataset of that name.

    Raises:
        ExportRefused: when there is none; the message lists those there are.
    """
    if name not in DATASETS:
        raise ExportRefused(f"{name!r} is no dataset: allowed are {', '.join(DATASETS)}.")
    return DATASETS[name]


def tables(store: ParquetStore, selection: Selection) -> Iterator[pa.Table]:
    """Yield the rows of a selection, a month at a time where it is laid out so, sorted by the key.

    Args:
        store: the data directory.
        selection: what is to be exported.

    Raises:
        ExportRefused: when nothing is stored of it.
        StoreError: when a file is damaged or cannot be read.
    """
    dataset = selection.dataset
    months = _months(store, selection)
    for month in months:
        table = store.read_table(dataset, None if month is None else [month])
        if dataset.partitioned:
            names = pa.repeat(month, table.num_rows).cast(pa.string())
            table = table.append_column(PARTITION_KEY, names)
        elif selection.month is not None:
            table = table.filter(pc.field(PARTITION_KEY) == selection.month)
            if not table.num_rows:
                raise ExportRefused(_no_such_month(selection))
        yield table.sort_by([(name, "ascending") for name in dataset.key]).select(
            [column.name for column in selection.columns]
        )


def _months(store: ParquetStore, selection: Selection) -> Sequence[str | None]:
    dataset = selection.dataset
    if not dataset.partitioned:
        stored: list[str | None] = [None] if store.names(dataset, None) else []
    else:
        stored = [month for month in store.months(dataset) if store.names(dataset, month)]
        if selection.month is not None and stored:
            stored = [month for month in stored if month == selection.month]
            if not stored:
                raise ExportRefused(_no_such_month(selection))
    if not stored:
        raise ExportRefused(f"{dataset.name} was never read: there is nothing to export.")
    return stored


def _no_such_month(selection: Selection) -> str:
    name = selection.dataset.name
    return f"--month is {selection.month!r}: nothing is stored of that month in {name}."


def _has_months(dataset: Dataset) -> bool:
    return any(column.name == PARTITION_KEY for column in dataset.columns_with_month)


def _says_nothing(selection: Selection) -> bool:
    """Whether all that is left are ids of things, or rows that nothing names."""
    left = {column.name for column in selection.columns}
    named = set(selection.dataset.key) <= left
    return not named or all(name.endswith("_id") for name in left - {PARTITION_KEY})
