"""The report's main chart and table as plain values, for wherever else they are shown."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence

from ticketsource_pipeline.report.charts import curve_chart, most_sold
from ticketsource_pipeline.report.figures import Figures
from ticketsource_pipeline.report.sales_sections import events_table

_WIDTH = 720


def main_chart(figures: Figures) -> str:
    """Return the sales curve as Markdown: a picture that holds itself, and its legend."""
    drawn = most_sold(figures.events)
    if not drawn:
        return "No ticket was sold yet."
    chart = curve_chart(drawn)
    picture = b64encode(chart.as_svg(_WIDTH).encode()).decode()
    legend = [f"- {_plain(name)}: {_COLOURS[mark]}" for name, mark in chart.legend]
    return "\n".join(
        [
            f"![{chart.title}](data:image/svg+xml;base64,{picture})",
            "",
            f"{chart.title}:",
            "",
            *legend,
        ]
    )


def main_table(figures: Figures) -> tuple[Sequence[str], Sequence[Mapping[str, str]]]:
    """Return the table of events: its columns, and its rows by column, the sum last."""
    table = events_table(figures.events)
    rows = [*table.rows, table.total] if figures.events else []
    return table.head, [dict(zip(table.head, row, strict=True)) for row in rows]


def _plain(name: str) -> str:
    """A name in which Markdown finds nothing but text."""
    return "".join(
        character if character.isalnum() or character in " ,'" else f"&#{ord(character)};"
        for character in " ".join(name.split())
    )


_LINES = {
    f"series-{place}": colour
    for place, colour in enumerate(("blue", "orange", "green", "red", "purple", "olive"), start=1)
}
_COLOURS = {**_LINES, **{f"{mark} dashed": f"{colour}, dashed" for mark, colour in _LINES.items()}}
