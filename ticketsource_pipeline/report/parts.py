"""What the page is made of: sections with their charts and tables, every cell in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ticketsource_pipeline.report import words
from ticketsource_pipeline.report.chart import Chart
from ticketsource_pipeline.report.figures import Money

MONEY_HEAD = ("Gross", "Fees with VAT", "Net", "Refunded")
"""The columns of `amounts`."""


@dataclass(frozen=True)
class Table:
    """A table: its first column names the row, numbers stand to the right.

    Attributes:
        name: what it is called in the page's addresses.
        caption: what stands above it.
        head: the columns' names.
        rows: the cells.
        total: the last row, which adds the others up; none where nothing can be added up.
        texts: how many columns from the left are text.
    """

    name: str
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] = ()
    texts: int = 1


@dataclass(frozen=True)
class Figure:
    """A chart, and the tables of what it shows, which open beneath it."""

    chart: Chart
    tables: Sequence[Table]


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        name: what it is called in the page's addresses.
        title: its heading.
        words: paragraphs beneath the heading.
        facts: single figures and what they are, shown large.
        figures: its charts.
        tables: tables that are shown whether they are opened or not.
    """

    name: str
    title: str
    words: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()


def amounts(sums: Money) -> tuple[str, ...]:
    """Return sums of money in the order of `MONEY_HEAD`."""
    return tuple(words.money(one) for one in (sums.gross, sums.fees, sums.net, sums.refunded))
