"""Declarations of the marts for finance: refunds and their sales, Gift Aid, reconciliation."""

from ticketsource_pipeline.datasets.declaration import DERIVED, Column, ColumnType, Dataset
from ticketsource_pipeline.datasets.mart_columns import FEE, FEE_VAT, GROSS, MONTH, NET
from ticketsource_pipeline.datasets.shared_columns import BOOKING_ID, DATE_ID, EVENT_ID

TEXT, MONEY, TIME, FLAG = ColumnType.TEXT, ColumnType.MONEY, ColumnType.TIME, ColumnType.FLAG
NUMBER, DAY = ColumnType.NUMBER, ColumnType.DAY

REFUND_PAIRS = Dataset(
    name="refund_pairs",
    layer="marts",
    row="refund line and sale line that it undoes",
    description=(
        "Each refund line with the sale it undoes: `full` (all of it, fees too), `fee kept` (all of"
        " its gross, not all its fees), `partial` (a part of its gross), or `unmatched`. A refund"
        " that undoes several sales has a row for each."
    ),
    record=DERIVED,
    key=("booking_id", "refund_line_number", "pair_number"),
    partitioned=False,
    columns=(
        BOOKING_ID,
        Column("refund_line_number", NUMBER, "The refund's `line_number` in its booking."),
        Column("pair_number", NUMBER, "From 1: the refund's rows, in the order of the sales."),
        DATE_ID,
        EVENT_ID,
        MONTH,
        Column("ref", TEXT, "The booking reference printed on the tickets."),
        Column("line_type", TEXT, "TICKETS, DONATION or SUNDRY, of both lines."),
        Column("payment_method", TEXT, "How it was paid, of both lines."),
        Column("kind", TEXT, "full, fee kept, partial or unmatched."),
        Column("sale_line_number", NUMBER, "The sale's `line_number`; null when unmatched."),
        Column("gross", MONEY, "The part of the refund's gross that undoes this sale: negative."),
        Column("fee", MONEY, "The refund's fee, on its first row; zero on others."),
        Column("fee_vat", MONEY, "The refund's VAT on the fee, on its first row; zero on others."),
        Column("net", MONEY, "The refund's net, on its first row; zero on others."),
        Column("sale_gross", MONEY, "What the sale took; null when unmatched."),
        Column("sale_fees", MONEY, "The sale's fees with their VAT; null when unmatched."),
        Column(
            "sale_gross_left",
            MONEY,
            "What is left of the sale's gross after this and its earlier refunds.",
        ),
        Column(
            "gift_aid",
            FLAG,
            "For a donation: the sale's `gift_aid`, or the refund's own where the sale has none.",
        ),
        Column("sale_created_at", TIME, "When the sale was made; null when unmatched."),
        Column("refund_created_at", TIME, "When the refund was made."),
    ),
)

GIFT_AID_CLAIMS = Dataset(
    name="gift_aid_claims",
    layer="marts",
    row="tax month with donations",
    description=(
        "Donations by UK tax month (the 6th to the 5th), by whether Gift Aid may be claimed. A"
        " refund is taken off in the month in which it was made."
    ),
    record=DERIVED,
    key=("first_day",),
    partitioned=False,
    columns=(
        Column("tax_year", TEXT, "The tax year, from 6 April: such as 2025-26."),
        Column("tax_month", NUMBER, "The tax month, 1 from 6 April to 12 to 5 April."),
        Column("first_day", DAY, "Its first day; null for lines whose time is unreadable."),
        Column("last_day", DAY, "Its last day."),
        Column("donation_lines", NUMBER, "Lines that are donations made in it."),
        Column("refund_lines", NUMBER, "Lines that are refunds of donations made in it."),
        Column("gift_aid_yes", MONEY, "Donations that Gift Aid may be claimed on, less refunds."),
        Column("gift_aid_no", MONEY, "Donations whose giver said no to Gift Aid, less refunds."),
        Column("gift_aid_unknown", MONEY, "Donations whose giver was not asked, less refunds."),
        Column("refunded_gross", MONEY, "The refunds' part of all three: zero, or negative."),
        Column("donations", MONEY, "All three together."),
    ),
)

RECONCILIATION = Dataset(
    name="reconciliation",
    layer="marts",
    row="month, line type and payment method",
    description="The sums of all lines by month, line type and payment method, to the penny.",
    record=DERIVED,
    key=("performance_month", "line_type", "payment_method"),
    partitioned=False,
    columns=(
        MONTH,
        Column("line_type", TEXT, "TICKETS, DONATION or SUNDRY."),
        Column("payment_method", TEXT, "How it was paid."),
        Column("lines", NUMBER, "Lines, sales and refunds."),
        Column("refund_lines", NUMBER, "Lines that are refunds."),
        GROSS,
        FEE,
        FEE_VAT,
        NET,
        Column("difference", MONEY, "gross - fee - fee_vat - net, added up over the lines."),
        Column("refunded_gross", MONEY, "The refunds' part of `gross`: zero, or negative."),
    ),
)

RECONCILIATION_MONTHS = Dataset(
    name="reconciliation_months",
    layer="marts",
    row="month",
    description=(
        "What of each month is to be looked at: lines that are not as many as in the raw data,"
        " refunds without a sale, tickets without seats, money held for cancelled performances."
    ),
    record=DERIVED,
    key=("performance_month",),
    partitioned=False,
    columns=(
        MONTH,
        Column("performances", NUMBER, "Performances the catalogue files under it."),
        Column("bookings", NUMBER, "Bookings with a line of money."),
        Column("raw_lines", NUMBER, "Lines in the bookings' JSON as the API gave it."),
        Column("lines", NUMBER, "Lines in `booking_lines`: as many, once the month is published."),
        GROSS,
        NET,
        Column("difference", MONEY, "gross - fee - fee_vat - net, added up over the lines."),
        Column("ticket_lines", NUMBER, "Lines that are sales of tickets."),
        Column("seats_booked", NUMBER, "Seats that are booked and not cancelled."),
        Column("seats_cancelled", NUMBER, "Seats that were given up."),
        Column(
            "bookings_without_seats",
            NUMBER,
            "Bookings whose tickets were not refunded in full, and that have no seat.",
        ),
        Column(
            "bookings_without_tickets", NUMBER, "Bookings with a booked seat and no ticket line."
        ),
        Column("unmatched_refunds", NUMBER, "Refund lines not all of which undo a sale."),
        Column("unmatched_gross", MONEY, "Their gross that undoes no sale: zero, or negative."),
        Column(
            "cancelled_performances_holding",
            NUMBER,
            "Cancelled performances whose gross is not zero.",
        ),
        Column("cancelled_gross_held", MONEY, "Their gross."),
    ),
)
