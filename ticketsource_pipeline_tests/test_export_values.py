"""Text that no spreadsheet takes for a formula, and values as words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketsource_pipeline.export.values import as_it_was, defused, words_of

SIGNS = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001 - full width
anything = st.text() | st.text(alphabet=f"{SIGNS}' a1\ufeff\u200b\x00", max_size=8)


@given(anything)
def test_no_text_starts_a_formula_and_each_can_be_had_back(text: str) -> None:
    safe = defused(text)
    assert safe in {text, f"'{text}"}
    assert safe.lstrip(" \ufeff\u200b\x00")[:1] not in set(SIGNS)
    assert as_it_was(safe) == text


@given(anything, anything)
def test_two_texts_never_become_one(one: str, other: str) -> None:
    assert (defused(one) == defused(other)) == (one == other)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ('=HYPERLINK("http://a.example","x")', '\'=HYPERLINK("http://a.example","x")'),
        ("+44 1632 960001", "'+44 1632 960001"),
        ("-1+2", "'-1+2"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("＝1", "'＝1"),  # noqa: RUF001 - full width
        ("'=1", "''=1"),
        ("'s-Hertogenbosch", "'s-Hertogenbosch"),
        ("Row A-1", "Row A-1"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_what_would_be_calculated_gets_an_apostrophe_and_nothing_else_does(
    text: str, safe: str
) -> None:
    assert defused(text) == safe


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (Decimal("-0.50"), "-0.50"),
        (Decimal("9999999999.99"), "9999999999.99"),
        (7, "7"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 19, 30, tzinfo=UTC), "2026-03-01T19:30:00Z"),
        (datetime(2026, 7, 1, 1, tzinfo=timezone(timedelta(hours=1))), "2026-07-01T00:00:00Z"),
        (datetime(2026, 3, 1, 19, 30, 0, 5, tzinfo=UTC), "2026-03-01T19:30:00.000005Z"),
        ([1, {"a": Decimal("1.50")}], '[1, {"a": "1.50"}]'),
        (b"\x00\xff", "00ff"),
    ],
)
def test_a_value_is_written_exactly(value: Any, words: str) -> None:
    assert words_of(value) == words
