"""Sums up a campaign at the end of its tests: cases by fault, and what came of them."""

import json
from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts of all batches, whichever process played them."""
    counts: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    seeds: set[int] = set()
    reports = [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]
    for report in reports:
        for name, told in report.user_properties:
            if name == "chaos" and report.when == "call":
                said = json.loads(told)
                counts.update(said["counts"])
                outcomes.update(said["outcomes"])
                seeds.add(said["seed"])
    if counts:
        terminalreporter.section(f"campaign of seed {', '.join(map(str, sorted(seeds)))}")
        for name, count in sorted(counts.items()):
            terminalreporter.write_line(f"{count:7,} {name}")
        terminalreporter.write_line(f"{sum(outcomes.values()):,} cases: {dict(outcomes)}")
