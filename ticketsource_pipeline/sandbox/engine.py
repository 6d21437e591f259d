"""How the sandbox answers one HTTP request, faults included; no socket is opened here."""

import asyncio
import base64
import binascii
import json
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import ceil

from aiohttp import web

from ticketsource_pipeline.sandbox import wire
from ticketsource_pipeline.sandbox.answers import RATE_LIMIT, Answers, encode, error_body
from ticketsource_pipeline.sandbox.faults import Faults, Misfortune, draw
from ticketsource_pipeline.sandbox.request_log import RequestLog, RequestRecord
from ticketsource_pipeline.sandbox.theatre import Theatre

WINDOW_SECONDS = 60.0
RequestHook = Callable[[RequestRecord], None]


class Engine:
    """Answers requests for one theatre, one key and the faults of the moment."""

    def __init__(
        self, theatre: Theatre, key: str, faults: Faults, requests_per_minute: int | None
    ) -> None:
        self.key = key
        self.requests_per_minute = requests_per_minute
        self.log = RequestLog()
        self.on_request: RequestHook | None = None
        self._admitted: deque[float] = deque()
        self._answers = Answers(theatre)
        self._faults = faults
        self._drawn = 0

    @property
    def theatre(self) -> Theatre:
        """The theatre served."""
        return self._answers.theatre

    @theatre.setter
    def theatre(self, theatre: Theatre) -> None:
        self._answers = Answers(theatre)

    @property
    def faults(self) -> Faults:
        """The faults of the moment; setting them lets lists move anew."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = faults
        self._drawn = 0
        self._answers.listings.forget_moves()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return the reply to any request; control paths need no key and are not logged."""
        path = request.path
        if path.startswith("/_sandbox/"):
            return self._control(request)
        record = self.log.arrive(
            request.method,
            path,
            dict(request.query),
            {name.lower(): value for name, value in request.headers.items()},
            time.monotonic(),
        )
        try:
            return await self._reply(request, record)
        finally:
            self.log.leave()

    async def _reply(self, request: web.BaseRequest, record: RequestRecord) -> web.StreamResponse:
        if self.on_request is not None:
            self.on_request(record)
        faults = self._faults
        if faults.latency_seconds:
            await asyncio.sleep(faults.latency_seconds)
        refusal = self._refusal(request, record, faults)
        if refusal is not None:
            record.status = refusal.status
            return refusal
        misfortune = self._draw(record, faults)
        if misfortune is not None:
            record.fault = misfortune.kind
            if misfortune.kind == "500":
                return _noted(record, wire.html(misfortune.status))
            if misfortune.kind == "429":
                return _noted(record, self._limited(faults, 1.0))
            if misfortune.kind == "reset" and misfortune.variant % 2 == 0:
                return wire.reset(request)
        status, body = self._answers.answer(record.path, record.query, faults)
        record.status = status
        if misfortune is not None:
            return await _spoil(request, status, body, misfortune, faults)
        return wire.json_response(status, body)

    def _refusal(
        self, request: web.BaseRequest, record: RequestRecord, faults: Faults
    ) -> web.Response | None:
        if faults.forbidden_html:
            record.fault = "forbidden"
            return wire.html(403)
        if faults.redirects:
            record.fault = "redirect"
            location = faults.foreign_host + request.path_qs
            return web.Response(status=302, headers={"Location": location})
        if not self._is_authorised(record.headers.get("authorization", "")):
            return wire.json_response(401, encode({"message": "Unauthenticated."}))
        wait = self._wait_for_place(record.time)
        if wait > 0:
            return self._limited(faults, wait)
        if request.method != "GET":
            return wire.json_response(405, encode({"message": "The sandbox answers GET only."}))
        return None

    def _draw(self, record: RequestRecord, faults: Faults) -> Misfortune | None:
        if faults.at_most is not None and self._drawn >= faults.at_most:
            return None
        misfortune = draw(faults, record.number)
        if misfortune is None or not faults.concerns(record.path):
            return None
        self._drawn += 1
        return misfortune

    def _is_authorised(self, header: str) -> bool:
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "bearer":
            return value == self.key
        if scheme.lower() != "basic":
            return False
        try:
            return base64.b64decode(value, validate=True) == f"{self.key}:".encode()
        except binascii.Error:
            return False

    def _wait_for_place(self, now: float) -> float:
        """Seconds until the sliding window has a place; 0 takes one. Refused requests take none."""
        if self.requests_per_minute is None:
            return 0.0
        while self._admitted and now - self._admitted[0] >= WINDOW_SECONDS:
            self._admitted.popleft()
        if len(self._admitted) < self.requests_per_minute:
            self._admitted.append(now)
            return 0.0
        return self._admitted[0] + WINDOW_SECONDS - now if self._admitted else WINDOW_SECONDS

    def _limited(self, faults: Faults, wait: float) -> web.Response:
        until = datetime.now(UTC) + timedelta(seconds=ceil(wait))
        match faults.limit_header:
            case "retry-after-seconds":
                name, value = "Retry-After", str(ceil(wait))
            case "retry-after-date":
                name, value = "Retry-After", format_datetime(until, usegmt=True)
            case "x-ratelimit-reset":
                name, value = "X-RateLimit-Reset", str(ceil(until.timestamp()))
            case "none":
                return wire.json_response(429, error_body(429, RATE_LIMIT))
        if faults.retry_after is not None:
            value = faults.retry_after
        return wire.json_response(429, error_body(429, RATE_LIMIT), {name: value})

    def _control(self, request: web.BaseRequest) -> web.Response:
        match (request.method, request.path):
            case ("GET", "/_sandbox/requests"):
                body = self.log.summary()
            case ("GET", "/_sandbox/truth"):
                month = request.query.get("month")
                body = {"counts": self.theatre.counts(month), "pence": self.theatre.pence(month)}
            case ("POST", "/_sandbox/reset-log"):
                self.log.clear()
                body = {"reset": True}
            case _:
                return wire.json_response(404, encode({"message": "No such control."}))
        return wire.json_response(200, json.dumps(body).encode())


def _noted(record: RequestRecord, response: web.Response) -> web.Response:
    record.status = response.status
    return response


async def _spoil(
    request: web.BaseRequest, status: int, body: bytes, misfortune: Misfortune, faults: Faults
) -> web.StreamResponse:
    match misfortune.kind:
        case "reset":
            return await wire.reset_within(request, status, body)
        case "cut":
            return await wire.cut(request, status, body)
        case "slow":
            return await wire.drip(request, status, body, faults.slow_seconds)
        case _:
            if misfortune.variant % 2 == 0:
                return wire.html(200)
            return wire.json_response(200, body[: len(body) // 2])
