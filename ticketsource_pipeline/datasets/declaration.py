"""What a declaration of a dataset is made of: records, columns and the Arrow schema they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal

import pyarrow as pa

from ticketsource_pipeline.personal_data import Personal

MONEY_DIGITS = 12
PARTITION_KEY = "performance_month"

LinkedId = Literal["cst", "ven"]
"""The prefixes of ids that are taken out of links."""


class ColumnType(StrEnum):
    """The few types a column may have."""

    TEXT = "text"
    MONEY = "money"
    TIME = "time"
    FLAG = "flag"
    NUMBER = "number"
    DAY = "day"

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type a column of this type has in every file."""
        return _ARROW_TYPES[self]


_ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.MONEY: pa.decimal128(MONEY_DIGITS, 2),
    ColumnType.TIME: pa.timestamp("us", tz="UTC"),
    ColumnType.FLAG: pa.bool_(),
    ColumnType.NUMBER: pa.int64(),
    ColumnType.DAY: pa.date32(),
}


@dataclass(frozen=True)
class Record:
    """A kind of JSON object the API gives.

    Attributes:
        name: the field's word for it, such as `booking`.
        endpoint: the list it comes from, as the vendor's document writes it.
        other_fields: paths the vendor documents that no column of ours holds; with the columns'
            own sources they are all that is known of the record, the rest is reported as new.
        parts: by path, the lists within the record and the kind of object they are made of.
        never_absent: those of them that every record has; one that is gone where a new field is
            found was probably renamed.
        known_values: by path of such a field, the values the vendor documents; another one is
            reported as new.
    """

    name: str
    endpoint: str
    other_fields: tuple[str, ...] = ()
    parts: Mapping[str, Record] = field(default_factory=dict, hash=False)
    never_absent: tuple[str, ...] = ()
    known_values: tuple[tuple[str, tuple[str, ...]], ...] = ()


DERIVED = Record(name="derived row", endpoint="none: made from stored data")
"""What rows are said to be of that are made from other datasets, not from the API's JSON."""


@dataclass(frozen=True)
class Column:
    """One column of a dataset.

    Attributes:
        name: the column's name in the files.
        type: its type.
        description: what it says to a reader, in one sentence.
        source: the path of the field in the record, its parts joined by dots; none where we
            derive the value ourselves.
        link: for a text column, the id prefix (`cst`) when the source is a link that ends in one.
        required: whether the API must give the field: an absent or null one is then a problem.
        accepts_integer: whether a text column takes an integer too, as its digits.
        personal: what it says of a person; none where it says nothing of anybody.
        known_values: for a text column that holds one of a few words, the words known so far;
            another one is kept, and reported as new.
    """

    name: str
    type: ColumnType
    description: str
    source: str | None = None
    link: LinkedId | None = None
    required: bool = False
    accepts_integer: bool = False
    personal: Personal | None = None
    known_values: tuple[str, ...] = ()

    @cached_property
    def path(self) -> tuple[str, ...]:
        """The source as the keys to follow one after the other."""
        return tuple(self.source.split(".")) if self.source else ()


MONTH_OF_PATH = Column(
    PARTITION_KEY,
    ColumnType.TEXT,
    "The month in which the performance starts, `YYYY-MM`; from the file's path.",
)


@dataclass(frozen=True)
class Dataset:
    """One table of Parquet files: what a row is, its columns, its key and how it is laid out.

    Attributes:
        name: the dataset's name, of its folder and of its Dagster asset.
        layer: `catalog`, `raw`, `sales`, `marts` or `customers`.
        row: what one row stands for.
        description: what the dataset is for, in a sentence or two.
        record: the kind of JSON object that a row is made from; `DERIVED` when it is none.
        columns: the columns in their order in the files.
        key: the columns that together name a row; no two rows have the same.
        partitioned: whether it is laid out by the month of the performance.
    """

    name: str
    layer: str
    row: str
    description: str
    record: Record
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partitioned: bool

    @cached_property
    def schema(self) -> pa.Schema:
        """The schema that every file of the dataset has."""
        return pa.schema([pa.field(column.name, column.type.arrow) for column in self.columns])

    @property
    def personal(self) -> bool:
        """Whether any column holds personal data."""
        return any(column.personal is not None for column in self.columns)

    @cached_property
    def columns_with_month(self) -> tuple[Column, ...]:
        """The columns as a reader of the folder sees them: the month of the path comes last."""
        return (*self.columns, MONTH_OF_PATH) if self.partitioned else self.columns

    @cached_property
    def money_columns(self) -> tuple[str, ...]:
        """The names of the columns that hold amounts."""
        return tuple(column.name for column in self.columns if column.type is ColumnType.MONEY)

    @cached_property
    def sourced_columns(self) -> tuple[Column, ...]:
        """The columns whose value is a field of the record."""
        return tuple(column for column in self.columns if column.source)

    def column(self, name: str) -> Column:
        """Return the column of that name.

        Raises:
            KeyError: when the dataset has none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")
