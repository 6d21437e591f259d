"""How much personal data is kept, and what kinds of it there are; what is done to it lies above."""

from __future__ import annotations

from enum import StrEnum


class AttendeeMode(StrEnum):
    """What is stored of the people in bookings and seats, `TICKETSOURCE_ATTENDEES`.

    OFF: nothing that names or reaches anybody. PSEUDONYMOUS: keyed tokens, the same for the same
    person. FULL: all that the API gives.
    """

    OFF = "off"
    PSEUDONYMOUS = "pseudonymous"
    FULL = "full"

    def is_stricter_than(self, other: AttendeeMode) -> bool:
        """Return whether this mode keeps less than another."""
        modes = list(AttendeeMode)
        return modes.index(self) < modes.index(other)


class Personal(StrEnum):
    """What a value says of a person, and so what becomes of it where persons are not to be named.

    NAME, COMPANY, EMAIL and TELEPHONE identify somebody: a token stands for them where data is
    pseudonymous. CUSTOMER is the API's own pseudonym (`cst-...`), which only the account can
    resolve: it stays where data is pseudonymous. WORDS are free text or say little: they go. CHOICE
    is a yes or no somebody gave, which names nobody: it stays until the person is forgotten. RECORD
    is a whole JSON object of ours, made from the others.
    """

    NAME = "name"
    COMPANY = "company"
    EMAIL = "email"
    TELEPHONE = "telephone"
    CUSTOMER = "customer"
    WORDS = "words"
    CHOICE = "choice"
    RECORD = "record"
