"""The plan: what a sync would ask, month by month, told without asking anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rich.console import Console
from rich.table import Table

from ticketsource_pipeline.automation.months import current_plans
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import EVENTS
from ticketsource_pipeline.partitions import month_partitions
from ticketsource_pipeline.refresh.forecast import (
    ForecastRules,
    MonthForecast,
    anything_read,
    catalog_requests,
    forecast,
)
from ticketsource_pipeline.refresh.plan import MonthPlan
from ticketsource_pipeline.resources import ParquetStoreResource
from ticketsource_pipeline.settings import Settings
from ticketsource_pipeline.store import ParquetStore


def forecast_rules(settings: Settings, *, full: bool, closed_too: bool = False) -> ForecastRules:
    """Return what a forecast supposes under these settings, at this moment."""
    return ForecastRules(
        now=utc_now(),
        refund_window=timedelta(days=settings.refund_window_days),
        seat_max_age=timedelta(days=settings.seat_max_age_days),
        page_size=settings.page_size,
        full=full,
        closed_too=closed_too,
    )


def expected_requests(
    store: ParquetStore, plans: Sequence[MonthPlan], rules: ForecastRules
) -> int | None:
    """Return how many requests months will take, the catalogue left out.

    None when no performance was ever read: nobody knows how many bookings there are.
    """
    if not anything_read(store, plans):
        return None
    return sum(month.requests for month in forecast(store, plans, rules))


def print_plan(settings: Settings, *, full: bool, console: Console) -> None:
    """Print what a sync would ask, from the catalogue as it was last read."""
    store = ParquetStoreResource(data_dir=settings.data_dir).look()
    if store.read(EVENTS, columns=["event_id"]).empty:
        console.print(
            "Nothing is known of the account yet: the first sync reads its catalogue, then every"
            " month, with one request for each booking's seats.",
            soft_wrap=True,
        )
        return
    rules = forecast_rules(settings, full=full)
    partitions = month_partitions(settings.first_month).get_partition_keys(current_time=rules.now)
    plans = current_plans(store, partitions, now=rules.now, refund_window=rules.refund_window)
    months = [
        month for month in forecast(store, plans, rules) if month.performances or month.reason
    ]
    if not anything_read(store, plans):
        console.print(
            "No performance was read yet, so nobody knows how many bookings there are: the seats of"
            " each will take one request.",
            soft_wrap=True,
        )
    closed = len(plans) - len(months)
    left_alone = "1 closed month is" if closed == 1 else f"{closed} closed months are"
    catalog = catalog_requests(store, settings.page_size)
    _print_table(months, catalog, settings.requests_per_minute, console)
    console.print(
        "listed, closed: performances whose bookings are listed, and those left alone; pages: of"
        " bookings; new, aged: bookings whose seats were never asked for, or are too old to reuse."
        f" {left_alone} left alone. Bookings that changed are known only once they are listed: each"
        " adds one request.",
        soft_wrap=True,
        highlight=False,
    )


def _print_table(
    months: Sequence[MonthForecast], catalog: int, requests_per_minute: int, console: Console
) -> None:
    table = Table(title="What a sync would ask", title_justify="left")
    table.add_column("month", no_wrap=True)
    table.add_column("why", no_wrap=True)
    for name in ("listed", "closed", "pages", "new", "aged", "requests", "min"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row(
        "catalogue",
        "always",
        "",
        "",
        "",
        "",
        "",
        f"{catalog:,}",
        _minutes(catalog, requests_per_minute),
    )
    for month in months:
        table.add_row(
            month.month,
            month.reason,
            f"{month.performances:,}",
            f"{month.closed:,}",
            f"{month.booking_pages:,}",
            f"{month.new:,}",
            f"{month.aged:,}",
            f"{month.requests:,}",
            _minutes(month.requests, requests_per_minute),
        )
    total = catalog + sum(month.requests for month in months)
    table.add_section()
    table.add_row("all", "", "", "", "", "", "", f"{total:,}", _minutes(total, requests_per_minute))
    console.print(table)


def _minutes(requests: int, requests_per_minute: int) -> str:
    return f"{requests / requests_per_minute:.1f}" if requests_per_minute else ""
