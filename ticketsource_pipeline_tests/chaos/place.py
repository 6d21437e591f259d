"""A data directory that is read into as a sync reads, without Dagster around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path

from ticketsource_pipeline.api import ApiError, Backoff, NoLimit, TicketSourceClient
from ticketsource_pipeline.automation.months import current_plans
from ticketsource_pipeline.checks.asset_checks import (
    CATALOG_RULES,
    RAW_RULES,
    SALES_RULES,
    STORE_RULES,
)
from ticketsource_pipeline.checks.rule import Effect, Failure, Rule, View
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import PERFORMANCES
from ticketsource_pipeline.landing.catalog import land_catalog
from ticketsource_pipeline.landing.month import land_month
from ticketsource_pipeline.landing.rules import RefreshRules
from ticketsource_pipeline.landing.sales import publish_month
from ticketsource_pipeline.partitions import month_partitions
from ticketsource_pipeline.refresh.openness import performances_of
from ticketsource_pipeline.refresh.plan import MonthPlan
from ticketsource_pipeline.store import Layout, ParquetStore, StoreError
from ticketsource_pipeline_tests.chaos.playhouse import PAGE_SIZE

REFUND_WINDOW = timedelta(days=60)
QUICK = Backoff(first_wait_seconds=0.0005, first_limit_wait_seconds=0.0005, longest_wait_seconds=1)


def partitions() -> list[str]:
    """The months there are partitions for."""
    return _partitions(utc_now().strftime("%Y-%m"))


@cache
def _partitions(_month: str) -> list[str]:
    return list(month_partitions("2019-01").get_partition_keys(current_time=utc_now()))


class ToldError(Exception):
    """Why a run failed, in the words of the command that made it."""


@dataclass
class Report:
    """What came of a sync.

    Attributes:
        errors: by month, and "" for the catalogue, why it failed.
        blocked: by month, the checks for which it was not published.
        failures: by dataset and check, what failed it.
        checked_all: whether it holds every failure there is to all checks.
    """

    errors: dict[str, Exception] = field(default_factory=dict)
    blocked: dict[str, list[str]] = field(default_factory=dict)
    failures: dict[tuple[str, str], list[Failure]] = field(default_factory=dict)
    checked_all: bool = False

    @property
    def failed(self) -> bool:
        """Whether anything kept the data from being brought up to date."""
        return bool(self.errors or self.blocked)

    @property
    def words(self) -> list[str]:
        """What was said, the checks' findings too."""
        said = [f"{month}: {error!r}" for month, error in self.errors.items()]
        said += [f"{month}: {names}" for month, names in self.blocked.items()]
        return said + [f"{key}: {found!r}" for key, found in self.failures.items()]


@dataclass(frozen=True)
class Place:
    """A data directory and who reads it."""

    data: Path

    def store(self) -> ParquetStore:
        """The store over it."""
        return ParquetStore(Layout.of(str(self.data), self.data))

    def client(
        self, url: str, *, timeout_seconds: float = 2, max_retries: int = 3, in_flight: int = 3
    ) -> TicketSourceClient:
        """A client that waits for hardly anything; what it is asked to wait is never slept."""
        return TicketSourceClient(
            url,
            "skl-sandbox-1",
            limiter=NoLimit(),
            max_in_flight=in_flight,
            page_size=PAGE_SIZE,
            full_page=PAGE_SIZE,
            timeout_seconds=timeout_seconds,
            max_retries=max_retries,
            backoff=QUICK,
            sleep=lambda _: None,
            monotonic=leaping(),
        )

    def sync(
        self,
        client: TicketSourceClient,
        *,
        full: bool = False,
        all_checks: bool = False,
        before_month: Callable[[str], object] = lambda _: None,
    ) -> Report:
        """Do what `ticketsource sync` does: the catalogue, then each month that needs it."""
        store, report = self.store(), Report(checked_all=all_checks)
        try:
            store.prepare()
            land_catalog(client, store, lambda _: None)
        except (ApiError, StoreError) as error:
            report.errors[""] = error
            return report
        months = partitions()
        if all_checks:
            self._look(CATALOG_RULES, None, report)
        for plan in current_plans(store, months, now=utc_now(), refund_window=REFUND_WINDOW):
            if plan.is_needed or (full and (plan.due or plan.settled)):
                before_month(plan.month)
                self._month(client, plan, report, full=full, all_checks=all_checks)
        self._look(STORE_RULES, None, report)
        return report

    def _month(
        self,
        client: TicketSourceClient,
        plan: MonthPlan,
        report: Report,
        *,
        full: bool,
        all_checks: bool,
    ) -> None:
        store, month = self.store(), plan.month
        rules = RefreshRules(
            since=utc_now(),
            full=full,
            open_only=True,
            refund_window=REFUND_WINDOW,
            seat_max_age=timedelta(days=7),
        )
        try:
            land_month(
                client,
                store,
                month,
                catalog=performances_of(store.read(PERFORMANCES)),
                months=partitions(),
                rules=rules,
                say=lambda _: None,
            )
            wanted = [rule for rule in RAW_RULES if all_checks or rule.effect is Effect.BLOCK]
            blocked = self._look(wanted, month, report)
            if blocked:
                report.blocked[month] = blocked
                return
            publish_month(store, month, performances_of(store.read(PERFORMANCES)))
        except (ApiError, StoreError) as error:
            report.errors[month] = error
            return
        if all_checks:
            self._look(SALES_RULES, month, report)

    def _look(self, rules: Sequence[Rule], month: str | None, to: Report) -> list[str]:
        """Evaluate rules; returns the names of those that failed and block."""
        view = View(self.store(), (month,) if month else None, tuple(partitions()))
        blocking = []
        for rule in rules:
            finding = rule.evaluate(view)
            if finding.failures:
                key = (rule.dataset.name, rule.name)
                to.failures.setdefault(key, []).extend(finding.failures)
                if rule.effect is Effect.BLOCK:
                    blocking.append(f"{rule.dataset.name}.{rule.name}")
        return blocking


def leaping() -> Callable[[], float]:
    """A clock on which every wait is over when one looks again."""
    seconds = [1000.0]

    def monotonic() -> float:
        seconds[0] += 400
        return seconds[0]

    return monotonic
