"""Which columns of other datasets each column of a mart is made from, as Dagster shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ticketsource_pipeline.datasets import (
    BOOKING_LINES,
    BOOKINGS,
    CUSTOMERS,
    DAILY_SALES,
    DATASETS,
    GIFT_AID_CLAIMS,
    PERFORMANCE_CATEGORIES,
    PERFORMANCE_SALES,
    PERFORMANCES,
    RAW_BOOKINGS,
    RECONCILIATION,
    RECONCILIATION_MONTHS,
    REFUND_PAIRS,
    SEATS,
    Dataset,
)

Sources = Sequence[tuple[str, str]]


def _columns(dataset: Dataset, *names: str) -> Sources:
    return [(dataset.name, name) for name in names]


_TIMES = _columns(BOOKING_LINES, "created_at", "updated_at")
_SEATS = _columns(SEATS, "is_booked", "is_cancelled")
_REFUNDED = {
    "refunded_gross": _columns(BOOKING_LINES, "gross", "is_refund"),
    "refunded_net": _columns(BOOKING_LINES, "net", "is_refund"),
}
_OF_TYPE = _columns(BOOKING_LINES, "gross", "line_type")
_GIFT_AID = _columns(BOOKING_LINES, "gross", "line_type", "gift_aid")
_CLAIMS = [*_GIFT_AID, *_columns(REFUND_PAIRS, "gross", "gift_aid")]
_SALES = _columns(BOOKING_LINES, "created_at", "is_refund")
_REFUND_LINES = _columns(BOOKING_LINES, "is_refund")

# Where a column has another name than in the dataset it is made from, or is made from several.
_OTHERS: dict[str, dict[str, Sources]] = {
    BOOKINGS.name: {
        **_REFUNDED,
        "tickets": _SEATS,
        "fees": _columns(BOOKING_LINES, "fee", "fee_vat"),
        "donation": _OF_TYPE,
        "gift_aid_donation": _GIFT_AID,
        "first_change_at": _TIMES[:1],
        "last_change_at": _TIMES,
        "status": [*_columns(BOOKING_LINES, "gross", "is_refund"), *_SEATS],
    },
    PERFORMANCE_SALES.name: {
        **_REFUNDED,
        "bookings": _columns(BOOKING_LINES, "booking_id"),
        "seats_booked": _SEATS,
        "seats_cancelled": _SEATS[1:],
        "ticket_gross": _OF_TYPE,
        "donations": _OF_TYPE,
        "average_ticket": [*_OF_TYPE, *_SEATS],
        **dict.fromkeys(("first_sale_at", "last_sale_at", "days_on_sale"), _SALES),
    },
    PERFORMANCE_CATEGORIES.name: {"seats_booked": _SEATS, "seats_cancelled": _SEATS[1:]},
    DAILY_SALES.name: {
        **_REFUNDED,
        "sale_day": [*_TIMES[:1], *_columns(SEATS, "created_at")],
        **dict.fromkeys(("tickets", "cumulative_tickets"), _SEATS),
        "tickets_cancelled": _SEATS[1:],
        "cumulative_gross": _columns(BOOKING_LINES, "gross"),
        "cumulative_net": _columns(BOOKING_LINES, "net"),
    },
    REFUND_PAIRS.name: {
        "refund_line_number": _columns(BOOKING_LINES, "line_number"),
        "sale_line_number": _columns(BOOKING_LINES, "line_number"),
        **dict.fromkeys(("kind", "pair_number"), _columns(BOOKING_LINES, "gross", "is_refund")),
        **dict.fromkeys(("sale_gross", "sale_gross_left"), _columns(BOOKING_LINES, "gross")),
        "sale_fees": _columns(BOOKING_LINES, "fee", "fee_vat"),
        "sale_created_at": _TIMES[:1],
        "refund_created_at": _TIMES[:1],
    },
    GIFT_AID_CLAIMS.name: {
        **dict.fromkeys(("tax_year", "tax_month", "first_day", "last_day"), _TIMES[:1]),
        "donation_lines": _columns(BOOKING_LINES, "line_type"),
        "refund_lines": _columns(REFUND_PAIRS, "line_type"),
        **dict.fromkeys(("gift_aid_yes", "gift_aid_no", "gift_aid_unknown"), _CLAIMS),
        "refunded_gross": _columns(REFUND_PAIRS, "gross"),
        "donations": _OF_TYPE,
    },
    RECONCILIATION.name: {
        "lines": _columns(BOOKING_LINES, "line_number"),
        "refund_lines": _REFUND_LINES,
        **_REFUNDED,
    },
    RECONCILIATION_MONTHS.name: {
        "performances": _columns(PERFORMANCE_SALES, "date_id"),
        "bookings": _columns(BOOKING_LINES, "booking_id"),
        "raw_lines": _columns(RAW_BOOKINGS, "payload"),
        "lines": _columns(BOOKING_LINES, "line_number"),
        "ticket_lines": _columns(BOOKING_LINES, "line_type"),
        "seats_booked": _SEATS,
        "seats_cancelled": _SEATS[1:],
        "bookings_without_seats": [*_OF_TYPE, *_columns(SEATS, "booking_id")],
        "bookings_without_tickets": [*_columns(BOOKING_LINES, "line_type"), *_SEATS],
        "unmatched_refunds": _columns(REFUND_PAIRS, "kind"),
        "unmatched_gross": _columns(REFUND_PAIRS, "kind", "gross"),
        "cancelled_performances_holding": _columns(PERFORMANCE_SALES, "cancelled", "gross"),
        "cancelled_gross_held": _columns(PERFORMANCE_SALES, "cancelled", "gross"),
    },
    CUSTOMERS.name: {
        "bookings": _columns(BOOKINGS, "booking_id"),
        "tickets": _columns(BOOKINGS, "tickets"),
        "spend": _columns(BOOKINGS, "gross"),
        "first_booking_at": _columns(BOOKINGS, "first_change_at"),
        "last_booking_at": _columns(BOOKINGS, "first_change_at"),
    },
}
# A column without a word of its own is the first of these datasets' column of the same name.
_SAME: dict[str, Sequence[Dataset]] = {
    BOOKINGS.name: (BOOKING_LINES, RAW_BOOKINGS),
    PERFORMANCE_SALES.name: (PERFORMANCES, BOOKING_LINES),
    PERFORMANCE_CATEGORIES.name: (SEATS,),
    DAILY_SALES.name: (BOOKING_LINES, PERFORMANCES),
    REFUND_PAIRS.name: (BOOKING_LINES,),
    RECONCILIATION.name: (BOOKING_LINES,),
    RECONCILIATION_MONTHS.name: (BOOKING_LINES,),
}


def made_from(dataset: Dataset) -> list[Dataset]:
    """Return the datasets that a mart is made from: those its columns are."""
    sources = {name for columns in mart_lineage(dataset).values() for name, _ in columns}
    return [source for source in DATASETS.values() if source.name in sources]


def mart_lineage(dataset: Dataset) -> Mapping[str, Sources]:
    """Return, by column of a mart or of the customers, the columns it is made from, where any."""
    names = dataset.schema.names
    found = {
        name: sources for name, sources in _OTHERS.get(dataset.name, {}).items() if name in names
    }
    for name in names:
        for source in _SAME.get(dataset.name, ()):
            if name not in found and name in source.schema.names:
                found[name] = [(source.name, name)]
    return found
