"""The report of a season too big to draw whole, and the curve's days, without any sync."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest

from ticketsource_pipeline.datasets import BOOKING_LINES, PERFORMANCES, SEATS, Dataset
from ticketsource_pipeline.landing.chart_library import chart_library
from ticketsource_pipeline.report.curve import LINE_COLUMNS, SEAT_COLUMNS, curves, sales_by_day
from ticketsource_pipeline.report.figures import Checks, Curve, Event, Figures, Money
from ticketsource_pipeline.report.page import page
from ticketsource_pipeline_tests.automating import moment

EVENTS = 60


def big_season() -> Figures:
    """Sixty events that sold something on each of three hundred days."""
    days = tuple(range(299, -1, -1))
    events = [
        Event(
            event_id=f"evt-{number}",
            name=f"Event {number}",
            first_day=date(2026, 1, 1) + timedelta(days=number),
            last_day=date(2026, 1, 3) + timedelta(days=number),
            performances=3,
            cancelled=0,
            tickets=300 * (number + 1),
            ticket_gross=300_000,
            money=Money(gross=300_000, fees=20_000, net=280_000, refunded=-5),
            curve=Curve(
                days,
                tuple((300 - day) * (number + 1) for day in days),
                tuple((300 - day) * 1000 for day in days),
            ),
        )
        for number in range(EVENTS)
    ]
    checks = Checks(1, (), 0)
    return Figures("us", 9000, events, (), (), (), (), (), (), checks)


def test_a_big_season_stays_small_and_says_which_events_are_drawn() -> None:
    html = page(big_season(), datetime(2026, 7, 1, 11, 5, tzinfo=UTC), chart_library())
    assert len(html.encode()) < 3_000_000
    assert "the 12 events with most tickets" in html
    assert f"all {EVENTS}." in " ".join(html.split())
    legend = re.findall(r"<li><span class=\"mark.*?<bdi>(Event \d+)</bdi>", html)
    drawn = {f"Event {number}" for number in range(EVENTS - 12, EVENTS)}
    assert set(legend[-12:]) == drawn
    assert html.count('<th scope="row" class="text"><bdi>Event ') == 3 * EVENTS
    assert f"£{3000 * EVENTS:,}.00" in html
    assert "Wednesday 1 July 2026 at 12:05" in html


def test_the_script_is_the_only_one_and_cannot_be_left() -> None:
    html = page(big_season(), moment("2026-07-01T11:05"), chart_library())
    assert html.count("<script") == html.count("</script") == 2
    assert "unsafe-eval" not in html
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]


def frame_of(dataset: Dataset, columns: tuple[str, ...], rows: list[tuple]) -> pd.DataFrame:
    schema = pa.schema([dataset.schema.field(name) for name in columns])
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(records, schema).to_pandas(types_mapper=pd.ArrowDtype)


@pytest.mark.parametrize(
    ("sold", "day"),
    [
        # London's clocks are an hour ahead in June: half past eleven is of the next day.
        ("2026-06-08T22:59", 2),
        ("2026-06-08T23:30", 1),
        ("2026-06-10T22:00", 0),
        ("2026-06-11T09:00", 0),
        ("2026-03-28T23:30", 74),
        (None, None),
    ],
)
def test_a_day_before_is_londons_and_what_comes_after_counts_with_the_day(
    sold: str | None, day: int | None
) -> None:
    performances = frame_of(
        PERFORMANCES, ("date_id", "start"), [("dat-1", moment("2026-06-10T18:30"))]
    )
    at = moment(sold) if sold else None
    seats = frame_of(
        SEATS,
        SEAT_COLUMNS,
        [("dat-1", "evt-1", True, False, at), ("dat-1", "evt-1", True, True, at)],
    )
    lines = frame_of(BOOKING_LINES, LINE_COLUMNS, [("dat-1", "evt-1", None, at)])
    found = curves([sales_by_day(seats, lines, performances)] * 2)["evt-1"]
    if day is None:
        assert (found.days, found.tickets_without_day) == ((), 2)
    else:
        assert (found.days, found.tickets) == ((day,), (2,))
        assert (found.tickets_by(day), found.tickets_by(day + 1)) == (2, 0)
