"""How a record's JSON is kept as text: sorted keys, exact numbers, and a digest to compare by."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

import simplejson

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def payload_text(record: dict[str, Any]) -> str:
    """Return a record as JSON text that is the same whenever the record is the same.

    Half a character (a lone surrogate), which JSON can name and no file can hold, stays escaped.
    """
    text = simplejson.dumps(
        record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, use_decimal=True
    )
    return _HALF_CHARACTER.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def payload_record(text: str) -> dict[str, Any]:
    """Return the record a payload's text holds, its decimal numbers as Decimal."""
    return simplejson.loads(text, use_decimal=True)


def payload_digest(text: str) -> str:
    """Return a short fingerprint of a payload's text; the same text gives the same."""
    return sha256(text.encode()).hexdigest()[:24]
