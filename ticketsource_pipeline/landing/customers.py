"""The customers' way from the API to the store: asked for only where somebody wants them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pandas as pd

from ticketsource_pipeline.api import (
    ApiError,
    Forbidden,
    ListReading,
    NotFound,
    TicketSourceClient,
    believed,
)
from ticketsource_pipeline.datasets import BOOKINGS, CUSTOMERS
from ticketsource_pipeline.frames.customers import (
    customers_frame,
    redacted_customers,
    with_bookings,
)
from ticketsource_pipeline.landing.marts import store_customers
from ticketsource_pipeline.landing.privacy import note_tied_customers, privacy_rules, settle
from ticketsource_pipeline.personal_data import AttendeeMode
from ticketsource_pipeline.store import DamagedFile, ParquetStore, Written
from ticketsource_pipeline.store.state import MARTS_LOCK, PRIVACY_LOCK


@dataclass(frozen=True)
class CustomersLanding:
    """What came of reading the customers.

    Attributes:
        frame: the customers, with what they booked.
        written: what the write did.
        pages: pages read.
        unreadable_fields: how many fields could not be read and are null.
        new_fields: the fields that nobody has declared.
    """

    frame: pd.DataFrame
    written: Written
    pages: int
    unreadable_fields: int
    new_fields: tuple[str, ...]


class CustomersNotListed(ApiError):
    """The API does not list customers to this key; nothing else is concerned."""


def lists_customers(store: ParquetStore) -> bool:
    """Return whether a list of customers is stored that has rows; a damaged one lists nobody."""
    try:
        return store.size(CUSTOMERS)[0] > 0
    except DamagedFile:
        return False


def land_customers(
    client: TicketSourceClient, store: ParquetStore, mode: AttendeeMode
) -> CustomersLanding:
    """Read the list of customers and put it in the store with what each booked and spent.

    Customers who have an address that is to be forgotten are forgotten with all that they booked.

    Args:
        client: the API; it is asked for the pages of one list.
        store: the data directory, settled to the mode.
        mode: how much is stored of anybody. Where that is nothing, nothing is asked for and the
            dataset is emptied; where data is pseudonymous, tokens stand for who they are.

    Raises:
        CustomersNotListed: when the API answers 403 or 404; what is stored stays.
        ApiError: when the list cannot be read whole; what is stored stays.
        StoreError: when the store cannot be written, or was brought to another mode meanwhile.
    """
    rows, pages = [], 0
    if mode is not AttendeeMode.OFF:
        listing = believed(partial(_listed, client), had_rows=lists_customers(store))
        rows, pages = listing.rows, len(listing.ledger)
    read, report = customers_frame(rows)
    stored = None
    while stored is None:
        stored = _stored(store, read, mode)
        if stored is None:
            settle(store)
    return CustomersLanding(
        frame=stored[0],
        written=stored[1],
        pages=pages,
        unreadable_fields=len(report.problems),
        new_fields=tuple(sorted(report.unknown_fields)),
    )


def _stored(
    store: ParquetStore, read: pd.DataFrame, mode: AttendeeMode
) -> tuple[pd.DataFrame, Written] | None:
    """Put customers in the store; none when some have to be forgotten with their bookings first."""
    # Nobody is forgotten between the look at who is, and the list being in its place.
    with store.lock(PRIVACY_LOCK):
        if note_tied_customers(store, read, mode):
            return None
        with store.lock(MARTS_LOCK):
            customers, _ = redacted_customers(read, privacy_rules(store, mode).redaction)
            customers = with_bookings(customers, store.read(BOOKINGS))
            return customers, store_customers(store, customers)


def _listed(client: TicketSourceClient) -> ListReading:
    try:
        return client.customers()
    except (Forbidden, NotFound) as error:
        status = 403 if isinstance(error, Forbidden) else 404
        raise CustomersNotListed(
            f"GET /customers answered {status}: the API does not list customers to this key"
            " (TICKETSOURCE_API_KEY). The customers stored before stay, and all other data is as"
            " good as without this.",
            error.path,
        ) from error
