"""Times and months: what text names a moment, which moment, and which month is written in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketsource_pipeline.partitions import month_partitions
from ticketsource_pipeline.times import TimeError, month_written, utc_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-03-10T19:30:00+00:00", datetime(2025, 3, 10, 19, 30, tzinfo=UTC)),
        ("2025-07-10T19:30:00+01:00", datetime(2025, 7, 10, 18, 30, tzinfo=UTC)),
        ("2025-07-10T19:30:00Z", datetime(2025, 7, 10, 19, 30, tzinfo=UTC)),
        ("2025-07-10T19:30:00", datetime(2025, 7, 10, 19, 30, tzinfo=UTC)),
        ("2025-07-10 19:30", datetime(2025, 7, 10, 19, 30, tzinfo=UTC)),
        ("2025-07-10T19:30:00.5-0500", datetime(2025, 7, 11, 0, 30, 0, 500000, tzinfo=UTC)),
        ("2025-03-30T01:30:00+00:00", datetime(2025, 3, 30, 1, 30, tzinfo=UTC)),
        ("2025-10-26T01:30:00+01:00", datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
        ("9999-12-31T23:59:59+00:00", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2024-02-29T12:00:00+00:00", datetime(2024, 2, 29, 12, tzinfo=UTC)),
    ],
)
def test_a_time_is_the_moment_its_text_names(text: str, expected: datetime) -> None:
    assert utc_time(text) == expected
    assert utc_time(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("10/03/2025 19:30", "is not a time written as ISO 8601"),
        ("2025-03-10", "is not a time written as ISO 8601"),
        ("1741635000", "is not a time written as ISO 8601"),
        ("2025-W10-1T10:00", "is not a time written as ISO 8601"),
        ("\u0662\u0660\u0662\u0665-03-10T10:00", "is not a time written as ISO 8601"),
        ("2025-02-30T19:30:00+00:00", "names a day or hour that does not exist"),
        ("2025-03-10T25:30:00+00:00", "names a day or hour that does not exist"),
        ("2025-03-10T19:30:00+24:00", "names a day or hour that does not exist"),
        ("0000-03-10T19:30:00+00:00", "names a day or hour that does not exist"),
        ("9999-12-31T23:59:59-05:00", "names a day or hour that does not exist"),
        ("0001-01-01T00:00:00+05:00", "names a day or hour that does not exist"),
    ],
)
def test_a_text_that_is_no_moment_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(TimeError) as refused:
        utc_time(text)
    assert str(refused.value) == reason


@settings(deadline=None)
@given(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2199, 12, 31)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_the_month_is_the_one_written_whatever_the_offset(local: datetime, minutes: int) -> None:
    moment = local.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = moment.isoformat()
    assert month_written(text) == f"{local.year:04d}-{local.month:02d}"
    assert utc_time(text) == moment


@settings(deadline=None)
@given(st.text() | st.none() | st.integers())
def test_any_value_is_a_moment_or_a_refusal_and_a_month_or_none(value: object) -> None:
    month = month_written(value)
    assert month is None or str(value).startswith(month)
    if isinstance(value, str):
        try:
            assert utc_time(value).tzinfo is UTC
        except TimeError as refused:
            assert str(refused)


@pytest.mark.parametrize("text", ["2025-13-01T10:00", "2025-00-01", "2025-03", "2025-03-101", ""])
def test_a_text_without_a_calendar_month_has_none(text: str) -> None:
    assert month_written(text) is None


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2025-03-31T23:59:59+00:00", "2027-03"),
        ("2025-04-01T00:00:00+00:00", "2027-04"),
        ("2024-12-31T23:30:00+00:00", "2026-12"),
    ],
)
def test_partitions_go_from_the_first_month_to_24_months_ahead(now: str, last: str) -> None:
    with time_machine.travel(now, tick=False):
        keys = month_partitions("2019-01").get_partition_keys()
    assert keys[0] == "2019-01"
    assert keys[-1] == last
    years = range(2019, int(last[:4]) + 1)
    every = [f"{year}-{month:02d}" for year in years for month in range(1, 13)]
    assert keys == [key for key in every if key <= last]
