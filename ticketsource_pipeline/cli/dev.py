"""Dagster's UI on this machine, over the live account or over the bundled sandbox."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import click

from ticketsource_pipeline.cli.home import prepare_home
from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline.sandbox.command import sandbox_key
from ticketsource_pipeline.settings import Settings, environment_of_dagster, use_sandbox

_WORKSPACE = Path("workspace.yaml")


def run_dev(settings: Settings, *, port: int, seed: int) -> int:
    """Run the UI until it is interrupted; returns its exit code.

    Args:
        settings: the user's settings; without a key the sandbox is started and used.
        port: the UI's port on 127.0.0.1.
        seed: which make-believe theatre, for the sandbox.
    """
    home = prepare_home()
    with contextlib.ExitStack() as stack:
        if settings.api_key is None:
            key = sandbox_key(seed)
            server = stack.enter_context(SandboxServer(Theatre.season(seed), key=key))
            use_sandbox(server.url, key)
            click.echo(
                "TICKETSOURCE_API_KEY is not set: this is the bundled sandbox, a make-believe"
                f" theatre on {server.url}."
            )
        else:
            click.echo(f"This is {settings.account}; data goes to {settings.data_dir}.")
        source = (
            ["-w", str(_WORKSPACE)]
            if _WORKSPACE.is_file()
            else ["-m", "ticketsource_pipeline.definitions"]
        )
        command = [sys.executable, "-m", "dagster", "dev", *source, "-h", "127.0.0.1"]
        return _run_until_stopped([*command, "-p", str(port)], environment_of_dagster(home))


def _run_until_stopped(command: list[str], environment: dict[str, str]) -> int:
    """Run a command; a request to stop this process is passed on, and its end waited for."""
    # Where this process was started with interrupts ignored, the child would ignore them too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, env=environment) as child:  # noqa: S603 - our own words

        def pass_on(_number: int, _frame: object) -> None:
            # Dagster ends its servers on an interrupt only.
            child.send_signal(signal.SIGINT)

        # A terminal's Ctrl-C reaches the child by itself.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, pass_on)
        code = child.wait()
    return 0 if code in {0, -signal.SIGINT, -signal.SIGTERM} else code
