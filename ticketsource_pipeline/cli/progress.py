"""How far a sync has come: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ticketsource_pipeline.api import MeterReading, subscribe, unsubscribe


def bars(console: Console) -> Progress:
    """Return bars that are shown on a terminal only; each task has a field `what`."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[what]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


class SyncProgress:
    """Counts the requests of the process and shows the months done.

    Attributes:
        total: what all clients of this process did since the progress began.
    """

    def __init__(self, console: Console) -> None:
        self.total = MeterReading()
        self._console = console
        self._bars = bars(console)
        self._months = self._bars.add_task("months", total=None, what="catalogue")
        self._requests = self._bars.add_task("requests", total=None, what="")

    @contextlib.contextmanager
    def shown(self) -> Iterator[SyncProgress]:
        """Show the bars while the block runs."""
        subscribe(self._count)
        try:
            with self._bars:
                yield self
        finally:
            unsubscribe(self._count)

    def expect(self, months: int, requests: int | None) -> None:
        """Say how many months there are to do, and how many requests they take if it is known."""
        self._bars.update(self._months, total=months, what="")
        self._bars.update(self._requests, total=requests)

    def begin(self, month: str) -> None:
        """Say which month is being read."""
        self._bars.update(self._months, what=month)

    def finish(self, month: str, words: str) -> None:
        """Say that a month is done, and what came of it."""
        self._bars.update(self._months, advance=1, what="")
        self.say(f"{month}: {words}")

    def say(self, line: str) -> None:
        """Print a line; above the bars where there are any."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _count(self, change: MeterReading) -> None:
        self.total += change
        waited = round(self.total.limit_wait_seconds + self.total.server_wait_seconds)
        what = f"{self.total.retries} retries" if self.total.retries else ""
        if waited:
            what = f"{what} {waited} s waited".strip()
        self._bars.update(self._requests, completed=self.total.requests, what=what)
