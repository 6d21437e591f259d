"""A case's sync through `ticketsource sync` itself, in this process and without its waits."""

from __future__ import annotations

import gc
import re
from pathlib import Path
from unittest.mock import patch

from ticketsource_pipeline.api import TicketSourceClient
from ticketsource_pipeline.checks.rule import Failure
from ticketsource_pipeline_tests.chaos.place import QUICK, Place, Report, ToldError, leaping
from ticketsource_pipeline_tests.chaos.playhouse import PAGE_SIZE, PERSON
from ticketsource_pipeline_tests.running import KEY, WITH_REPORT, Machine, Outcome

RETRIES = 3
IN_FLIGHT = 3
LONGEST_LINE = 600
_RUN_FAILED = re.compile(r"ticketsource: (?:(\d{4}-\d\d)|The catalogue) could not be read: (.+)")
_CHECK_FAILED = re.compile(r"(?:check failed|warning): (\w+)\.(\w+): (.+)")


class Untold(AssertionError):
    """The command did not say, as it must, what came of it."""


def sync_by_command(place: Place, url: str, *, full: bool, timeout_seconds: float) -> Report:
    """Run `ticketsource sync` over a place; Dagster's home is made beside its data.

    Raises:
        Untold: when exit code, words and log do not agree, or hold what they must not.
    """
    machine = Machine(place.data.parent)
    quick = {"sleep": lambda _: None, "monotonic": leaping(), "backoff": QUICK}
    with patch.dict(TicketSourceClient.__init__.__kwdefaults__, quick):
        outcome = machine.sync_here(
            None,
            *(["--full"] if full else []),
            TICKETSOURCE_BASE_URL=url,
            TICKETSOURCE_API_KEY=KEY,
            TICKETSOURCE_PAGE_SIZE=str(PAGE_SIZE),
            TICKETSOURCE_MAX_CONCURRENCY=str(IN_FLIGHT),
            TICKETSOURCE_MAX_RETRIES=str(RETRIES),
            TICKETSOURCE_TIMEOUT=str(timeout_seconds),
            **WITH_REPORT,
        )
    # The command keeps what it loaded for good, as its process ends; this one goes on.
    gc.unfreeze()
    report = _report(outcome)
    _look_at_words(outcome, report)
    _look_for_secrets(machine.home, outcome)
    return report


def _report(outcome: Outcome) -> Report:
    report = Report()
    for line in outcome.stderr.splitlines():
        if told := _RUN_FAILED.fullmatch(line):
            report.errors[told[1] or ""] = ToldError(told[2])
        elif told := _CHECK_FAILED.fullmatch(line):
            report.failures.setdefault((told[1], told[2]), []).append(Failure(told[3]))
    return report


def _look_at_words(outcome: Outcome, report: Report) -> None:
    lines = outcome.stderr.splitlines()
    is_bad = bool(report.errors) or any(line.startswith("check failed: ") for line in lines)
    if outcome.code != int(is_bad):
        raise Untold(f"exit code {outcome.code} after:\n{outcome.output}")
    if "Traceback" in outcome.output or any(len(line) > LONGEST_LINE for line in lines):
        raise Untold(f"no clear line:\n{outcome.output}")


def _look_for_secrets(home: Path, outcome: Outcome) -> None:
    written = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    # What is searched was written indeed: the event log knows of the run.
    logs = [content for path, content in written.items() if path.suffix == ".db"]
    if not any(b"refresh_catalog" in content for content in logs):
        raise Untold("there is no event log of the run")
    for secret in (KEY, PERSON):
        if secret.lower() in outcome.output.lower():
            raise Untold(f"the output holds {secret}:\n{outcome.output}")
        for path, content in written.items():
            if secret.lower().encode() in content.lower():
                raise Untold(f"{path.relative_to(home)} holds {secret}")
