"""Declarations of the catalogue: events, their venues and their performances."""

from ticketsource_pipeline.datasets.declaration import Column, ColumnType, Dataset, Record
from ticketsource_pipeline.datasets.shared_columns import changed_columns, payload_column

TEXT, TIME, FLAG = ColumnType.TEXT, ColumnType.TIME, ColumnType.FLAG

EVENT = Record(
    name="event",
    endpoint="/events",
    other_fields=(
        "type",
        "links.self",
        "links.venues",
        "links.dates",
        "attributes.comment",
        "attributes.keywords",
        "attributes.terms",
        "attributes.images",
        "attributes.third_party_consent",
    ),
)
VENUE = Record(
    name="venue",
    endpoint="/events/{EventId}/venues",
    other_fields=("type", "links.self", "links.dates", "links.event"),
)
DATE = Record(
    name="date",
    endpoint="/events/{EventId}/dates",
    other_fields=("type", "links.self", "links.book_now", "links.bookings", "links.event"),
)

EVENTS = Dataset(
    name="events",
    layer="catalog",
    row="event",
    description="Every event of the account, archived and non-public ones too.",
    record=EVENT,
    key=("event_id",),
    partitioned=False,
    columns=(
        Column("event_id", TEXT, "The event's id.", "id", required=True),
        Column("name", TEXT, "The event's name.", "attributes.name", required=True),
        Column("reference", TEXT, "The organiser's own reference.", "attributes.reference"),
        Column("description", TEXT, "The text shown to the public.", "attributes.description"),
        Column("category", TEXT, "The event's category.", "attributes.category"),
        Column("genre", TEXT, "The event's genre.", "attributes.genre"),
        Column("activated", FLAG, "Whether the event is activated.", "attributes.activated"),
        Column("archived", FLAG, "Whether the event is archived.", "attributes.archived"),
        Column("public", FLAG, "Whether the event is listed publicly.", "attributes.public"),
        *changed_columns("event"),
        payload_column("event", personal=False),
    ),
)

VENUES = Dataset(
    name="venues",
    layer="catalog",
    row="venue of an event",
    description="The venues of each event; a venue used by two events has two rows.",
    record=VENUE,
    key=("venue_id", "event_id"),
    partitioned=False,
    columns=(
        Column("venue_id", TEXT, "The venue's id.", "id", required=True),
        Column("event_id", TEXT, "The event the venue was listed for."),
        Column("name", TEXT, "The venue's name.", "attributes.name", required=True),
        *(
            Column(
                f"address_line_{number}",
                TEXT,
                f"Line {number} of the venue's address.",
                f"attributes.address.line_{number}",
            )
            for number in range(1, 5)
        ),
        Column("postcode", TEXT, "The venue's postcode.", "attributes.address.postcode"),
        Column(
            "telephone",
            TEXT,
            "The box office's telephone number.",
            "attributes.boxoffice.telephone",
            accepts_integer=True,
        ),
        Column("email", TEXT, "The box office's e-mail address.", "attributes.boxoffice.email"),
        *changed_columns("venue"),
        payload_column("venue", personal=False),
    ),
)

PERFORMANCES = Dataset(
    name="performances",
    layer="catalog",
    row="performance (the API's Date)",
    description=(
        "Every performance of every event, cancelled and non-public ones too, with the month that"
        " its bookings are filed under."
    ),
    record=DATE,
    key=("date_id",),
    partitioned=False,
    columns=(
        Column("date_id", TEXT, "The performance's id.", "id", required=True),
        Column("event_id", TEXT, "The event that is performed."),
        Column("venue_id", TEXT, "The venue it is performed at.", "links.venue", link="ven"),
        Column("event_name", TEXT, "The event's name."),
        Column("venue_name", TEXT, "The venue's name."),
        Column(
            "performance_month",
            TEXT,
            "The calendar month written in `start`, `YYYY-MM`: the partition of its bookings. Where"
            " `start` can no longer be read, the month it was filed under before.",
        ),
        Column("start", TIME, "When it starts.", "attributes.start", required=True),
        Column("start_text", TEXT, "When it starts, as the API wrote it."),
        Column("doors_open", TIME, "When the doors open.", "attributes.doors_open"),
        Column("end", TIME, "When it ends.", "attributes.end"),
        Column("on_sale", FLAG, "Whether it is on sale.", "attributes.on_sale"),
        Column("on_sale_start", TIME, "When sales open.", "attributes.on_sale_start"),
        Column("on_sale_end", TIME, "When sales close.", "attributes.on_sale_end"),
        Column("public", FLAG, "Whether it is listed publicly.", "attributes.public"),
        Column("cancelled", FLAG, "Whether it is cancelled.", "attributes.cancelled"),
        *changed_columns("performance"),
        payload_column("performance", personal=False),
    ),
)
