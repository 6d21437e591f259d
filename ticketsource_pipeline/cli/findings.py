"""Failed checks in words: what the API changed is told once, however many months it is found in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ticketsource_pipeline.checks.fields import DRIFT_RULES
from ticketsource_pipeline.checks.rule import Failure
from ticketsource_pipeline.cli.runs import FailedCheck


def told(checks: Iterable[FailedCheck]) -> Iterator[str]:
    """Yield a line for each failed check, one for all months where the API has changed."""
    by_name: dict[str, list[FailedCheck]] = {}
    for check in checks:
        by_name.setdefault(check.name, []).append(check)
    for name, found in by_name.items():
        kind = "warning" if found[0].warning else "check failed"
        if len(found) > 1 and name.partition(".")[2] in DRIFT_RULES:
            for what in _over_all_months(found):
                yield f"{kind}: {name}: {what}"
        else:
            for check in found:
                yield f"{kind}: {name}: {check.summary}"


def _over_all_months(checks: Sequence[FailedCheck]) -> Iterator[str]:
    alike: dict[object, list[tuple[str, Failure]]] = {}
    for check in checks:
        for failure in check.failures:
            # A single record that cannot be read is named by itself: somebody has to look at it.
            alone = failure.records == 1 and not check.warning
            key = failure if alone else failure.what
            alike.setdefault(key, []).append((check.month or "", failure))
    for found in alike.values():
        months = sorted({month for month, _ in found})
        first = found[0][1]
        failure = replace(first, records=sum(item.records for _, item in found))
        yield f"{failure} ({_named(months)})."


def _named(months: Sequence[str]) -> str:
    if len(months) == 1:
        return months[0]
    return f"{len(months)} months, {months[0]} to {months[-1]}"
