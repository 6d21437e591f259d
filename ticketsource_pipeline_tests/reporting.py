"""How tests make a sales report and open it in a real browser; no test is in here."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from ticketsource_pipeline.sandbox import Theatre
from ticketsource_pipeline_tests.running import next_month

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(__file__).parent / "browser" / "node_modules" / "axe-core" / "axe.min.js"
MARK = "Qwyjibo"
NAMES = (
    "<script>alert('x')</script>",
    'A "quoted" & <b>bold</b> play',
    "Phantom \N{PERFORMING ARTS} 100% \\u003c ${name} {{name}} </script><!--",
    "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}\N{RIGHT-TO-LEFT OVERRIDE}gnihton",
    "Unbroken" * 30,
    "[link](javascript:alert(1)) ![x](https://example.org/x.png) | * _ #",
)
_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


@dataclass
class Opened:
    """A page that is open, and what the browser said of it.

    Attributes:
        page: the page.
        complaints: warnings and errors of the console, and errors of scripts.
        requests: the addresses it asked for.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def table(self, name: str) -> list[list[str]]:
        """The cells of a table, row by row, without its head."""
        return self.page.eval_on_selector_all(
            f"#table-{name} tbody tr, #table-{name} tfoot tr",
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))",
        )

    def breaches(self) -> list[str]:
        """The serious and critical breaches of the accessibility rules."""
        if not AXE.exists():
            pytest.skip("axe-core is not there: `npm ci` in ticketsource_pipeline_tests/browser")
        # The page's policy lets no other script in, so it comes through the debugger.
        self.page.evaluate(AXE.read_text("utf-8"))
        result: dict[str, Any] = self.page.evaluate(
            "axe.run(document, {resultTypes: ['violations']})"
        )
        assert len(result["passes"]) > 10
        return [
            f"{found['id']}: {node['html'][:200]}"
            for found in result["violations"]
            if found["impact"] in {"serious", "critical"}
            for node in found["nodes"]
        ]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a real browser without a window; skip where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS.split())
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(browser: Browser, path: Path, **options: Any) -> Iterator[Opened]:
    """Yield a file opened without network, its charts drawn."""
    with browser.new_context(offline=True, **options) as context:
        seen = Opened(context.new_page())
        seen.page.on(
            "console",
            lambda told: seen.complaints.append(f"{told.type}: {told.text}"),
        )
        seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.goto(path.as_uri())
        seen.page.wait_for_selector("html[data-drawn=yes]")
        yield seen


def hostile_theatre() -> Theatre:
    """Events with names nobody would choose, and sales, refunds and donations of all kinds."""
    theatre = Theatre.empty()
    now = datetime.now(UTC)
    for place, name in enumerate(NAMES):
        event = theatre.add_event(name)
        start = datetime.fromisoformat(f"{next_month()}-{place + 3:02d}T19:30:00+00:00")
        date_id = theatre.add_date(event, start)
        for number in range(4):
            booking = theatre.add_booking(
                date_id,
                2 + number % 2,
                price=1234 + 101 * place + 7 * number,
                payment_method=("TS", "STRIPE", "CASH", "CARD")[number],
                donation=250 if number == 1 else 0,
                gift_aid=(True, False, None)[place % 3] if number == 1 else None,
                created_at=now - timedelta(days=40 * number + place + 1),
                attendee={"first_name": MARK, "last_name": f"{MARK}son"},
            )
            if number == 2 and place % 2:
                theatre.refund_booking(booking, keep_fee=place == 1)
    for customer in theatre.customers.values():
        customer["attributes"] |= {"first_name": MARK, "email": f"{MARK}@example.org"}
    (seat, *_) = theatre.seats.values()
    seat["attributes"]["price_category"] = '"><img src=x onerror=alert(1)>'
    return theatre
