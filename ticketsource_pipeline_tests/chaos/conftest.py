"""Sums up a campaign at the end of its tests: cases by fault, kills, and what came of them."""

import json
from collections import Counter

import pytest

NAMES = ("counts", "outcomes", "kills", "kill_outcomes")
NUMBERS = ("readings", "proven", "overtaken")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts of all batches, whichever process played them."""
    sums: dict[str, Counter[str]] = {name: Counter() for name in NAMES}
    numbers: Counter[str] = Counter()
    seeds: set[int] = set()
    reports = [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]
    for report in reports:
        for name, told in report.user_properties:
            if name == "chaos" and report.when == "call":
                said = json.loads(told)
                for each in NAMES:
                    sums[each].update(said.get(each, {}))
                numbers.update({each: said.get(each, 0) for each in NUMBERS})
                seeds.add(said["seed"])
    if not seeds:
        return
    terminalreporter.section(f"campaign of seed {', '.join(map(str, sorted(seeds)))}")
    for name, count in sorted(sums["counts"].items()):
        terminalreporter.write_line(f"{count:7,} {name}")
    terminalreporter.write_line(f"{_told(sums['outcomes'])} cases of faults")
    terminalreporter.write_line(f"{_told(sums['kills'])} processes killed while they synced")
    terminalreporter.write_line(f"{_told(sums['kill_outcomes'])} months after a kill")
    terminalreporter.write_line(
        f"{numbers['readings']:,} readings of all datasets with DuckDB during kills;"
        f" {numbers['proven']:,} of a month proven by its manifest;"
        f" {numbers['overtaken']:,} of raw datasets made again, as a performance left its month"
    )


def _told(counts: Counter[str]) -> str:
    parts = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
    return f"{sum(counts.values()):,} ({parts})"
