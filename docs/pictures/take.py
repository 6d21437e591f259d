"""Take the README's pictures: Dagster's real UI and the real report, in headless Chromium.

`make pictures` runs it after the demonstration, so they show the make-believe theatre.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import requests
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from ticketsource_pipeline_tests.reporting import chromium

PICTURES = Path(__file__).parent
REPORT = Path("data/sandbox/reports/sales-report.html")
WIDTH, HEIGHT = 1400, 900
OPEN = ("raw", "sales", "report")
GRAPH = f"/asset-groups?expanded={','.join(f'global@global:{group}' for group in OPEN)}"
METADATA = "/assets/reconciliation_months?view=events"
DRAWN_AFTER = 10_000
"""Milliseconds that the UI, which never comes to rest, is given to move things into place."""


def main() -> None:
    """Start the UI over the sandbox's data, and write the three pictures beside this file."""
    with ui() as address, chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(f"{address}{GRAPH}", wait_until="domcontentloaded")
        page.wait_for_timeout(DRAWN_AFTER)
        page.screenshot(path=PICTURES / "asset-graph.png")
        page.goto(f"{address}{METADATA}", wait_until="domcontentloaded")
        page.wait_for_timeout(DRAWN_AFTER)
        page.screenshot(path=PICTURES / "materialization.png")
        page.goto(REPORT.absolute().as_uri())
        page.locator("svg").first.wait_for()
        page.screenshot(path=PICTURES / "sales-report.png")


@contextlib.contextmanager
def ui() -> Iterator[str]:
    """Yield the address of Dagster's UI over the bundled sandbox, ready for a browser."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("ticketsource")), "dev", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/server_info")
            yield address
        finally:
            process.terminate()


@retry(
    retry=retry_if_exception_type(requests.RequestException),
    stop=stop_after_delay(120),
    wait=wait_fixed(0.5),
    reraise=True,
)
def _wait_for(address: str) -> None:
    requests.get(address, timeout=5).raise_for_status()


if __name__ == "__main__":
    main()
