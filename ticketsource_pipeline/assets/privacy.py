"""What a step does before it stores anything: the data as it stands is brought to the mode."""

import dagster as dg

from ticketsource_pipeline.datasets import RAW_BOOKINGS, RAW_SEATS
from ticketsource_pipeline.landing.clearing import clear_replaced_rows
from ticketsource_pipeline.landing.privacy import settle
from ticketsource_pipeline.landing.sales import SALES
from ticketsource_pipeline.resources import TicketSourceResource
from ticketsource_pipeline.store import ParquetStore


def settle_privacy(
    context: dg.AssetExecutionContext, store: ParquetStore, ticketsource: TicketSourceResource
) -> None:
    """Bring what is stored to the mode of personal data, and tell Dagster of each month changed.

    Nothing is asked of the API, and in a run of an unchanged mode nothing is done.
    """
    mode = ticketsource.attendee_mode
    for month in settle(store, mode).months:
        context.log.info(f"{month} was made anew: TICKETSOURCE_ATTENDEES is {mode}.")
        _tell(context, month)


def clear_replaced(
    context: dg.AssetExecutionContext, store: ParquetStore, ticketsource: TicketSourceResource
) -> None:
    """Blank what files of persons keep of replaced rows, and tell Dagster of each month written."""
    for month in clear_replaced_rows(store, ticketsource.attendee_mode):
        context.log.info(f"{month}: rows that were replaced are gone from its files altogether.")
        _tell(context, month)


def _tell(context: dg.AssetExecutionContext, month: str) -> None:
    for dataset in (RAW_BOOKINGS, RAW_SEATS, *SALES):
        context.log_event(dg.AssetMaterialization(dataset.name, partition=month))
