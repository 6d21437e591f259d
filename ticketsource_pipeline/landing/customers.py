"""The customers' way from the API to the store: asked for only where somebody wants them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from ticketsource_pipeline.api import ApiError, Forbidden, NotFound, TicketSourceClient
from ticketsource_pipeline.datasets import BOOKINGS, CUSTOMERS
from ticketsource_pipeline.frames.customers import customers_frame, with_bookings
from ticketsource_pipeline.frames.extract import typed_frame
from ticketsource_pipeline.store import ParquetStore, Written

_LOCK = "customers"


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


def land_customers(
    client: TicketSourceClient, store: ParquetStore, *, may_be_stored: bool
) -> CustomersLanding:
    """Read the list of customers and put it in the store with what each booked and spent.

    Args:
        client: the API; it is asked for the pages of one list.
        store: the data directory.
        may_be_stored: whether personal data may be kept; when not, nothing is asked for and the
            dataset is emptied.

    Raises:
        CustomersNotListed: when the API answers 403 or 404; what is stored stays.
        ApiError: when the list cannot be read whole; what is stored stays.
        StoreError: when the store cannot be written.
    """
    if not may_be_stored:
        empty = typed_frame(CUSTOMERS, [])
        return CustomersLanding(empty, _write(store, lambda: empty), 0, 0, ())
    try:
        listing = client.customers()
    except (Forbidden, NotFound) as error:
        status = 403 if isinstance(error, Forbidden) else 404
        raise CustomersNotListed(
            f"GET /customers answered {status}: the API does not list customers to this key"
            " (TICKETSOURCE_API_KEY). The customers stored before stay, and all other data is as"
            " good as without this.",
            error.path,
        ) from error
    customers, report = customers_frame(listing.rows)
    customers = with_bookings(customers, store.read(BOOKINGS))
    return CustomersLanding(
        frame=customers,
        written=_write(store, lambda: customers),
        pages=len(listing.ledger),
        unreadable_fields=len(report.problems),
        new_fields=tuple(sorted(report.unknown_fields)),
    )


def refresh_customers(store: ParquetStore, bookings: pd.DataFrame) -> Written:
    """Count anew what the stored customers booked; the API is not asked.

    Args:
        store: the data directory.
        bookings: the mart of bookings.

    Raises:
        StoreError: when the file cannot be read or written.
    """
    return _write(store, lambda: with_bookings(store.read(CUSTOMERS), bookings))


def _write(store: ParquetStore, frame: Callable[[], pd.DataFrame]) -> Written:
    with store.lock(_LOCK):
        store.sweep(CUSTOMERS, None)
        return store.write(CUSTOMERS, frame())
