"""How a declared column is read out of a record: following its path, checking its type.

Which column comes from which field is declared with the dataset; nothing here knows one by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from ticketsource_pipeline.datasets import DATASETS, Column, ColumnType, Dataset, Record
from ticketsource_pipeline.datasets.declaration import LinkedId
from ticketsource_pipeline.frames.money import AmountError, kind_of, pence, pounds
from ticketsource_pipeline.frames.report import Place, Report
from ticketsource_pipeline.identifiers import id_from_link
from ticketsource_pipeline.times import TimeError, utc_time

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


def is_field_name(key: str) -> bool:
    """Return whether an object's key looks like a field's name, not like somebody's."""
    return re.fullmatch(r"[a-z][a-z0-9_]{0,39}", key) is not None


def note_novelties(record: Any, kind: Record, place: Place, report: Report) -> None:
    """Note in the report which of a record's fields and values no declaration knows.

    Args:
        record: the JSON object.
        kind: what it is.
        place: where it lies.
        report: where they are noted.
    """
    if not isinstance(record, dict):
        return
    known = _declared(kind)
    for path, gone in _unknown(record, (), known):
        report.add_novelty(place, _shown_path(path), None, gone)
    for path, values in known.values:
        value = value_at(record, path)
        if isinstance(value, str) and value and value not in values:
            report.add_novelty(place, ".".join(path), _shown_value(value))


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


@dataclass(frozen=True)
class _Declared:
    """What is declared of a kind of record.

    Attributes:
        paths: every field.
        branches: every object above a field.
        below: by object, the fields right below it that a column holds or that are never absent.
        values: the fields that hold one of a few words, with those known.
    """

    paths: frozenset[tuple[str, ...]]
    branches: frozenset[tuple[str, ...]]
    below: Mapping[tuple[str, ...], frozenset[str]]
    values: tuple[tuple[tuple[str, ...], frozenset[str]], ...]


def _declared(kind: Record) -> _Declared:
    if kind.name not in _DECLARED:
        _DECLARED[kind.name] = _declare(kind)
    return _DECLARED[kind.name]


_DECLARED: dict[str, _Declared] = {}


def _declare(kind: Record) -> _Declared:
    columns = [
        column
        for dataset in DATASETS.values()
        if dataset.record.name == kind.name
        for column in dataset.sourced_columns
    ]
    held = {column.path for column in columns} | {_parts(path) for path in kind.never_absent}
    paths = held | {_parts(path) for path in (*kind.other_fields, *kind.parts)}
    values = {_parts(path): frozenset(words) for path, words in kind.known_values}
    values.update(
        (column.path, frozenset(column.known_values)) for column in columns if column.known_values
    )
    return _Declared(
        frozenset(paths),
        frozenset(path[:length] for path in paths for length in range(1, len(path))),
        {
            above: frozenset(path[-1] for path in held if path[:-1] == above)
            for above in {path[:-1] for path in held}
        },
        tuple(values.items()),
    )


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _unknown(
    record: dict[str, Any], above: tuple[str, ...], known: _Declared
) -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    """Each field of a record that is not declared, with the declared ones missing beside it."""
    for key, value in record.items():
        path = (*above, key)
        if path in known.paths:
            continue
        if path not in known.branches:
            missing = known.below.get(above, frozenset()).difference(record)
            yield path, frozenset(".".join((*above, name)) for name in missing)
        elif isinstance(value, dict):
            yield from _unknown(value, path, known)


def value_at(record: Any, path: tuple[str, ...]) -> Any:
    """Return the value at a path in a record; none where it does not lead so far."""
    value = record
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _shown_path(path: tuple[str, ...]) -> str:
    # A key may be anything, an address even: what does not look like a name is not told.
    return ".".join(key if is_field_name(key) else "(no name)" for key in path)


def _shown_value(value: str) -> str:
    # A word of code is shown; anything else may be somebody's name.
    return value if re.fullmatch(r"[A-Z][A-Z0-9_-]{0,29}", value) else "(a text not shown here)"
