"""Which months a sync reads, in which order, and which of their performances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ticketsource_pipeline.frames.sales import CODE_VERSION
from ticketsource_pipeline.refresh.openness import Performance, is_due
from ticketsource_pipeline.store.months import MonthRecord


@dataclass(frozen=True)
class MonthPlan:
    """What a sync does with one month.

    Attributes:
        month: the month, `YYYY-MM`.
        due: the performances whose bookings are listed again.
        settled: the performances that are closed and read whole: not asked for.
        left: date ids stored in the month that the catalogue no longer files there.
        reason: why the month is read, in a word or two; empty when it need not be.
    """

    month: str
    due: tuple[Performance, ...]
    settled: tuple[Performance, ...]
    left: tuple[str, ...]
    reason: str

    @property
    def is_needed(self) -> bool:
        """Whether the month has to be run at all."""
        return bool(self.reason)


def month_plan(
    month: str,
    performances: Iterable[Performance],
    record: MonthRecord,
    *,
    now: datetime,
    refund_window: timedelta,
    is_as_published: bool = True,
) -> MonthPlan:
    """Return what a sync does with a month.

    Args:
        month: the month.
        performances: those that the catalogue files under the month.
        record: what is stored of the month.
        now: the present moment, aware UTC.
        refund_window: how long after its end a performance stays open.
        is_as_published: whether the files of its last publication, if there was one, are there.
    """
    due, settled = [], []
    for performance in performances:
        known = record.performances.get(performance.date_id)
        is_open = is_due(performance, known, now=now, refund_window=refund_window)
        (due if is_open else settled).append(performance)
    present = {performance.date_id for performance in (*due, *settled)}
    left = tuple(sorted(set(record.performances) - present))
    reason = _reason(due, left, record, is_as_published=is_as_published)
    return MonthPlan(month, tuple(due), tuple(settled), left, reason)


def month_plans(
    performances: Iterable[Performance],
    records: Mapping[str, MonthRecord],
    *,
    now: datetime,
    refund_window: timedelta,
    as_published: Collection[str] | None = None,
) -> list[MonthPlan]:
    """Return the plan of every month that has performances or stored data.

    Months that performances have left come first, so that nothing is ever in two months at once;
    the others follow in their order.

    Args:
        performances: those of the catalogue.
        records: what is stored of each month.
        now: the present moment, aware UTC.
        refund_window: how long after its end a performance stays open.
        as_published: the months whose published files are there; none when that is of no concern.
    """
    by_month: dict[str, list[Performance]] = defaultdict(list)
    for performance in performances:
        if performance.month is not None:
            by_month[performance.month].append(performance)
    plans = [
        month_plan(
            month,
            by_month.get(month, []),
            records.get(month, MonthRecord(month)),
            now=now,
            refund_window=refund_window,
            is_as_published=as_published is None or month in as_published,
        )
        for month in sorted({*by_month, *records})
    ]
    return sorted(plans, key=lambda plan: (not plan.left, plan.month))


def _reason(
    due: list[Performance], left: tuple[str, ...], record: MonthRecord, *, is_as_published: bool
) -> str:
    if left:
        return "performances left"
    known = record.performances
    if any(
        performance.date_id not in known or not known[performance.date_id].is_whole
        for performance in due
    ):
        return "never read whole"
    if due:
        return "open"
    # One that was published and emptied since has files too.
    known_to_readers = record.published_at is not None
    if (record.performances or known_to_readers) and not record.is_published_by(CODE_VERSION):
        return "not published"
    if known_to_readers and not is_as_published:
        return "files missing"
    return ""
