"""Whose data a directory holds: which keys are let in, and what is kept of them."""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from ticketsource_pipeline.store import ParquetStore, StoreError
from ticketsource_pipeline.store.account import AccountMismatch, bind_account
from ticketsource_pipeline_tests.test_store_writing import store_in

ROOT = "https://api.ticketsource.io"
KEY = "skl-one-secret"
OTHER = "skl-another-secret"


def bind(
    store: ParquetStore,
    key: str = KEY,
    listed: Sequence[str] | None = ("evt-1",),
    stored: Sequence[str] = ("evt-1",),
    root: str = ROOT,
) -> None:
    bind_account(store, api_root=root, api_key=key, listed_events=listed, stored_events=stored)


@pytest.fixture
def store(tmp_path: Path) -> ParquetStore:
    return store_in(tmp_path)


@pytest.fixture
def claimed(store: ParquetStore) -> ParquetStore:
    bind(store, stored=())
    return store


def test_the_same_key_is_let_in_whatever_is_listed(claimed: ParquetStore) -> None:
    bind(claimed, listed=None)
    bind(claimed, listed=["evt-9"])
    bind(claimed, listed=[])


def test_another_api_root_is_refused_before_anything_is_listed(claimed: ParquetStore) -> None:
    with pytest.raises(AccountMismatch, match=f"holds data of {ROOT}, not of https://other"):
        bind(claimed, listed=None, root="https://other.example")


def test_another_key_with_no_common_event_is_refused(claimed: ParquetStore) -> None:
    with pytest.raises(AccountMismatch, match="TICKETSOURCE_DATA_DIR") as refused:
        bind(claimed, OTHER, listed=["evt-2", "evt-3"])
    assert OTHER not in str(refused.value)
    with pytest.raises(AccountMismatch):
        bind(claimed, OTHER, listed=[])


def test_another_key_with_a_common_event_is_let_in_and_then_known(claimed: ParquetStore) -> None:
    bind(claimed, OTHER, listed=["evt-2", "evt-1"])
    bind(claimed, OTHER, listed=["evt-7"])
    with pytest.raises(AccountMismatch):
        bind(claimed, KEY, listed=["evt-7"])


def test_another_key_is_let_in_where_nothing_is_stored(claimed: ParquetStore) -> None:
    bind(claimed, OTHER, listed=["evt-2"], stored=())


def test_another_key_is_not_believed_before_its_events_are_listed(claimed: ParquetStore) -> None:
    bind(claimed, OTHER, listed=None)
    with pytest.raises(AccountMismatch):
        bind(claimed, OTHER, listed=["evt-2"])


def test_a_directory_whose_account_file_is_lost_lets_nobody_elses_data_in(
    store: ParquetStore,
) -> None:
    with pytest.raises(AccountMismatch):
        bind(store, listed=["evt-2"], stored=["evt-1"])
    bind(store, listed=["evt-1", "evt-2"], stored=["evt-1"])
    bind(store, listed=["evt-9"], stored=["evt-1"])


def test_a_new_directory_is_not_claimed_before_events_are_listed(store: ParquetStore) -> None:
    bind(store, listed=None, stored=())
    assert not store.layout.account.exists()


def test_the_key_is_in_no_file_and_the_file_is_the_owners(
    claimed: ParquetStore, tmp_path: Path
) -> None:
    path = Path(claimed.layout.account.path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ROOT in path.read_text()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    assert all(b"secret" not in file.read_bytes() for file in files)


def test_two_directories_of_one_key_cannot_be_matched_by_their_fingerprints(
    tmp_path: Path,
) -> None:
    fingerprints = []
    for name in ("a", "b"):
        store = store_in(tmp_path / name)
        bind(store, stored=())
        fingerprints.append(json.loads(store.layout.account.read_text())["key_fingerprint"])
    assert fingerprints[0] != fingerprints[1]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"api_root": 1}', "\ufffd", "null"])
def test_a_damaged_account_file_is_named_with_what_to_do(
    claimed: ParquetStore, content: str
) -> None:
    path = Path(claimed.layout.account.path)
    path.write_text(content)
    with pytest.raises(StoreError, match="is damaged: remove it") as refused:
        bind(claimed)
    assert str(path) in str(refused.value)
