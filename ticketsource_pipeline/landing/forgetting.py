"""Taking one person out of everything stored, and keeping that person out from then on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.landing.customers import lists_customers
from ticketsource_pipeline.landing.privacy import settle
from ticketsource_pipeline.personal_data import AttendeeMode, Personal
from ticketsource_pipeline.store import ParquetStore
from ticketsource_pipeline.store.privacy import (
    ForgottenPerson,
    claimed_pseudonyms,
    forgotten_people,
    privacy_state,
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
        goes_on: whether an earlier removal was interrupted, whose rows nobody counted.
        may_leave_bookings: whether bookings made with an address may be left, as there was no list
            of customers to tell which they are.
    """

    bookings: int
    seats: int
    customers: int
    months: tuple[str, ...]
    goes_on: bool
    may_leave_bookings: bool

    @property
    def found(self) -> bool:
        """Whether the person was there at all."""
        return bool(self.bookings or self.seats or self.customers or self.goes_on)


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
        before = {person.mark: person for person in forgotten_people(store)}
        known = before.get(mark) or ForgottenPerson(mark, kind, utc_now())
        people = {**before, mark: replace(known, done=False)}
        write_forgotten_people(store, list(people.values()), names.key_id)
    # Where nothing is kept of persons, no booking names its customer.
    may_leave_bookings = (
        kind is Personal.EMAIL
        and privacy_state(store).attendees is not AttendeeMode.OFF
        and not lists_customers(store)
    )
    settled = settle(store)
    # The customers who have the address are among them, also those whom a killed process noted.
    counts = settled.counts
    return Removal(
        bookings=counts.bookings.total(),
        seats=counts.seats.total(),
        customers=counts.customers.total(),
        months=tuple(settled.months),
        goes_on=mark in before and not before[mark].done,
        may_leave_bookings=may_leave_bookings,
    )
