"""One request made until it is answered: turns, waits, retries and errors; no lists or records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import InvalidOperation
from hashlib import sha256
from threading import BoundedSemaphore, Event
from typing import Any

import simplejson

from ticketsource_pipeline.api.arguments import check_base_url, check_key
from ticketsource_pipeline.api.errors import (
    ApiError,
    ClientClosed,
    Forbidden,
    InvalidResponse,
    RetriesExhausted,
    Unauthorized,
    WaitTooLong,
    error_of_status,
)
from ticketsource_pipeline.api.limits import RateLimiter, pause_of
from ticketsource_pipeline.api.meter import Meter, MeterReading
from ticketsource_pipeline.api.retry import (
    RETRIED_STATUSES,
    Backoff,
    TransientError,
    asked_wait,
    call_with_retries,
)
from ticketsource_pipeline.api.transport import Answer, Auth, KeyAuth, Transport

Params = Mapping[str, str | int]
DEEPEST_JSON = 50


@dataclass
class _Call:
    """What one call has waited since its last attempt, in seconds."""

    path: str
    params: Params
    limit_wait: float = 0.0
    server_wait: float = 0.0


class Requester:
    """Sends GET requests for one client; its arguments are those of `TicketSourceClient`."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        auth: Auth,
        limiter: RateLimiter,
        max_in_flight: int,
        timeout_seconds: float,
        max_retries: int,
        wait_ceiling_seconds: float,
        meter: Meter,
        backoff: Backoff,
        sleep: Callable[[float], object] | None,
        monotonic: Callable[[], float],
    ) -> None:
        check_base_url(base_url)
        check_key(api_key)
        self._meter = meter
        self._limiter = limiter
        self._max_retries = max_retries
        self._wait_ceiling_seconds = wait_ceiling_seconds
        self._backoff = backoff
        self._closed = Event()
        self._sleep = sleep or self._closed.wait
        self._monotonic = monotonic
        self._in_flight = BoundedSemaphore(max_in_flight)
        self._refusal: ApiError | None = None
        self._pause = pause_of(sha256(f"{base_url}\n{api_key}".encode()).hexdigest())
        self._transport = Transport(
            base_url,
            KeyAuth(api_key, auth),
            connections=max_in_flight,
            timeout_seconds=timeout_seconds,
        )

    @property
    def host_and_port(self) -> str:
        """The server asked, as `host:port`."""
        return self._transport.host_and_port

    def close(self) -> None:
        """Close the connections; threads that wait for their turn get a `ClientClosed`."""
        self._closed.set()
        self._transport.close()

    def get_json(self, path: str, params: Params) -> Any:
        """Return the JSON of a 200: decimals exact, NaN and the infinities as strings.

        Raises:
            ApiError: when there is none to be had; see `errors` for the kinds.
        """
        call = _Call(path, params)

        def before_wait(error: TransientError, seconds: float) -> None:
            if error.is_limit:
                self._pause.hold_until(self._monotonic() + seconds)

        def sleep(seconds: float) -> None:
            started = self._monotonic()
            self._sleep(seconds)
            call.server_wait += self._monotonic() - started

        try:
            return call_with_retries(
                lambda attempt: self._attempt(call, attempt),
                max_retries=self._max_retries,
                backoff=self._backoff,
                before_wait=before_wait,
                sleep=sleep,
            )
        except TransientError as error:
            raise self._exhausted(error, path) from None

    def _attempt(self, call: _Call, attempt: int) -> Any:
        with self._turn(call):
            self._meter.record(MeterReading(1, int(attempt > 1), call.limit_wait, call.server_wait))
            call.limit_wait = call.server_wait = 0.0
            answer = self._transport.get(call.path, call.params)
        if answer.status != 200:
            raise self._failure(answer, call.path)
        try:
            found = simplejson.loads(
                answer.body.decode("utf-8-sig"),
                use_decimal=True,
                allow_nan=True,
                parse_constant=str,
            )
        except (ValueError, InvalidOperation, RecursionError):
            # Not chained: the parser's error holds the whole body.
            raise TransientError("body is not JSON") from None
        if _is_deeper_than(found, DEEPEST_JSON):
            # What was read may be too deep to be written, or for a thread with less room.
            raise InvalidResponse(
                f"The answer to {call.path} is nested deeper than {DEEPEST_JSON} levels, which no"
                " record of the API is.",
                call.path,
            )
        return found

    @contextmanager
    def _turn(self, call: _Call) -> Iterator[None]:
        """Wait until a request may be sent, and count it as in flight.

        A place in flight is taken before one in the limiter's window: a place in the window must
        be used at once, or the server counts it later than we do. While the limiter waits nobody
        could send anyway.
        """
        while True:
            self._stop_when_pointless(call.path)
            if (pause := self._pause.remaining(self._monotonic())) > 0:
                self._sleep(pause)
                call.server_wait += pause
                continue
            with self._in_flight:
                call.limit_wait += self._limiter.acquire()
                self._stop_when_pointless(call.path)
                if self._pause.remaining(self._monotonic()) > 0:
                    continue
                yield
                return

    def _stop_when_pointless(self, path: str) -> None:
        if self._closed.is_set():
            raise ClientClosed(f"GET {path} was not sent: the client was closed.", path)
        if (refusal := self._refusal) is not None:
            raise type(refusal)(f"GET {path} was not sent, after this: {refusal}", path)

    def _failure(self, answer: Answer, path: str) -> ApiError | TransientError:
        if answer.status not in RETRIED_STATUSES:
            error = error_of_status(answer.status, path)
            if isinstance(error, Unauthorized | Forbidden):
                self._refusal = self._refusal or error
            return error
        wait = asked_wait(answer.status, answer.headers)
        if wait is not None and wait > self._wait_ceiling_seconds:
            return WaitTooLong(
                f"GET {path} answered {answer.status} and asks to wait {wait:.0f} s, more than the"
                f" {self._wait_ceiling_seconds:g} s that are waited at most. Run again later.",
                path,
            )
        return TransientError(
            f"answered {answer.status}",
            asked_wait_seconds=wait,
            is_limit=answer.status == 429,
        )

    def _exhausted(self, error: TransientError, path: str) -> RetriesExhausted:
        tries = self._max_retries + 1
        hint = " Check TICKETSOURCE_BASE_URL and the network." if error.is_connecting else ""
        return RetriesExhausted(
            f"GET {path} at {self._transport.host_and_port} failed {tries} times; the last time:"
            f" {error}.{hint}",
            path,
        )


def _is_deeper_than(value: Any, levels: int) -> bool:
    """Whether lists and objects lie in each other more than so many levels deep."""
    layer = [value] if isinstance(value, dict | list) else []
    for _ in range(levels + 1):
        layer = [
            item
            for holder in layer
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, dict | list)
        ]
        if not layer:
            return False
    return True
