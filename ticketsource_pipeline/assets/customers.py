"""The customers' asset: read from the API only when somebody asks for it."""

import dagster as dg

from ticketsource_pipeline.api import Meter
from ticketsource_pipeline.assets.materialization import materialization, request_metadata
from ticketsource_pipeline.assets.privacy import settle_privacy
from ticketsource_pipeline.assets.specs import API_POOL, asset_spec
from ticketsource_pipeline.datasets import BOOKINGS, CUSTOMERS, EVENTS
from ticketsource_pipeline.landing.customers import land_customers
from ticketsource_pipeline.resources import ParquetStoreResource, TicketSourceResource
from ticketsource_pipeline.store.account import bind_account


def customers_assets(account: str) -> dg.AssetsDefinition:
    """Return the asset of the customers.

    It costs the pages of one list: a little more than a request for each hundred customers. No
    ordinary sync and no schedule that is on by default reads it.

    Args:
        account: whose data it is, shown with it.
    """

    @dg.multi_asset(
        name="customer_list",
        specs=[asset_spec(CUSTOMERS, deps=[BOOKINGS], account=account)],
        pool=API_POOL,
        description="Reads the list of customers, and joins what each booked and spent.",
    )
    def customer_list(
        context: dg.AssetExecutionContext,
        ticketsource: TicketSourceResource,
        store: ParquetStoreResource,
    ) -> dg.MaterializeResult:
        parquet = store.open()
        bind_account(
            parquet,
            api_root=ticketsource.account,
            api_key=ticketsource.api_key,
            listed_events=None,
            stored_events=parquet.read(EVENTS, columns=["event_id"])["event_id"].tolist(),
        )
        settle_privacy(context, parquet, ticketsource)
        meter = Meter()
        with ticketsource.client(parquet, meter) as client:
            landing = land_customers(client, parquet, ticketsource.attendee_mode)
        if landing.new_fields:
            context.log.warning(f"Fields nobody has declared: {', '.join(landing.new_fields)}.")
        return materialization(
            CUSTOMERS,
            landing.frame,
            landing.written,
            more={
                "requests": landing.pages,
                **request_metadata(meter.snapshot()),
                "unreadable_fields": landing.unreadable_fields,
            },
        )

    return customer_list
