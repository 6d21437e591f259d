"""What a command refuses before it asks for anything: one line on stderr, exit code 2."""

import pytest

from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline_tests.asking import ask
from ticketsource_pipeline_tests.running import OTHER_KEY, Machine, Outcome, small_theatre


def assert_refused(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 2, outcome.stderr
    assert outcome.stdout == ""
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("ticketsource: ")
    for word in words:
        assert word in line


def test_a_sync_without_a_key_says_which_variable_to_set(machine: Machine) -> None:
    assert_refused(machine.sync(None), "TICKETSOURCE_API_KEY")
    assert list(machine.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TICKETSOURCE_BASE_URL", "http://api.example"),
        ("TICKETSOURCE_DATA_DIR", "ftp://there/data"),
        ("TICKETSOURCE_FIRST_MONTH", "2019-13"),
        ("TICKETSOURCE_PAGE_SIZE", "101"),
        ("TICKETSOURCE_MAX_CONCURRENCY", "0"),
        ("TICKETSOURCE_TIMEOUT", "soon"),
    ],
)
def test_a_bad_value_is_named_with_its_variable_and_what_is_allowed(
    machine: Machine, name: str, value: str
) -> None:
    outcome = machine.run("sync", variables={"TICKETSOURCE_API_KEY": OTHER_KEY, name: value})
    assert_refused(outcome, name, repr(value), "allowed is")
    assert OTHER_KEY not in outcome.output


def test_a_bad_key_is_not_shown(machine: Machine) -> None:
    outcome = machine.run("sync", variables={"TICKETSOURCE_API_KEY": "skl-with a space"})
    assert_refused(outcome, "TICKETSOURCE_API_KEY")
    assert "with a space" not in outcome.output


@pytest.mark.parametrize("month", ["2024-13", "1999-01", "2150-01"])
def test_a_month_that_is_none_of_the_partitions_is_refused(machine: Machine, month: str) -> None:
    with SandboxServer(Theatre.empty()) as server:
        outcome = ask(machine, "sync", "--month", month, **machine.variables(server))
        assert_refused(outcome, "--month", repr(month))
        assert server.requests == []


def test_an_option_that_does_not_exist_is_bad_usage(machine: Machine) -> None:
    assert machine.run("sync", "--mnoth", "2024-03", variables={}).code == 2


def test_a_data_directory_below_a_file_is_refused(machine: Machine) -> None:
    (machine.folder / "file").write_text("not a folder")
    with SandboxServer(small_theatre()) as server:
        place = str(machine.folder / "file" / "data")
        outcome = ask(machine, "sync", **machine.variables(server, TICKETSOURCE_DATA_DIR=place))
        assert_refused(outcome, place, "TICKETSOURCE_DATA_DIR")
        assert server.requests == []


def test_a_home_of_dagster_below_a_file_is_refused(machine: Machine) -> None:
    (machine.folder / "file").write_text("not a folder")
    with SandboxServer(small_theatre()) as server:
        place = str(machine.folder / "file" / "home")
        outcome = ask(machine, "sync", **machine.variables(server, DAGSTER_HOME=place))
        assert_refused(outcome, "DAGSTER_HOME", place)
        assert server.requests == []


def test_a_home_of_dagster_where_everybody_may_write_is_refused(machine: Machine) -> None:
    machine.home.mkdir()
    machine.home.chmod(0o777)
    variables = {"TICKETSOURCE_API_KEY": OTHER_KEY, "DAGSTER_HOME": str(machine.home)}
    outcome = machine.run("sync", variables=variables)
    assert outcome.code == 2
    assert f"chmod o-w {machine.home}" in outcome.stderr
    assert list(machine.home.iterdir()) == []


def test_a_new_home_of_dagster_is_for_its_owner_alone(synced: Machine) -> None:
    assert synced.home.stat().st_mode & 0o777 == 0o700


def test_the_data_directory_of_another_api_root_is_refused(synced: Machine) -> None:
    before = synced.files()
    with SandboxServer(small_theatre(), key=OTHER_KEY) as server:
        outcome = synced.sync(server)
        assert_refused(outcome, "TICKETSOURCE_DATA_DIR", str(synced.data), server.url)
        assert server.requests == []
    assert synced.files() == before


def test_another_accounts_key_is_refused_and_a_new_key_of_the_same_account_let_in(
    machine: Machine,
) -> None:
    with SandboxServer(small_theatre(), key=OTHER_KEY) as server:
        assert machine.sync_here(server).code == 0
        before = machine.files()

        # The same address, as it is with the live API; other events.
        server.clear()
        server.key = "skl-somebody-else"
        server.theatre = Theatre.uniform(1, 1, 3, seed=99)
        outcome = machine.sync(server)
        assert_refused(outcome, "TICKETSOURCE_API_KEY", str(machine.data))
        assert server.count("^/(dates|bookings)/") == 0
        assert machine.files() == before

        server.key = "skl-renewed"
        server.theatre = small_theatre()
        outcome = machine.sync_here(server)
    assert outcome.code == 0, outcome.stderr
    assert outcome.summary["reused_bookings"] == 10
    assert machine.files() == before
