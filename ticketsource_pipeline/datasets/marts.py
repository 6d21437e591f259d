"""Declarations of the marts for the box office: bookings, performances and days of sale."""

from ticketsource_pipeline.datasets.declaration import DERIVED, Column, ColumnType, Dataset
from ticketsource_pipeline.datasets.mart_columns import (
    FEE,
    FEE_VAT,
    GROSS,
    MONTH,
    NET,
    REFUNDED_GROSS,
    REFUNDED_NET,
    SEATS_BOOKED,
    SEATS_CANCELLED,
)
from ticketsource_pipeline.datasets.shared_columns import (
    BOOKING_ID,
    DATE_ID,
    EVENT_ID,
    consent_columns,
    third_party_column,
)
from ticketsource_pipeline.personal_data import Personal

TEXT, MONEY, TIME, FLAG = ColumnType.TEXT, ColumnType.MONEY, ColumnType.TIME, ColumnType.FLAG
NUMBER, DAY = ColumnType.NUMBER, ColumnType.DAY

BOOKINGS = Dataset(
    name="bookings",
    layer="marts",
    row="booking",
    description=(
        "Every booking with what it comes to, what was given back of it, and how it stands. The"
        " status is `refunded` when its refunds left nothing of its gross, else `cancelled` when it"
        " has seats and none is booked any more, else `partly refunded` when it has a refund, else"
        " `live`."
    ),
    record=DERIVED,
    key=("booking_id",),
    partitioned=False,
    columns=(
        BOOKING_ID,
        Column("ref", TEXT, "The booking reference printed on the tickets."),
        DATE_ID,
        EVENT_ID,
        MONTH,
        Column("customer_id", TEXT, "The customer who booked.", personal=Personal.CUSTOMER),
        Column("tickets", NUMBER, "Its seats that are booked and not cancelled."),
        GROSS,
        Column("fees", MONEY, "The booking fees with their VAT, refunds taken off."),
        NET,
        REFUNDED_GROSS,
        Column("donation", MONEY, "The part of `gross` that is donations."),
        Column(
            "gift_aid_donation", MONEY, "The part of `donation` that Gift Aid may be claimed on."
        ),
        Column(
            "first_change_at",
            TIME,
            "When it was made: the earliest time it or one of its lines was made.",
        ),
        Column(
            "last_change_at",
            TIME,
            "The latest time it or one of its lines was made or changed.",
        ),
        third_party_column(of_record=False),
        *consent_columns(of_record=False),
        Column("status", TEXT, "live, partly refunded, refunded or cancelled."),
    ),
)

PERFORMANCE_SALES = Dataset(
    name="performance_sales",
    layer="marts",
    row="performance, also one without a sale",
    description="What each performance sold, took and gave back, and from when to when it sold.",
    record=DERIVED,
    key=("date_id",),
    partitioned=False,
    columns=(
        DATE_ID,
        EVENT_ID,
        Column("event_name", TEXT, "The event's name."),
        Column("venue_name", TEXT, "The venue's name."),
        MONTH,
        Column("start", TIME, "When it starts."),
        Column("cancelled", FLAG, "Whether it is cancelled."),
        Column("bookings", NUMBER, "Bookings that have a line of money."),
        SEATS_BOOKED,
        SEATS_CANCELLED,
        GROSS,
        FEE,
        FEE_VAT,
        NET,
        REFUNDED_GROSS,
        REFUNDED_NET,
        Column("ticket_gross", MONEY, "The part of `gross` that is tickets."),
        Column("donations", MONEY, "The part of `gross` that is donations."),
        Column(
            "average_ticket",
            MONEY,
            "`ticket_gross` by booked seat, half a penny rounded up; null without a booked seat.",
        ),
        Column("first_sale_at", TIME, "When its first sale was made; refunds are none."),
        Column("last_sale_at", TIME, "When its last sale was made; refunds are none."),
        Column(
            "days_on_sale",
            NUMBER,
            "Days from the first sale to the last in London's calendar, both counted; null without"
            " a sale.",
        ),
    ),
)

PERFORMANCE_CATEGORIES = Dataset(
    name="performance_categories",
    layer="marts",
    row="price category of a performance",
    description="The seats of each performance by price category.",
    record=DERIVED,
    key=("date_id", "price_category"),
    partitioned=False,
    columns=(
        DATE_ID,
        EVENT_ID,
        MONTH,
        Column("price_category", TEXT, "The price category; null where the API gives none."),
        SEATS_BOOKED,
        SEATS_CANCELLED,
    ),
)

DAILY_SALES = Dataset(
    name="daily_sales",
    layer="marts",
    row="day on which an event sold or refunded",
    description=(
        "Sales by day and event. The day is London's calendar day of the line's `created_at` (of"
        " the seat's for tickets); a refund counts on the day it was made."
    ),
    record=DERIVED,
    key=("event_id", "sale_day"),
    partitioned=False,
    columns=(
        EVENT_ID,
        Column("event_name", TEXT, "The event's name."),
        Column("sale_day", DAY, "London's calendar day; null for lines whose time is unreadable."),
        Column("tickets", NUMBER, "Seats sold that day that are still booked."),
        Column("tickets_cancelled", NUMBER, "Seats sold that day and given up since."),
        GROSS,
        NET,
        REFUNDED_GROSS,
        REFUNDED_NET,
        Column("cumulative_tickets", NUMBER, "The event's `tickets` up to and with this day."),
        Column("cumulative_gross", MONEY, "The event's `gross` up to and with this day."),
        Column("cumulative_net", MONEY, "The event's `net` up to and with this day."),
    ),
)
