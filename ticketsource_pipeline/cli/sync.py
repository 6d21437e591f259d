"""The sync: the catalogue, then each month that may have changed, as runs in this process."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from datetime import timedelta

import dagster as dg
from rich.console import Console

from ticketsource_pipeline.automation.jobs import (
    CATALOG_JOB,
    CUSTOMERS_JOB,
    MARTS_JOB,
    MONTH_JOB,
    STORE_CHECKS_JOB,
)
from ticketsource_pipeline.automation.months import current_plans
from ticketsource_pipeline.cli.home import open_instance
from ticketsource_pipeline.cli.months import checked_months
from ticketsource_pipeline.cli.plan import expected_requests, forecast_rules
from ticketsource_pipeline.cli.progress import SyncProgress
from ticketsource_pipeline.cli.runs import RunOutcome, launch
from ticketsource_pipeline.cli.stopping import StopSignals
from ticketsource_pipeline.cli.summary import SyncSummary, counted
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import CUSTOMERS, EVENTS
from ticketsource_pipeline.definitions import definitions
from ticketsource_pipeline.landing.marts import marts_state
from ticketsource_pipeline.landing.report import report_is_current
from ticketsource_pipeline.partitions import month_partitions
from ticketsource_pipeline.personal_data import AttendeeMode
from ticketsource_pipeline.refresh.forecast import pages_of
from ticketsource_pipeline.refresh.plan import MonthPlan
from ticketsource_pipeline.resources import ParquetStoreResource
from ticketsource_pipeline.settings import Settings
from ticketsource_pipeline.sql.database import keep_database
from ticketsource_pipeline.store import DamagedFile, ParquetStore, StoreError
from ticketsource_pipeline.store.account import AccountMismatch, bind_account
from ticketsource_pipeline.store.privacy import privacy_state
from ticketsource_pipeline.store.report import read_report_record

_HOPELESS = {"Unauthorized", "Forbidden", "StoreError", "AccountMismatch"}
_FAILURES_IN_A_ROW = 3


class Refused(Exception):
    """The sync did not begin, for a reason the user can mend."""


def sync(
    settings: Settings,
    *,
    months: Sequence[str],
    full: bool,
    customers: bool,
    console: Console,
) -> tuple[SyncSummary, str]:
    """Bring the data directory up to date.

    Args:
        settings: the user's settings; the key is set.
        months: only these months, closed ones too; all that may have changed when empty.
        full: read everything again, reusing nothing.
        customers: read the list of customers too.
        console: where progress is shown.

    Raises:
        SettingsError: when a month is not one of the partitions.
        StoreError: when the data directory cannot be used, or holds another account's data.
        Refused: when the API's account is not the one whose data is stored.
    """
    chosen = checked_months(settings, months)
    store = ParquetStoreResource(data_dir=settings.data_dir).open()
    bind_account(
        store,
        api_root=settings.account,
        api_key=settings.required_api_key(),
        listed_events=None,
        stored_events=store.read(EVENTS, columns=["event_id"])["event_id"].tolist(),
    )
    change = _change_of_mode(store, settings.attendees, full=full)
    if change:
        console.print(change, markup=False, highlight=False, soft_wrap=True)
    summary = SyncSummary()
    progress = SyncProgress(console)
    with open_instance() as instance, progress.shown(), StopSignals() as stop:
        _run(
            settings,
            store,
            instance,
            chosen=chosen,
            full=full,
            customers=customers,
            summary=summary,
            progress=progress,
            stop=stop,
        )
    summary.metered = progress.total
    summary.measure(store, report=settings.report)
    try:
        keep_database(store)
    except StoreError as error:
        # The data is as it should be: only a convenience is missing.
        console.print(f"warning: {error}", markup=False, highlight=False, soft_wrap=True)
    return summary, str(store.layout.root)


def _change_of_mode(store: ParquetStore, mode: AttendeeMode, *, full: bool) -> str:
    """What is said when TICKETSOURCE_ATTENDEES is another than the data is under."""
    before = privacy_state(store).attendees
    words = f"TICKETSOURCE_ATTENDEES is {mode} now and was {before}:"
    if mode.is_stricter_than(before) and store.recorded_months():
        return f"{words} everything stored is brought to it first, closed months too."
    if before.is_stricter_than(mode) and not full:
        return (
            f"{words} open months fill up as they are read; to fill closed ones, run `ticketsource"
            " sync --full`."
        )
    return ""


def _run(
    settings: Settings,
    store: ParquetStore,
    instance: dg.DagsterInstance,
    *,
    chosen: Sequence[str],
    full: bool,
    customers: bool,
    summary: SyncSummary,
    progress: SyncProgress,
    stop: StopSignals,
) -> None:
    defs = definitions(settings)
    outcome = launch(defs, instance, CATALOG_JOB)
    # What was loaded by now stays to the end: looking it over for garbage again and again is slow.
    gc.collect()
    gc.freeze()
    summary.add(outcome)
    wrong = _wrong_with_catalog(outcome, stop)
    if wrong:
        summary.errors.append(wrong)
        return
    plans = _plans(settings, store, chosen, full=full)
    summary.expected = _expected(settings, store, plans, progress, full=full, closed=bool(chosen))
    if summary.expected is not None and customers:
        summary.expected += pages_of(store.size(CUSTOMERS)[0], settings.page_size)
    progress.expect(len(plans), summary.expected)
    if not _read_months(
        defs, instance, plans, chosen, full=full, summary=summary, progress=progress, stop=stop
    ):
        return
    if not _told_already(store, summary, report=settings.report):
        _finish(defs, instance, MARTS_JOB, "The marts or the report could not be made", summary)
    elif plans:
        _finish(defs, instance, STORE_CHECKS_JOB, "The store could not be checked", summary)
    if customers:
        _finish(defs, instance, CUSTOMERS_JOB, "The customers could not be read", summary)


def _read_months(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    plans: Sequence[MonthPlan],
    chosen: Sequence[str],
    *,
    full: bool,
    summary: SyncSummary,
    progress: SyncProgress,
    stop: StopSignals,
) -> bool:
    """Run the months one after the other; returns whether what follows them may follow."""
    failures = 0
    for plan in plans:
        progress.begin(plan.month)
        config = {"raw": {"config": {"full": full, "open_only": plan.month not in chosen}}}
        outcome = launch(defs, instance, MONTH_JOB, month=plan.month, config=config)
        summary.add(outcome)
        stopped = _stopped(outcome, stop, plan.month)
        if stopped:
            summary.errors.append(stopped)
            return False
        summary.months += 1
        progress.finish(plan.month, _words(plan, outcome))
        if outcome.succeeded:
            failures = 0
            continue
        failures += 1
        summary.errors.append(f"{plan.month} could not be read: {outcome.error}")
        if outcome.error_kind in _HOPELESS or failures == _FAILURES_IN_A_ROW:
            left = len(plans) - plans.index(plan) - 1
            if left:
                summary.errors.append(f"Left for the next sync: {counted(left, 'month')}.")
            return False
    return True


def _told_already(store: ParquetStore, summary: SyncSummary, *, report: bool) -> bool:
    """Whether the marts are of what is stored, and the report of them and of what failed now."""
    if not marts_state(store).are_current:
        return False
    if not report:
        return True
    told = read_report_record(store).failed_checks
    return report_is_current(store) and all(str(check) in told for check in summary.failed_checks)


def _finish(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    complaint: str,
    summary: SyncSummary,
) -> None:
    """Run what follows the months; that it fails is told, and changes nothing of the months."""
    outcome = launch(defs, instance, job)
    summary.add(outcome)
    if not outcome.succeeded:
        summary.errors.append(f"{complaint}: {outcome.error}")


def _wrong_with_catalog(outcome: RunOutcome, stop: StopSignals) -> str:
    """Why the sync cannot go on after the catalogue's run; empty when it can."""
    if outcome.error_kind == AccountMismatch.__name__:
        raise Refused(outcome.error)
    if outcome.interrupted:
        return "Stopped while the catalogue was being read: nothing has changed."
    if not outcome.succeeded:
        return f"The catalogue could not be read: {outcome.error}"
    return "Stopped once the catalogue was read." if stop.asked else ""


def _stopped(outcome: RunOutcome, stop: StopSignals, month: str) -> str:
    """What to say when somebody stopped the sync during a month's run; else empty."""
    if outcome.interrupted:
        return (
            f"Stopped while {month} was being read: what is whole is kept, and the next"
            " sync goes on from there."
        )
    if not stop.asked:
        return ""
    failed = "" if outcome.succeeded else f"{month} could not be read: {outcome.error} "
    return f"{failed}Stopped after {month}: the next sync goes on from there."


def _expected(
    settings: Settings,
    store: ParquetStore,
    plans: Sequence[MonthPlan],
    progress: SyncProgress,
    *,
    full: bool,
    closed: bool,
) -> int | None:
    """The requests made so far and those the months are expected to take, if that is known."""
    rules = forecast_rules(settings, full=full, closed_too=closed)
    try:
        of_months = expected_requests(store, plans, rules)
    except DamagedFile:
        # The month's own run says which file it is, and reads it anew where it can.
        return None
    return None if of_months is None else progress.total.requests + of_months


def _plans(
    settings: Settings, store: ParquetStore, chosen: Sequence[str], *, full: bool
) -> list[MonthPlan]:
    """The months to run: those needed, or those chosen with those they got or gave something."""
    plans = current_plans(
        store,
        month_partitions(settings.first_month).get_partition_keys(current_time=utc_now()),
        now=utc_now(),
        refund_window=timedelta(days=settings.refund_window_days),
        also=chosen,
    )
    if not chosen:
        return [plan for plan in plans if plan.is_needed or (full and (plan.due or plan.settled))]
    homes = {
        performance.date_id: plan.month
        for plan in plans
        for performance in (*plan.due, *plan.settled)
    }
    moves = [{plan.month, homes.get(date_id)} for plan in plans for date_id in plan.left]
    wanted = set(chosen).union(*(move for move in moves if move.intersection(chosen)))
    return [plan for plan in plans if plan.month in wanted]


def _words(plan: MonthPlan, outcome: RunOutcome) -> str:
    if not outcome.succeeded:
        return "failed"
    pages = outcome.requests
    return (
        f"{counted(len(plan.due) + len(plan.settled), 'performance')},"
        f" {counted(pages.get('raw_bookings', 0), 'page')} of bookings,"
        f" {pages.get('raw_seats', 0):,} of seats, {outcome.reused_bookings:,} reused"
    )
