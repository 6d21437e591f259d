"""Counts of what the client did; showing or storing them is left to others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True)
class MeterReading:
    """Counts at one moment, or, after a subtraction, between two moments."""

    requests: int = 0
    """Attempts sent, the failed ones too."""
    retries: int = 0
    """Attempts sent after a first one failed."""
    limit_wait_seconds: float = 0.0
    """Seconds that threads waited for our own rate limit, all threads added."""
    server_wait_seconds: float = 0.0
    """Seconds that threads waited after a failed attempt or a 429, all threads added."""
    rereads: int = 0
    """Lists read again from their start because they moved."""

    def __add__(self, other: MeterReading) -> MeterReading:
        return MeterReading(
            self.requests + other.requests,
            self.retries + other.retries,
            self.limit_wait_seconds + other.limit_wait_seconds,
            self.server_wait_seconds + other.server_wait_seconds,
            self.rereads + other.rereads,
        )

    def __sub__(self, other: MeterReading) -> MeterReading:
        return MeterReading(
            self.requests - other.requests,
            self.retries - other.retries,
            self.limit_wait_seconds - other.limit_wait_seconds,
            self.server_wait_seconds - other.server_wait_seconds,
            self.rereads - other.rereads,
        )


Listener = Callable[[MeterReading], None]

_listeners: tuple[Listener, ...] = ()
_listeners_lock = Lock()


def subscribe(callback: Listener) -> None:
    """Have `callback` called, by the thread that did the work, with every change of any meter.

    It gets the change alone: `requests` is 1 for each attempt sent, the waits before it included,
    and `rereads` is 1 for each list read again. It must be quick, thread-safe and must not raise.
    """
    global _listeners  # noqa: PLW0603 - one list for the process is what is promised
    with _listeners_lock:
        _listeners = (*_listeners, callback)


def unsubscribe(callback: Listener) -> None:
    """Stop calling `callback`; nothing happens when it was not subscribed."""
    global _listeners  # noqa: PLW0603 - one list for the process is what is promised
    with _listeners_lock:
        _listeners = tuple(known for known in _listeners if known != callback)


class Meter:
    """Counters of one or more clients, safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._total = MeterReading()

    def snapshot(self) -> MeterReading:
        """Return the counts so far."""
        return self._total

    def record(self, change: MeterReading) -> None:
        """Add `change` and tell every listener of it."""
        with self._lock:
            self._total += change
        for listener in _listeners:
            listener(change)
