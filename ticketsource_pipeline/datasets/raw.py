"""Declarations of the raw layer: bookings and seats as the API gave them, one row per object."""

from ticketsource_pipeline.datasets.declaration import Column, ColumnType, Dataset, Record
from ticketsource_pipeline.datasets.shared_columns import (
    BOOKING_ID,
    DATE_ID,
    EVENT_ID,
    SEAT_ID,
    changed_columns,
    consent_columns,
    fetched_column,
    payload_column,
    third_party_column,
)
from ticketsource_pipeline.personal_data import Personal

TEXT = ColumnType.TEXT

LINE = Record(name="line", endpoint="/dates/{DateId}/bookings")
BOOKING = Record(
    name="booking",
    endpoint="/dates/{DateId}/bookings",
    other_fields=("type", "links.self", "links.seats", "links.date"),
    parts={"attributes.lines": LINE},
    never_absent=("attributes.lines",),
    known_values=(("type", ("booking",)),),
)
SEAT = Record(
    name="seat",
    endpoint="/bookings/{BookingId}/seats",
    other_fields=("type", "links.self", "links.booking"),
    known_values=(("type", ("seat",)),),
)

RAW_BOOKINGS = Dataset(
    name="raw_bookings",
    layer="raw",
    row="booking",
    description=(
        "Every booking of the month's performances as the API gave it. One file per performance."
    ),
    record=BOOKING,
    key=("booking_id",),
    partitioned=True,
    columns=(
        Column("booking_id", TEXT, "The booking's id.", "id", required=True),
        DATE_ID,
        EVENT_ID,
        Column(
            "customer_id",
            TEXT,
            "The customer who booked.",
            "links.customer",
            link="cst",
            personal=Personal.CUSTOMER,
        ),
        Column(
            "ref",
            TEXT,
            "The booking reference printed on the tickets.",
            "attributes.ref",
            required=True,
        ),
        third_party_column(),
        *consent_columns(),
        Column(
            "user_booked_by",
            TEXT,
            "The member of staff who took the booking.",
            "attributes.user_booked_by",
            personal=Personal.NAME,
        ),
        *changed_columns("booking"),
        payload_column("booking", personal=True),
        fetched_column("booking, in this form, first"),
    ),
)

RAW_SEATS = Dataset(
    name="raw_seats",
    layer="raw",
    row="seat",
    description=(
        "Every seat of every booking of the month's performances as the API gave it. One file per"
        " performance."
    ),
    record=SEAT,
    key=("seat_id",),
    partitioned=True,
    columns=(
        SEAT_ID,
        BOOKING_ID,
        DATE_ID,
        payload_column("seat", personal=True),
        fetched_column("seat last"),
    ),
)
