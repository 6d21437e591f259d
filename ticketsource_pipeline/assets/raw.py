"""The raw layer's assets: bookings and their seats, fetched performance by performance."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from ticketsource_pipeline.api import Meter
from ticketsource_pipeline.assets.materialization import materialization, request_metadata
from ticketsource_pipeline.assets.privacy import settle_privacy
from ticketsource_pipeline.assets.specs import API_POOL, asset_spec
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import EVENTS, PERFORMANCES, RAW_BOOKINGS, RAW_SEATS
from ticketsource_pipeline.landing.month import MonthLanding, land_month
from ticketsource_pipeline.landing.sales import SALES
from ticketsource_pipeline.refresh.openness import performances_of
from ticketsource_pipeline.resources import ParquetStoreResource, TicketSourceResource
from ticketsource_pipeline.store import ParquetStore
from ticketsource_pipeline.store.account import bind_account


class RefreshConfig(dg.Config):
    """How a month is read: by default all its performances, reusing the seats that may be."""

    full: bool = Field(
        default=False, description="Read everything again, reusing no seats that are stored."
    )
    open_only: bool = Field(
        default=False,
        description="Leave performances alone that are closed and were read whole.",
    )


def raw_assets(partitions: dg.MonthlyPartitionsDefinition, account: str) -> dg.AssetsDefinition:
    """Return the assets of the raw layer, materialized by one step a month.

    They are one step because a performance is read whole or not at all: its bookings, and the
    seats of each booking.

    Args:
        partitions: the months.
        account: whose data they are, shown with each.
    """

    @dg.multi_asset(
        name="raw",
        specs=[
            asset_spec(RAW_BOOKINGS, deps=[PERFORMANCES], account=account, partitions=partitions),
            asset_spec(RAW_SEATS, deps=[RAW_BOOKINGS], account=account, partitions=partitions),
        ],
        pool=API_POOL,
        description="Reads a month's bookings and their seats, each performance as it is whole.",
    )
    def raw(
        context: dg.AssetExecutionContext,
        config: RefreshConfig,
        ticketsource: TicketSourceResource,
        store: ParquetStoreResource,
    ) -> Iterator[dg.MaterializeResult]:
        month = context.partition_key
        parquet = store.open()
        _refuse_another_account(parquet, ticketsource)
        settle_privacy(context, parquet, ticketsource)
        meter = Meter()
        with ticketsource.client(parquet, meter) as client:
            landing = land_month(
                client,
                parquet,
                month,
                catalog=performances_of(parquet.read(PERFORMANCES)),
                months=partitions.get_partition_keys(current_time=utc_now()),
                rules=ticketsource.rules(
                    since=_began(context), full=config.full, open_only=config.open_only
                ),
                say=context.log.info,
            )
        for move in landing.moved:
            context.log.info(
                f"{move.date_id} moved from {move.from_month} to {move.to_month or 'nowhere'}."
            )
        for name in landing.republished:
            context.log.info(f"{name} was made anew without the performances that left it.")
            for dataset in SALES:
                context.log_event(dg.AssetMaterialization(dataset.name, partition=name))
        more = {**request_metadata(meter.snapshot()), **_counts(landing)}
        pages = {RAW_BOOKINGS.name: landing.booking_pages, RAW_SEATS.name: landing.seat_pages}
        for dataset in (RAW_BOOKINGS, RAW_SEATS):
            yield materialization(
                dataset,
                parquet.read(dataset, [month], dataset.key),
                more={"requests": pages[dataset.name], **more},
            )

    return raw


def _began(context: dg.AssetExecutionContext) -> datetime:
    """When this run began, or the run that it retries: what was read since then is good."""
    record = context.instance.get_run_record_by_id(context.run.root_run_id or context.run.run_id)
    return record.create_timestamp.astimezone(UTC) if record else utc_now()


def _refuse_another_account(parquet: ParquetStore, ticketsource: TicketSourceResource) -> None:
    bind_account(
        parquet,
        api_root=ticketsource.account,
        api_key=ticketsource.api_key,
        listed_events=None,
        stored_events=parquet.read(EVENTS, columns=["event_id"])["event_id"].tolist(),
    )


def _counts(landing: MonthLanding) -> dict[str, int]:
    return {
        "performances_read": landing.performances_read,
        "performances_kept": landing.performances_kept,
        "performances_moved": len(landing.moved),
        "seats_asked": landing.seats_asked,
        "reused_bookings": landing.seats_reused,
        "files_changed": landing.files_changed,
    }
