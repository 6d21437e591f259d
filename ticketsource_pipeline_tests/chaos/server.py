"""A loopback API whose answers troubles may spoil, byte by byte; which troubles is left to others.

It serves a sandbox theatre's own answers, but writes to the socket itself, so that an answer may be
anything at all: no JSON, half a chunk, another host's address, or nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
import threading
import traceback
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import InvalidOperation
from random import Random
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from ticketsource_pipeline.sandbox import Faults, Theatre
from ticketsource_pipeline.sandbox.answers import Answers, encode, error_body
from ticketsource_pipeline_tests.chaos.oracle import exact

_NO_FAULTS = Faults()
_LINGER_NOT = struct.pack("ii", 1, 0)


@dataclass
class Exchange:
    """One request and the answer about to be given, which a trouble may change.

    Attributes:
        theatre: the theatre served.
        path: the path asked.
        query: its query.
        status: the answer's status.
        headers: the answer's headers; `Content-Length` is added unless one of them says where the
            body ends.
        body: the answer's body.
        raw: when set, these bytes are sent in place of everything.
        cut_at: when set, the connection ends after so many bytes of the whole answer.
        reset: whether a connection that ends is reset, not closed.
        stalls: whether nothing is answered, and the connection kept.
        drip_seconds: when set, seconds between single bytes of the answer's end.
        spoilt: by id, the record as it is served in place of the theatre's own.
        astray: the records served where they do not belong, without saying where they do.
    """

    theatre: Theatre
    path: str
    query: dict[str, str]
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    raw: bytes | None = None
    cut_at: int | None = None
    reset: bool = False
    stalls: bool = False
    drip_seconds: float | None = None
    spoilt: dict[str, Any] = field(default_factory=dict)
    astray: set[str] = field(default_factory=set)

    @property
    def kind(self) -> str:
        """What the path lists: events, venues, dates, bookings or seats."""
        return self.path.rpartition("/")[2]

    def envelope(self) -> dict[str, Any]:
        """The body as JSON."""
        return json.loads(self.body)

    def put(self, envelope: Any) -> None:
        """Make JSON the body."""
        self.body = encode(envelope)

    def content(self) -> bytes:
        """The bytes of the whole answer."""
        if self.raw is not None:
            return self.raw
        names = {name.lower() for name, _ in self.headers}
        lines = [f"HTTP/1.1 {self.status} Whatever", *(f"{a}: {b}" for a, b in self.headers)]
        if not names & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join(lines).encode("latin-1", "replace")
        return head + b"\r\n\r\n" + self.body


Spoiler = Callable[[Exchange, Random], None]


@dataclass
class Trouble:
    """A spoiler at work: on which paths, from which request on, and how often.

    Attributes:
        name: what it is called in the counts.
        spoil: changes the exchange.
        path: a regular expression that a path must match whole.
        skip: so many matching requests are answered well first.
        times: so many are spoilt then.
    """

    name: str
    spoil: Spoiler
    path: str
    skip: int = 0
    times: int = 10**9
    done: int = 0

    def concerns(self, path: str) -> bool:
        """Whether it spoils this request; counts it."""
        if not re.fullmatch(self.path, path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.done >= self.times:
            return False
        self.done += 1
        return True


def _nothing(_number: int) -> None:
    """Do nothing at a request."""


class SpoiltServer:
    """The API of a theatre on 127.0.0.1, spoilt by the troubles of the moment.

    Attributes:
        requests: the paths asked, in order.
        page: the page that the last of them asked for.
        on_request: called with the number of each request before its answer is made.
    """

    def __init__(self) -> None:
        self.theatre = Theatre.empty()
        self.key = "skl-sandbox-1"
        self.troubles: list[Trouble] = []
        self.chance = Random(1)  # noqa: S311
        self.requests: list[str] = []
        self.page = 1
        self.strange: list[str] = []
        self.spoilt: dict[str, list[Any]] = defaultdict(list)
        self.astray: set[str] = set()
        self.on_request: Callable[[int], object] = _nothing
        self._answers = Answers(self.theatre)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spoilt server", daemon=True)
        self._connections: set[_Connection] = set()
        self._port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def url(self) -> str:
        """Its root address."""
        return f"http://127.0.0.1:{self._port}"

    def play(self, theatre: Theatre, troubles: list[Trouble], seed: int) -> None:
        """Serve a theatre from now on, with these troubles; forgets the requests so far."""
        self.theatre, self.troubles, self.on_request = theatre, troubles, _nothing
        self.chance = Random(seed)  # noqa: S311
        self.key = "skl-sandbox-1"
        self.requests, self.strange = [], []
        self.spoilt = defaultdict(list)
        self.astray = set()
        self._answers = Answers(theatre)

    def calm(self) -> None:
        """Answer well from now on."""
        self.troubles, self.on_request = [], _nothing
        self.key = "skl-sandbox-1"

    def answer(self, target: str, headers: dict[str, str]) -> Exchange:
        """Return the answer to a request, spoilt as it is to be."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        self.requests.append(parts.path)
        self.page = int(query.get("page", "1"))
        self.on_request(len(self.requests))
        if headers.get("authorization") != f"Bearer {self.key}":
            status, body = 401, b'{"message": "Unauthenticated."}'
        elif not re.fullmatch(r"(/[A-Za-z0-9-]+)+", parts.path):
            self.strange.append(target)
            status, body = 404, error_body(404, "no such path")
        else:
            status, body = self._answers.answer(parts.path, query, _NO_FAULTS)
        exchange = Exchange(
            self.theatre, parts.path, query, status, [("Content-Type", "application/json")], body
        )
        for trouble in self.troubles:
            if trouble.concerns(parts.path):
                trouble.spoil(exchange, self.chance)
        self._note(exchange)
        return exchange

    def _note(self, exchange: Exchange) -> None:
        self.astray |= exchange.astray
        for record_id, record in exchange.spoilt.items():
            self.spoilt[record_id].append(record)
        # Where two pages share a row it may be served well after it was served spoilt.
        if self.spoilt and exchange.status == 200:
            with contextlib.suppress(
                ValueError, LookupError, TypeError, InvalidOperation, RecursionError
            ):
                for row in exact(exchange.body.decode())["data"]:
                    if row["id"] in self.spoilt and row["id"] not in exchange.spoilt:
                        self.spoilt[row["id"]].append(row)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        )
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            server.close()
            for connection in list(self._connections):
                connection.drop()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()

    def entered(self, connection: _Connection) -> None:
        """Note a connection."""
        self._connections.add(connection)

    def left(self, connection: _Connection) -> None:
        """Note that a connection ended."""
        self._connections.discard(connection)


class _Connection(asyncio.Protocol):
    """One connection: request heads in, answers out."""

    def __init__(self, server: SpoiltServer) -> None:
        self._server = server
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.entered(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        self._server.left(self)

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in lines)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            try:
                exchange = self._server.answer(first.split(" ")[1], headers)
            except Exception as error:  # noqa: BLE001 - a mistake in here is to fail the test
                self._server.strange.append("".join(traceback.format_exception(error)))
                self.drop()
                return
            self._send(exchange)

    def _send(self, exchange: Exchange) -> None:
        transport = self._transport
        if transport is None or exchange.stalls:
            return
        content = exchange.content()
        if exchange.drip_seconds is not None:
            transport.write(content[:-40])
            self._drip(content[-40:], exchange.drip_seconds)
            return
        transport.write(content if exchange.cut_at is None else content[: exchange.cut_at])
        if exchange.reset:
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            transport.abort()
        elif exchange.cut_at is not None:
            transport.close()

    def _drip(self, rest: bytes, seconds: float) -> None:
        if self._transport is None or not rest:
            return
        self._transport.write(rest[:1])
        asyncio.get_running_loop().call_later(seconds, self._drip, rest[1:], seconds)


class Trap:
    """A listener that must never be connected to."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)

    @property
    def url(self) -> str:
        """The address nobody may ask."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def caught(self) -> bool:
        """Whether somebody connected since the last look."""
        try:
            self._socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
