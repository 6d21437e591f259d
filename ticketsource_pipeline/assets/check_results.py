"""What Dagster's event log knows of the checks: the latest result of each, for each month."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import dagster as dg
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
)

from ticketsource_pipeline.report.figures import Checks, FailedCheck

_A_TIME = 100
_AT_MOST = 1000
"""Results of one check that are looked through, the latest first: a year of nights and more."""


def latest_checks(
    instance: dg.DagsterInstance, keys: Sequence[dg.AssetCheckKey], months: Collection[str]
) -> Checks:
    """Return the latest results of checks, errors first.

    Args:
        instance: whose event log is asked.
        keys: the checks.
        months: the months there are: results of others are old.
    """
    failed: list[FailedCheck] = []
    passed = never = 0
    for key in keys:
        latest = _latest(instance, key, months)
        never += not latest
        for month, evaluation in latest.items():
            if evaluation.passed:
                passed += 1
            else:
                failed.append(_failed(key, month, evaluation))
    order = sorted(failed, key=lambda one: (one.warning, one.month or "", str(one)))
    return Checks(passed, tuple(order), never)


def _latest(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey, months: Collection[str]
) -> dict[str | None, dg.AssetCheckEvaluation]:
    """The latest result for each month, and for everything at once where it is the latest."""
    found: dict[str | None, dg.AssetCheckEvaluation] = {}
    for evaluation in _evaluations(instance, key):
        value = evaluation.metadata.get("month")
        month = str(value.value) if value is not None else None
        if month is None:
            # It looked at every month, so it says more than any before it.
            found[None] = evaluation
            break
        if month in months:
            found.setdefault(month, evaluation)
        if len(found) == len(months):
            break
    return found


def _evaluations(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey
) -> Iterator[dg.AssetCheckEvaluation]:
    """The results of a check, the latest first."""
    cursor: int | None = None
    for _ in range(_AT_MOST // _A_TIME):
        records = instance.event_log_storage.get_asset_check_execution_history(
            key, _A_TIME, cursor, COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
        )
        for record in records:
            if record.evaluation is not None:
                yield record.evaluation
        if len(records) < _A_TIME:
            return
        cursor = records[-1].id


def _failed(
    key: dg.AssetCheckKey, month: str | None, evaluation: dg.AssetCheckEvaluation
) -> FailedCheck:
    told = evaluation.description or ""
    return FailedCheck(
        dataset=key.asset_key.to_user_string(),
        check=key.name,
        month=month,
        warning=evaluation.severity is dg.AssetCheckSeverity.WARN,
        # The month has a column of its own.
        summary=told.removeprefix(f"{month}: "),
    )
