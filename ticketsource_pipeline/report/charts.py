"""The charts, drawn up with Altair: each a Vega specification and the words that say the same.

Names that come from users are only ever data: no expression, no markup, no part of an address.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from ticketsource_pipeline.report import words
from ticketsource_pipeline.report.chart import (
    POUNDS,
    Chart,
    colours,
    dash,
    finished,
    lying_bars,
    series_class,
    stacked_bars,
)
from ticketsource_pipeline.report.figures import (
    Category,
    Donations,
    Event,
    Month,
    Payment,
    RefundMonth,
)

CURVES_AT_MOST = 12
BARS_AT_MOST = 12
EARLIEST_DAY = 365


def most_sold(events: Sequence[Event]) -> list[Event]:
    """Return the events whose curves are drawn: those with most tickets, of the same first ones."""
    with_curve = [event for event in events if any(event.curve.tickets)]
    ranked = sorted(with_curve, key=lambda event: -event.tickets)
    return ranked[:CURVES_AT_MOST]


def curve_chart(events: Sequence[Event]) -> Chart:
    """Return the sales curve: tickets of each event by days before the performance.

    Args:
        events: those that are drawn.
    """
    names = _names(events)
    rows = [
        {"series": f"{place}", "event": names[place], "day": day, "tickets": tickets}
        for place, event in enumerate(events)
        for day, tickets in _steps(event)
    ]
    series = [f"{place}" for place in range(len(events))]
    classes = [series_class(place) for place in range(len(events))]
    earliest = max((int(row["day"]) for row in rows), default=1)
    lines = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(interpolate="step-after", strokeWidth=2.25, clip=True)
        .encode(
            x=alt.X("day:Q")
            .scale(domain=[max(earliest, 1), 0], nice=False)
            .title("days before the performance")
            .axis(grid=False, labelOverlap=True, tickCount=8, format=",d"),
            y=alt.Y("tickets:Q")
            .title("tickets sold so far")
            .axis(format=",d", tickMinStep=1, domain=False, ticks=False, tickCount=6),
            color=colours(series),
            strokeDash=alt.StrokeDash("series:N")
            .scale(domain=series, range=[dash(place) for place in range(len(series))])
            .legend(None),
            tooltip=[
                alt.Tooltip("event:N", title="Event"),
                alt.Tooltip("day:Q", title="Days before"),
                alt.Tooltip("tickets:Q", title="Tickets so far", format=",d"),
            ],
        )
    )
    told = "; ".join(
        f"{name}: {words.number(event.curve.tickets_by(28))} four weeks before,"
        f" {words.number(event.curve.tickets_by(7))} a week before,"
        f" {words.number(event.tickets)} in all"
        for name, event in zip(names, events, strict=True)
    )
    return Chart(
        "curve",
        "Tickets sold by days before the performance",
        f"Lines that rise towards the performance, one for each event. {told}.",
        finished(lines, 380),
        tuple(zip(names, classes, strict=True)),
    )


def months_chart(months: Sequence[Month]) -> Chart:
    """Return gross by month of performance, as what is the theatre's and the fees."""
    parts = ("the theatre's (net)", "booking fees with VAT")
    rows = [
        {
            "place": place,
            "month": words.short_month(month.month),
            "series": f"{series}",
            "part": parts[series],
            "pounds": pence / 100,
            "told": words.money(pence),
        }
        for place, month in enumerate(months)
        for series, pence in enumerate((month.money.net, month.money.fees))
    ]
    told = "; ".join(f"{words.month(one.month)} {words.money(one.money.gross)}" for one in months)
    return Chart(
        "months",
        "Gross by month of performance",
        f"Bars, one for each month: the gross of its performances. {told}.",
        finished(stacked_bars(rows, "month", "month of the performance"), 260),
        tuple((part, series_class(series)) for series, part in enumerate(parts)),
    )


def categories_chart(categories: Sequence[Category]) -> Chart:
    """Return booked seats by price category; the smallest ones together when there are many."""
    counts = [(one.name or "no category", one.booked) for one in categories]
    bars = _with_others(counts)
    told = "; ".join(f"{name} {words.number(count)}" for name, count in bars)
    rows = [
        {"place": place, "name": name, "count": count, "told": words.number(count)}
        for place, (name, count) in enumerate(bars)
    ]
    chart = lying_bars(rows, "count", "seats booked", format=",d", tickMinStep=1)
    return Chart(
        "categories",
        "Seats booked by price category",
        f"Bars, one for each price category. {told}.",
        chart,
    )


def refunds_chart(refunds: Sequence[RefundMonth]) -> Chart:
    """Return what was given back by the month in which it was."""
    totals = [(month, -sum(month.gross.values())) for month in refunds]
    rows = [
        {
            "place": place,
            "month": words.short_month(month.month),
            "series": "3",
            "part": "refunded",
            "pounds": pence / 100,
            "told": words.money(pence),
        }
        for place, (month, pence) in enumerate(totals)
    ]
    told = "; ".join(f"{words.month(month.month)} {words.money(pence)}" for month, pence in totals)
    return Chart(
        "refunds",
        "Refunded by month in which the refund was made",
        f"Bars, one for each month: the gross given back in it. {told}.",
        finished(stacked_bars(rows, "month", "month of the refund"), 220),
    )


def methods_chart(methods: Sequence[Payment]) -> Chart:
    """Return gross by payment method."""
    bars = _with_others([(one.name or "no method", one.money.gross) for one in methods])
    rows = [
        {"place": place, "name": name, "count": pence / 100, "told": words.money(pence)}
        for place, (name, pence) in enumerate(bars)
    ]
    told = "; ".join(f"{name} {words.money(pence)}" for name, pence in bars)
    return Chart(
        "methods",
        "Gross by payment method",
        f"Bars, one for each payment method. {told}.",
        lying_bars(rows, "count", "gross, refunds taken off", labelExpr=POUNDS),
    )


def donations_chart(months: Sequence[Donations]) -> Chart:
    """Return donations by tax month and by what their givers said to Gift Aid."""
    parts = ("may be claimed on", "giver said no", "giver was not asked")
    rows = [
        {
            "place": place,
            "month": f"from {month.first_day.day} {month.first_day:%b %y}"
            if month.first_day
            else "?",
            "series": f"{series}",
            "part": parts[series],
            "pounds": pence / 100,
            "told": words.money(pence),
        }
        for place, month in enumerate(months)
        for series, pence in enumerate((month.claimable, month.declined, month.unknown))
    ]
    told = "; ".join(
        f"{words.days(one.first_day, one.last_day)} {words.money(one.claimable)} of"
        f" {words.money(one.total)}"
        for one in months
    )
    return Chart(
        "donations",
        "Donations by tax month, refunds taken off",
        f"Bars, one for each tax month, with what may be claimed on. {told}.",
        finished(stacked_bars(rows, "month", "tax month"), 240),
        tuple((part, series_class(series)) for series, part in enumerate(parts)),
    )


def _names(events: Sequence[Event]) -> list[str]:
    """The events' names, with their days where two have the same."""
    names = [event.name for event in events]
    return [
        f"{event.name} ({words.days(event.first_day, event.last_day)})"
        if names.count(event.name) > 1
        else event.name
        for event in events
    ]


def _steps(event: Event) -> list[tuple[int, int]]:
    """The points of an event's curve: where it rises, from the earliest day that is drawn on."""
    curve = event.curve
    shown = [
        (day, tickets)
        for day, tickets in zip(curve.days, curve.tickets, strict=True)
        if day <= EARLIEST_DAY
    ]
    before = curve.tickets_by(EARLIEST_DAY + 1)
    points = [(EARLIEST_DAY, before), *shown] if before else shown
    kept = [
        point
        for place, point in enumerate(points)
        if place in {0, len(points) - 1} or points[place - 1][1] != point[1]
    ]
    # A step begins at nothing.
    return [(kept[0][0], 0), *kept] if kept else []


def _with_others(bars: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    if len(bars) <= BARS_AT_MOST:
        return list(bars)
    kept, rest = bars[: BARS_AT_MOST - 1], bars[BARS_AT_MOST - 1 :]
    return [*kept, (f"{len(rest)} others", sum(value for _, value in rest))]
