"""The marts' assets: what is made of the whole store at once, by one step."""

from collections.abc import Iterator

import dagster as dg

from ticketsource_pipeline.assets.mart_lineage import made_from
from ticketsource_pipeline.assets.materialization import materialization
from ticketsource_pipeline.assets.specs import asset_spec
from ticketsource_pipeline.datasets import CUSTOMERS, MARTS
from ticketsource_pipeline.frames.marts.all_marts import CODE_VERSION
from ticketsource_pipeline.landing.marts import make_marts
from ticketsource_pipeline.resources import ParquetStoreResource
from ticketsource_pipeline.sql.database import keep_database
from ticketsource_pipeline.store import StoreError


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
            asset_spec(dataset, deps=made_from(dataset), account=account, code_version=CODE_VERSION)
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
