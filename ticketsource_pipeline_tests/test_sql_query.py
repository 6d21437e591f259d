"""`ticketsource sql`: it answers over every dataset, and reaches and changes nothing else."""

from __future__ import annotations

import csv
import io
import json
import threading
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.sql.query import answer
from ticketsource_pipeline.store import Layout, ParquetStore
from ticketsource_pipeline_tests.asking import ask, tree
from ticketsource_pipeline_tests.running import CLOSED_MONTH, Machine, next_month
from ticketsource_pipeline_tests.test_cli_refusals import assert_refused


@pytest.fixture(scope="module")
def stored(_yesterday: Path) -> Machine:
    """A place that is only read: `small_theatre()`, synced."""
    return Machine(_yesterday)


def answered(machine: Machine, query: str, **more: str) -> list[dict[str, object]]:
    outcome = ask(machine, "sql", "--format", "json", query, **more)
    assert outcome.code == 0, outcome.stderr
    return json.loads(outcome.stdout, parse_float=Decimal)


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_is_a_view_with_its_declared_columns_and_all_its_rows(
    stored: Machine, name: str
) -> None:
    store = ParquetStore(Layout.of(str(stored.data), stored.folder))
    table = answer(store, f"from {name}")
    declared = DATASETS[name]
    assert table.num_rows == len(stored.rows(name))
    assert table.column_names == [column.name for column in declared.columns_with_month]
    for field in declared.schema:
        assert table.schema.field(field.name).type == field.type, field.name
    if declared.partitioned:
        assert table.schema.field("performance_month").type == pa.string()


def test_money_months_and_joins_come_out_exact_in_every_format(stored: Machine) -> None:
    query = (
        "select l.performance_month as month, e.name, sum(l.gross) as gross, true as flag,"
        ' max(p."start") as last, null as nothing from booking_lines l join events e'
        " using (event_id) join performances p using (date_id) group by all order by all"
    )
    gross = sum(line["gross"] for line in stored.rows("booking_lines"))
    rows = answered(stored, query)
    assert sum(Decimal(str(row["gross"])) for row in rows) == gross
    assert [row["month"] for row in rows] == [CLOSED_MONTH, next_month(), next_month()]
    assert rows[0]["last"] == f"{CLOSED_MONTH}-20T19:30:00Z"
    assert rows[0]["flag"] is True
    assert rows[0]["nothing"] is None

    outcome = ask(stored, "sql", "-", "--format", "csv", typed=query)
    as_csv = list(csv.reader(io.StringIO(outcome.stdout)))
    assert as_csv[0] == ["month", "name", "gross", "flag", "last", "nothing"]
    assert [row[2] for row in as_csv[1:]] == [f"{row['gross']}" for row in rows]
    assert as_csv[1][3:] == ["true", f"{CLOSED_MONTH}-20T19:30:00Z", ""]

    lines = ask(stored, "sql", query).stdout.splitlines()
    assert [len(line) for line in lines[:-1]] == [len(lines[0])] * (len(lines) - 1)
    assert f"│ {CLOSED_MONTH} │ Opera │" in lines[3]
    assert lines[-1] == "3 rows"


def test_a_table_is_cut_and_says_so_csv_and_json_never_are(stored: Machine) -> None:
    query = "select range from range(250)"
    outcome = ask(stored, "sql", query)
    assert outcome.stdout.count("│\n") == 101
    assert outcome.stdout.splitlines()[-1].startswith("The first 100 of 250 rows")
    assert len(answered(stored, query)) == 250
    assert len(ask(stored, "sql", "--format", "csv", query).stdout.splitlines()) == 251
    assert answered(stored, "from range(0)") == []


def test_nothing_in_a_value_steers_the_terminal(stored: Machine) -> None:
    outcome = ask(stored, "sql", "select chr(27) || '[31mred[/]' || chr(10) || chr(8238) as x")
    assert "\x1b" not in outcome.stdout
    assert r"\x1b[31mred[/]\n\u202e" in outcome.stdout


@pytest.mark.parametrize(
    "query",
    [
        "copy (select 1 as a) to 'out.csv'",
        "copy (select 1 as a) to '{data}/seats/out.parquet'",
        "explain analyze copy (select 1 as a) to 'out.csv'",
        "explain analyze copy (select 1 as a) to '{data}/seats/out.parquet'",
        "explain analyze copy (select 1 as a) to 'ticketsource://seats/out.parquet'",
        "attach 'out.duckdb'",
        "attach '{data}/ticketsource.duckdb' as d",
        "export database 'out'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "create table t as select 1",
        "insert into seats values (1)",
        "explain analyze insert into seats values (1)",
        "with gone as (delete from seats returning *) from gone",
        "delete from seats",
        "drop view seats",
        "select 1; select 2",
        "",
        "/* nothing */",
        "from read_csv('/etc/passwd')",
        "from '/etc/passwd'",
        "from read_text('/etc/passwd')",
        "from read_text('file:///etc/passwd')",
        "from read_text('{data}/_ticketsource/account.json')",
        "from read_text('ticketsource://_ticketsource/account.json')",
        "from read_text('ticketsource://seats/../_ticketsource/account.json')",
        "from read_blob('{data}/seats/performance_month=2024-03/part-0.parquet')",
        "from glob('/*')",
        "from read_text('http://127.0.0.1:9/x')",
        "from enable_logging(storage = 'file', storage_path = 'out')",
        "from no_such_dataset",
        "select nothing_of_that_name from seats",
        "selec 1",
        "select error('no')",
        "select ref::int from booking_lines",
    ],
)
def test_what_is_no_reading_of_the_datasets_is_refused_in_a_line_and_leaves_no_trace(
    stored: Machine, query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = tree(stored.folder)
    assert_refused(ask(stored, "sql", query.format(data=stored.data)))
    assert list(tmp_path.iterdir()) == []
    assert tree(stored.folder) == before


def test_a_refusal_says_what_is_wrong(stored: Machine) -> None:
    assert_refused(ask(stored, "sql", "selec 1"), "syntax error", "selec")
    assert_refused(ask(stored, "sql", "from sale"), "sale", *DATASETS)
    assert_refused(ask(stored, "sql", "drop view seats"), "only reads", "SELECT")
    assert_refused(ask(stored, "sql"), "query")
    twice = ask(
        stored, "sql", "--format", "json", "select a.ref, b.ref from bookings a, bookings b"
    )
    assert_refused(twice, "ref", "AS")


def test_as_a_process_it_answers_from_anywhere_without_a_key_and_without_a_traceback(
    stored: Machine, tmp_path: Path
) -> None:
    variables = stored.variables(None)
    ended = stored.run("sql", "select sum(gross) from nope", variables=variables, folder=tmp_path)
    assert_refused(ended, "nope")
    empty = Machine(tmp_path)
    assert_refused(ask(empty, "sql", "from seats"), "TICKETSOURCE_DATA_DIR", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_named_and_a_sound_query_goes_on(synced: Machine) -> None:
    (path,) = (synced.data / "seats" / f"performance_month={CLOSED_MONTH}").iterdir()
    content = path.read_bytes()
    for damage in (b"no Parquet", content[:60] + bytes(300) + content[360:]):
        path.write_bytes(damage)
        outcome = ask(synced, "sql", "from seats")
        assert outcome.code == 1
        assert outcome.stderr.startswith(f"ticketsource: {path} is damaged")
        assert outcome.stderr.count("\n") == 1
        assert outcome.stdout == ""
        assert answered(synced, "select count(*) as n from attendees") == [
            {"n": len(synced.rows("attendees"))}
        ]


def test_a_dataset_without_files_and_files_without_a_column_are_read_as_declared(
    synced: Machine,
) -> None:
    for path in (synced.data / "attendees").rglob("*.parquet"):
        path.unlink()
    assert answered(synced, "select * from attendees") == []
    lines = synced.data / "booking_lines" / f"performance_month={CLOSED_MONTH}" / "part-0.parquet"
    # As a release before the column was declared would have written it.
    pq.write_table(pq.ParquetFile(lines).read().drop_columns(["gift_aid"]), lines)
    rows = answered(
        synced, "select count(*) as n, count(gift_aid) as g, sum(gross) as gross from booking_lines"
    )
    gross = sum(line["gross"] for line in synced.rows("booking_lines"))
    assert rows == [{"n": len(synced.rows("booking_lines")), "g": 0, "gross": gross}]


def test_a_query_sees_each_file_whole_while_others_take_its_place(synced: Machine) -> None:
    path = synced.data / "seats" / f"performance_month={CLOSED_MONTH}" / "part-0.parquet"
    table = pq.ParquetFile(path).read()
    grown = pa.concat_tables([table] * 4000)
    contents = []
    for name, rows in (("old", grown), ("new", grown.slice(0, 30_000))):
        place = table.schema.get_field_index("price_category")
        marked = rows.set_column(place, "price_category", pa.repeat(name, rows.num_rows))
        sink = io.BytesIO()
        pq.write_table(marked, sink, row_group_size=5000, compression="zstd")
        contents.append(sink.getvalue())
    path.write_bytes(contents[0])
    ended = threading.Event()

    def exchange() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            path.with_name(".part.tmp").write_bytes(contents[number % 2])
            path.with_name(".part.tmp").rename(path)

    writer = threading.Thread(target=exchange)
    writer.start()
    store = ParquetStore(Layout.of(str(synced.data), synced.folder))
    query = (
        "select min(price_category) as a, max(price_category) as b, count(distinct seat_id) as n"
        " from seats where price_category in ('old', 'new')"
    )
    try:
        seen = [tuple(answer(store, query).to_pylist()[0].values()) for _ in range(8)]
    finally:
        ended.set()
        writer.join()
    assert set(seen) <= {("old", "old", 20), ("new", "new", 20)}
