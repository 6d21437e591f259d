"""What Dagster loads: a table of contents."""

import dagster as dg

from ticketsource_pipeline.assets.catalog import catalog_assets
from ticketsource_pipeline.assets.customers import customers_assets
from ticketsource_pipeline.assets.marts import marts_assets
from ticketsource_pipeline.assets.raw import raw_assets
from ticketsource_pipeline.assets.report import report_asset
from ticketsource_pipeline.assets.sales import sales_assets
from ticketsource_pipeline.automation.alerts import alert_sensors
from ticketsource_pipeline.automation.jobs import jobs
from ticketsource_pipeline.automation.marts import stale_marts_sensor
from ticketsource_pipeline.automation.schedules import schedules
from ticketsource_pipeline.automation.sensors import changed_performances_sensor
from ticketsource_pipeline.checks.asset_checks import asset_checks
from ticketsource_pipeline.partitions import month_partitions
from ticketsource_pipeline.resources import resources
from ticketsource_pipeline.settings import Settings, read_settings


def definitions(settings: Settings) -> dg.Definitions:
    """Return everything Dagster is to know, for the given settings."""
    months = month_partitions(settings.first_month)
    checks = asset_checks(months)
    check_keys = [key for layer in checks for key in layer.check_keys]
    return dg.Definitions(
        assets=[
            catalog_assets(settings.account),
            raw_assets(months, settings.account),
            sales_assets(months, settings.account),
            marts_assets(settings.account),
            customers_assets(settings.account),
            *([report_asset(settings.account, check_keys)] if settings.report else []),
        ],
        asset_checks=checks,
        jobs=jobs(report=settings.report),
        schedules=schedules(months),
        sensors=[
            changed_performances_sensor(months),
            stale_marts_sensor(report=settings.report),
            *alert_sensors(),
        ],
        resources=resources(settings),
        executor=dg.in_process_executor,
    )


defs = definitions(read_settings())
