"""The rules of time: the API's ISO 8601 text becomes aware UTC; its month is read off the text."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_MONTH = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2]))-\d{2}(?:\D|$)", re.ASCII)


class TimeError(ValueError):
    """A text that is no moment in time; the message completes the sentence `the field ...`."""


def utc_time(text: str) -> datetime:
    """Return the moment an ISO 8601 text names, as aware UTC.

    A text without an offset is taken as UTC: the API writes `+00:00` all year round (seen in
    British summer), so its text may be the venue's wall clock either way.

    Raises:
        TimeError: when the text names no moment.
    """
    if not _ISO.fullmatch(text):
        raise TimeError("is not a time written as ISO 8601")
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise TimeError("names a day or hour that does not exist") from None


def month_written(text: object) -> str | None:
    """Return the calendar month written at the start of a time's text, `YYYY-MM`, if any."""
    found = _MONTH.match(text) if isinstance(text, str) else None
    return found.group(1) if found else None
