"""Taking one person out of everything stored, and keeping that person out from then on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import CUSTOMERS
from ticketsource_pipeline.landing.privacy import settle
from ticketsource_pipeline.personal_data import Personal
from ticketsource_pipeline.store import ParquetStore
from ticketsource_pipeline.store.privacy import (
    ForgottenPerson,
    claimed_pseudonyms,
    forgotten_people,
    write_forgotten_people,
)
from ticketsource_pipeline.store.state import PRIVACY_LOCK


@dataclass(frozen=True)
class Removal:
    """What was removed of a person.

    Attributes:
        bookings: from how many bookings.
        seats: from how many seats.
        customers: how many rows of the list of customers.
        months: the months that were made anew.
        knows_customers: whether there was a list of customers to tell whose bookings are an
            address's.
    """

    bookings: int
    seats: int
    customers: int
    months: tuple[str, ...]
    knows_customers: bool

    @property
    def found(self) -> bool:
        """Whether the person was there at all."""
        return bool(self.bookings or self.seats or self.customers)


def forget(store: ParquetStore, kind: Personal, value: str) -> Removal:
    """Remove a person from every dataset and month, and keep that person out of later readings.

    What must stay for the accounts stays: booking lines, seats without names, money. The record of
    it, without personal data, is written before anything is removed: should the process be killed
    half-way, this again or the next sync finishes it.

    Args:
        store: the data directory; the caller holds no lock of it.
        kind: EMAIL to forget who has an address, the attendees and, where the list of customers is
            stored, the customers with all that they booked; CUSTOMER to forget a customer.
        value: the address, or the customer's id `cst-...`; it is not kept.

    Raises:
        StoreError: when the store cannot be read or written.
    """
    with store.lock(PRIVACY_LOCK):
        names = claimed_pseudonyms(store)
        mark = names.mark(kind, value)
        if mark is None:
            raise ValueError("nobody is named")
        people = {person.mark: person for person in forgotten_people(store)}
        known = people.get(mark) or ForgottenPerson(mark, kind, utc_now())
        people[mark] = replace(known, done=False)
        write_forgotten_people(store, list(people.values()), names.key_id)
    knows_customers = store.size(CUSTOMERS)[0] > 0
    settled = settle(store)
    # A customer who has the address is found only now.
    after = [p for p in forgotten_people(store) if p.mark == mark or p.mark not in people]
    return Removal(
        bookings=sum(person.bookings for person in after) - known.bookings,
        seats=sum(person.seats for person in after) - known.seats,
        customers=sum(person.customers for person in after) - known.customers,
        months=tuple(settled.months),
        knows_customers=knows_customers,
    )
