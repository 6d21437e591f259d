"""What a verification comes to: a table for people, one JSON object for programs."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.table import Table

from ticketsource_pipeline.checks.comparison import Fault, Found
from ticketsource_pipeline.checks.verification import FailedRule, Verdict
from ticketsource_pipeline.cli.summary import counted
from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.frames.money import pounds


@dataclass
class Verification:
    """What was found, added up.

    Attributes:
        months: months looked at.
        rules: rules looked at, each once a month.
        found: by dataset, what there is.
        faults: files that are not as they must be.
        failed_rules: rules that something breaks, warnings too.
        notes: what is as it may be, and worth a word.
    """

    months: int = 0
    rules: int = 0
    found: dict[str, Found] = field(default_factory=lambda: {name: Found() for name in DATASETS})
    faults: list[Fault] = field(default_factory=list)
    failed_rules: list[FailedRule] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _not_looked_at: list[Fault] = field(default_factory=list)
    _read_since: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        """Count what was found of a part."""
        comparison = verdict.comparison
        self.months += comparison.month is not None
        self.rules += verdict.rules
        for name, found in comparison.found.items():
            self.found[name].add(found)
        self.faults.extend(comparison.faults)
        self.failed_rules.extend(verdict.failed_rules)
        self.notes.extend(comparison.notes)
        self._not_looked_at.extend(verdict.not_looked_at)
        self._read_since.update(comparison.read_since)

    @property
    def told(self) -> list[Fault]:
        """The faults a person is told.

        A rule that could not be looked at is one where nothing else says why.
        """
        return self.faults or self._not_looked_at

    @property
    def all_well(self) -> bool:
        """Whether nothing is wrong; a warning is nothing wrong."""
        return not self.told and all(rule.warning for rule in self.failed_rules)

    def state(self, dataset: str) -> str:
        """How it is with a dataset, in a few words."""
        faults = sum(fault.dataset == dataset for fault in self.told)
        failed = sum(
            rule.name.startswith(f"{dataset}.") and not rule.warning for rule in self.failed_rules
        )
        if faults or failed:
            return ", ".join(
                part
                for part in (
                    counted(faults, "fault") if faults else "",
                    f"{counted(failed, 'check')} failed" if failed else "",
                )
                if part
            )
        unpublished = self._read_since[dataset]
        if unpublished:
            return f"{counted(unpublished, 'month')} not yet published"
        return "as written"

    def to_json(self) -> str:
        """Return what was found as one line of JSON."""
        return json.dumps(
            {
                "all_well": self.all_well,
                "months": self.months,
                "rules": self.rules,
                "datasets": {
                    name: {
                        "files": found.files,
                        "rows": found.rows,
                        "pence": dict(found.pence),
                        "state": self.state(name),
                    }
                    for name, found in self.found.items()
                },
                "faults": [asdict(fault) for fault in self.told],
                "failed_checks": [asdict(rule) for rule in self.failed_rules],
                "notes": self.notes,
            }
        )

    def print_table(self, root: str, console: Console) -> None:
        """Print a line for each dataset.

        Args:
            root: where they lie.
            console: where it is printed.
        """
        console.print(f"Datasets in {root}", highlight=False, markup=False, soft_wrap=True)
        table = Table()
        table.add_column("dataset")
        for name in ("files", "rows", "gross", "net"):
            table.add_column(name, justify="right")
        table.add_column("state")
        for name, found in self.found.items():
            table.add_row(
                name,
                f"{found.files:,}",
                f"{found.rows:,}",
                *(
                    f"£{pounds(found.pence[column]):,}"
                    if column in DATASETS[name].money_columns
                    else ""
                    for column in ("gross", "net")
                ),
                self.state(name),
            )
        console.print(table)

    def print_words(self, console: Console) -> None:
        """Print a line for each thing that is wrong, and for each worth a word."""
        errors: defaultdict[str, list[object]] = defaultdict(list)
        for rule in self.failed_rules:
            errors["warning" if rule.warning else "check failed"].append(rule)
        errors["fault"].extend(self.told)
        errors["note"].extend(self.notes)
        for kind in ("fault", "check failed", "warning", "note"):
            for item in errors[kind]:
                console.print(f"{kind}: {item}", markup=False, highlight=False, soft_wrap=True)
        console.print(self._in_a_line(), markup=False, highlight=False, soft_wrap=True)

    def _in_a_line(self) -> str:
        files = sum(found.files for found in self.found.values())
        what = f"{counted(files, 'file')} of {counted(self.months, 'month')} and the catalogue"
        if self.all_well:
            return f"All well: {what} are as they were written, and keep all rules."
        failed = sum(not rule.warning for rule in self.failed_rules)
        return (
            f"Not well: of {what}, {counted(len(self.told), 'fault')} and"
            f" {counted(failed, 'failed check')}."
        )
