"""Figures as people read them: pounds, counts, days and months in words."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from ticketsource_pipeline.frames.marts.sums import THEATRE_TIME
from ticketsource_pipeline.frames.money import pounds

_HALF = 2
_NONE = "-"


def money(pence: int) -> str:
    """Return whole pence as pounds: £1,234.50, or -£3.00."""
    sign = "-" if pence < 0 else ""
    return f"{sign}£{pounds(abs(pence)):,}"


def number(count: int) -> str:
    """Return a count with separators of thousands."""
    return f"{count:,}"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, in the plural where there is not just one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def average(pence: int, count: int) -> str:
    """Return an amount by a count, half a penny rounded up; a dash for a count of none."""
    return money((_HALF * pence + count) // (_HALF * count)) if count else _NONE


def share(part: int, whole: int) -> str:
    """Return a part of a whole in percent, to a tenth; a dash where there is no whole."""
    return f"{(2000 * part + whole) // (2 * whole) / 10:.1f}%" if whole > 0 else _NONE


def day(value: date | None) -> str:
    """Return a day in words: 5 March 2026."""
    return f"{value.day} {value:%B %Y}" if value else "unknown"


def days(first: date | None, last: date | None) -> str:
    """Return the days from one to another in as few words as say it: 5 to 9 March 2026."""
    if first is None or last is None or first == last:
        return day(first or last)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day(last)}"
    if first.year == last.year:
        return f"{first.day} {first:%B} to {day(last)}"
    return f"{day(first)} to {day(last)}"


def month(name: str | None) -> str:
    """Return a month (`YYYY-MM`) in words: March 2026."""
    return f"{date.fromisoformat(f'{name}-01'):%B %Y}" if name else "unknown"


def short_month(name: str | None) -> str:
    """Return a month (`YYYY-MM`) for the axis of a chart: Mar 26."""
    return f"{date.fromisoformat(f'{name}-01'):%b %y}" if name else "?"


def moment(value: datetime) -> str:
    """Return a moment in words, in London's time."""
    there = value.astimezone(ZoneInfo(THEATRE_TIME))
    return f"{there:%A} {day(there.date())} at {there:%H:%M}"
