"""Syncs that run at the same time on one data directory keep out of each other's way."""

import pytest

from ticketsource_pipeline.sandbox import Faults, SandboxServer, Theatre, peak_per_window
from ticketsource_pipeline_tests.running import Machine, assert_holds, ended


def test_two_syncs_at_once_leave_each_row_once(machine: Machine) -> None:
    theatre = Theatre.uniform(2, 2, 12, first_month="2024-03")
    with SandboxServer(theatre, faults=Faults(latency_seconds=0.02)) as server:
        # One home of Dagster for both, new to both.
        processes = [
            machine.start("sync", "--json", variables=machine.variables(server)) for _ in range(2)
        ]
        outcomes = [ended(process) for process in processes]
        total = len(server.requests)
    for outcome in outcomes:
        assert outcome.code == 0, outcome.stderr
        assert outcome.summary["failed_checks"] == []
    assert_holds(machine, theatre)
    assert sum(outcome.summary["requests"] for outcome in outcomes) == total


@pytest.mark.takes_long
def test_two_syncs_together_keep_below_the_servers_limit(machine: Machine) -> None:
    limit = 9
    theatre = Theatre.uniform(1, 1, 5, first_month="2024-03")
    others = [Machine(machine.folder / name) for name in ("one", "two")]
    with SandboxServer(theatre, requests_per_minute=limit) as server:
        variables = machine.variables(server, TICKETSOURCE_REQUESTS_PER_MINUTE=str(limit))
        processes = []
        for other in others:
            other.folder.mkdir()
            own_home = {**variables, "DAGSTER_HOME": str(other.home)}
            processes.append(machine.start("sync", "--json", variables=own_home))
        outcomes = [ended(process) for process in processes]
        for outcome in outcomes:
            assert outcome.code == 0, outcome.stderr
            assert outcome.summary["retries"] == 0
        # The catalogue twice and the month once: more than a window holds, and not one refusal.
        assert len(server.requests) == 2 * 3 + 1 + 5 > limit
        assert server.count(status=429) == 0
        assert peak_per_window((r.time for r in server.requests), 60) <= limit
    assert_holds(machine, theatre)
