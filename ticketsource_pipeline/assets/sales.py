"""The sales layer's assets: booking lines, seats and attendees, made from the raw layer alone."""

from collections.abc import Iterator

import dagster as dg

from ticketsource_pipeline.assets.materialization import materialization
from ticketsource_pipeline.assets.specs import asset_spec
from ticketsource_pipeline.datasets import (
    ATTENDEES,
    BOOKING_LINES,
    PERFORMANCES,
    RAW_BOOKINGS,
    RAW_SEATS,
    SEATS,
)
from ticketsource_pipeline.frames.sales import CODE_VERSION
from ticketsource_pipeline.landing.sales import SALES, publish_month
from ticketsource_pipeline.refresh.openness import performances_of
from ticketsource_pipeline.resources import ParquetStoreResource


def sales_assets(partitions: dg.MonthlyPartitionsDefinition, account: str) -> dg.AssetsDefinition:
    """Return the assets of the sales layer, materialized by one step a month.

    They are one step so that a month's lines, seats and attendees are of the same reading.

    Args:
        partitions: the months.
        account: whose data they are, shown with each.
    """
    sources = {
        BOOKING_LINES.name: [RAW_BOOKINGS],
        SEATS.name: [RAW_SEATS, PERFORMANCES],
        ATTENDEES.name: [RAW_SEATS, PERFORMANCES],
    }

    @dg.multi_asset(
        name="sales",
        specs=[
            asset_spec(
                dataset,
                deps=sources[dataset.name],
                account=account,
                partitions=partitions,
                code_version=CODE_VERSION,
            )
            for dataset in SALES
        ],
        description="Makes a month's lines, seats and attendees from its raw data.",
    )
    def sales(
        context: dg.AssetExecutionContext, store: ParquetStoreResource
    ) -> Iterator[dg.MaterializeResult]:
        parquet = store.open()
        catalog = performances_of(parquet.read(PERFORMANCES))
        published = publish_month(parquet, context.partition_key, catalog)
        for dataset in SALES:
            yield materialization(
                dataset,
                published.frames[dataset.name],
                published.written[dataset.name],
                more={"requests": 0},
            )

    return sales
