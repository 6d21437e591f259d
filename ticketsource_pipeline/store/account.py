"""Whose data a directory holds: one account of one API root, and no other is let in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from secrets import token_hex

from upath import UPath

from ticketsource_pipeline.store.layout import StoreError
from ticketsource_pipeline.store.state import STATE_LOCK
from ticketsource_pipeline.store.store import ParquetStore


class AccountMismatch(StoreError):
    """The data directory belongs to another account or another API root."""


def bind_account(
    store: ParquetStore,
    *,
    api_root: str,
    api_key: str,
    listed_events: Iterable[str] | None,
    stored_events: Iterable[str],
) -> None:
    """Make sure the directory's data and this key belong together; a new directory is claimed.

    The API does not say which account a key is of. The same key is the same account. Another key
    (a new one for the same account, or somebody else's) is believed when it lists at least one
    event that is stored already, or when nothing is stored yet. The key itself is not kept, only a
    salted fingerprint.

    Args:
        store: the data directory.
        api_root: the API's root address, or the sandbox's name.
        api_key: the key in use.
        listed_events: the event ids the API lists for this key; none before it was asked.
        stored_events: the event ids stored.

    Raises:
        AccountMismatch: when they do not belong together.
    """
    path = store.layout.account
    known = _record(path)
    stored = set(stored_events)
    if known and known["api_root"] != api_root:
        raise AccountMismatch(
            f"{store.layout.root} holds data of {known['api_root']}, not of {api_root}: give this"
            " account a data directory of its own (TICKETSOURCE_DATA_DIR)."
        )
    if known and known["key_fingerprint"] == _fingerprint(known["salt"], api_key):
        return
    if listed_events is None:
        return
    if stored and not stored & set(listed_events):
        raise AccountMismatch(
            f"{store.layout.root} holds data of another account of {api_root}: none of its events"
            " is listed for this TICKETSOURCE_API_KEY. Give this account a data directory of its"
            " own (TICKETSOURCE_DATA_DIR)."
        )
    salt = token_hex(16)
    record = {
        "api_root": api_root,
        "salt": salt,
        "key_fingerprint": _fingerprint(salt, api_key),
    }
    with store.lock(STATE_LOCK):
        store.writer.write(path, json.dumps(record, indent=1).encode(), private=True)


def _record(path: UPath) -> dict[str, str] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {name: record[name] for name in ("api_root", "salt", "key_fingerprint")}
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise StoreError(
            f"{path} is damaged: remove it, and the next sync writes it again when the account"
            " lists an event that is stored."
        ) from None


def _fingerprint(salt: str, api_key: str) -> str:
    return sha256(f"{salt}:{api_key}".encode()).hexdigest()[:32]
