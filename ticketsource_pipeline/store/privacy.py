"""What a data directory remembers of personal data: the mode it is under, its key, the forgotten.

None of it names anybody: those who are to be forgotten are known by marks made with the key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from secrets import token_bytes
from typing import Any, Self

from upath import UPath

from ticketsource_pipeline.frames.pseudonyms import Pseudonyms
from ticketsource_pipeline.personal_data import AttendeeMode, Personal
from ticketsource_pipeline.store.layout import StoreError
from ticketsource_pipeline.store.store import ParquetStore

_KEY_BYTES = 32


@dataclass(frozen=True)
class PrivacyState:
    """Under which mode the data is.

    Attributes:
        attendees: the mode; what is stored says no more of anybody than it allows, once settled.
        settled: whether everything stored was brought to it.
        loosened_at: when the mode last became looser, aware UTC: what was read before says less
            than it now may.
        key_id: the name of the key the tokens are made with, where there are any.
    """

    attendees: AttendeeMode = AttendeeMode.FULL
    settled: bool = True
    loosened_at: datetime | None = None
    key_id: str | None = None


@dataclass(frozen=True)
class ForgottenPerson:
    """Somebody who is to be kept out of the data.

    Attributes:
        mark: the keyed mark of the e-mail address or the customer's id.
        kind: which of the two it is of.
        asked_at: when that was first asked for, aware UTC.
        bookings: from how many bookings something was removed so far.
        seats: from how many seats.
        customers: how many rows of the list of customers were removed.
        done: whether the removal went through to its end.
    """

    mark: str
    kind: Personal
    asked_at: datetime
    bookings: int = 0
    seats: int = 0
    customers: int = 0
    done: bool = False

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Self:
        """Return the person of a JSON object; what it raises is an error of the file."""
        known = cls(**values)
        return replace(
            known,
            kind=Personal(known.kind),
            asked_at=datetime.fromisoformat(values["asked_at"]),
        )


def privacy_state(store: ParquetStore) -> PrivacyState:
    """Return under which mode the data is; all of everybody where nothing was noted.

    Raises:
        StoreError: when the note is damaged.
    """
    path = store.layout.privacy
    values = _json(path, "the next sync then brings what is stored to TICKETSOURCE_ATTENDEES again")
    if values is None:
        return PrivacyState()
    try:
        loosened_at = values["loosened_at"]
        return PrivacyState(
            attendees=AttendeeMode(values["attendees"]),
            settled=bool(values["settled"]),
            loosened_at=datetime.fromisoformat(loosened_at) if loosened_at else None,
            key_id=values["key_id"],
        )
    except (ValueError, KeyError, TypeError):
        raise _damaged(
            path, "the next sync then brings what is stored to TICKETSOURCE_ATTENDEES again"
        ) from None


def write_privacy_state(store: ParquetStore, state: PrivacyState) -> None:
    """Put the note in its place."""
    _write(store, store.layout.privacy, asdict(state))


def forgotten_people(store: ParquetStore) -> tuple[ForgottenPerson, ...]:
    """Return who is to be kept out of the data.

    Raises:
        StoreError: when the record is damaged.
    """
    return tuple(_people(_forgotten(store), store.layout.forgotten))


def write_forgotten_people(
    store: ParquetStore, people: Sequence[ForgottenPerson], key_id: str
) -> None:
    """Put the record of those who are to be kept out in its place."""
    values = {"key_id": key_id, "people": [asdict(person) for person in people]}
    _write(store, store.layout.forgotten, values)


def pseudonyms(store: ParquetStore) -> Pseudonyms:
    """Return the maker of tokens and marks of a data directory.

    Raises:
        StoreError: when the key is not there, or is not the one that tokens or marks were made
            with.
    """
    path = store.layout.pseudonym_key
    try:
        found = Pseudonyms(bytes.fromhex(path.read_text(encoding="utf-8").strip()))
    except (FileNotFoundError, ValueError):
        found = None
    forgotten = _forgotten(store)
    made_with = {privacy_state(store).key_id, forgotten["key_id"] if forgotten else None} - {None}
    if found is None or len(found.secret) != _KEY_BYTES or made_with - {found.key_id}:
        raise StoreError(
            f"{path} is missing, damaged or another one: without it nobody can be known again who"
            " is to be forgotten, or who came twice. Restore it from a backup. If it is lost,"
            f" remove {path.name}, {store.layout.privacy.name} and {store.layout.forgotten.name}"
            f" in {path.parent}, run `ticketsource forget` again for everybody and then"
            " `ticketsource sync --full`."
        )
    return found


def claimed_pseudonyms(store: ParquetStore) -> Pseudonyms:
    """Return the maker of tokens, with a new key where none was ever made.

    The caller holds the lock on personal data.

    Raises:
        StoreError: when there should be a key, and it is not there.
    """
    path = store.layout.pseudonym_key
    if not path.exists() and privacy_state(store).key_id is None and _forgotten(store) is None:
        store.writer.write(path, token_bytes(_KEY_BYTES).hex().encode(), private=True)
    return pseudonyms(store)


def _forgotten(store: ParquetStore) -> dict[str, Any] | None:
    path = store.layout.forgotten
    values = _json(path, _FORGET_AGAIN)
    if values is not None and not isinstance(values.get("key_id"), str):
        raise _damaged(path, _FORGET_AGAIN)
    return values


_FORGET_AGAIN = "and run `ticketsource forget` again for everybody who asked for it"


def _people(values: dict[str, Any] | None, path: UPath) -> Iterator[ForgottenPerson]:
    try:
        for person in values["people"] if values else ():
            yield ForgottenPerson.from_values(person)
    except (ValueError, KeyError, TypeError):
        raise _damaged(path, _FORGET_AGAIN) from None


def _json(path: UPath, advice: str) -> dict[str, Any] | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise _damaged(path, advice) from None
    if not isinstance(values, dict):
        raise _damaged(path, advice)
    return values


def _damaged(path: UPath, advice: str) -> StoreError:
    return StoreError(f"{path} is damaged: restore it from a backup, or remove it: {advice}.")


def _write(store: ParquetStore, path: UPath, values: dict[str, Any]) -> None:
    text = json.dumps(values, default=datetime.isoformat, indent=1, sort_keys=True)
    store.writer.write(path, text.encode(), private=True)
