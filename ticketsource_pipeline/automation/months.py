"""Which months a schedule or sensor has something to do for, told from the stored catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from ticketsource_pipeline.datasets import PERFORMANCES
from ticketsource_pipeline.landing.sales import months_as_published
from ticketsource_pipeline.refresh.openness import Performance, performances_of
from ticketsource_pipeline.refresh.plan import MonthPlan, month_plans
from ticketsource_pipeline.store import ParquetStore

THEATRE_TIME = "Europe/London"


def current_plans(
    store: ParquetStore,
    partitions: Sequence[str],
    *,
    now: datetime,
    refund_window: timedelta,
    also: Sequence[str] = (),
) -> list[MonthPlan]:
    """Return the plan of every month that has performances or stored data and a partition.

    Args:
        store: the data directory.
        partitions: the months there are partitions for.
        now: the present moment, aware UTC.
        refund_window: how long after its end a performance stays open.
        also: months to plan even when nothing is known of them.
    """
    kept = set(partitions)
    performances = [item for item in stored_performances(store) if item.month in kept]
    names = {*store.recorded_months(), *also} & kept
    records = {name: store.month_record(name) for name in names}
    return month_plans(
        performances,
        records,
        now=now,
        refund_window=refund_window,
        as_published=months_as_published(store),
    )


def stored_performances(store: ParquetStore) -> list[Performance]:
    """Return every performance of the stored catalogue."""
    return performances_of(store.read(PERFORMANCES))


def months_playing(store: ParquetStore, day: datetime) -> list[str]:
    """Return the months with a performance on a day, by the theatre's calendar.

    The API's times may be wall-clock times, so a performance counts for the day its start names
    in UTC and for the day it is in London.

    Args:
        store: the data directory.
        day: any moment of the day, aware.
    """
    zone = ZoneInfo(THEATRE_TIME)
    today = day.astimezone(zone).date()
    return sorted(
        {
            item.month
            for item in stored_performances(store)
            if item.month is not None
            and item.starts_at is not None
            and today in (item.starts_at.date(), item.starts_at.astimezone(zone).date())
        }
    )


def month_run(
    month: str, *, run_key: str, why: str, full: bool = False, open_only: bool = True
) -> dg.RunRequest:
    """Return the request of a run of one month.

    Args:
        month: the month.
        run_key: the same for the same reason: Dagster starts no second run for it.
        why: what started it, shown as a tag.
        full: whether to reuse nothing.
        open_only: whether to leave closed performances alone.
    """
    return dg.RunRequest(
        run_key=run_key,
        partition_key=month,
        run_config={"ops": {"raw": {"config": {"full": full, "open_only": open_only}}}},
        tags={"ticketsource/why": why},
    )
