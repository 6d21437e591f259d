"""When a performance is read again: while it is open, once after it closed, and when it changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketsource_pipeline.refresh.openness import Performance, is_due, performances_of
from ticketsource_pipeline.store import PerformanceRecord
from ticketsource_pipeline_tests.test_frames_samples import (
    a_date,
    a_venue,
    an_event,
    catalog_frames,
)

WINDOW = timedelta(days=60)
END = datetime(2025, 3, 10, 22, tzinfo=UTC)
CLOSES = END + WINDOW
SECOND = timedelta(seconds=1)
OPEN = Performance(
    date_id="dat-D1",
    event_id="evt-E1",
    month="2025-03",
    starts_at=END - timedelta(hours=2),
    ends_at=END,
    cancelled=False,
)
CANCELLED = replace(OPEN, cancelled=True)


def read_at(
    moment: datetime, performance: Performance = OPEN, *, balanced: bool = False
) -> PerformanceRecord:
    return replace(
        PerformanceRecord.begun(),
        listed_at=moment,
        catalog=performance.fingerprint,
        balanced=balanced,
    )


def due(performance: Performance, record: PerformanceRecord | None, now: datetime) -> bool:
    return is_due(performance, record, now=now, refund_window=WINDOW)


def performances(*dates: Any) -> list[Performance]:
    return performances_of(catalog_frames([an_event()], [a_venue()], list(dates))[2])


def test_the_catalogue_gives_its_performances_in_order() -> None:
    assert performances(a_date("dat-D2", cancelled=True), a_date()) == [
        replace(
            OPEN,
            date_id="dat-D2",
            starts_at=datetime(2025, 3, 10, 19, 30, tzinfo=UTC),
            cancelled=True,
        ),
        replace(OPEN, starts_at=datetime(2025, 3, 10, 19, 30, tzinfo=UTC)),
    ]
    assert performances() == []


@pytest.mark.parametrize(
    ("attributes", "ends_at"),
    [
        ({"end": None}, datetime(2025, 3, 10, 19, 30, tzinfo=UTC)),
        ({"end": "late"}, datetime(2025, 3, 10, 19, 30, tzinfo=UTC)),
        ({"end": None, "start": "soon"}, None),
        ({"end": None, "start": None}, None),
    ],
)
def test_without_an_end_the_start_counts_and_without_both_it_is_unknown(
    attributes: dict[str, Any], ends_at: datetime | None
) -> None:
    (performance,) = performances(a_date(**attributes))
    assert performance.ends_at == ends_at


@pytest.mark.parametrize("cancelled", [None, "yes", False])
def test_only_true_is_cancelled(cancelled: Any) -> None:
    (performance,) = performances(a_date(cancelled=cancelled))
    assert performance.cancelled is False


def test_one_that_was_never_read_whole_is_due_however_old() -> None:
    now = CLOSES + timedelta(days=5000)
    assert due(OPEN, None, now)
    assert due(OPEN, replace(PerformanceRecord.begun(), catalog=OPEN.fingerprint), now)
    assert due(CANCELLED, replace(PerformanceRecord.begun(), balanced=True), now)


def test_an_open_one_is_due_until_the_window_after_its_end_has_passed() -> None:
    assert due(OPEN, read_at(END - SECOND), END)
    assert due(OPEN, read_at(CLOSES - 2 * SECOND), CLOSES - SECOND)


def test_a_closed_one_is_due_once_more_when_it_was_last_read_before_it_closed() -> None:
    assert due(OPEN, read_at(CLOSES - SECOND), CLOSES + WINDOW)
    assert not due(OPEN, read_at(CLOSES), CLOSES)
    assert not due(OPEN, read_at(CLOSES + SECOND), CLOSES + WINDOW)


def test_one_that_was_listed_later_than_now_is_due_for_its_clock_was_wrong() -> None:
    assert due(OPEN, read_at(CLOSES + 2 * WINDOW), CLOSES + WINDOW)
    assert due(CANCELLED, read_at(END + SECOND, CANCELLED, balanced=True), END)


def test_a_cancelled_one_is_due_until_every_booking_comes_to_zero() -> None:
    assert due(CANCELLED, read_at(END, CANCELLED), END + SECOND)
    assert not due(CANCELLED, read_at(END, CANCELLED, balanced=True), END + SECOND)
    assert due(OPEN, read_at(END, balanced=True), END + SECOND)


def test_one_of_unknown_end_is_always_due() -> None:
    unknown = replace(OPEN, ends_at=None)
    now = datetime(2999, 1, 1, tzinfo=UTC)
    assert due(unknown, read_at(now, unknown), now)


def test_one_at_the_end_of_all_days_is_open_and_does_no_harm() -> None:
    (far,) = performances(
        a_date(start="9999-12-31T22:00:00+00:00", end="9999-12-31T23:59:59+00:00")
    )
    assert far.closes_at(WINDOW) > datetime(9999, 12, 31, tzinfo=UTC)
    assert due(far, read_at(END, far), END)
    (early,) = performances(
        a_date(start="0001-01-01T00:00:00+00:00", end="0001-01-01T00:00:00+00:00")
    )
    assert not due(early, read_at(END, early), END)


@pytest.mark.parametrize(
    "changed",
    [
        CANCELLED,
        replace(OPEN, ends_at=END + timedelta(hours=1)),
        replace(OPEN, starts_at=END - timedelta(hours=3)),
        replace(OPEN, ends_at=None),
    ],
)
def test_one_that_moved_or_was_cancelled_since_is_due(changed: Performance) -> None:
    now = CLOSES + timedelta(days=500)
    assert not due(OPEN, read_at(now - SECOND), now)
    assert due(changed, read_at(now - SECOND), now)


MOMENTS = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001
    max_value=datetime(2090, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
WINDOWS = st.integers(0, 400).map(lambda days: timedelta(days=days))


@settings(deadline=None)
@given(MOMENTS, MOMENTS, WINDOWS, st.booleans(), st.booleans())
def test_one_not_due_stays_so_with_time_unless_the_window_grows(
    listed_at: datetime, now: datetime, window: timedelta, cancelled: bool, balanced: bool
) -> None:
    performance = replace(OPEN, cancelled=cancelled)
    record = read_at(listed_at, performance, balanced=balanced)
    if is_due(performance, record, now=now, refund_window=window):
        wider = window + timedelta(days=1)
        assert is_due(performance, record, now=now, refund_window=wider)
    else:
        later = now + timedelta(days=1)
        assert not is_due(performance, record, now=later, refund_window=window)


@settings(deadline=None)
@given(MOMENTS, MOMENTS, WINDOWS)
def test_no_moment_of_the_open_time_is_left_unread(
    first: datetime, second: datetime, window: timedelta
) -> None:
    """Whatever happens before it closes is seen by a reading at or after that moment."""
    listed_at, now = min(first, second), max(first, second)
    closes_at = END + window
    settled = not is_due(OPEN, read_at(listed_at), now=now, refund_window=window)
    assert settled is (listed_at >= closes_at)
