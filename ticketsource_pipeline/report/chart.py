"""A chart of the page, and the pieces that all charts are drawn of.

Colours are CSS variables of the page, so that a chart follows light, dark and print by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert

_COLOURS = 6
_BAR_STEP = 28
POUNDS = "(datum.value < 0 ? '-£' : '£') + format(abs(datum.value), ',.2~f')"
_ON_PAPER = {
    "muted": "#51606f",
    "grid": "#e4e8ec",
    "line": "#b9c2cb",
    "series-1": "#1f5fa8",
    "series-2": "#b8500c",
    "series-3": "#14785a",
    "series-4": "#b01e4e",
    "series-5": "#7b46a8",
    "series-6": "#6b6a00",
}
"""What the page's style calls its colours, as they are on paper."""
_CONFIG: Mapping[str, Any] = {
    "aria": False,
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelLimit": 150,
        "gridColor": "var(--grid)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
    },
}


@dataclass(frozen=True)
class Chart:
    """A chart of the page.

    Attributes:
        name: what it is called in the page's addresses.
        title: what stands above it.
        alternative: what it shows, for whoever does not see it.
        chart: the chart itself.
        legend: the name of each series, and the class its mark has in the page's style.
    """

    name: str
    title: str
    alternative: str
    chart: alt.TopLevelMixin
    legend: Sequence[tuple[str, str]] = ()

    def as_svg(self, width: int) -> str:
        """Return the chart as a picture in the colours of paper, so many pixels wide."""
        spec = {**self.chart.to_dict(validate=False), "width": width, "background": "white"}
        svg = vl_convert.vegalite_to_svg(spec)
        for name, colour in _ON_PAPER.items():
            svg = svg.replace(f"var(--{name})", colour)
        return svg

    @property
    def vega(self) -> dict[str, Any]:
        """The chart as Vega's own specification, which the page draws."""
        return vl_convert.vegalite_to_vega(self.chart.to_dict(validate=False))


def stacked_bars(rows: list[dict[str, Any]], name: str, title: str) -> alt.Chart:
    """Return bars of several parts one on the other, each part of a row of `series`."""
    series = sorted({str(row["series"]) for row in rows})
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(cornerRadius=1)
        .encode(
            x=alt.X(f"{name}:O")
            .sort(None)
            .title(title)
            .scale(paddingInner=0.35, paddingOuter=0.2)
            .axis(labelAngle=0, labelOverlap="greedy", ticks=False, labelPadding=8),
            y=alt.Y("pounds:Q")
            .title(None)
            .axis(labelExpr=POUNDS, domain=False, ticks=False, tickCount=5),
            color=colours(series),
            order=alt.Order("series:N"),
            tooltip=[
                alt.Tooltip(f"{name}:O", title=title.capitalize()),
                alt.Tooltip("part:N", title="Part"),
                alt.Tooltip("told:N", title="Amount"),
            ],
        )
    )


def lying_bars(
    rows: list[dict[str, Any]], field: str, title: str, **axis: Any
) -> alt.TopLevelMixin:
    """Return bars that lie, one for each name."""
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(cornerRadius=1, color=_colour(0))
        .encode(
            y=alt.Y("name:N")
            .sort(None)
            .title(None)
            .scale(paddingInner=0.35)
            .axis(domain=False, ticks=False, labelPadding=8),
            x=alt.X(f"{field}:Q").title(title).axis(domain=False, ticks=False, tickCount=5, **axis),
            tooltip=[alt.Tooltip("name:N", title="Name"), alt.Tooltip("told:N", title="In all")],
        )
    )
    return finished(chart, _BAR_STEP * max(len({row["name"] for row in rows}), 1))


def finished(chart: alt.Chart, height: int) -> alt.TopLevelMixin:
    """Return a chart as wide as its place on the page, in the page's look."""
    return chart.properties(width="container", height=height, autosize="fit-x").configure(
        **dict(_CONFIG)
    )


def colours(series: Sequence[str]) -> alt.Color:
    """Return the colours of series, each by its number."""
    return (
        alt.Color("series:N")
        .scale(domain=list(series), range=[_colour(int(one)) for one in series])
        .legend(None)
    )


def _colour(series: int) -> str:
    return f"var(--series-{series % _COLOURS + 1})"


def dash(series: int) -> list[int]:
    """Return how the line of a series is dashed: those that share a colour differ in it."""
    return [1, 0] if series < _COLOURS else [6, 3]


def series_class(series: int) -> str:
    """Return the class that the mark of a series has in the page's style."""
    return f"series-{series % _COLOURS + 1}{' dashed' if series >= _COLOURS else ''}"
