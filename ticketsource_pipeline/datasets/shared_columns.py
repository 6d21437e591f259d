"""Columns that several datasets share, worded once."""

from ticketsource_pipeline.datasets.declaration import Column, ColumnType
from ticketsource_pipeline.personal_data import Personal


def changed_columns(thing: str, *, below: str = "attributes.") -> tuple[Column, Column]:
    """Return the columns that say when a thing was made and last changed.

    Args:
        thing: the word for the thing.
        below: where the two fields lie in the record.
    """
    return (
        Column(
            "created_at",
            ColumnType.TIME,
            f"When the {thing} was made.",
            f"{below}created_at",
            required=True,
        ),
        Column(
            "updated_at",
            ColumnType.TIME,
            f"When the {thing} was last changed; null when it never was.",
            f"{below}updated_at",
        ),
    )


def consent_columns(*, of_record: bool = True) -> tuple[Column, Column, Column]:
    """Return the columns of the ways in which a customer allows contact.

    Args:
        of_record: whether they are read from the API's record, not from another dataset of ours.
    """
    email, post, sms = (
        Column(
            f"consent_{name}",
            ColumnType.FLAG,
            f"Contact by {words} allowed.",
            f"attributes.consent.{name}" if of_record else None,
            personal=Personal.CHOICE,
        )
        for name, words in (("email", "e-mail"), ("post", "post"), ("sms", "text message"))
    )
    return email, post, sms


def third_party_column(*, of_record: bool = True) -> Column:
    """Return the column of who else may contact a customer; see `consent_columns`."""
    return Column(
        "consent_third_party",
        ColumnType.TEXT,
        "The third party the customer may be contacted by.",
        "attributes.consent.third_party" if of_record else None,
        personal=Personal.WORDS,
    )


def payload_column(thing: str, *, personal: bool) -> Column:
    """Return the column that keeps a record's whole JSON, known fields and new ones."""
    return Column(
        "payload",
        ColumnType.TEXT,
        f"The {thing}'s JSON as the API gave it, its keys sorted.",
        personal=Personal.RECORD if personal else None,
    )


def fetched_column(thing: str) -> Column:
    """Return the column that says when a record was asked for."""
    return Column("fetched_at", ColumnType.TIME, f"When the {thing} was fetched.")


BOOKING_ID = Column("booking_id", ColumnType.TEXT, "The booking's id.")
SEAT_ID = Column("seat_id", ColumnType.TEXT, "The seat's id.", "id", required=True)
DATE_ID = Column("date_id", ColumnType.TEXT, "The performance's id.")
EVENT_ID = Column("event_id", ColumnType.TEXT, "The event's id.")
