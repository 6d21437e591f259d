"""The jobs: the catalogue, a month, the marts, the customers, and checks over the whole store."""

from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from ticketsource_pipeline.assets.report import SALES_REPORT
from ticketsource_pipeline.datasets import CUSTOMERS, MARTS, RAW_BOOKINGS, RAW_SEATS
from ticketsource_pipeline.landing.catalog import CATALOG
from ticketsource_pipeline.landing.sales import SALES

CATALOG_JOB = "refresh_catalog"
MONTH_JOB = "refresh_month"
STORE_CHECKS_JOB = "check_store"
MARTS_JOB = "refresh_marts"
CUSTOMERS_JOB = "refresh_customers"

_OVER_ALL_MONTHS = dg.AssetSelection.checks(
    *(
        dg.AssetCheckKey(dg.AssetKey(dataset.name), "key_is_unique_over_all_months")
        for dataset in (RAW_BOOKINGS, RAW_SEATS)
    )
)

_JOBS = [
    dg.define_asset_job(
        CATALOG_JOB,
        selection=dg.AssetSelection.assets(*(dataset.name for dataset in CATALOG)),
        description="Reads the events, venues and performances of the account.",
        executor_def=dg.in_process_executor,
    ),
    dg.define_asset_job(
        MONTH_JOB,
        selection=dg.AssetSelection.assets(
            *(dataset.name for dataset in (RAW_BOOKINGS, RAW_SEATS, *SALES))
        )
        - _OVER_ALL_MONTHS,
        description="Reads a month's bookings and seats, and makes its lines, seats and attendees.",
        executor_def=dg.in_process_executor,
    ),
    dg.define_asset_job(
        STORE_CHECKS_JOB,
        selection=_OVER_ALL_MONTHS,
        description="Checks over all months that no booking and no seat is stored twice.",
        executor_def=dg.in_process_executor,
    ),
    dg.define_asset_job(
        CUSTOMERS_JOB,
        selection=dg.AssetSelection.assets(CUSTOMERS.name),
        description="Reads the list of customers: personal data, so only when asked for.",
        executor_def=dg.in_process_executor,
    ),
]


def jobs(*, report: bool) -> Sequence[UnresolvedAssetJobDefinition]:
    """Return all jobs.

    Args:
        report: whether the sales report follows the marts.
    """
    made = "the marts and the report" if report else "the marts"
    marts = dg.define_asset_job(
        MARTS_JOB,
        # With the checks over all months: both follow when months were read, in one run.
        selection=dg.AssetSelection.assets(
            *(dataset.name for dataset in MARTS), *([SALES_REPORT] if report else [])
        )
        | _OVER_ALL_MONTHS,
        description=f"Makes {made} of what is stored, and checks the whole store.",
        executor_def=dg.in_process_executor,
    )
    return [*_JOBS, marts]
