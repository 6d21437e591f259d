"""The whole pipeline once against the bundled sandbox: nothing is needed but this machine."""

from __future__ import annotations

from collections.abc import Callable

import click

from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline.sandbox.command import sandbox_key
from ticketsource_pipeline.settings import use_sandbox


def run_demo(seed: int, sync: Callable[[], int]) -> int:
    """Start the sandbox, sync its theatre into `data/sandbox`, stop it; returns the exit code.

    Args:
        seed: which make-believe theatre.
        sync: brings the data up to date with what the environment says.
    """
    key = sandbox_key(seed)
    with SandboxServer(Theatre.season(seed), key=key) as server:
        click.echo(f"No account is used: the data is of a make-believe theatre on {server.url}.")
        use_sandbox(server.url, key)
        return sync()
