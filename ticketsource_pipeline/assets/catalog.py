"""The catalogue's assets: events, venues and performances, read and written together."""

from collections.abc import Iterator

import dagster as dg

from ticketsource_pipeline.api import Meter
from ticketsource_pipeline.assets.materialization import materialization, request_metadata
from ticketsource_pipeline.assets.privacy import clear_replaced, settle_privacy
from ticketsource_pipeline.assets.specs import API_POOL, asset_spec
from ticketsource_pipeline.datasets import EVENTS, PERFORMANCES, VENUES
from ticketsource_pipeline.landing.catalog import CATALOG, land_catalog
from ticketsource_pipeline.resources import ParquetStoreResource, TicketSourceResource
from ticketsource_pipeline.store.account import bind_account


def catalog_assets(account: str) -> dg.AssetsDefinition:
    """Return the assets of the catalogue, materialized by one step.

    Args:
        account: whose data they are, shown with each.
    """

    @dg.multi_asset(
        name="catalog",
        specs=[
            asset_spec(EVENTS, deps=[], account=account),
            asset_spec(VENUES, deps=[EVENTS], account=account),
            asset_spec(PERFORMANCES, deps=[EVENTS, VENUES], account=account),
        ],
        pool=API_POOL,
        description="Reads every event with its venues and dates.",
    )
    def catalog(
        context: dg.AssetExecutionContext,
        ticketsource: TicketSourceResource,
        store: ParquetStoreResource,
    ) -> Iterator[dg.MaterializeResult]:
        parquet = store.open()
        settle_privacy(context, parquet, ticketsource)
        meter = Meter()
        with ticketsource.client(parquet, meter) as client:
            stored_events = parquet.read(EVENTS, columns=["event_id"])["event_id"].tolist()

            def claim(listed: list[str] | None) -> None:
                bind_account(
                    parquet,
                    api_root=ticketsource.account,
                    api_key=ticketsource.api_key,
                    listed_events=listed,
                    stored_events=stored_events,
                )

            claim(None)
            landing = land_catalog(client, parquet, claim)
        clear_replaced(context, parquet, ticketsource)
        requests = request_metadata(meter.snapshot())
        context.log.info(f"Catalogue read with {requests['step_requests']} requests.")
        for dataset in CATALOG:
            yield materialization(
                dataset,
                landing.frames[dataset.name],
                landing.written[dataset.name],
                more={"requests": landing.pages.get(dataset.name, 0), **requests},
            )

    return catalog
