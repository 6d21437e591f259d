"""What a sync comes to: a table for people, one JSON object for programs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from ticketsource_pipeline.api import MeterReading
from ticketsource_pipeline.cli.runs import FailedCheck, RunOutcome
from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.frames.money import pounds, total_pence
from ticketsource_pipeline.store import ParquetStore, StoreError

_SUMMED = frozenset({"gross", "net"})


@dataclass
class SyncSummary:
    """What the runs of a sync came to, added up.

    Attributes:
        months: months read.
        errors: why runs failed, a line each.
        failed_checks: checks that did not pass, warnings too.
        reused_bookings: bookings whose stored seats were taken.
        pages: pages read, by dataset.
        metered: what all clients did.
        expected: how many requests were expected once the catalogue was read; none before.
        sizes: rows and files of each dataset, once measured.
        sums: by dataset and column, sums of money in whole pence, once measured.
        report: where the sales report is, once measured, or why there is none.
    """

    months: int = 0
    errors: list[str] = field(default_factory=list)
    failed_checks: list[FailedCheck] = field(default_factory=list)
    reused_bookings: int = 0
    pages: Counter[str] = field(default_factory=Counter)
    metered: MeterReading = field(default_factory=MeterReading)
    expected: int | None = None
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    sums: dict[tuple[str, str], int] = field(default_factory=dict)
    report: str | None = None

    def add(self, outcome: RunOutcome) -> None:
        """Count what came of a run."""
        self.failed_checks.extend(outcome.failed_checks)
        self.reused_bookings += outcome.reused_bookings
        self.pages.update(outcome.requests)

    @property
    def all_well(self) -> bool:
        """Whether no run and no check that is an error failed."""
        return not self.errors and not self.check_errors

    @property
    def check_errors(self) -> list[FailedCheck]:
        """The failed checks that are errors, not warnings."""
        return [check for check in self.failed_checks if not check.warning]

    def measure(self, store: ParquetStore, *, report: bool) -> None:
        """Look how large each dataset is; one that cannot be read is an error.

        Args:
            store: the data directory.
            report: whether a sales report is made.
        """
        path = store.layout.report
        if report:
            self.report = str(path) if path.exists() else None
        else:
            self.report = "none is made, as TICKETSOURCE_REPORT is off"
        for dataset in DATASETS.values():
            try:
                self.sizes[dataset.name] = store.size(dataset)
                for column in _SUMMED.intersection(dataset.money_columns):
                    amounts = store.read(dataset, columns=[column])[column]
                    self.sums[dataset.name, column] = total_pence(amounts)
            except StoreError as error:
                self.sizes[dataset.name] = (0, 0)
                self.errors.append(str(error))

    def to_json(self) -> str:
        """Return the summary as one line of JSON."""
        return json.dumps(
            {
                "months": self.months,
                "requests": self.metered.requests,
                "retries": self.metered.retries,
                "reused_bookings": self.reused_bookings,
                "datasets": {
                    name: {"rows": rows, "files": files}
                    for name, (rows, files) in self.sizes.items()
                },
                "failed_checks": [str(check) for check in self.check_errors],
            }
        )

    def print_table(self, root: str, console: Console) -> None:
        """Print a table of all datasets: rows, files, gross, net, and pages asked for.

        Args:
            root: where they lie.
            console: where it is printed.
        """
        console.print(f"Datasets in {root}", highlight=False, markup=False, soft_wrap=True)
        table = Table()
        table.add_column("dataset")
        for name in ("rows", "files", "gross", "net", "requests"):
            table.add_column(name, justify="right")
        for name, (rows, files) in self.sizes.items():
            asked = self.pages[name]
            table.add_row(
                name,
                f"{rows:,}",
                f"{files:,}",
                self._pounds(name, "gross"),
                self._pounds(name, "net"),
                f"{asked:,}" if asked else "",
            )
        console.print(table)
        if self.report:
            console.print(
                f"Sales report: {self.report}", highlight=False, markup=False, soft_wrap=True
            )
        expected = "" if self.expected is None else f" {self.expected:,} requests were expected."
        console.print(
            f"{self.metered.requests:,} requests made, {self.metered.retries:,} of them retries;"
            f" {self.reused_bookings:,} bookings' seats reused;"
            f" {counted(self.months, 'month')} read.{expected}",
            highlight=False,
            soft_wrap=True,
        )

    def _pounds(self, dataset: str, column: str) -> str:
        pence = self.sums.get((dataset, column))
        return "" if pence is None else f"£{pounds(pence):,}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where there is not just one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
