"""The sensor on the store: marts that are no longer of what is stored are made anew."""

from datetime import timedelta

import dagster as dg
from dagster import DagsterRunStatus

from ticketsource_pipeline.automation.jobs import MARTS_JOB, MONTH_JOB
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.landing.marts import marts_state
from ticketsource_pipeline.landing.report import report_is_current
from ticketsource_pipeline.resources import ParquetStoreResource

_WAITS_AT_MOST = timedelta(hours=6)
_UNFINISHED = [
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def stale_marts_sensor(*, report: bool) -> dg.SensorDefinition:
    """Return the sensor that has the marts made when what they are made from has changed.

    What they were made from is noted in the store, so a change is seen whoever made it (a schedule,
    the UI, `ticketsource sync`), and a restart or a tick that died loses nothing. It waits until no
    run of a month is left, so a night of many months makes them once; but no longer than six hours
    since they were last made, so that a run that hangs does not hold them up for ever. A night
    without a change still has them looked at once a day, and the store checked. A run that failed
    is tried again in the next hour.

    Args:
        report: whether it sees to the sales report too.
    """

    @dg.sensor(
        name="stale_marts",
        job_name=MARTS_JOB,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Watches the store: once no month is being read any more, makes the marts anew if what"
            " they are made from has changed, or a day has passed."
        ),
    )
    def stale_marts(
        context: dg.SensorEvaluationContext, store: ParquetStoreResource
    ) -> dg.RunRequest | dg.SkipReason:
        now = utc_now()
        looked_at = store.look()
        state = marts_state(looked_at)
        if not state.are_due(now) and (not report or report_is_current(looked_at)):
            made = "The marts and the report" if report else "The marts"
            return dg.SkipReason(f"{made} are of what is stored.")
        may_wait = state.made_at is not None and now - state.made_at < _WAITS_AT_MOST
        if may_wait and any(_is_under_way(context.instance, job) for job in (MONTH_JOB, MARTS_JOB)):
            return dg.SkipReason("Months are being read: the marts follow when all are done.")
        return dg.RunRequest(run_key=f"marts {state.content} {now:%Y-%m-%d %H}")

    return stale_marts


def _is_under_way(instance: dg.DagsterInstance, job: str) -> bool:
    filters = dg.RunsFilter(job_name=job, statuses=_UNFINISHED)
    return bool(instance.get_run_ids(filters=filters, limit=1))
