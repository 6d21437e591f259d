"""The sandbox command as a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from click.testing import CliRunner

from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline.sandbox.command import sandbox

RUN = "from ticketsource_pipeline.sandbox.command import sandbox; sandbox()"


@contextmanager
def running(*options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", RUN, "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_stopped(number: signal.Signals) -> None:
    sizes = ("--events", "1", "--dates", "2", "--bookings", "3", "--seats", "1")
    with running("--seed", "7", *sizes) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("TicketSource sandbox on ").strip()
        assert process.stdout.readline() == "key skl-sandbox-7\n"
        exports = process.stdout.readline()
        assert exports == (
            f"export TICKETSOURCE_BASE_URL={url} TICKETSOURCE_API_KEY=skl-sandbox-7\n"
        )
        headers = {"Authorization": "Bearer skl-sandbox-7"}
        rows = requests.get(f"{url}/events", headers=headers, timeout=10).json()["data"]
        assert [row["id"] for row in rows] == list(Theatre.uniform(1, 2, 3, 1, 7).events)
        process.send_signal(number)
        assert process.wait(timeout=10) == 0


def test_a_port_in_use_is_said_so() -> None:
    with SandboxServer(Theatre.empty()) as server:
        port = server.url.rpartition(":")[2]
        result = CliRunner().invoke(sandbox, ["--port", port])
    assert result.exit_code == 1
    assert f"port {port} on 127.0.0.1 is in use" in result.output


@pytest.mark.parametrize(
    "options",
    [
        ["--error-rate", "0.8", "--cut-rate", "0.8"],
        ["--events", "1", "--today", "2026-01-01"],
        ["--move-kind", "jump"],
        ["--first-month", "soon"],
    ],
)
def test_options_that_make_no_sense_are_refused(options: list[str]) -> None:
    result = CliRunner().invoke(sandbox, options)
    assert result.exit_code == 2
