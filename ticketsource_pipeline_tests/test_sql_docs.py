"""The questions of docs/sql.md run, by the command and in the file of views, with one answer."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from ticketsource_pipeline.sql.query import answer
from ticketsource_pipeline.store import Layout, ParquetStore
from ticketsource_pipeline_tests.running import Machine

PAGE = (Path(__file__).parents[1] / "docs" / "sql.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


def test_there_are_four_questions() -> None:
    assert len(QUESTIONS) == 4


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_has_an_answer_and_the_same_in_the_file_of_views(
    _yesterday: Path, question: str
) -> None:
    machine = Machine(_yesterday)
    store = ParquetStore(Layout.of(str(machine.data), machine.folder))
    told = answer(store, question)
    assert told.num_rows
    with duckdb.connect(str(machine.data / "ticketsource.duckdb"), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        assert connection.sql(question).to_arrow_table().to_pylist() == told.to_pylist()
