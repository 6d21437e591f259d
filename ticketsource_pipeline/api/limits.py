"""Our own rate limits, kept so that the server need not enforce its; no HTTP here."""

from __future__ import annotations

import math
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Protocol
from weakref import WeakValueDictionary

from pyrate_limiter import AbstractBucket, InMemoryBucket, Rate, RateItem, SQLiteBucket

WINDOW_SECONDS = 61.0
"""The server's 60 s (seen in other clients) and a second for jitter between here and there."""


class RateLimiter(Protocol):
    """What a client asks before each request."""

    def acquire(self) -> float:
        """Return, when a request may be sent, the seconds waited for that."""
        ...


class NoLimit:
    """A limiter that never waits, for servers without a limit such as the sandbox."""

    def acquire(self) -> float:
        """Return 0.0 at once."""
        return 0.0


class _BucketLimit(ABC):
    """A sliding window over a bucket: the threads of a process queue, only the first one waits."""

    def __init__(
        self, requests_per_minute: int, window_seconds: float, sleep: Callable[[float], None]
    ) -> None:
        if requests_per_minute < 1:
            raise ValueError("requests_per_minute must be 1 or more; use NoLimit for no limit")
        self._rate = Rate(requests_per_minute, round(window_seconds * 1000))
        self._sleep = sleep
        self._queue = Lock()

    def acquire(self) -> float:
        """Return, when the window has room for one more request, the seconds waited."""
        started = time.monotonic()
        with self._queue:
            while (wait_seconds := self._take()) > 0:
                self._sleep(wait_seconds)
        return time.monotonic() - started

    @abstractmethod
    def _take(self) -> float:
        """Take a place and return 0, or return the seconds after which one may be free."""

    def _take_from(self, bucket: AbstractBucket) -> float:
        now = bucket.now()
        item = RateItem("request", _plain(now))
        if bucket.put(item):
            return 0.0
        wait_milliseconds = _plain(bucket.waiting(item))
        bucket.leak(item.timestamp)
        if wait_milliseconds > self._rate.interval + 1:
            # Only a clock set back makes this: count a full window from now, not from the future.
            bucket.flush()
            bucket.put(RateItem("request", item.timestamp, weight=self._rate.limit))
            wait_milliseconds = self._rate.interval + 1
        return max(wait_milliseconds, 1) / 1000


class InProcessRateLimit(_BucketLimit):
    """At most `requests_per_minute` in any window, for one process alone."""

    def __init__(
        self,
        requests_per_minute: int,
        *,
        window_seconds: float = WINDOW_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(requests_per_minute, window_seconds, sleep)
        self._bucket = InMemoryBucket([self._rate])

    def _take(self) -> float:
        return self._take_from(self._bucket)


class SharedRateLimit(_BucketLimit):
    """At most `requests_per_minute` in any window over all processes that name the same file.

    The file (SQLite, with a `.lock` file beside it) is made when needed and must lie on a local
    disk. A place is taken only at the moment it is granted, so a killed process holds none back.
    """

    def __init__(
        self,
        requests_per_minute: int,
        path: Path,
        *,
        window_seconds: float = WINDOW_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(requests_per_minute, window_seconds, sleep)
        self._path = path
        self._bucket: SQLiteBucket | None = None
        self._process = 0

    def close(self) -> None:
        """Close the file; the next `acquire` opens it again."""
        with self._queue:
            if self._bucket is not None and self._process == os.getpid():
                self._bucket.close()
            self._bucket = None

    def _take(self) -> float:
        bucket = self._open_bucket()
        # The time is read under the lock, so that the file's order is the order of sending.
        with bucket.lock:
            return self._take_from(bucket)

    def _open_bucket(self) -> SQLiteBucket:
        # SQLite's connections do not survive a fork.
        if self._bucket is None or self._process != os.getpid():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._bucket = SQLiteBucket.init_from_file(
                [self._rate], db_path=str(self._path), use_file_lock=True
            )
            self._process = os.getpid()
        return self._bucket


class Pause:
    """A moment before which no thread of this process sends anything to one account."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._not_before = -math.inf

    def hold_until(self, moment: float) -> None:
        """Move the moment (of the monotonic clock, in seconds) later, never earlier."""
        with self._lock:
            self._not_before = max(self._not_before, moment)

    def remaining(self, now: float) -> float:
        """Return the seconds still to wait at `now`; 0.0 when there is no pause."""
        return max(0.0, self._not_before - now)


_pauses: WeakValueDictionary[str, Pause] = WeakValueDictionary()
_pauses_lock = Lock()


def pause_of(account: str) -> Pause:
    """Return the pause that all clients of one account in this process share."""
    with _pauses_lock:
        return _pauses.setdefault(account, Pause())


def _plain(number: object) -> int:
    if not isinstance(number, int):
        raise TypeError("an asynchronous bucket cannot be used here")
    return number
