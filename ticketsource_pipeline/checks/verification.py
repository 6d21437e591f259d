"""The stored data proven: every file against its manifest, and every rule over all of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ticketsource_pipeline.checks.comparison import Comparison, Fault
from ticketsource_pipeline.checks.integrity import compare
from ticketsource_pipeline.checks.rule import Effect, Finding, Rule, View
from ticketsource_pipeline.checks.rules import (
    CATALOG_RULES,
    CUSTOMER_RULES,
    MART_RULES,
    RAW_RULES,
    SALES_RULES,
    STORE_RULES,
)
from ticketsource_pipeline.datasets import DATASETS, MARTS
from ticketsource_pipeline.landing.marts import marts_state
from ticketsource_pipeline.refresh.changes import changes
from ticketsource_pipeline.store import ParquetStore, StoreError
from ticketsource_pipeline.store.examination import misplaced
from ticketsource_pipeline.store.layout import CATALOG_SCOPE, MARTS_SCOPE

_OVER_ALL_MONTHS = (
    *STORE_RULES,
    # The raw layer has its own rule for it; the sales layer's looks at one month in a run.
    *(rule for rule in SALES_RULES if rule.name == "key_is_unique"),
)
_ABOUT_THE_CATALOG = "ledger_is_complete"


@dataclass(frozen=True)
class FailedRule:
    """A rule that something breaks: which, in which month, and what it found."""

    name: str
    month: str | None
    warning: bool
    summary: str

    def __str__(self) -> str:
        """Say it in a line."""
        place = f"{self.month}: " if self.month else ""
        again = f" --month {self.month}" if self.month else ""
        dataset = self.name.partition(".")[0]
        advice = f" Run `ticketsource sync{again}`, which reads it again."
        if dataset in {mart.name for mart in MARTS}:
            advice = f" Remove {dataset}, then run `ticketsource sync`, which makes it again."
        advice = "" if self.warning else advice
        return f"{self.name}: {place}{self.summary}{advice}"


@dataclass
class Verdict:
    """What was found of a part of the store: a month, the catalogue, or all of it together.

    Attributes:
        comparison: what came of holding the files against what was written of them.
        failed_rules: the rules that something breaks.
        not_looked_at: the rules that could not be looked at, as a file they need is not right.
        rules: how many rules there were.
    """

    comparison: Comparison
    failed_rules: list[FailedRule] = field(default_factory=list)
    not_looked_at: list[Fault] = field(default_factory=list)
    rules: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong and all was looked at; a warning is nothing wrong."""
        return not (self.comparison.faults or self.not_looked_at) and all(
            rule.warning for rule in self.failed_rules
        )


def verify_catalog(store: ParquetStore, partitions: Sequence[str]) -> Verdict:
    """Hold the catalogue against its manifest and its rules."""
    verdict = Verdict(compare(store, CATALOG_SCOPE))
    if not verdict.comparison.unreadable:
        _evaluate(verdict, View(store, (), tuple(partitions)), CATALOG_RULES)
    return verdict


def verify_marts(store: ParquetStore, partitions: Sequence[str]) -> Verdict:
    """Hold the marts and the customers against their manifest and their rules.

    Marts that were not made anew yet since something was published are no fault.
    """
    try:
        state = marts_state(store)
        # Where no manifest says what they were made from, that is told by itself.
        is_behind = state.made_from is not None and not state.are_of_what_is_stored
    except StoreError:
        # Another part says what cannot be read; what the marts should be cannot be told.
        is_behind = True
    verdict = Verdict(compare(store, MARTS_SCOPE, is_behind=is_behind))
    if not verdict.comparison.unreadable:
        view = View(store, None, tuple(partitions))
        _evaluate(verdict, view, (*(MART_RULES if not is_behind else ()), *CUSTOMER_RULES))
    return verdict


def verify_month(
    store: ParquetStore,
    month: str,
    partitions: Sequence[str],
    owners: Mapping[str, str],
) -> Verdict:
    """Hold a month against its manifest, its record and its rules.

    A performance that waits to be read (new, moved or changed in the catalogue since) is no fault;
    nor is raw data that was read since the month was published, whose sales layer is then held
    against itself alone.

    Args:
        store: the data directory.
        month: the month.
        partitions: the months there are partitions for.
        owners: by digest, the path of the file that was published with it.
    """
    verdict = Verdict(compare(store, month, owners))
    if verdict.comparison.unreadable:
        verdict.comparison.notes.append(
            f"{month}: its rules need every file, so none was looked at."
        )
        return verdict
    view = View(store, (month,), tuple(partitions))
    waiting = _waiting(store, view, partitions)
    raw = RAW_RULES if not verdict.comparison.being_read else _of_one_dataset(RAW_RULES)
    _evaluate(verdict, view, raw, waiting)
    if len(raw) < len(RAW_RULES):
        verdict.comparison.notes.append(f"{month}: a performance waits to be read.")
    sales = SALES_RULES if verdict.comparison.published else _of_one_layer(SALES_RULES)
    _evaluate(verdict, view, sales)
    return verdict


def verify_whole(store: ParquetStore, partitions: Sequence[str]) -> Verdict:
    """Hold all months together against the rules about them, and look for files beside them."""
    verdict = Verdict(Comparison(None))
    for dataset in DATASETS.values():
        if dataset.partitioned:
            verdict.comparison.faults.extend(
                Fault(
                    store.layout.relative(path),
                    "lies beside the folders of the months",
                    "Take it out of there.",
                    dataset.name,
                )
                for path in misplaced(store, dataset)
            )
    _evaluate(verdict, View(store, None, tuple(partitions)), _OVER_ALL_MONTHS)
    return verdict


def _evaluate(
    verdict: Verdict, view: View, rules: Iterable[Rule], waiting: Collection[str] = ()
) -> None:
    month = verdict.comparison.month
    for rule in rules:
        verdict.rules += 1
        try:
            finding = rule.evaluate(view)
        except StoreError as error:
            where = f"{rule.dataset.name}.{rule.name}"
            what = f"could not be looked at{f' in {month}' if month else ''}"
            verdict.not_looked_at.append(Fault(where, what, str(error), rule.dataset.name, month))
            continue
        if rule.name == _ABOUT_THE_CATALOG:
            finding = _without(finding, waiting, verdict)
        if not finding.passed:
            verdict.failed_rules.append(
                FailedRule(
                    f"{rule.dataset.name}.{rule.name}",
                    month,
                    rule.effect is Effect.WARN,
                    finding.summary,
                )
            )


def _without(finding: Finding, waiting: Collection[str], verdict: Verdict) -> Finding:
    """A finding without the performances that wait to be read, which are told in a note."""
    rest = [failure for failure in finding.failures if failure.date_id not in waiting]
    left = len(finding.failures) - len(rest)
    if left:
        counted = "1 performance waits" if left == 1 else f"{left} performances wait"
        verdict.comparison.notes.append(f"{verdict.comparison.month}: {counted} to be read.")
    return replace(finding, failures=rest)


def _waiting(store: ParquetStore, view: View, partitions: Sequence[str]) -> set[str]:
    """The performances that the catalogue has otherwise than they were read."""
    try:
        records = [store.month_record(name) for name in store.recorded_months()]
        return {change.date_id for change in changes(view.catalog, records, set(partitions))}
    except StoreError:
        return set()


def _of_one_dataset(rules: Iterable[Rule]) -> list[Rule]:
    """The rules that look at nothing but their own dataset."""
    return [rule for rule in rules if not rule.also_reads]


def _of_one_layer(rules: Iterable[Rule]) -> list[Rule]:
    """The rules that hold a layer against itself alone."""
    return [
        rule
        for rule in rules
        if all(dataset.layer == rule.dataset.layer for dataset in rule.also_reads)
    ]
