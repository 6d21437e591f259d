"""`ticketsource.duckdb`: views over the Parquet, never rows, made anew only when it is stale."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import duckdb
import pytest

from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.sandbox import SandboxServer
from ticketsource_pipeline.sql.database import keep_database
from ticketsource_pipeline.store import Layout, ParquetStore
from ticketsource_pipeline_tests.asking import ask
from ticketsource_pipeline_tests.running import (
    CLOSED_MONTH,
    Machine,
    dates_of,
    next_month,
    small_theatre,
)
from ticketsource_pipeline_tests.test_cli_refusals import assert_refused


def database(machine: Machine) -> Path:
    return machine.data / "ticketsource.duckdb"


def counts(path: Path) -> dict[str, int]:
    with duckdb.connect(str(path), read_only=True) as connection:
        found = {}
        for name in DATASETS:
            row = connection.execute(f"select count(*) from {name}").fetchone()  # noqa: S608
            found[name] = row[0] if row else -1
        return found


def stamp(path: Path) -> tuple[int, int]:
    return path.stat().st_ino, path.stat().st_mtime_ns


def rows(machine: Machine) -> dict[str, int]:
    return {name: len(machine.rows(name)) for name in DATASETS}


def test_it_holds_views_of_every_dataset_with_comments_and_no_row(
    synced: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert ask(synced, "sql", "--rebuild").code == 0
    path = database(synced)
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert path.stat().st_size < 200_000
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert counts(path) == rows(synced)
    with (
        duckdb.connect(str(path), read_only=True) as connection,
        pytest.raises(duckdb.Error, match="read-only"),
    ):
        assert connection.execute("from duckdb_tables()").fetchall() == []
        views = connection.execute(
            "select view_name, comment from duckdb_views() where not internal"
        ).fetchall()
        assert {name for name, _ in views} == set(DATASETS)
        assert "Holds personal data" in dict(views)["attendees"]
        comments = connection.execute(
            "select column_name, comment from duckdb_columns() where table_name = 'booking_lines'"
        ).fetchall()
        assert all(comment for _, comment in comments)
        assert dict(comments)["net"] == DATASETS["booking_lines"].column("net").description
        connection.execute("create table t (a int)")


def test_its_views_follow_the_files(synced: Machine) -> None:
    ask(synced, "sql", "--rebuild")
    before = counts(database(synced))
    made = stamp(database(synced))
    folder = synced.data / "seats" / f"performance_month={CLOSED_MONTH}"
    copy = synced.data / "seats" / "performance_month=2019-01"
    shutil.copytree(folder, copy)
    assert counts(database(synced))["seats"] == before["seats"] + 20
    shutil.rmtree(copy)
    shutil.rmtree(folder)
    assert counts(database(synced))["seats"] == before["seats"] - 20
    assert stamp(database(synced)) == made


def test_a_sync_makes_it_where_it_is_not_current_and_else_leaves_it_alone(
    synced: Machine,
) -> None:
    theatre = small_theatre()
    theatre.add_booking(dates_of(theatre, next_month())[0], 1)
    # The place is a copy of another folder, to which its views still lead; somebody has it open.
    with (
        duckdb.connect(str(database(synced)), read_only=True),
        SandboxServer(theatre) as server,
    ):
        assert synced.sync_here(server).code == 0
    assert counts(database(synced)) == rows(synced)
    assert rows(synced)["bookings"] == len(theatre.bookings)
    made = stamp(database(synced))
    assert not keep_database(ParquetStore(Layout.of(str(synced.data), synced.folder)))
    assert stamp(database(synced)) == made
    assert synced.verify_here().code == 0


def test_it_is_made_anew_when_it_is_missing_or_somebody_changed_it_beneath_a_reader(
    synced: Machine,
) -> None:
    store = ParquetStore(Layout.of(str(synced.data), synced.folder))
    assert keep_database(store)
    assert not keep_database(store)
    with duckdb.connect(str(database(synced)), read_only=True) as reader:
        database(synced).unlink()
        assert keep_database(store)
        assert reader.execute("select count(*) from bookings").fetchone() == (20,)
    database(synced).chmod(0o644)
    with duckdb.connect(str(database(synced))) as writer:
        writer.execute("create table copied as from attendees")
    assert keep_database(store)
    assert not keep_database(store)
    with duckdb.connect(str(database(synced)), read_only=True) as connection:
        assert connection.execute("from duckdb_tables()").fetchall() == []
    assert stat.S_IMODE(database(synced).stat().st_mode) == 0o444
    assert not list(synced.data.glob(".*"))


def test_what_a_killed_maker_left_is_swept_away(synced: Machine) -> None:
    (synced.data / ".ticketsource.duckdb.0123.tmp").write_bytes(b"half a")
    assert keep_database(ParquetStore(Layout.of(str(synced.data), synced.folder)))
    assert not list(synced.data.glob(".*"))


def test_a_folder_of_odd_signs_and_a_dataset_without_files_are_no_trouble(
    synced: Machine, tmp_path: Path
) -> None:
    odd = Machine(tmp_path / "it's [live] a=b *?")
    odd.folder.mkdir()
    shutil.copytree(synced.data, odd.data)
    shutil.rmtree(odd.data / "attendees")
    shutil.rmtree(odd.data / "bookings")
    assert ask(odd, "sql", "--rebuild").code == 0
    expected = {**rows(synced), "attendees": 0, "bookings": 0}
    assert counts(database(odd)) == expected
    assert f"{expected['seats']}" in ask(odd, "sql", "select count(*) from seats").stdout


def test_a_damaged_file_is_named_and_what_was_there_before_stays(synced: Machine) -> None:
    ask(synced, "sql", "--rebuild")
    made = stamp(database(synced))
    (path,) = (synced.data / "seats" / f"performance_month={CLOSED_MONTH}").iterdir()
    path.write_bytes(b"no Parquet")
    outcome = ask(synced, "sql", "--rebuild")
    assert outcome.code == 1
    assert outcome.stderr.count("\n") == 1
    assert str(path) in outcome.stderr
    assert stamp(database(synced)) == made


def test_without_data_there_is_none(machine: Machine) -> None:
    assert_refused(ask(machine, "sql", "--rebuild"), str(machine.data), "TICKETSOURCE_DATA_DIR")
    assert list(machine.folder.iterdir()) == []
