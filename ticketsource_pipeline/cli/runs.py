"""One Dagster run launched in this process, and what came of it in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.execution.execute_in_process_result import ExecuteInProcessResult
from dagster_shared.error import SerializableErrorInfo

from ticketsource_pipeline.checks.rule import Failure
from ticketsource_pipeline.cli.home import own_tags

_SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_OWN_ERRORS = "ticketsource_pipeline."


@dataclass(frozen=True)
class FailedCheck:
    """A check that did not pass.

    Attributes:
        name: `dataset.check`.
        month: the month it looked at, if any.
        warning: whether it only warns.
        summary: what it found, in a line.
        failures: what it showed of that, one by one.
    """

    name: str
    month: str | None
    warning: bool
    summary: str
    failures: tuple[Failure, ...] = ()

    def __str__(self) -> str:
        """Say which one, in a few words."""
        return f"{self.name} ({self.month})" if self.month else self.name


@dataclass(frozen=True)
class RunOutcome:
    """What came of a run.

    Attributes:
        succeeded: whether every step and every blocking check went well.
        error: why it failed, in a line; empty when it did not.
        error_kind: the class of the error, empty likewise.
        failed_checks: the checks that did not pass.
        requests: pages read, by dataset.
        reused_bookings: bookings whose stored seats were taken.
    """

    succeeded: bool
    error: str = ""
    error_kind: str = ""
    failed_checks: tuple[FailedCheck, ...] = ()
    requests: Mapping[str, int] = field(default_factory=dict)
    reused_bookings: int = 0

    @property
    def interrupted(self) -> bool:
        """Whether somebody stopped it, with Ctrl-C or a SIGTERM."""
        return self.error_kind == dg.DagsterExecutionInterruptedError.__name__


def launch(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    *,
    month: str | None = None,
    config: Mapping[str, Any] | None = None,
) -> RunOutcome:
    """Run a job in this process as an ordinary run of the instance.

    Args:
        defs: the definitions.
        instance: where the run is recorded.
        job: the job's name.
        month: the partition, for a job that has them.
        config: configuration of the ops, by op name.
    """
    run_config: dict[str, Any] = {**_SILENT, **({"ops": dict(config)} if config else {})}
    result = defs.resolve_job_def(job).execute_in_process(
        run_config=run_config,
        instance=instance,
        partition_key=month,
        tags=own_tags(),
        raise_on_error=False,
    )
    kind, message = _error(result)
    return RunOutcome(
        succeeded=result.success,
        error=message,
        error_kind=kind,
        failed_checks=_failed_checks(result, month),
        requests=_requests(result),
        reused_bookings=_number(result, "raw_seats", "reused_bookings"),
    )


def _error(result: ExecuteInProcessResult) -> tuple[str, str]:
    if result.success:
        return "", ""
    for event in result.all_events:
        error = event.step_failure_data.error if event.is_step_failure else None
        if error is not None:
            return _in_words(error)
    for event in result.all_events:
        if event.is_job_event and event.message and event.is_failure:
            return "", event.message.splitlines()[0]
    return "", "the run failed"


def _in_words(error: SerializableErrorInfo) -> tuple[str, str]:
    """The class and message of the innermost error that is ours, else of the innermost."""
    chain: list[SerializableErrorInfo] = [error]
    while chain[-1].cause is not None:
        chain.append(chain[-1].cause)
    ours = [link for link in chain if link.message.startswith(_OWN_ERRORS)]
    # The error we raised is the one written for people; what caused it is in the run's log.
    told = ours[0] if ours else chain[-1]
    name, _, text = told.message.partition(": ")
    return (told.cls_name or ""), " ".join((text or name).split())


def _failed_checks(result: ExecuteInProcessResult, month: str | None) -> tuple[FailedCheck, ...]:
    failed = [
        FailedCheck(
            name=f"{evaluation.asset_key.to_user_string()}.{evaluation.check_name}",
            month=month,
            warning=evaluation.severity is dg.AssetCheckSeverity.WARN,
            summary=evaluation.description or "",
            failures=_failures(evaluation),
        )
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed
    ]
    # In the order of their names: Dagster's own changes from run to run.
    return tuple(sorted(failed, key=lambda check: check.name))


def _failures(evaluation: dg.AssetCheckEvaluation) -> tuple[Failure, ...]:
    table = evaluation.metadata.get("first_failures")
    records = table.records if isinstance(table, dg.TableMetadataValue) else ()
    rows: list[dict[str, Any]] = [dict(record.data) for record in records]
    return tuple(Failure(**row) for row in rows)


def _requests(result: ExecuteInProcessResult) -> dict[str, int]:
    return {
        event.asset_key.to_user_string(): _metadata_number(event, "requests")
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None
    }


def _number(result: ExecuteInProcessResult, asset: str, name: str) -> int:
    return sum(
        _metadata_number(event, name)
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None and event.asset_key.to_user_string() == asset
    )


def _metadata_number(event: dg.DagsterEvent, name: str) -> int:
    value = event.materialization.metadata.get(name)
    return value.value if isinstance(value, dg.IntMetadataValue) and value.value else 0
