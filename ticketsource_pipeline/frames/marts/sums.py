"""Groups of rows over several frames, and exact sums, counts and times over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ticketsource_pipeline.datasets import ColumnType, Dataset

THEATRE_TIME = "Europe/London"
_PENNY = pa.scalar(Decimal("0.01"), pa.decimal128(3, 2))
_MOMENTS = pa.timestamp("us", tz="UTC")
_NEVER = np.iinfo(np.int64).min
_FOREVER = np.iinfo(np.int64).max


class Groups:
    """The different keys of several frames, numbered by their first appearance.

    Args:
        frames: the frames.
        by: the columns that make the key; empty cells are a key of their own.
    """

    def __init__(self, frames: Sequence[pd.DataFrame], by: Sequence[str]) -> None:
        names = list(by)
        stacked = pd.concat([frame[names] for frame in frames], ignore_index=True)
        grouped = stacked.groupby(names, sort=False, dropna=False)
        numbers = grouped.ngroup().to_numpy(np.int64)
        self.size = int(numbers.max()) + 1 if len(numbers) else 0
        first = np.full(self.size, len(stacked), np.int64)
        np.minimum.at(first, numbers, np.arange(len(stacked)))
        self.first = first
        """The row of each key's first appearance, counted through all frames."""
        self.keys = stacked.iloc[first].reset_index(drop=True)
        """The key columns, a row for each key."""
        ends = np.cumsum([len(frame) for frame in frames])
        self.numbers = np.split(numbers, ends[:-1])
        """Of each frame, the number of each row's key."""

    def firsts(self, frames: Sequence[pd.DataFrame], name: str) -> pd.Series:
        """Return a column's value in the row of each key's first appearance."""
        stacked = pd.concat([frame[name] for frame in frames], ignore_index=True)
        return stacked.iloc[self.first].reset_index(drop=True)

    def total(
        self, frame: int, values: pd.Series | np.ndarray, where: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the exact sum of whole numbers for each key.

        Args:
            frame: which of the frames the values are of.
            values: the numbers (or flags, counted), one for each of its rows.
            where: which rows count; all when not given.
        """
        numbers, added = self.numbers[frame], np.asarray(values).astype(np.int64)
        if where is not None:
            numbers, added = numbers[where], added[where]
        sums = np.zeros(self.size, np.int64)
        np.add.at(sums, numbers, added)
        return sums

    def count(self, frame: int, where: np.ndarray | None = None) -> np.ndarray:
        """Return how many rows of a frame each key has."""
        numbers = self.numbers[frame]
        chosen = numbers if where is None else numbers[where]
        return np.bincount(chosen, minlength=self.size).astype(np.int64)

    def earliest(self, columns: Sequence[tuple[int, pd.Series, np.ndarray | None]]) -> pa.Array:
        """Return the earliest moment for each key; null where there is none.

        Args:
            columns: the number of a frame, a column of times of it, and which rows count.
        """
        found = np.full(self.size, _FOREVER, np.int64)
        for frame, times, where in columns:
            numbers, moments = self._moments(frame, times, where)
            np.minimum.at(found, numbers, moments)
        return moment_array(found, found == _FOREVER)

    def latest(self, columns: Sequence[tuple[int, pd.Series, np.ndarray | None]]) -> pa.Array:
        """Return the latest moment for each key; null where there is none."""
        found = np.full(self.size, _NEVER, np.int64)
        for frame, times, where in columns:
            numbers, moments = self._moments(frame, times, where)
            np.maximum.at(found, numbers, moments)
        return moment_array(found, found == _NEVER)

    def _moments(
        self, frame: int, times: pd.Series, where: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        known = times.notna().to_numpy(bool)
        chosen = known if where is None else known & where
        array = pc.cast(pa.array(times[chosen], type=_MOMENTS), pa.int64())
        return self.numbers[frame][chosen], array.to_numpy(zero_copy_only=False)


def moment_array(microseconds: np.ndarray, unknown: np.ndarray) -> pa.Array:
    """Return moments given as microseconds since 1970 as times in UTC."""
    return pc.cast(pa.array(microseconds, mask=unknown), _MOMENTS)


def london_days(times: pd.Series | pa.Array) -> pa.Array:
    """Return London's calendar day of each moment, as dates; the API's times are taken as UTC."""
    moments = times if isinstance(times, pa.Array) else pa.array(times, type=_MOMENTS)
    there = pc.cast(moments, pa.timestamp("us", tz=THEATRE_TIME))
    local = pc.call_function("local_timestamp", [there])
    return pc.cast(pc.floor_temporal(local, unit="day"), pa.date32())


def mart_frame(dataset: Dataset, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return columns as a frame of a mart, with the declared types.

    Args:
        dataset: the mart.
        columns: by name, every column; amounts in whole pence.
    """
    arrays = [
        _array(columns[column.name], column.type, dataset.schema.field(column.name).type)
        for column in dataset.columns
    ]
    table = pa.Table.from_arrays(arrays, schema=dataset.schema)
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def _array(values: Any, kind: ColumnType, wanted: pa.DataType) -> pa.Array:
    array = values if isinstance(values, pa.Array) else pa.array(values)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if kind is ColumnType.MONEY:
        whole = pc.cast(pc.cast(array, pa.int64()), pa.decimal128(19, 0))
        array = pc.multiply(whole, _PENNY)
    return pc.cast(array, wanted)
