"""The sections of what was sold: the season, its events, their curves, price categories."""

from __future__ import annotations

from collections.abc import Sequence

from ticketsource_pipeline.report import charts, words
from ticketsource_pipeline.report.figures import Event, Figures, add_up
from ticketsource_pipeline.report.parts import MONEY_HEAD, Figure, Section, Table, amounts

_DAYS_BEFORE = (
    (84, "12 weeks before"),
    (56, "8 weeks before"),
    (28, "4 weeks before"),
    (14, "2 weeks before"),
    (7, "1 week before"),
    (1, "the day before"),
    (0, "in the end"),
)
_RULES = (
    "Refunds are taken off every figure; net is gross less booking fees and their VAT. A ticket is"
    " a seat that is booked and was not given up."
)
_CURVE_RULES = (
    "How many tickets each event had sold so many days before the performance they are for, over"
    " all its performances. Days are London's; sales after the performance's day count with it. A"
    " line ends at the latest sale."
)


def events_table(events: Sequence[Event]) -> Table:
    """Return the report's main table: what each event sold and took."""
    head = ("Event", "Performed", "Performances", "Tickets", "Average ticket", *MONEY_HEAD)
    total = add_up([event.money for event in events])
    tickets = sum(event.tickets for event in events)
    return Table(
        "events",
        "Events, the earliest first",
        head,
        [
            (
                event.name,
                words.days(event.first_day, event.last_day),
                _performances(event),
                words.number(event.tickets),
                words.average(event.ticket_gross, event.tickets),
                *amounts(event.money),
            )
            for event in events
        ],
        (
            "All events",
            "",
            words.number(sum(event.performances for event in events)),
            words.number(tickets),
            words.average(sum(event.ticket_gross for event in events), tickets),
            *amounts(total),
        ),
        texts=2,
    )


def _performances(event: Event) -> str:
    off = f" ({words.number(event.cancelled)} cancelled)" if event.cancelled else ""
    return f"{words.number(event.performances)}{off}"


def overview_section(figures: Figures) -> Section:
    """Return the section of the season as a whole."""
    total = figures.money
    facts = [
        (words.money(total.gross), "gross"),
        (words.money(total.net), "net"),
        (words.money(total.fees), "booking fees with VAT"),
        (words.money(total.refunded), "refunded, off the gross"),
        (words.number(figures.tickets), "tickets"),
        (words.number(figures.bookings), "bookings"),
        (words.number(len(figures.events)), "events"),
        (words.number(figures.performances), _performances_named(figures.cancelled)),
    ]
    table = Table(
        "months",
        "Months in which the performances are",
        ("Month", "Performances", "Tickets", *MONEY_HEAD),
        [
            (
                words.month(month.month),
                words.number(month.performances),
                words.number(month.tickets),
                *amounts(month.money),
            )
            for month in figures.months
        ],
        (
            "All months",
            words.number(figures.performances),
            words.number(figures.tickets),
            *amounts(total),
        ),
    )
    return Section(
        "overview",
        "Season overview",
        [_RULES],
        facts,
        [Figure(charts.months_chart(figures.months), [table])],
        [events_table(figures.events)],
    )


def _performances_named(cancelled: int) -> str:
    off = f", {words.number(cancelled)} of them cancelled" if cancelled else ""
    return f"performances{off}"


def curves_section(figures: Figures) -> Section:
    """Return the section of how events sold towards their performances."""
    events = [event for event in figures.events if event.tickets or event.money.gross]
    drawn = charts.most_sold(events)
    if not drawn:
        return Section("curve", "Sales curve", ["No ticket was sold yet."])
    told = [_CURVE_RULES]
    if len(drawn) < sum(bool(event.tickets) for event in events):
        told.append(
            f"The chart shows the {len(drawn)} events with most tickets; the tables beneath it"
            f" have all {len(events)}."
        )
    return Section(
        "curve",
        "Sales curve",
        told,
        figures=[
            Figure(
                charts.curve_chart(drawn),
                [_curve_table(events, "tickets"), _curve_table(events, "gross")],
            )
        ],
    )


def _curve_table(events: Sequence[Event], what: str) -> Table:
    tickets = what == "tickets"
    write = words.number if tickets else words.money

    def values(event: Event) -> list[int]:
        curve = event.curve
        by = curve.tickets_by if tickets else curve.gross_by
        without = curve.tickets_without_day if tickets else curve.gross_without_day
        return [*(by(day) for day, _ in _DAYS_BEFORE), without]

    rows = [values(event) for event in events]
    # A column for what has no day only where something has none.
    width = len(_DAYS_BEFORE) + any(row[-1] for row in rows)
    head = ["Event", *(name for _, name in _DAYS_BEFORE), "at an unknown time"][: width + 1]
    caption = "Tickets sold so far" if tickets else "Gross so far, refunds when they were made"
    return Table(
        f"curve-{what}",
        caption,
        head,
        [
            (event.name, *(write(value) for value in row[:width]))
            for event, row in zip(events, rows, strict=True)
        ],
        ("All events", *(write(sum(column)) for column in list(zip(*rows, strict=True))[:width])),
    )


def categories_section(figures: Figures) -> Section:
    """Return the section of seats by price category."""
    booked = sum(one.booked for one in figures.categories)
    cancelled = sum(one.cancelled for one in figures.categories)
    if not figures.categories:
        return Section("categories", "Seats by price category", ["No seat was sold yet."])
    table = Table(
        "categories",
        "Seats by price category",
        ("Price category", "Booked", "Share", "Given up"),
        [
            (
                one.name or "no category",
                words.number(one.booked),
                words.share(one.booked, booked),
                words.number(one.cancelled),
            )
            for one in figures.categories
        ],
        (
            "All categories",
            words.number(booked),
            words.share(booked, booked),
            words.number(cancelled),
        ),
    )
    return Section(
        "categories",
        "Seats by price category",
        figures=[Figure(charts.categories_chart(figures.categories), [table])],
    )
