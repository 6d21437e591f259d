"""The commands that need no account: `demo`, and `sandbox` with a sync against it."""

import re
import signal
from datetime import UTC, datetime

import pytest

from ticketsource_pipeline.sandbox import Theatre
from ticketsource_pipeline_tests.running import (
    DATASETS,
    OTHER_KEY,
    Machine,
    Outcome,
    assert_holds,
    ended,
)


def table_rows(outcome: Outcome) -> dict[str, list[str]]:
    """The cells of the printed table, by dataset."""
    rows = [
        [cell.strip() for cell in re.split("[│|]", line)[1:-1]]
        for line in outcome.stdout.splitlines()
    ]
    return {row[0]: row[1:] for row in rows if row and row[0] in (*DATASETS, "customers")}


@pytest.mark.takes_long
def test_demo_leaves_a_whole_season_in_the_current_folder_and_can_be_run_again(
    machine: Machine,
) -> None:
    sandbox = Machine(machine.folder)
    days = [datetime.now(UTC).date()]
    # A real account's settings in the environment are not used.
    settings = {"TICKETSOURCE_API_KEY": OTHER_KEY, "TICKETSOURCE_DATA_DIR": "data/live"}
    first = machine.run("demo", variables=settings)
    days.append(datetime.now(UTC).date())
    assert first.code == 0, first.stderr
    (machine.folder / "data").rename(machine.folder / "kept")
    (machine.folder / "kept" / "sandbox").rename(sandbox.data)
    assert not (machine.folder / "kept" / "live").exists()
    seasons = [Theatre.season(1, day) for day in days]
    theatre = next(s for s in seasons if s.counts()["seats"] == len(sandbox.rows("seats")))
    assert_holds(sandbox, theatre)

    counts, pence = theatre.counts(), theatre.pence()
    rows = table_rows(first)
    customers = rows.pop("customers")
    assert int(customers[0].replace(",", "")) == len(theatre.customers)
    assert {name: cells[0] for name, cells in rows.items()} == {
        name: f"{counts[name]:,}" for name in DATASETS
    }
    assert rows["booking_lines"][2:4] == [f"£{pence[n] / 100:,.2f}" for n in ("gross", "net")]
    asked = [cells[4].replace(",", "") for cells in (*rows.values(), customers)]
    assert sum(int(requests or 0) for requests in asked) == int(
        first.stdout.splitlines()[-1].split()[0].replace(",", "")
    )

    report = machine.folder / "data" / "sandbox" / "reports" / "sales-report.html"
    assert f"Sales report: {report}" in first.stdout.splitlines()
    sandbox.data.rename(machine.folder / "kept" / "sandbox")
    (machine.folder / "kept").rename(machine.folder / "data")
    second = machine.run("demo", variables={})
    assert second.code == 0, second.stderr
    assert table_rows(second).keys() == {*rows, "customers"}
    assert int(second.stdout.splitlines()[-1].split()[0].replace(",", "")) < 200
    assert {path.name for path in (machine.folder / "data").iterdir()} == {"sandbox"}


def test_demo_of_another_season_into_the_same_folder_is_refused(machine: Machine) -> None:
    account = machine.folder / "data" / "sandbox" / "_ticketsource" / "account.json"
    account.parent.mkdir(parents=True)
    account.write_text(
        '{"api_root": "the bundled sandbox, season 1", "salt": "ab", "key_fingerprint": "cd"}'
    )
    outcome = machine.run("demo", "--seed", "2", variables={})
    assert outcome.code == 2
    (line,) = outcome.stderr.splitlines()
    assert "season 1" in line
    assert "season 2" in line


def test_a_sync_reads_from_a_sandbox_that_runs_as_its_own_process(machine: Machine) -> None:
    sizes = ("--events", "1", "--dates", "1", "--bookings", "4", "--seats", "1", "--seed", "3")
    sandbox = machine.start("sandbox", "--port", "0", *sizes, variables={})
    try:
        assert sandbox.stdout is not None
        lines = [sandbox.stdout.readline() for _ in range(3)]
        variables = dict(word.split("=", 1) for word in lines[2].split()[1:])
        assert set(variables) == {"TICKETSOURCE_BASE_URL", "TICKETSOURCE_API_KEY"}
        variables |= {"DAGSTER_HOME": str(machine.home)}
        outcome = machine.run("sync", "--json", variables=variables)
    finally:
        sandbox.send_signal(signal.SIGTERM)
        assert ended(sandbox).code == 0
    assert outcome.code == 0, outcome.stderr
    assert outcome.summary["requests"] == 1 + 1 + 1 + 1 + 4
    # Without a data directory, a sandbox's data goes to its own.
    data = machine.folder / "data"
    assert [path.name for path in data.iterdir()] == ["sandbox"]
    (data / "sandbox").rename(machine.folder / "moved")
    data.rmdir()
    (machine.folder / "moved").rename(data)
    assert_holds(machine, Theatre.uniform(1, 1, 4, 1, 3))
