"""What is kept of a person in a booking or a seat: one pure rule for rows new and stored.

Which fields are personal is declared with the datasets; nothing here knows one by name. What no
declaration knows counts as personal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ticketsource_pipeline.datasets import DATASETS, RAW_BOOKINGS, RAW_SEATS, Record
from ticketsource_pipeline.frames.extract import is_field_name, value_at
from ticketsource_pipeline.frames.pseudonyms import TOKEN_KINDS, Pseudonyms
from ticketsource_pipeline.identifiers import id_from_link
from ticketsource_pipeline.personal_data import AttendeeMode, Personal

_PLAIN_LINK = re.compile(r"https?://[a-z0-9.:-]+/customers/cst-[a-zA-Z0-9]+")

_Treatment = Callable[[Personal, Any], Any]


@dataclass(frozen=True)
class Redaction:
    """The rule in force: how much is kept of everybody, and who is kept out altogether.

    Attributes:
        mode: how much is kept.
        pseudonyms: makes tokens and marks; needed where data is pseudonymous or somebody is
            forgotten.
        forgotten: the marks of those who are to be forgotten.
    """

    mode: AttendeeMode
    pseudonyms: Pseudonyms | None = None
    forgotten: frozenset[str] = frozenset()

    def forgotten_customer_of(self, booking: Mapping[str, Any]) -> str | None:
        """Return the mark of a booking's customer when that is to be forgotten, else none."""
        if not self.forgotten:
            return None
        links = _values(booking, RAW_BOOKINGS.record, Personal.CUSTOMER)
        return self._forgotten_mark(
            Personal.CUSTOMER, (id_from_link(link, "cst") for link in links)
        )

    def forgotten_attendee_of(self, seat: Mapping[str, Any]) -> str | None:
        """Return the mark of who has a seat when that is to be forgotten by e-mail, else none."""
        if not self.forgotten:
            return None
        return self._forgotten_mark(Personal.EMAIL, _values(seat, RAW_SEATS.record, Personal.EMAIL))

    def forgets_email(self, email: object) -> bool:
        """Return whether an e-mail address, or the token of one, is of somebody forgotten."""
        return bool(self.forgotten) and self._forgotten_mark(Personal.EMAIL, [email]) is not None

    def forgets_customer(self, customer_id: object) -> bool:
        """Return whether a customer's id is of somebody forgotten."""
        marks = self._forgotten_mark(Personal.CUSTOMER, [customer_id]) if self.forgotten else None
        return marks is not None

    def forgotten_mark_of(self, customer_id: object, email: object) -> str | None:
        """Return the mark of a customer who is to be forgotten by id or by e-mail, else none."""
        if not self.forgotten:
            return None
        mark = self._forgotten_mark(Personal.CUSTOMER, [customer_id])
        return mark or self._forgotten_mark(Personal.EMAIL, [email])

    def booking(self, booking: dict[str, Any]) -> dict[str, Any]:
        """Return a booking as it may be stored; the same object when nothing is taken out."""
        if self.forgotten_customer_of(booking) is not None:
            return redacted(booking, RAW_BOOKINGS.record, _nothing)
        return self._by_mode(booking, RAW_BOOKINGS.record)

    def seat(self, seat: dict[str, Any], *, of_forgotten_customer: bool = False) -> dict[str, Any]:
        """Return a seat as it may be stored; the same object when nothing is taken out.

        Args:
            seat: the API's Seat.
            of_forgotten_customer: whether its booking is of a customer who is to be forgotten.
        """
        if of_forgotten_customer or self.forgotten_attendee_of(seat) is not None:
            return redacted(seat, RAW_SEATS.record, _nothing)
        return self._by_mode(seat, RAW_SEATS.record)

    def value(self, kind: Personal, value: Any) -> Any:
        """Return what the mode keeps of one value."""
        if self.mode is AttendeeMode.FULL:
            return value
        if kind is Personal.CHOICE:
            return value if isinstance(value, bool) else None
        if self.mode is AttendeeMode.OFF:
            return None
        if kind in TOKEN_KINDS:
            return self._known_pseudonyms().token(kind, value)
        return _plain_link(value) if kind is Personal.CUSTOMER else None

    def _by_mode(self, record: dict[str, Any], kind: Record) -> dict[str, Any]:
        return record if self.mode is AttendeeMode.FULL else redacted(record, kind, self.value)

    def _forgotten_mark(self, kind: Personal, values: Iterable[object]) -> str | None:
        marks = (self._known_pseudonyms().mark(kind, value) for value in values)
        return next((mark for mark in marks if mark in self.forgotten), None)

    def _known_pseudonyms(self) -> Pseudonyms:
        if self.pseudonyms is None:
            raise ValueError("a redaction that makes tokens or forgets somebody needs a key")
        return self.pseudonyms


def redacted(record: Any, kind: Record, treat: _Treatment) -> Any:
    """Return a record without what is personal in it.

    What is declared and says nothing of a person stays as it is, as far as it is a single value.
    A field that no declaration knows keeps its name, so that it is still told of, and loses its
    value; a key that is no name of a field is left out.

    Args:
        record: the JSON object.
        kind: which kind of record it is.
        treat: gives what is kept of a personal value.
    """
    return _object(record, _fields(kind), treat)


def holds_personal_value(record: Any, kind: Record) -> bool:
    """Return whether a record has a personal value that is neither null nor empty."""
    kinds = (*TOKEN_KINDS, Personal.CUSTOMER, Personal.WORDS)
    return any(value not in (None, "") for each in kinds for value in _values(record, kind, each))


@dataclass(frozen=True)
class _Field:
    """What is declared of a field: what it says of a person, what lies below it or in its list."""

    personal: Personal | None = None
    below: Mapping[str, _Field] | None = None
    part: Record | None = None


@cache
def _fields(kind: Record) -> Mapping[str, _Field]:
    leaves = {tuple(path.split(".")): _Field() for path in kind.other_fields}
    leaves |= {tuple(path.split(".")): _Field(part=part) for path, part in kind.parts.items()}
    for dataset in DATASETS.values():
        if dataset.record.name == kind.name:
            leaves |= {
                column.path: _Field(personal=column.personal) for column in dataset.sourced_columns
            }
    return _tree(leaves)


def _tree(leaves: Mapping[tuple[str, ...], _Field]) -> Mapping[str, _Field]:
    below: dict[str, dict[tuple[str, ...], _Field]] = {}
    tree = {path[0]: leaf for path, leaf in leaves.items() if len(path) == 1}
    for (first, *rest), leaf in leaves.items():
        if rest:
            below.setdefault(first, {})[tuple(rest)] = leaf
    return {**tree, **{first: _Field(below=_tree(paths)) for first, paths in below.items()}}


def _object(value: Any, fields: Mapping[str, _Field], treat: _Treatment) -> Any:
    if not isinstance(value, dict):
        return None
    return {
        key: _value(inner, fields[key], treat) if key in fields else None
        for key, inner in value.items()
        if key in fields or is_field_name(key)
    }


def _value(value: Any, field: _Field, treat: _Treatment) -> Any:
    if field.personal is not None:
        return treat(field.personal, value)
    if field.below is not None:
        return _object(value, field.below, treat)
    if field.part is not None:
        parts = _fields(field.part)
        return [_object(item, parts, treat) for item in value] if isinstance(value, list) else None
    return None if isinstance(value, dict | list) else value


def _nothing(_kind: Personal, _value: Any) -> None:
    return None


def _plain_link(link: object) -> str | None:
    """A link to a customer, reduced to its path where it holds more than the id."""
    customer_id = id_from_link(link, "cst")
    if customer_id is None or not isinstance(link, str):
        return None
    return link if _PLAIN_LINK.fullmatch(link) else f"/customers/{customer_id}"


def _values(record: Any, kind: Record, personal: Personal) -> list[Any]:
    """The values of a record's fields of one personal kind, those that are there."""
    return [
        value for path in _paths(kind, personal) if (value := value_at(record, path)) is not None
    ]


@cache
def _paths(kind: Record, personal: Personal) -> tuple[tuple[str, ...], ...]:
    return tuple(
        column.path
        for dataset in DATASETS.values()
        if dataset.record.name == kind.name
        for column in dataset.sourced_columns
        if column.personal is personal
    )
