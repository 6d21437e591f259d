"""Declarations of the sales layer: what analysts read, made from the raw layer alone."""

from ticketsource_pipeline.datasets.declaration import Column, ColumnType, Dataset
from ticketsource_pipeline.datasets.raw import LINE, SEAT
from ticketsource_pipeline.datasets.shared_columns import (
    BOOKING_ID,
    DATE_ID,
    EVENT_ID,
    SEAT_ID,
    changed_columns,
)
from ticketsource_pipeline.personal_data import Personal

TEXT, MONEY, FLAG = ColumnType.TEXT, ColumnType.MONEY, ColumnType.FLAG

BOOKING_LINES = Dataset(
    name="booking_lines",
    layer="sales",
    row="line of a booking",
    description=(
        "The money: every line of every booking, sales and refunds, in pounds to the penny."
        " `net = gross - fee - fee_vat`; refunds are negative."
    ),
    record=LINE,
    key=("booking_id", "line_number"),
    partitioned=True,
    columns=(
        BOOKING_ID,
        Column(
            "line_number", ColumnType.NUMBER, "The line's place in its booking, from 1, API order."
        ),
        DATE_ID,
        EVENT_ID,
        Column("ref", TEXT, "The booking reference printed on the tickets."),
        Column(
            "line_type",
            TEXT,
            "TICKETS, DONATION or SUNDRY.",
            "line_type",
            required=True,
            known_values=("TICKETS", "DONATION", "SUNDRY"),
        ),
        Column(
            "payment_method",
            TEXT,
            "How it was paid: TS, STRIPE, CASH and others.",
            "payment_method",
            required=True,
            # The vendor lists none: those seen, and those its box office is known to take.
            known_values=("TS", "STRIPE", "CASH", "CARD", "CHEQUE", "VOUCHER", "FREE"),
        ),
        Column("is_refund", FLAG, "Whether the line is a refund.", "is_refund"),
        Column("gross", MONEY, "What the customer paid.", "amount.gross", required=True),
        Column("fee", MONEY, "The booking fee without VAT.", "amount.fee", required=True),
        Column("fee_vat", MONEY, "The VAT on the fee.", "amount.fee_vat", required=True),
        Column("net", MONEY, "What the organiser keeps.", "amount.net", required=True),
        Column(
            "discount_automatic",
            MONEY,
            "Automatic discount; already out of gross.",
            "amount.discounts.automatic",
        ),
        Column(
            "discount_code",
            TEXT,
            "The discount code used.",
            "amount.discounts.code.description",
        ),
        Column(
            "discount_code_amount",
            MONEY,
            "Discount by code; already out of gross.",
            "amount.discounts.code.amount",
        ),
        Column(
            "gift_aid",
            FLAG,
            "For a donation, whether Gift Aid may be claimed; null when it was not asked.",
            "donation.gift_aid",
        ),
        Column(
            "difference",
            MONEY,
            "gross - fee - fee_vat - net: zero unless the API's amounts disagree.",
        ),
        *changed_columns("line", below=""),
    ),
)

SEATS = Dataset(
    name="seats",
    layer="sales",
    row="seat",
    description="Every seat or place of every booking, without the names of those who sit there.",
    record=SEAT,
    key=("seat_id",),
    partitioned=True,
    columns=(
        SEAT_ID,
        BOOKING_ID,
        DATE_ID,
        EVENT_ID,
        Column("is_booked", FLAG, "Whether the seat is booked.", "attributes.is_booked"),
        Column("is_cancelled", FLAG, "Whether the seat was given up.", "attributes.is_cancelled"),
        Column(
            "row",
            TEXT,
            "The row; null when unreserved.",
            "attributes.reference.row",
            accepts_integer=True,
        ),
        Column(
            "seat",
            TEXT,
            "The seat's number or name; null when unreserved.",
            "attributes.reference.seat",
            accepts_integer=True,
        ),
        Column("price_category", TEXT, "The price category.", "attributes.price_category"),
        *changed_columns("seat"),
    ),
)

ATTENDEES = Dataset(
    name="attendees",
    layer="sales",
    row="seat with at least one attendee field filled",
    description="Who sits where: the door list. Personal data, kept apart from the rest.",
    record=SEAT,
    key=("seat_id",),
    partitioned=True,
    columns=(
        SEAT_ID,
        BOOKING_ID,
        DATE_ID,
        EVENT_ID,
        *(
            Column(
                name,
                TEXT,
                description,
                f"attributes.attendee.{source}",
                accepts_integer=name == "telephone",
                personal=kind,
            )
            for name, description, source, kind in (
                ("title", "The attendee's title.", "title", Personal.WORDS),
                ("first_name", "The attendee's first name.", "first_name", Personal.NAME),
                ("last_name", "The attendee's last name.", "last_name", Personal.NAME),
                ("company_name", "The attendee's company.", "company.name", Personal.COMPANY),
                (
                    "company_title",
                    "The attendee's position in the company.",
                    "company.title",
                    Personal.WORDS,
                ),
                ("telephone", "The attendee's telephone number.", "telephone", Personal.TELEPHONE),
                ("email", "The attendee's e-mail address.", "email", Personal.EMAIL),
            )
        ),
    ),
)
