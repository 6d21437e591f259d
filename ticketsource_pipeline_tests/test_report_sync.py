"""When the sales report is made, when it is left alone, and what it tells of the checks."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
import time_machine
from click.testing import CliRunner

from ticketsource_pipeline.automation.jobs import MARTS_JOB
from ticketsource_pipeline.cli.main import ticketsource
from ticketsource_pipeline.datasets import BOOKINGS
from ticketsource_pipeline.landing.report import KEPT, make_report
from ticketsource_pipeline.report.figures import Checks, FailedCheck
from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline.store.layout import SINGLE_FILE
from ticketsource_pipeline_tests.automating import office
from ticketsource_pipeline_tests.running import (
    WITH_REPORT,
    Machine,
    dates_of,
    next_month,
    small_theatre,
)
from ticketsource_pipeline_tests.test_marts_sync import runs_of
from ticketsource_pipeline_tests.test_store_writing import store_in

NONE = Checks(1, (), 0)


def reports_of(machine: Machine) -> dict[str, tuple[int, bytes]]:
    """Every report with its time of change and its bytes."""
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted((machine.data / "reports").iterdir())
    }


def text_of(machine: Machine) -> str:
    return (machine.data / "reports" / "sales-report.html").read_text("utf-8")


def test_a_sync_makes_it_anew_when_it_says_something_else_and_only_then(synced: Machine) -> None:
    theatre = small_theatre()
    first = reports_of(synced)
    assert len(first) == 2
    with SandboxServer(theatre) as server:
        assert synced.sync_here(server, **WITH_REPORT).code == 0
        assert reports_of(synced) == first
        assert runs_of(synced, MARTS_JOB) == 1
        theatre.add_booking(dates_of(theatre, next_month())[0], 1, price=100)
        outcome = synced.sync_here(server, **WITH_REPORT)
        assert outcome.code == 0, outcome.stderr
        second = reports_of(synced)
        assert len(second) == 3
        assert second["sales-report.html"] != first["sales-report.html"]
        # One that somebody removed is there again, whatever the marts.
        (synced.data / "reports" / "sales-report.html").unlink()
        assert synced.sync_here(server, **WITH_REPORT).code == 0
    assert re.search(r"<dd>41</dd>", text_of(synced))
    assert synced.verify_here().code == 0


def test_what_failed_in_the_same_run_is_told(
    synced: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(synced.folder)
    right = store.read(BOOKINGS)
    amounts = right["gross"].tolist()
    amounts[0] += Decimal("0.01")
    with office(synced, small_theatre(), monkeypatch, **WITH_REPORT) as place:
        assert place.run(MARTS_JOB).success
        assert "Nothing: all" in text_of(synced)
        # A mart that is a penny off: nobody but its check knows.
        wrong = pd.Series(amounts, dtype=right["gross"].dtype)
        store.remove(BOOKINGS, None, SINGLE_FILE)
        store.write(BOOKINGS, right.assign(gross=wrong))
        place.run(MARTS_JOB)
        told = text_of(synced)
        assert "<bdi>adds_up_to_booking_lines</bdi>" in told
        assert "1 error and 0 warnings" in told
        store.write(BOOKINGS, right)
        place.run(MARTS_JOB)
    assert "Nothing: all" in text_of(synced)


def test_a_failed_check_of_a_month_is_told_until_that_month_is_well(synced: Machine) -> None:
    theatre = small_theatre()
    (booking, *_) = theatre.bookings_of(dates_of(theatre, next_month())[0])
    booking["attributes"]["payments"] = {"Qwyjibo": "Qwyjibo"}
    with SandboxServer(theatre) as server:
        assert synced.sync_here(server, **WITH_REPORT).code == 0
        told = text_of(synced)
        assert "<bdi>no_new_fields</bdi>" in told
        assert "<bdi>warning</bdi>" in told
        assert "Qwyjibo" not in told
        del booking["attributes"]["payments"]
        assert synced.sync_here(server, **WITH_REPORT).code == 0
    assert "<bdi>no_new_fields</bdi>" not in text_of(synced)


def test_with_the_report_off_none_is_made_or_missed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    theatre = small_theatre()
    off = {"TICKETSOURCE_REPORT": "off"}
    with SandboxServer(theatre) as server:
        for _ in range(2):
            assert machine.sync_here(server, **off).code == 0
            assert not (machine.data / "reports").exists()
        # The marts alone were made, and not once more for want of a report.
        assert runs_of(machine, MARTS_JOB) == 1
        assert len(machine.rows("bookings")) == 20
    with office(machine, theatre, monkeypatch, **off) as place:
        assert place.look_at_marts().run_requests == []
        assert place.run(MARTS_JOB).success
    assert not (machine.data / "reports").exists()
    with SandboxServer(theatre) as server:
        assert machine.sync_here(server, **WITH_REPORT).code == 0
    assert len(reports_of(machine)) == 2


def test_with_the_report_off_an_older_one_stays_and_is_not_shown_as_the_latest(
    synced: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    theatre = small_theatre()
    before = reports_of(synced)
    for value, is_made in (("off", False), ("on", True)):
        theatre.add_booking(dates_of(theatre, next_month())[0], 1, price=100)
        with SandboxServer(theatre) as server:
            variables = synced.variables(server, TICKETSOURCE_REPORT=value)
            for name, setting in variables.items():
                monkeypatch.setenv(name, setting)
            told = CliRunner().invoke(ticketsource, ["sync"])
        assert told.exit_code == 0, told.output
        place = str(synced.data / "reports" / "sales-report.html")
        said = place if is_made else "none is made, as TICKETSOURCE_REPORT is off"
        assert f"Sales report: {said}" in told.stdout.splitlines()
        assert (reports_of(synced) != before) is is_made


def test_an_account_without_anything_has_a_page_that_says_so(machine: Machine) -> None:
    with SandboxServer(Theatre.empty()) as server:
        outcome = machine.sync_here(server, **WITH_REPORT)
    assert outcome.code == 0, outcome.stderr
    told = text_of(machine)
    assert "There is no performance yet" in told
    assert 'class="chart"' not in told


def test_the_last_thirty_are_kept_and_the_latest_is_one_of_them(synced: Machine) -> None:
    store = store_in(synced.folder)
    folder = synced.data / "reports"
    latest = folder / "sales-report.html"
    for path in folder.glob("sales-report-*.html"):
        path.unlink()
    for day in range(1, KEPT + 2):
        (folder / f"sales-report-202510{day:02d}T030000Z.html").write_text(f"of day {day}")
    (folder / "of-ours.html").write_text("kept by somebody")
    with time_machine.travel(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=False):
        assert make_report(store, "us", NONE).changed
    names = {path.name for path in folder.iterdir()}
    days = range(3, KEPT + 2)
    assert names == {
        "of-ours.html",
        "sales-report.html",
        "sales-report-20260301T120000Z.html",
        *(f"sales-report-202510{day:02d}T030000Z.html" for day in days),
    }
    assert (folder / "sales-report-20260301T120000Z.html").read_bytes() == latest.read_bytes()
    assert not make_report(store, "us", NONE).changed
    assert {path.name for path in folder.iterdir()} == names


def test_a_report_that_was_altered_or_told_other_failures_is_made_again(synced: Machine) -> None:
    store = store_in(synced.folder)
    failed = FailedCheck("seats", "<b>key</b>", None, warning=False, summary="<i>1</i> is wrong.")
    assert make_report(store, "us", Checks(1, (failed,), 0)).changed
    assert "&lt;b&gt;key&lt;/b&gt;" in text_of(synced)
    (synced.data / "reports" / "sales-report.html").write_text("half")
    assert make_report(store, "us", Checks(1, (failed,), 0)).changed
    assert make_report(store, "us", NONE).changed
    assert "Not checked here" not in text_of(synced)
    assert make_report(store, "us", Checks(0, (), 3)).changed
    assert "Not checked here" in text_of(synced)


def test_what_draws_charts_or_serves_the_sandbox_is_not_loaded_before_it_is_needed() -> None:
    words = (
        "import sys, ticketsource_pipeline.cli.main, ticketsource_pipeline.cli.sync;"
        "print({'altair', 'vl_convert', 'narwhals', 'aiohttp'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert done.stdout.strip() == "set()"
