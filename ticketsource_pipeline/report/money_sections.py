"""The sections of what was paid: refunds, payment methods, donations."""

from __future__ import annotations

from ticketsource_pipeline.report import charts, words
from ticketsource_pipeline.report.figures import Figures, add_up
from ticketsource_pipeline.report.parts import MONEY_HEAD, Figure, Section, Table, amounts

_KINDS = ("full", "fee kept", "partial", "unmatched")
_DONATIONS_HEAD = (
    "Tax month",
    "Tax year",
    "May be claimed",
    "Giver said no",
    "Not asked",
    "Refunded",
    "Donations",
)


def refunds_section(figures: Figures) -> Section:
    """Return the section of refunds."""
    if not figures.refunds:
        return Section("refunds", "Refunds", ["Nothing was refunded."])
    kinds = [kind for kind in _KINDS if any(kind in month.gross for month in figures.refunds)]
    count = sum(month.refunds for month in figures.refunds)
    sums = [sum(month.gross.get(kind, 0) for month in figures.refunds) for kind in kinds]
    table = Table(
        "refunds",
        "Refunded gross by month in which the refund was made",
        ("Month", "Refunds", *(kind.capitalize() for kind in kinds), "Together"),
        [
            (
                words.month(month.month),
                words.number(month.refunds),
                *(words.money(month.gross.get(kind, 0)) for kind in kinds),
                words.money(sum(month.gross.values())),
            )
            for month in figures.refunds
        ],
        (
            "All months",
            words.number(count),
            *(words.money(one) for one in sums),
            words.money(sum(sums)),
        ),
    )
    told = (
        f"{words.counted(count, 'refund')} of {words.money(sum(sums))} in all. Full: all of a sale"
        " came back, its fees too; fee kept: all but fees; partial: a part; unmatched: no sale was"
        " found that it undoes."
    )
    return Section(
        "refunds",
        "Refunds",
        [told],
        figures=[Figure(charts.refunds_chart(figures.refunds), [table])],
    )


def methods_section(figures: Figures) -> Section:
    """Return the section of payment methods."""
    if not figures.methods:
        return Section("payments", "Payment methods", ["Nothing was paid yet."])
    tables = [
        Table(
            name,
            caption,
            (head, "Lines", "of these refunds", *MONEY_HEAD, "Share of gross"),
            [
                (
                    one.name or "unknown",
                    words.number(one.lines),
                    words.number(one.refund_lines),
                    *amounts(one.money),
                    words.share(one.money.gross, figures.money.gross),
                )
                for one in payments
            ],
            (
                "Everything",
                words.number(sum(one.lines for one in payments)),
                words.number(sum(one.refund_lines for one in payments)),
                *amounts(add_up([one.money for one in payments])),
                words.share(figures.money.gross, figures.money.gross),
            ),
        )
        for name, caption, head, payments in (
            ("methods", "By payment method", "Payment method", figures.methods),
            ("types", "By what was paid for", "Paid for", figures.types),
        )
    ]
    return Section(
        "payments",
        "Payment methods",
        ["Methods are named as TicketSource names them."],
        figures=[Figure(charts.methods_chart(figures.methods), tables)],
    )


def donations_section(figures: Figures) -> Section:
    """Return the section of donations and Gift Aid."""
    if not figures.donations:
        return Section("donations", "Gift Aid", ["Nothing was donated."])
    claimable = sum(one.claimable for one in figures.donations)
    total = sum(one.total for one in figures.donations)
    table = Table(
        "donations",
        "Donations by tax month, refunds taken off",
        _DONATIONS_HEAD,
        [
            (
                words.days(one.first_day, one.last_day),
                one.tax_year or "unknown",
                words.money(one.claimable),
                words.money(one.declined),
                words.money(one.unknown),
                words.money(one.refunded),
                words.money(one.total),
            )
            for one in figures.donations
        ],
        (
            "All tax months",
            "",
            words.money(claimable),
            words.money(sum(one.declined for one in figures.donations)),
            words.money(sum(one.unknown for one in figures.donations)),
            words.money(sum(one.refunded for one in figures.donations)),
            words.money(total),
        ),
        texts=2,
    )
    told = (
        f"Gift Aid may be claimed on {words.money(claimable)} of {words.money(total)} of donations."
        " A refund is taken off the tax month in which it was made."
    )
    return Section(
        "donations",
        "Gift Aid",
        [told],
        figures=[Figure(charts.donations_chart(figures.donations), [table])],
    )
