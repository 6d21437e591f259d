"""The data dictionary and the worked questions: true to the declarations and to the data."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.dictionary import dictionary_page
from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline_tests.running import Machine, Once

DOCS = Path(__file__).parents[1] / "docs"
QUESTIONS = re.findall(
    r"^## (\d+)\. [^\n]+\n.*?```sql\n(.*?)```\n+```python\n(.*?)```",
    (DOCS / "questions.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)


@pytest.fixture(scope="module")
def season(made_once: Once) -> str:
    """The data directory of a part of the sandbox's season, synced."""

    def fill(folder: Path) -> None:
        theatre = Theatre.season()
        for place, (date_id, date) in enumerate(list(theatre.dates.items())):
            if place % 7 and not date["attributes"]["cancelled"]:
                theatre.delete_date(date_id)
        with SandboxServer(theatre) as server:
            outcome = Machine(folder).sync_here(server)
        assert outcome.code == 0, outcome.stderr

    return str(Machine(made_once("season", fill)).data)


def test_the_dictionary_is_what_the_declarations_say() -> None:
    page = dictionary_page()
    assert (DOCS / "data-dictionary.md").read_text(encoding="utf-8") == page, (
        "docs/data-dictionary.md is stale: run `make dictionary`"
    )
    for dataset in DATASETS.values():
        assert f"## {dataset.name}\n" in page
        for column in dataset.columns:
            assert f"| `{column.name}` | {column.type.value} |" in page


def test_there_are_ten_questions() -> None:
    assert [number for number, _, _ in QUESTIONS] == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize(("number", "sql", "python"), QUESTIONS)
def test_a_question_has_one_answer_in_sql_and_in_pandas(
    season: str, number: str, sql: str, python: str
) -> None:
    answer = duckdb.connect().execute(sql.replace("data/live", season))
    names: dict[str, Any] = {"pd": pd}
    exec(python.replace("data/live", season), names)  # noqa: S102 - our own page is what is tested
    result = names["result"]
    assert list(result.columns) == [name for name, *_ in answer.description or []]
    rows = [tuple(plain(value) for value in row) for row in answer.fetchall()]
    assert [tuple(plain(value) for value in row) for row in result.to_numpy()] == rows
    # A question without an answer shows nothing.
    assert rows


def plain(value: Any) -> str | None:
    """A value as both tell it: decimals to the penny, flags and numbers as they are."""
    if pd.isna(value):
        return None
    return f"{value:.2f}" if isinstance(value, Decimal) else str(value)
