"""Values as words, and text that no spreadsheet takes for a formula."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

# What makes a spreadsheet calculate (OWASP, "CSV Injection"), with what it may skip before it; and
# apostrophes before that, so that what is done can be undone.
_SKIPPED = r"[\s\x00-\x1f\x7f\u00ad\u200b-\u200f\u2060\ufeff]*"
_FORMULA = re.compile(rf"'*{_SKIPPED}[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001 - full width
_DEFUSED = re.compile(rf"'{_FORMULA.pattern}")


def defused(text: str) -> str:
    """Return a text with an apostrophe before it where a spreadsheet would calculate it.

    A text that has the apostrophe already gets another, so that `as_it_was` undoes it always.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def as_it_was(text: str) -> str:
    """Return the text that `defused` was given."""
    return text[1:] if _DEFUSED.match(text) else text


def words_of(value: Any) -> str:
    """Return a value as text, not defused: nothing for null, decimals as they are, times UTC.

    Args:
        value: what Arrow or DuckDB gives; a time without a zone stays without one.
    """
    words = _WORDS.get(type(value), str)
    return words(value)


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _parts(value: list[Any] | dict[Any, Any]) -> str:
    return json.dumps(value, default=words_of, ensure_ascii=False)


_WORDS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "",
    bool: lambda value: "true" if value else "false",
    Decimal: lambda value: f"{value:f}",
    datetime: _moment,
    date: date.isoformat,
    bytes: bytes.hex,
    list: _parts,
    dict: _parts,
}
