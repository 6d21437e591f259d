"""The marts' assets: what is made of the whole store at once, by one step."""

from collections.abc import Iterator

import dagster as dg

from ticketsource_pipeline.assets.materialization import materialization
from ticketsource_pipeline.assets.specs import asset_spec
from ticketsource_pipeline.datasets import (
    BOOKING_LINES,
    BOOKINGS,
    CUSTOMERS,
    DAILY_SALES,
    GIFT_AID_CLAIMS,
    MARTS,
    PERFORMANCE_CATEGORIES,
    PERFORMANCE_SALES,
    PERFORMANCES,
    RAW_BOOKINGS,
    RECONCILIATION,
    RECONCILIATION_MONTHS,
    REFUND_PAIRS,
    SEATS,
)
from ticketsource_pipeline.frames.marts.all_marts import CODE_VERSION
from ticketsource_pipeline.landing.marts import make_marts
from ticketsource_pipeline.resources import ParquetStoreResource
from ticketsource_pipeline.sql.database import keep_database
from ticketsource_pipeline.store import StoreError

_SOURCES = {
    BOOKINGS.name: [BOOKING_LINES, SEATS, RAW_BOOKINGS],
    PERFORMANCE_SALES.name: [PERFORMANCES, BOOKING_LINES, SEATS],
    PERFORMANCE_CATEGORIES.name: [SEATS],
    DAILY_SALES.name: [BOOKING_LINES, SEATS, PERFORMANCES],
    REFUND_PAIRS.name: [BOOKING_LINES],
    GIFT_AID_CLAIMS.name: [BOOKING_LINES, REFUND_PAIRS],
    RECONCILIATION.name: [BOOKING_LINES],
    RECONCILIATION_MONTHS.name: [
        BOOKING_LINES,
        SEATS,
        RAW_BOOKINGS,
        REFUND_PAIRS,
        PERFORMANCE_SALES,
    ],
}


def marts_assets(account: str) -> dg.AssetsDefinition:
    """Return the assets of the marts, materialized by one step.

    They are one step so that all are of the same reading of the store, whatever is published
    meanwhile. The step also counts anew what the stored customers booked.

    Args:
        account: whose data they are, shown with each.
    """

    @dg.multi_asset(
        name="marts",
        specs=[
            asset_spec(
                dataset, deps=_SOURCES[dataset.name], account=account, code_version=CODE_VERSION
            )
            for dataset in MARTS
        ],
        description="Makes all marts of the stored lines, seats, bookings and performances.",
    )
    def marts(
        context: dg.AssetExecutionContext, store: ParquetStoreResource
    ) -> Iterator[dg.MaterializeResult]:
        parquet = store.open()
        landing = make_marts(parquet)
        if landing.customers.changed:
            context.log.info("What the stored customers booked was counted anew.")
            context.log_event(dg.AssetMaterialization(CUSTOMERS.name))
        try:
            keep_database(parquet)
        except StoreError as error:
            # The marts are as they should be: only a convenience is missing.
            context.log.warning(str(error))
        for dataset in MARTS:
            yield materialization(
                dataset,
                landing.frames[dataset.name],
                landing.written[dataset.name],
                more={"requests": 0},
            )

    return marts
