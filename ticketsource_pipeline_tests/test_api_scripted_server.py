"""A tiny HTTP server that sends exactly what a test scripts, and a clock that never waits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ticketsource_pipeline.api import Meter, NoLimit, TicketSourceClient

KEY = "skl-secret-of-the-theatre"


@dataclass
class Seen:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    port: int


@dataclass
class Reply:
    status: int = 200
    body: bytes = b'{"data": []}'
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class RawReply:
    """Bytes to send as they are before the connection is closed."""

    content: bytes


Script = Callable[[Seen], Reply | RawReply]


@dataclass
class ScriptedServer:
    url: str
    seen: list[Seen]

    @property
    def connections(self) -> int:
        return len({request.port for request in self.seen})


@contextmanager
def scripted(script: Script) -> Iterator[ScriptedServer]:
    seen: list[Seen] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Seen(
                parts.path, dict(parse_qsl(parts.query)), headers, self.client_address[1]
            )
            seen.append(request)
            reply = script(request)
            if isinstance(reply, RawReply):
                self.close_connection = True
                self.wfile.write(reply.content)
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield ScriptedServer(f"http://127.0.0.1:{server.server_address[1]}", seen)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def in_turn(*replies: Reply | RawReply) -> Script:
    """Sends the replies one after the other, and the last one for ever."""
    left = list(replies)

    def script(_request: Seen) -> Reply | RawReply:
        return left.pop(0) if len(left) > 1 else left[0]

    return script


def page_of(*ids: str, page: int = 1, per_page: int = 100, more: bool = False) -> bytes:
    first = (page - 1) * per_page + 1
    envelope: dict[str, Any] = {
        "data": [{"id": item} for item in ids],
        "links": {"next": "https://api.ticketsource.io/x?page=2" if more else None},
        "meta": {
            "current_page": page,
            "from": first if ids else None,
            "to": first + len(ids) - 1 if ids else None,
            "per_page": per_page,
        },
    }
    return json.dumps(envelope).encode()


class FakeTime:
    """A monotonic clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.now = 1000.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds
            self.sleeps.append(seconds)


@contextmanager
def client_of(
    url: str, *, key: str = KEY, time: FakeTime | None = None, **options: Any
) -> Iterator[TicketSourceClient]:
    """A client that never really waits."""
    time = time or FakeTime()
    options = {"limiter": NoLimit(), "meter": Meter(), "timeout_seconds": 5, **options}
    with TicketSourceClient(
        url, key, sleep=time.sleep, monotonic=time.monotonic, **options
    ) as client:
        yield client
