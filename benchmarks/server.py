"""The sandbox as a process of its own that tells, on its standard input's word, what it was asked.

The first line it prints is its address and key. After each line read it prints what was asked since
the one before. It ends when its standard input does.
"""

import argparse
import json
import sys
import time
from collections import Counter
from datetime import datetime
from typing import Any

from ticketsource_pipeline.sandbox import Faults, SandboxServer, Theatre

MONTHS_A_YEAR = 12


def main() -> None:
    """Serve a regular theatre until the standard input ends."""
    arguments = _arguments()
    server = SandboxServer(
        _theatre(arguments),
        faults=Faults(latency_seconds=arguments.latency_ms / 1000),
        requests_per_minute=arguments.requests_per_minute or None,
    )
    with server:
        _say({"url": server.url, "key": server.key})
        for _ in sys.stdin:
            _say(_report(server))
            server.clear()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("events", "dates", "bookings", "latency-ms", "requests-per-minute"):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--first-month", required=True)
    parser.add_argument("--two-years", action="store_true")
    return parser.parse_args()


def _theatre(arguments: argparse.Namespace) -> Theatre:
    theatre = Theatre.uniform(
        arguments.events,
        arguments.dates,
        arguments.bookings,
        first_month=arguments.first_month,
    )
    if arguments.two_years:
        # A regular theatre fills twelve months over and over: every other lap goes to the second.
        for number, (date_id, date) in enumerate(list(theatre.dates.items())):
            if number // MONTHS_A_YEAR % 2:
                start = datetime.fromisoformat(date["attributes"]["start"])
                theatre.move_date(date_id, start.replace(year=start.year + 1))
    return theatre


def _report(server: SandboxServer) -> dict[str, Any]:
    requests = server.requests
    return {
        "statuses": Counter(str(request.status) for request in requests),
        "answered_at": [request.time for request in requests if request.status != 429],
        "peak_in_flight": server.peak_in_flight,
        "cpu_seconds": time.process_time(),
    }


def _say(words: dict[str, Any]) -> None:
    print(json.dumps(words), flush=True)


if __name__ == "__main__":
    main()
