"""The schedules: the catalogue by the hour, months and customers by night, show days, slices."""

from datetime import UTC, datetime

import dagster as dg

from ticketsource_pipeline.automation.jobs import CATALOG_JOB, CUSTOMERS_JOB, MONTH_JOB
from ticketsource_pipeline.automation.months import (
    THEATRE_TIME,
    current_plans,
    month_run,
    months_playing,
)
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.refresh.forecast import ForecastRules, forecast
from ticketsource_pipeline.refresh.plan import MonthPlan
from ticketsource_pipeline.refresh.slices import Slice, next_slice
from ticketsource_pipeline.resources import ParquetStoreResource, TicketSourceResource
from ticketsource_pipeline.store import ParquetStore

FULL_SLICE_REQUESTS = 20_000
"""How many requests one weekly slice may take: about 84 minutes at 240 a minute."""


def schedules(partitions: dg.MonthlyPartitionsDefinition) -> list[dg.ScheduleDefinition]:
    """Return all schedules. Times are the theatre's, so a night is a night in summer too.

    The catalogue and the nightly refresh are on from the start: they keep the data up to date and
    cost little. The show-day refresh and the weekly full reading cost requests of their own, the
    customers are personal data beyond what bookings need: they are off until somebody wants them.

    Args:
        partitions: the months.
    """
    return [
        dg.ScheduleDefinition(
            name="catalog_refresh",
            job_name=CATALOG_JOB,
            cron_schedule="5 * * * *",
            execution_timezone=THEATRE_TIME,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Every hour: reads the events, venues and performances.",
        ),
        dg.ScheduleDefinition(
            name="customers_refresh",
            job_name=CUSTOMERS_JOB,
            cron_schedule="45 2 * * *",
            execution_timezone=THEATRE_TIME,
            default_status=dg.DefaultScheduleStatus.STOPPED,
            description=(
                "Every night at a quarter to three: reads the list of customers, a little more than"
                " a request for each hundred. Off by default: switch it on where customers' data is"
                " to be kept."
            ),
        ),
        _open_months_refresh(partitions),
        _show_day_refresh(partitions),
        _weekly_full(partitions),
    ]


def _open_months_refresh(partitions: dg.MonthlyPartitionsDefinition) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="open_months_refresh",
        job_name=MONTH_JOB,
        cron_schedule="30 3 * * *",
        execution_timezone=THEATRE_TIME,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=(
            "Every night at half past three: one run per month that is open, was never read whole,"
            " or that performances have left."
        ),
    )
    def open_months_refresh(
        context: dg.ScheduleEvaluationContext,
        store: ParquetStoreResource,
        ticketsource: TicketSourceResource,
    ) -> list[dg.RunRequest] | dg.SkipReason:
        tick = context.scheduled_execution_time
        plans = _plans(store.look(), partitions, tick, ticketsource)
        needed = [plan for plan in plans if plan.is_needed]
        if not needed:
            return dg.SkipReason("No month is open: nothing can have changed.")
        return [
            month_run(plan.month, run_key=f"nightly {tick:%Y-%m-%d} {plan.month}", why=plan.reason)
            for plan in needed
        ]

    return open_months_refresh


def _show_day_refresh(partitions: dg.MonthlyPartitionsDefinition) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="show_day_refresh",
        job_name=MONTH_JOB,
        cron_schedule="*/30 * * * *",
        execution_timezone=THEATRE_TIME,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=(
            "Every 30 minutes: the months that have a performance today, so that the door list is"
            " right. Off by default: switch it on where door lists are taken from this data."
        ),
    )
    def show_day_refresh(
        context: dg.ScheduleEvaluationContext, store: ParquetStoreResource
    ) -> list[dg.RunRequest] | dg.SkipReason:
        tick = context.scheduled_execution_time
        kept = set(partitions.get_partition_keys(current_time=tick))
        months = [name for name in months_playing(store.look(), tick) if name in kept]
        if not months:
            return dg.SkipReason("Nothing is played today.")
        moment = tick.astimezone(UTC)
        return [
            month_run(name, run_key=f"show day {moment:%Y-%m-%d %H:%M} {name}", why="show day")
            for name in months
        ]

    return show_day_refresh


def _weekly_full(partitions: dg.MonthlyPartitionsDefinition) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="weekly_full",
        job_name=MONTH_JOB,
        cron_schedule="0 0 * * 0",
        execution_timezone=THEATRE_TIME,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=(
            "Every Sunday at midnight: reads in full, reusing nothing, the months whose last full"
            f" reading is longest ago, as many as {FULL_SLICE_REQUESTS:,} requests allow. Off by"
            " default."
        ),
    )
    def weekly_full(
        context: dg.ScheduleEvaluationContext,
        store: ParquetStoreResource,
        ticketsource: TicketSourceResource,
    ) -> list[dg.RunRequest] | dg.SkipReason:
        tick = context.scheduled_execution_time
        parquet = store.look()
        plans = _plans(parquet, partitions, tick, ticketsource)
        rules = ForecastRules(
            now=utc_now(),
            refund_window=ticketsource.refund_window,
            seat_max_age=ticketsource.seat_max_age,
            page_size=ticketsource.page_size,
            full=True,
        )
        slices = [
            Slice(expected.month, _full_at(parquet.month_record(expected.month).full_at), expected)
            for expected in forecast(parquet, plans, rules)
            if expected.performances
        ]
        chosen = next_slice(slices, FULL_SLICE_REQUESTS)
        if not chosen:
            return dg.SkipReason("No month has performances.")
        return [
            month_run(
                name,
                run_key=f"weekly full {tick:%Y-%m-%d} {name}",
                why="weekly full",
                full=True,
                open_only=False,
            )
            for name in chosen
        ]

    return weekly_full


def _plans(
    store: ParquetStore,
    partitions: dg.MonthlyPartitionsDefinition,
    tick: datetime,
    ticketsource: TicketSourceResource,
) -> list[MonthPlan]:
    return current_plans(
        store,
        partitions.get_partition_keys(current_time=tick),
        now=tick.astimezone(UTC),
        refund_window=ticketsource.refund_window,
    )


def _full_at(moment: datetime | None) -> datetime:
    return moment or datetime.min.replace(tzinfo=UTC)
