"""`ticketsource export`: what a spreadsheet gets is what is stored, to the penny, and harmless."""

from __future__ import annotations

import csv
import io
import stat
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from ticketsource_pipeline.datasets import (
    DATASETS,
    PARTITION_KEY,
    RAW_SEATS,
    Column,
    ColumnType,
    Dataset,
)
from ticketsource_pipeline.datasets.declaration import DERIVED
from ticketsource_pipeline.export.csv_file import ENCODING, write_csv
from ticketsource_pipeline.export.rows import ExportRefused
from ticketsource_pipeline.export.values import as_it_was, words_of
from ticketsource_pipeline.export.xlsx_file import write_xlsx
from ticketsource_pipeline_tests.asking import ask, tree
from ticketsource_pipeline_tests.running import CLOSED_MONTH, Machine, next_month
from ticketsource_pipeline_tests.test_cli_refusals import assert_refused

ONLY_WITH_PERSONAL = ("attendees", "customers")


@pytest.fixture(scope="module")
def stored(_yesterday: Path) -> Machine:
    """A place that is only read: `small_theatre()`, synced."""
    return Machine(_yesterday)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, and nothing in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows_of_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(ENCODING), newline="")))


def sheet_of(path: Path) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(path)
    rows = [tuple(cell.value for cell in row) for row in book.worksheets[0].iter_rows()]
    book.close()
    return rows


def expected_rows(machine: Machine, dataset: Dataset) -> list[dict[str, Any]]:
    rows = machine.rows(dataset.name)
    months = sorted({str(row.get(PARTITION_KEY)) for row in rows}) if dataset.partitioned else [""]
    return [
        row
        for month in months
        for row in sorted(
            (row for row in rows if not dataset.partitioned or row[PARTITION_KEY] == month),
            key=lambda row: [(row[name] is None, row[name]) for name in dataset.key],
        )
    ]


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_csv_of_a_dataset_holds_all_its_rows_in_the_order_of_its_key(
    stored: Machine, folder: Path, dataset: Dataset
) -> None:
    before = tree(stored.folder)
    outcome = ask(stored, "export", dataset.name, "--personal")
    assert outcome.code == 0, outcome.stderr
    (path,) = folder.iterdir()
    assert path.name == f"{dataset.name}.csv"
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.endswith(b"\r\n")
    head, *found = rows_of_csv(content)
    names = [column.name for column in dataset.columns_with_month]
    assert head == names
    expected = [[words_of(row[name]) for name in names] for row in expected_rows(stored, dataset)]
    assert [[as_it_was(cell) for cell in row] for row in found] == expected
    assert stat.S_IMODE(path.stat().st_mode) == (0o600 if dataset.personal else 0o644)
    again = ask(stored, "export", dataset.name, "--personal", "--output", "again.csv")
    assert again.code == 0
    assert (folder / "again.csv").read_bytes() == content
    assert tree(stored.folder) == before


def test_duckdb_reads_the_csv_to_the_penny(stored: Machine, folder: Path) -> None:
    assert ask(stored, "export", "booking_lines").code == 0
    sums = duckdb.execute(
        "select sum(gross::decimal(12, 2)), count(*), count(*) filter (where is_refund)"
        " from read_csv('booking_lines.csv')"
    ).fetchone()
    lines = stored.rows("booking_lines")
    assert sums == (sum(line["gross"] for line in lines), len(lines), 0)


def test_a_workbook_has_amounts_as_numbers_times_as_dates_and_says_what_each_column_is(
    stored: Machine, folder: Path
) -> None:
    outcome = ask(stored, "export", "booking_lines", "--format", "xlsx", "--month", CLOSED_MONTH)
    assert outcome.code == 0, outcome.stderr
    path = folder / f"booking_lines-{CLOSED_MONTH}.xlsx"
    book = openpyxl.load_workbook(path)
    sheet, meanings = book.worksheets
    assert sheet.title == "booking_lines"
    assert sheet.freeze_panes == "A2"
    dataset = DATASETS["booking_lines"]
    head, *rows = sheet.iter_rows()
    names = [column.name for column in dataset.columns_with_month]
    assert [str(cell.value).removesuffix(" (UTC)") for cell in head] == names
    expected = [r for r in expected_rows(stored, dataset) if r[PARTITION_KEY] == CLOSED_MONTH]
    assert sheet.auto_filter.ref == f"A1:{get_column_letter(len(names))}{len(expected) + 1}"
    for row, wanted in zip(rows, expected, strict=True):
        cells = dict(zip(names, row, strict=True))
        assert cells["gross"].number_format == "#,##0.00"
        assert Decimal(str(cells["gross"].value)) == wanted["gross"]
        assert cells["created_at"].value == wanted["created_at"].replace(tzinfo=None)
        assert cells["is_refund"].value is False
        assert cells["ref"].value == wanted["ref"]
    assert {str(cell.value) for cell in head} >= {"created_at (UTC)", "gross"}
    told = {row[0].value: row[2].value for row in meanings.iter_rows(min_row=2)}
    assert told["net"] == dataset.column("net").description


def test_personal_columns_come_only_when_they_are_asked_for(stored: Machine, folder: Path) -> None:
    for dataset in DATASETS.values():
        personal = [column.name for column in dataset.columns if column.personal]
        outcome = ask(stored, "export", dataset.name)
        if dataset.name in ONLY_WITH_PERSONAL:
            assert_refused(outcome, "--personal", dataset.name)
            continue
        assert outcome.code == 0, outcome.stderr
        path = folder / f"{dataset.name}.csv"
        assert not set(rows_of_csv(path.read_bytes())[0]) & set(personal)
        assert all(name in outcome.stdout for name in personal)
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert {path.stem for path in folder.iterdir()} == set(DATASETS) - set(ONLY_WITH_PERSONAL)
    assert "Ann" not in "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())


def test_a_month_is_of_the_path_or_of_the_column(stored: Machine, folder: Path) -> None:
    for name in ("seats", "bookings"):
        assert ask(stored, "export", name, "--month", CLOSED_MONTH).code == 0
        head, *rows = rows_of_csv((folder / f"{name}-{CLOSED_MONTH}.csv").read_bytes())
        assert {row[head.index(PARTITION_KEY)] for row in rows} == {CLOSED_MONTH}
        assert len(rows) == {"seats": 20, "bookings": 10}[name]


def test_the_standard_output_takes_the_file_and_nothing_else(stored: Machine, folder: Path) -> None:
    outcome = ask(stored, "export", "events", "--output", "-")
    assert [row[1] for row in csv.reader(io.StringIO(outcome.stdout))] == ["name", "Opera", "Revue"]
    assert "2 rows" in outcome.stderr
    assert list(folder.iterdir()) == []


def test_what_cannot_be_exported_is_refused_in_a_line_and_leaves_no_file(
    stored: Machine, folder: Path
) -> None:
    assert_refused(ask(stored, "export", "sales"), "'sales'", *DATASETS)
    assert_refused(ask(stored, "export", "seats", "--month", "2024-13"), "YYYY-MM")
    assert_refused(ask(stored, "export", "seats", "--month", "2021-01"), "2021-01", "seats")
    assert_refused(ask(stored, "export", "bookings", "--month", "2021-01"), "2021-01", "bookings")
    assert_refused(ask(stored, "export", "events", "--month", CLOSED_MONTH), "events", "--month")
    inside = str(stored.data / "seats" / "mine.csv")
    assert_refused(ask(stored, "export", "seats", "--output", inside), inside, "--output")
    nowhere = str(folder / "none" / "seats.csv")
    assert_refused(ask(stored, "export", "seats", "--output", nowhere), nowhere)
    assert_refused(ask(Machine(folder), "export", "seats"), "TICKETSOURCE_DATA_DIR")
    assert list(folder.iterdir()) == []


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(
    stored: Machine, folder: Path
) -> None:
    path = folder / "events.csv"
    path.write_text("mine")
    assert_refused(ask(stored, "export", "events"), "--force", "events.csv")
    assert path.read_text() == "mine"
    assert ask(stored, "export", "events", "--force").code == 0
    assert len(rows_of_csv(path.read_bytes())) == 3
    assert list(folder.iterdir()) == [path]


def test_a_damaged_file_is_named_and_nothing_half_is_left(
    synced: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(here)
    (path,) = (synced.data / "seats" / f"performance_month={next_month()}").iterdir()
    path.write_bytes(b"no Parquet")
    for form in ("csv", "xlsx"):
        outcome = ask(synced, "export", "seats", "--format", form)
        assert outcome.code == 1
        assert outcome.stderr.startswith(f"ticketsource: {path} is damaged")
        assert outcome.stderr.count("\n") == 1
    assert list(here.iterdir()) == []


def test_more_than_a_sheet_or_a_cell_holds_is_refused_never_cut(
    synced: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(here)
    path = synced.data / "seats" / f"performance_month={next_month()}" / "part-0.parquet"
    one = pq.ParquetFile(path).read().slice(0, 1)
    many = {name: pa.repeat(one[name][0], 1_048_576) for name in one.column_names}
    pq.write_table(pa.table(many, schema=one.schema), path)
    words = ask(synced, "export", "seats", "--format", "xlsx")
    assert_refused(words, "1,048,575", "--month")
    long = RAW_SEATS.schema.empty_table().to_pydict()
    row = dict.fromkeys(long) | {"seat_id": "sea-1", "payload": "\U0001f3ad" * 16_384}
    name = synced.data / "raw_seats" / f"performance_month={CLOSED_MONTH}" / "dat-X.parquet"
    pq.write_table(pa.Table.from_pylist([row], schema=RAW_SEATS.schema), name)
    words = ask(synced, "export", "raw_seats", "--format", "xlsx", "--personal")
    assert_refused(words, "payload", "32,767", "csv")
    assert list(here.iterdir()) == []


EVERYTHING = Dataset(
    name="everything",
    layer="sales",
    row="row",
    description="A column of each type.",
    record=DERIVED,
    key=("text",),
    partitioned=False,
    columns=tuple(Column(str(kind), kind, "Something.") for kind in ColumnType),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.sampled_from(
    ["=1+1", "+44 1", "-1", "@x", "https://a.example", "_x0041_", "'=1", "a\r\nb", " a ", "1.50"]
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.none() | TEXTS,
            "money": st.none() | st.decimals("-9999999999.99", "9999999999.99", places=2),
            "time": st.none()
            | st.datetimes(datetime(1950, 1, 1), datetime(2200, 1, 1)).map(  # noqa: DTZ001
                lambda moment: moment.replace(microsecond=0)
            ),
            "flag": st.none() | st.booleans(),
            "number": st.none() | st.integers(-(10**14), 10**14),
            "day": st.none() | st.dates(date(1950, 1, 1), date(2200, 1, 1)),
        }
    ),
    max_size=5,
)


def as_table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=EVERYTHING.schema)


@given(ROWS)
def test_what_is_in_the_csv_is_what_was_stored(rows: list[dict[str, Any]]) -> None:
    table = as_table(rows)
    file = io.StringIO(newline="")
    assert write_csv([table], EVERYTHING.columns, file) == len(rows)
    _, *found = csv.reader(io.StringIO(file.getvalue(), newline=""))
    names = EVERYTHING.schema.names
    assert [[as_it_was(cell) for cell in row] for row in found] == [
        [words_of(row[name]) for name in names] for row in table.to_pylist()
    ]
    for row, wanted in zip(found, rows, strict=True):
        money = wanted["money"]
        assert row[names.index("money")] == ("" if money is None else f"{money:.2f}")


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_what_is_in_the_workbook_is_what_was_stored_and_no_text_is_a_formula(
    rows: list[dict[str, Any]],
) -> None:
    with TemporaryDirectory() as place:
        path = Path(place) / "book.xlsx"
        assert write_xlsx([as_table(rows)], EVERYTHING, EVERYTHING.columns, path) == len(rows)
        book = openpyxl.load_workbook(path)
        _, *found = book.worksheets[0].iter_rows(max_col=len(EVERYTHING.columns))
        for cells, wanted in zip(found, rows, strict=False):
            row = dict(zip(EVERYTHING.schema.names, cells, strict=True))
            assert all(cell.data_type != "f" and cell.hyperlink is None for cell in cells)
            if wanted["text"] is not None:
                assert row["text"].data_type in {"s", "inlineStr"}
            money = row["money"].value
            exact = None if money is None else Decimal(str(money)).quantize(Decimal("0.01"))
            assert exact == wanted["money"]
            assert row["flag"].value is wanted["flag"]
            assert row["number"].value == wanted["number"]
            assert row["time"].value == wanted["time"]
            day = wanted["day"]
            assert row["day"].value == (day and datetime.combine(day, time()))
        book.close()


def test_a_workbook_that_cannot_be_made_is_refused_with_the_name_of_the_column() -> None:
    rows = [{"text": "x" * 32_768}]
    with TemporaryDirectory() as place, pytest.raises(ExportRefused, match="text of row 1"):
        write_xlsx([as_table(rows)], EVERYTHING, EVERYTHING.columns, Path(place) / "book.xlsx")
