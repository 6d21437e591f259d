"""Files of persons rid of the bytes of rows they replaced, where nothing else writes them anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import (
    ATTENDEES,
    BOOKINGS,
    CUSTOMERS,
    PERFORMANCES,
    RAW_BOOKINGS,
    RAW_SEATS,
)
from ticketsource_pipeline.landing.marts import make_locked_marts
from ticketsource_pipeline.landing.privacy import settle_month
from ticketsource_pipeline.personal_data import AttendeeMode
from ticketsource_pipeline.refresh.openness import performances_of
from ticketsource_pipeline.store import ParquetStore
from ticketsource_pipeline.store.state import MARTS_LOCK, lock_of
from ticketsource_pipeline.store.store import QUERY_TAKES

_LOOKED_AT_AGAIN = timedelta(days=1)


def clear_replaced_rows(store: ParquetStore, mode: AttendeeMode) -> list[str]:
    """Blank what files of persons keep of rows they replaced a while ago; nothing is asked for.

    Only files written since they were last looked at are looked at. The rows are the same
    afterwards, and so is what was made of them.

    Args:
        store: the data directory, settled to the mode; the caller holds no lock of it.
        mode: how much may be stored of anybody.

    Returns:
        The months in which files were written.

    Raises:
        StoreError: when the store cannot be read or written.
    """
    if not store.layout.local:
        # A file there keeps nothing.
        return []
    now = utc_now()
    noted = store.cleared_until()
    # A moment later than now was noted under a wrong clock, nobody knows when.
    since = noted if noted is not None and noted <= now else datetime.min.replace(tzinfo=UTC)
    months = {
        str(month)
        for dataset in (RAW_BOOKINGS, RAW_SEATS, ATTENDEES)
        for month, name in store.written_since(dataset, since)
        if store.is_to_be_cleared(dataset, month, name)
    }
    catalog = performances_of(store.read(PERFORMANCES)) if months else []
    for month in sorted(months):
        with store.lock(lock_of(month)):
            settle_month(store, month, mode, catalog)
    if any(store.is_to_be_cleared(dataset, None) for dataset in (BOOKINGS, CUSTOMERS)):
        with store.lock(MARTS_LOCK):
            make_locked_marts(store)
    if months or now - since > _LOOKED_AT_AGAIN:
        store.write_cleared_until(now - QUERY_TAKES)
    return sorted(months)
