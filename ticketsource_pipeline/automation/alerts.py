"""Alerts: a line to a chat's webhook when a run fails, or when a check that is an error does."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import dagster as dg
import requests

from ticketsource_pipeline.addresses import is_loopback
from ticketsource_pipeline.settings import alert_webhook

_TIMEOUT_SECONDS = 10
_SHOWN_AT_MOST = 10


def alert_sensors() -> list[dg.SensorDefinition]:
    """Return the sensors that post alerts; without TICKETSOURCE_ALERT_WEBHOOK they say nothing.

    They are on by default: setting the variable is all there is to do. A message names the job,
    the month and what failed, never a person: neither error texts of other programs nor rows of
    the data are passed on.
    """
    return [run_failure_alert, failed_check_alert]


@dg.run_failure_sensor(
    name="run_failure_alert",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Posts a line to TICKETSOURCE_ALERT_WEBHOOK when a run fails.",
)
def run_failure_alert(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
    """Post that a run failed: by which checks, at which step and with which kind of error."""
    kinds = {
        f"{event.step_key}: {_kind(event)}"
        for event in context.get_step_failure_events()
        if event.step_key
    }
    return _post(_title(context, "failed"), [*_failed_checks(context), *sorted(kinds)])


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="failed_check_alert",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Posts a line to TICKETSOURCE_ALERT_WEBHOOK when a run went through and one of its checks"
        " that is an error did not pass."
    ),
)
def failed_check_alert(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
    """Post which checks of a run did not pass."""
    failed = _failed_checks(context)
    if not failed:
        return dg.SkipReason("Every check passed.")
    return _post(_title(context, "has failed checks"), failed)


def _failed_checks(context: dg.RunStatusSensorContext) -> list[str]:
    """The checks of a run that are errors and did not pass."""
    records = context.instance.get_records_for_run(
        context.dagster_run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    failed = []
    for record in records:
        event = record.event_log_entry.dagster_event
        if event is None:
            continue
        evaluation = event.asset_check_evaluation_data
        if not evaluation.passed and evaluation.severity is dg.AssetCheckSeverity.ERROR:
            failed.append(f"{evaluation.asset_key.to_user_string()}.{evaluation.check_name}")
    return failed


def _title(context: dg.RunStatusSensorContext, what: str) -> str:
    run = context.dagster_run
    month = run.tags.get("dagster/partition")
    of_month = f" of {month}" if month else ""
    return f"{run.job_name}{of_month} {what} (run {run.run_id[:8]})"


def _kind(event: dg.DagsterEvent) -> str:
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return (error.cls_name if error else None) or "unknown error"


def _post(title: str, lines: Sequence[str]) -> dg.SkipReason | None:
    webhook = alert_webhook()
    if webhook is None:
        return dg.SkipReason("TICKETSOURCE_ALERT_WEBHOOK is not set: nobody is told.")
    text = "\n".join([title, *(f"- {line}" for line in lines[:_SHOWN_AT_MOST])])
    status = _status_of_post(webhook, text)
    if status >= 300:
        raise AlertNotSent(f"The alert's webhook answered {status}.")
    return None


def _status_of_post(webhook: str, text: str) -> int:
    with requests.Session() as session:
        # A proxy cannot reach this machine's own loopback, and would be told the address.
        session.trust_env = not is_loopback(urlsplit(webhook).hostname or "")
        try:
            with session.post(
                webhook,
                json={"text": text},
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=False,
                # Given, because a password of a netrc file would be sent else.
                auth=lambda request: request,
                # Only the status is of interest: a body without end is not waited for.
                stream=True,
            ) as answer:
                return answer.status_code
        except requests.RequestException as error:
            # The address is a secret of its own, and the error holds it: neither is passed on.
            raise AlertNotSent(f"The alert's webhook: {type(error).__name__}.") from None


class AlertNotSent(Exception):
    """The webhook did not take the alert."""
