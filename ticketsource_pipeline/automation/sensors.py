"""The sensor on the catalogue: performances that changed make runs of their months at once."""

from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

import dagster as dg

from ticketsource_pipeline.automation.jobs import MONTH_JOB
from ticketsource_pipeline.automation.months import month_run, stored_performances
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.refresh.changes import Change, changes
from ticketsource_pipeline.resources import ParquetStoreResource


@dataclass(frozen=True)
class Cursor:
    """What the sensor remembers between its ticks.

    Attributes:
        count: how many ticks asked for runs so far.
        asked: the changes that wait for runs asked for already.
    """

    count: int = 0
    asked: frozenset[str] = frozenset()

    @classmethod
    def read(cls, text: str | None) -> Self:
        """Return the cursor of a text that `write` gave; the first one for none."""
        if not text:
            return cls()
        count, *asked = text.split()
        return cls(int(count), frozenset(asked))

    def write(self) -> str:
        """Return the cursor as text."""
        return " ".join([str(self.count), *sorted(self.asked)])


def changed_performances_sensor(
    partitions: dg.MonthlyPartitionsDefinition,
) -> dg.SensorDefinition:
    """Return the sensor that compares the catalogue with what was read of each performance.

    What was read is noted in the store itself, so a change is seen until a run has dealt with it,
    however often a tick fails or Dagster is restarted. The cursor names the changes for which
    runs were asked already, and counts how often that was: the count is part of the run key, so a
    tick that is repeated because it died before its cursor was kept asks for the same runs, which
    Dagster starts once; and a change that comes back later is a new one.

    Args:
        partitions: the months.
    """

    @dg.sensor(
        name="changed_performances",
        job_name=MONTH_JOB,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Watches the catalogue: new, moved, cancelled or reinstated performances, and those"
            " that left, make runs of the months concerned at once."
        ),
    )
    def changed_performances(
        context: dg.SensorEvaluationContext, store: ParquetStoreResource
    ) -> dg.SensorResult:
        parquet = store.look()
        kept = set(partitions.get_partition_keys(current_time=utc_now()))
        records = [parquet.month_record(name) for name in parquet.recorded_months()]
        found = changes(stored_performances(parquet), records, kept)
        cursor = Cursor.read(context.cursor)
        fresh = [change for change in found if change.identity not in cursor.asked]
        after = Cursor(cursor.count + bool(fresh), frozenset(change.identity for change in found))
        if not fresh:
            return dg.SensorResult(
                skip_reason="No performance changed since the last look.", cursor=after.write()
            )
        by_month: dict[str, list[Change]] = defaultdict(list)
        for change in fresh:
            for month in change.months:
                by_month[month].append(change)
        requests = [
            month_run(
                month,
                run_key=f"changed {month} {after.count} {_digest(of_month)}",
                why=", ".join(sorted({change.what for change in of_month})),
            )
            for month, of_month in sorted(by_month.items())
            if month in kept
        ]
        return dg.SensorResult(run_requests=requests, cursor=after.write())

    return changed_performances


def _digest(found: list[Change]) -> str:
    return sha256(" ".join(sorted(change.identity for change in found)).encode()).hexdigest()[:16]
