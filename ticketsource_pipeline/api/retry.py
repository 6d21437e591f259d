"""When an attempt is made again and how long before; making it is the transport's work."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from random import SystemRandom
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
OLDEST_EPOCH_SECONDS = 1_000_000_000
OLDEST_EPOCH_MILLISECONDS = 100_000_000_000

Result = TypeVar("Result")

_random = SystemRandom()


class TransientError(Exception):
    """An attempt failed in a way that may pass; the text says how, in plain words.

    Attributes:
        asked_wait_seconds: how long the server asks to wait; None when it says nothing.
        is_limit: whether the server said that there were too many requests.
        is_connecting: whether no connection could be made at all.
    """

    def __init__(
        self,
        words: str,
        *,
        asked_wait_seconds: float | None = None,
        is_limit: bool = False,
        is_connecting: bool = False,
    ) -> None:
        super().__init__(words)
        self.asked_wait_seconds = asked_wait_seconds
        self.is_limit = is_limit
        self.is_connecting = is_connecting


@dataclass(frozen=True)
class Backoff:
    """How long to wait, in seconds, when the server does not say: doubling, with jitter."""

    first_wait_seconds: float = 0.5
    first_limit_wait_seconds: float = 4.0
    """After a 429: longer, since six tries have to outlast the server's window of 60 s."""
    longest_wait_seconds: float = 60.0

    def seconds(self, error: TransientError, attempt: int) -> float:
        """Return the wait after the failed attempt of that number (from 1)."""
        if error.asked_wait_seconds is not None:
            # Later than asked by up to a tenth, so that waiting threads do not come back at once.
            return error.asked_wait_seconds * (1 + _random.uniform(0, 0.1))
        first = self.first_limit_wait_seconds if error.is_limit else self.first_wait_seconds
        doubled = first * 2.0 ** min(attempt - 1, 30)
        return min(self.longest_wait_seconds, doubled + _random.uniform(0, first))


def call_with_retries(
    attempt: Callable[[int], Result],
    *,
    max_retries: int,
    backoff: Backoff,
    before_wait: Callable[[TransientError, float], None],
    sleep: Callable[[float], None],
) -> Result:
    """Return what `attempt` returns, made again after every `TransientError` as often as allowed.

    Args:
        attempt: called with the number of the attempt, from 1.
        max_retries: attempts after the first.
        backoff: how long to wait in between.
        before_wait: told of the error and of the seconds to be waited.
        sleep: waits that many seconds.

    Raises:
        TransientError: the last one, when the tries are used up. Any other error at once.
    """

    def wait(state: RetryCallState) -> float:
        return backoff.seconds(_error_of(state), state.attempt_number)

    def announce(state: RetryCallState) -> None:
        before_wait(_error_of(state), state.upcoming_sleep)

    retrying = Retrying(
        stop=stop_after_attempt(max_retries + 1),
        wait=wait,
        retry=retry_if_exception_type(TransientError),
        before_sleep=announce,
        sleep=sleep,
        reraise=True,
    )
    for state in retrying:
        with state:
            return attempt(state.retry_state.attempt_number)
    raise AssertionError("tenacity ends by returning or raising")


def asked_wait(status: int, headers: Mapping[str, str]) -> float | None:
    """Return the seconds an answer's headers ask to wait; None when they do not say it sensibly.

    `Retry-After` may be seconds or an HTTP date; after a 429 `X-RateLimit-Reset` may be seconds or
    a moment since 1970. Which of them TicketSource sends is not documented, so each is understood.
    Moments are compared with the server's own `Date`, since clocks differ.
    """
    now = _moment(headers.get("Date")) or time.time()
    wait = _retry_after(headers.get("Retry-After"), now)
    if wait is None and status == 429:
        wait = _reset(headers.get("X-RateLimit-Reset"), now)
    return wait if wait is not None and wait > 0 else None


def _retry_after(text: str | None, now: float) -> float | None:
    seconds = _number(text)
    if seconds is not None:
        return seconds
    moment = _moment(text)
    return None if moment is None else moment - now


def _reset(text: str | None, now: float) -> float | None:
    number = _number(text)
    if number is None or number < OLDEST_EPOCH_SECONDS:
        return number
    return (number if number < OLDEST_EPOCH_MILLISECONDS else number / 1000) - now


def _number(text: str | None) -> float | None:
    if text is None or not re.fullmatch(r"\d{1,18}(\.\d{1,9})?", text.strip(), re.ASCII):
        return None
    return float(text)


def _moment(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _error_of(state: RetryCallState) -> TransientError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, TransientError):
        raise TypeError("only a TransientError is waited for")
    return error
