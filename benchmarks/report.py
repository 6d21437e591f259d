"""What a benchmark found, as a table on the terminal and between the markers of a document."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

LIBRARIES = ("dagster", "pandas", "pyarrow", "requests", "urllib3", "pyrate-limiter", "simplejson")


@dataclass
class Result:
    """What a benchmark found.

    Attributes:
        name: the benchmark.
        columns: the table's head.
        rows: the table's body.
        verdicts: a line for each thing wanted, and whether it was reached.

    """

    name: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)

    def judge(self, what: str, *, reached: bool) -> None:
        """Note whether something wanted was reached."""
        self.verdicts.append(f"{'Reached' if reached else 'NOT reached'}: {what}")

    def print(self, console: Console) -> None:
        """Print it."""
        table = Table(title=self.name, title_justify="left")
        table.add_column(self.columns[0])
        for column in self.columns[1:]:
            table.add_column(column, justify="right")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)
        for verdict in self.verdicts:
            console.print(verdict, markup=False, highlight=False, soft_wrap=True)

    def markdown(self) -> str:
        """Return it as a table of Markdown and a list."""
        lines = [
            _row(self.columns),
            _row(["---", *["---:"] * (len(self.columns) - 1)]),
            *(_row(row) for row in self.rows),
        ]
        if self.verdicts:
            lines += ["", *(f"- {verdict}" for verdict in self.verdicts)]
        return "\n".join(lines)


def machine() -> str:
    """Return what the figures were measured on, in a line of Markdown."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{os.cpu_count()} cores ({_processor()}), {platform.system()}, Python"
        f" {platform.python_version()}, {libraries}."
    )


def put_between_markers(document: Path, name: str, text: str) -> None:
    """Replace what a document holds between `<!-- bench NAME -->` and `<!-- end NAME -->`.

    Raises:
        LookupError: when the document has no such markers.

    """
    begin, end = f"<!-- bench {name} -->", f"<!-- end {name} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    old = document.read_text(encoding="utf-8")
    if not pattern.search(old):
        raise LookupError(f"{document} has no markers {begin} and {end}")
    block = f"{begin}\n\n{text}\n\n{end}"
    document.write_text(pattern.sub(lambda _: block, old), encoding="utf-8")


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].replace("(R)", "") if found else platform.machine()
