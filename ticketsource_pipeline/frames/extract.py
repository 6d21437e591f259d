"""How a declared column is read out of a record: following its path, checking its type.

Which column comes from which field is declared with the dataset; nothing here knows one by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from ticketsource_pipeline.datasets import DATASETS, Column, ColumnType, Dataset, Record
from ticketsource_pipeline.datasets.declaration import LinkedId
from ticketsource_pipeline.frames.money import AmountError, kind_of, pence, pounds
from ticketsource_pipeline.frames.report import Place, Report
from ticketsource_pipeline.frames.times import TimeError, utc_time
from ticketsource_pipeline.identifiers import id_from_link

_ABSENT = object()


class FieldError(ValueError):
    """A field of the wrong kind; the message completes the sentence `the field ...`."""


def typed_row(
    dataset: Dataset, record: Any, given: Mapping[str, Any], place: Place, report: Report
) -> dict[str, Any]:
    """Return a record as one row of a dataset, every column present.

    A required field that is missing and a field of the wrong type give a null cell and a problem
    in the report; nothing is left out.

    Args:
        dataset: what to make a row of.
        record: the JSON object.
        given: values of columns that are not fields of the record, and of those that are but
            that the caller knows better.
        place: where the record lies, for the report.
        report: where problems are noted.
    """
    row: dict[str, Any] = {}
    for column in dataset.columns:
        if column.name in given:
            row[column.name] = given[column.name]
            continue
        row[column.name] = None
        if not column.source:
            continue
        try:
            row[column.name] = _cell(column, record)
        except (FieldError, AmountError, TimeError) as error:
            report.add(dataset.name, place, column.source, str(error))
    return row


def typed_frame(dataset: Dataset, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a frame whose columns have the dataset's declared Arrow types."""
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=dataset.schema)
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def new_fields(record: Any, kind: Record) -> list[str]:
    """Return the paths of a record's fields that no declaration knows."""
    known = _known_paths(kind)
    found = _unknown(record, (), known) if isinstance(record, dict) else ()
    return [path.encode(errors="backslashreplace").decode() for path in found]


def is_encodable(text: str) -> bool:
    """Return whether a text can be written to a file: one with half a character cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _cell(column: Column, record: Any) -> Any:
    value = record
    for key in column.path:
        if value is None or value is _ABSENT:
            break
        if not isinstance(value, dict):
            raise FieldError(f"lies below {kind_of(value)}, an object is expected")
        value = value.get(key, _ABSENT)
    if value is _ABSENT or value is None:
        if column.required:
            raise FieldError("is missing" if value is _ABSENT else "is null")
        return None
    return _typed(column, value)


def _typed(column: Column, value: Any) -> Any:
    match column.type:
        case ColumnType.MONEY:
            return pounds(pence(value))
        case ColumnType.FLAG:
            if not isinstance(value, bool):
                raise FieldError(f"is {kind_of(value)}, true or false is expected")
            return value
        case ColumnType.NUMBER:
            if isinstance(value, bool) or not isinstance(value, int):
                raise FieldError(f"is {kind_of(value)}, a whole number is expected")
            return value
        case ColumnType.DAY:
            raise FieldError("is read as no day: days are derived from times")
        case ColumnType.TIME:
            text = _text(column, value, "a time")
            return utc_time(text) if text is not None else None
        case ColumnType.TEXT:
            text = _text(column, value, "text")
            return _linked_id(column.link, text) if column.link else text


def _text(column: Column, value: Any, expected: str) -> str | None:
    if column.accepts_integer and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise FieldError(f"is {kind_of(value)}, {expected} is expected")
    if not value:
        # The API writes empty text where there is none; only a time cannot do without.
        if column.required and column.type is ColumnType.TIME:
            raise FieldError("is empty")
        return None
    if not is_encodable(value):
        raise FieldError("is text that no encoding can hold")
    return value


def _linked_id(prefix: LinkedId, text: str | None) -> str | None:
    found = id_from_link(text, prefix)
    if text is not None and found is None:
        raise FieldError(f"is a link without an id {prefix}-...")
    return found


def _known_paths(kind: Record) -> frozenset[tuple[str, ...]]:
    if kind.name not in _KNOWN:
        paths = {
            column.path
            for dataset in DATASETS.values()
            if dataset.record.name == kind.name
            for column in dataset.sourced_columns
        }
        paths.update(tuple(path.split(".")) for path in kind.other_fields)
        _KNOWN[kind.name] = frozenset(paths)
    return _KNOWN[kind.name]


_KNOWN: dict[str, frozenset[tuple[str, ...]]] = {}


def _unknown(
    record: dict[str, Any], above: tuple[str, ...], known: frozenset[tuple[str, ...]]
) -> Iterator[str]:
    for key, value in record.items():
        path = (*above, key)
        if path in known:
            continue
        if isinstance(value, dict) and any(other[: len(path)] == path for other in known):
            yield from _unknown(value, path, known)
        elif not any(other[: len(path)] == path for other in known):
            yield ".".join(path)
