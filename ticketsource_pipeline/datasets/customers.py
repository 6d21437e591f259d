"""Declaration of the customers: who they are, what they agreed to and what they spent."""

from ticketsource_pipeline.datasets.declaration import Column, ColumnType, Dataset, Record
from ticketsource_pipeline.datasets.shared_columns import changed_columns, consent_columns
from ticketsource_pipeline.personal_data import Personal

TEXT, TIME = ColumnType.TEXT, ColumnType.TIME
NUMBER, MONEY = ColumnType.NUMBER, ColumnType.MONEY

CUSTOMER = Record(
    name="customer",
    endpoint="/customers",
    other_fields=(
        "type",
        "links.self",
        "links.bookings",
        "links.notes",
        # Both are said by the vendor's document to be of no use any more.
        "attributes.title",
        "attributes.phone",
    ),
)

CUSTOMERS = Dataset(
    name="customers",
    layer="customers",
    row="customer",
    description=(
        "Every customer with consents, membership, bookings and spend. Personal data; empty until"
        " somebody asks for it, for it is not part of an ordinary sync."
    ),
    record=CUSTOMER,
    key=("customer_id",),
    partitioned=False,
    columns=(
        Column(
            "customer_id",
            TEXT,
            "The customer's id.",
            "id",
            required=True,
            personal=Personal.CUSTOMER,
        ),
        *(
            Column(
                name,
                TEXT,
                description,
                f"attributes.{source}",
                accepts_integer=name == "telephone",
                personal=personal,
            )
            for name, description, source, personal in (
                ("first_name", "The customer's first name.", "first_name", Personal.NAME),
                ("last_name", "The customer's last name.", "last_name", Personal.NAME),
                ("email", "The customer's e-mail address.", "email", Personal.EMAIL),
                ("telephone", "The customer's telephone number.", "telephone", Personal.TELEPHONE),
                (
                    "address_line_1",
                    "Line 1 of the customer's address.",
                    "address.line_1",
                    Personal.WORDS,
                ),
                (
                    "address_line_2",
                    "Line 2 of the customer's address.",
                    "address.line_2",
                    Personal.WORDS,
                ),
                (
                    "address_line_3",
                    "Line 3 of the customer's address.",
                    "address.line_3",
                    Personal.WORDS,
                ),
                (
                    "address_line_4",
                    "Line 4 of the customer's address.",
                    "address.line_4",
                    Personal.WORDS,
                ),
                ("postcode", "The customer's postcode.", "address.postcode", Personal.WORDS),
                (
                    "membership_id",
                    "The number of the membership.",
                    "membership.identifier",
                    Personal.WORDS,
                ),
            )
        ),
        Column(
            "membership_start",
            TIME,
            "When the membership began.",
            "attributes.membership.start_date",
        ),
        Column(
            "membership_end", TIME, "When the membership ends.", "attributes.membership.end_date"
        ),
        *consent_columns(),
        *changed_columns("customer"),
        Column("bookings", NUMBER, "How many bookings the customer has in `bookings`."),
        Column("tickets", NUMBER, "Their seats that are booked and not cancelled."),
        Column("spend", MONEY, "Their gross, refunds taken off."),
        Column("first_booking_at", TIME, "When the first of them was made."),
        Column("last_booking_at", TIME, "When the last of them was made."),
    ),
)
