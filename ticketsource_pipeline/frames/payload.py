"""How a record's JSON is kept as text: sorted keys, exact numbers, and a digest to compare by."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import simplejson


def payload_text(record: dict[str, Any]) -> str:
    """Return a record as JSON text that is the same whenever the record is the same."""
    return simplejson.dumps(
        record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, use_decimal=True
    )


def payload_record(text: str) -> dict[str, Any]:
    """Return the record a payload's text holds, its decimal numbers as Decimal."""
    return simplejson.loads(text, use_decimal=True)


def payload_digest(text: str) -> str:
    """Return a short fingerprint of a payload's text; the same text gives the same."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
