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
from ticketsource_pipeline.frames.money import pence_column, pounds
from ticketsource_pipeline.store import ParquetStore


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
    """

    months: int = 0
    errors: list[str] = field(default_factory=list)
    failed_checks: list[FailedCheck] = field(default_factory=list)
    reused_bookings: int = 0
    pages: Counter[str] = field(default_factory=Counter)
    metered: MeterReading = field(default_factory=MeterReading)
    expected: int | None = None

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

    def to_json(self, store: ParquetStore) -> str:
        """Return the summary as one line of JSON."""
        sizes = {dataset.name: store.size(dataset) for dataset in DATASETS.values()}
        return json.dumps(
            {
                "months": self.months,
                "requests": self.metered.requests,
                "retries": self.metered.retries,
                "reused_bookings": self.reused_bookings,
                "datasets": {
                    name: {"rows": rows, "files": files} for name, (rows, files) in sizes.items()
                },
                "failed_checks": [str(check) for check in self.check_errors],
            }
        )

    def print_table(self, store: ParquetStore, console: Console) -> None:
        """Print a table of all datasets: rows, files, gross, net, and pages asked for."""
        table = Table(title=f"Datasets in {store.layout.root}", title_justify="left")
        table.add_column("dataset")
        for name in ("rows", "files", "gross", "net", "requests"):
            table.add_column(name, justify="right")
        for dataset in DATASETS.values():
            rows, files = store.size(dataset)
            sums = dict.fromkeys(("gross", "net"), "")
            for name in sums:
                if name in dataset.money_columns:
                    amounts = store.read(dataset, columns=[name])[name]
                    sums[name] = f"£{pounds(int(pence_column(amounts).sum())):,}"
            asked = self.pages[dataset.name]
            table.add_row(
                dataset.name,
                f"{rows:,}",
                f"{files:,}",
                sums["gross"],
                sums["net"],
                f"{asked:,}" if asked else "",
            )
        console.print(table)
        console.print(
            f"{self.metered.requests:,} requests made, {self.metered.retries:,} of them retries;"
            f" {self.reused_bookings:,} bookings' seats reused; {self.months} months read."
            + (f" {self.expected:,} requests were expected." if self.expected is not None else ""),
            highlight=False,
            soft_wrap=True,
        )
