"""What was asked of the sandbox and what came of it; answering is elsewhere."""

import re
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

_ID = re.compile(r"/(?:evt|ven|dat|bkg|sea|cst|csn)-[A-Za-z0-9]+")


@dataclass(kw_only=True)
class RequestRecord:
    """One request: `time` is monotonic seconds, `in_flight` counts it and those still unanswered.

    `status` is 0 until answered and stays 0 when the connection was reset before a reply.
    `fault` names what the sandbox did wrong on purpose, or is empty.
    """

    number: int
    method: str
    path: str
    query: dict[str, str]
    time: float
    in_flight: int
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    status: int = 0
    fault: str = ""


class RequestLog:
    """A log of requests that any thread may read while the server writes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[RequestRecord] = []
        self._number = 0
        self._in_flight = 0
        self._peak_in_flight = 0

    def arrive(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], now: float
    ) -> RequestRecord:
        """Note a request at its arrival."""
        with self._lock:
            self._number += 1
            self._in_flight += 1
            self._peak_in_flight = max(self._peak_in_flight, self._in_flight)
            record = RequestRecord(
                number=self._number,
                method=method,
                path=path,
                query=query,
                time=now,
                in_flight=self._in_flight,
                headers=headers,
            )
            self._records.append(record)
            return record

    def leave(self) -> None:
        """Note that one request is done with."""
        with self._lock:
            self._in_flight -= 1

    def clear(self) -> None:
        """Forget all requests; numbering, and so the faults to come, starts again at 1."""
        with self._lock:
            self._records = []
            self._number = 0
            self._peak_in_flight = self._in_flight

    @property
    def records(self) -> list[RequestRecord]:
        """A copy of the log, in order of arrival."""
        with self._lock:
            return list(self._records)

    @property
    def peak_in_flight(self) -> int:
        """The most requests that were unanswered at one moment."""
        with self._lock:
            return self._peak_in_flight

    def count(self, pattern: str = "", status: int | None = None) -> int:
        """How many requests had a path that contains the regular expression, and the status."""
        sought = re.compile(pattern)
        return sum(
            1
            for record in self.records
            if sought.search(record.path) and status in {None, record.status}
        )

    def summary(self) -> dict[str, Any]:
        """Return counts by status and kind of path, and the peaks at once and in any 60 seconds."""
        records = self.records
        return {
            "total": len(records),
            "by_status": dict(Counter(str(record.status) for record in records)),
            "by_path": dict(Counter(_ID.sub("/{id}", record.path) for record in records)),
            "by_fault": dict(Counter(record.fault for record in records if record.fault)),
            "peak_in_flight": self.peak_in_flight,
            "peak_per_60_seconds": peak_per_window(
                (record.time for record in records if record.status != 429), 60.0
            ),
            "peak_per_60_seconds_with_refused": peak_per_window(
                (record.time for record in records), 60.0
            ),
        }


def peak_per_window(times: Iterable[float], seconds: float) -> int:
    """Return the most of the moments, given in order, that lie in any window of so many seconds."""
    moments = list(times)
    first = peak = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        peak = max(peak, last - first + 1)
    return peak
