"""The sandbox as a running server, in a thread for tests or in the foreground; nothing else."""

import asyncio
import contextlib
import errno
import signal
import threading
from collections.abc import Callable
from types import TracebackType

from aiohttp import web

from ticketsource_pipeline.sandbox.engine import Engine, RequestHook
from ticketsource_pipeline.sandbox.faults import Faults
from ticketsource_pipeline.sandbox.request_log import RequestRecord
from ticketsource_pipeline.sandbox.theatre import Theatre

HOST = "127.0.0.1"
_START_SECONDS = 30.0
_LAST_REPLIES_SECONDS = 0.2


class SandboxServer:
    """A stand-in for the TicketSource API on 127.0.0.1, up while its `with` block runs.

    `url`, `key`, `theatre`, `faults` and `on_request` may be read and set while it runs;
    `on_request` is called in the server's thread before a request is answered.
    """

    def __init__(
        self,
        theatre: Theatre,
        key: str = "skl-sandbox-1",
        port: int = 0,
        faults: Faults | None = None,
        requests_per_minute: int | None = None,
        *,
        on_request: RequestHook | None = None,
    ) -> None:
        self._engine = Engine(theatre, key, faults or Faults(), requests_per_minute)
        self._engine.on_request = on_request
        self._wanted_port = port
        self._port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: OSError | None = None

    def __enter__(self) -> "SandboxServer":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start answering; OSError when the port is taken."""
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise TimeoutError("the sandbox did not start in time")
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop answering and close every connection."""
        if self._thread is None:
            return
        if self._loop is not None and self._stop is not None:
            # A loop already closed has nothing left to stop.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._thread = None

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"http://{HOST}:{self._port}"

    @property
    def key(self) -> str:
        """The API key the server accepts."""
        return self._engine.key

    @key.setter
    def key(self, key: str) -> None:
        self._engine.key = key

    @property
    def theatre(self) -> Theatre:
        """The theatre served."""
        return self._engine.theatre

    @theatre.setter
    def theatre(self, theatre: Theatre) -> None:
        self._engine.theatre = theatre

    @property
    def faults(self) -> Faults:
        """The faults of the moment; setting them lets lists move anew."""
        return self._engine.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._engine.faults = faults

    @property
    def on_request(self) -> RequestHook | None:
        """What is called with each request before it is answered."""
        return self._engine.on_request

    @on_request.setter
    def on_request(self, hook: RequestHook | None) -> None:
        self._engine.on_request = hook

    @property
    def requests(self) -> list[RequestRecord]:
        """A copy of the log of requests, in order of arrival."""
        return self._engine.log.records

    @property
    def peak_in_flight(self) -> int:
        """The most requests that were unanswered at one moment."""
        return self._engine.log.peak_in_flight

    def count(self, pattern: str = "", status: int | None = None) -> int:
        """How many requests had a path that contains the regular expression, and the status."""
        return self._engine.log.count(pattern, status)

    def clear(self) -> None:
        """Forget the requests so far; numbering, and so the faults to come, starts again at 1."""
        self._engine.log.clear()

    def _run(self) -> None:
        asyncio.run(self._answer_until_stopped())

    async def _answer_until_stopped(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            runner, self._port = await _listen(self._engine, self._wanted_port)
        except OSError as failure:
            self._failure = failure
            self._ready.set()
            return
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()


def serve(
    theatre: Theatre,
    key: str,
    port: int,
    faults: Faults,
    *,
    requests_per_minute: int | None,
    announce: Callable[[str], None],
) -> None:
    """Answer on 127.0.0.1 until SIGINT or SIGTERM; `announce` is given the base URL once listening.

    A port in use is an OSError that says so.
    """
    engine = Engine(theatre, key, faults, requests_per_minute)
    asyncio.run(_answer_until_signal(engine, port, announce))


async def _answer_until_signal(engine: Engine, port: int, announce: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    runner, bound = await _listen(engine, port)
    try:
        announce(f"http://{HOST}:{bound}")
        await stop.wait()
    finally:
        await runner.cleanup()


async def _listen(engine: Engine, port: int) -> tuple[web.ServerRunner, int]:
    runner = web.ServerRunner(
        web.Server(engine.handle, access_log=None), shutdown_timeout=_LAST_REPLIES_SECONDS
    )
    await runner.setup()
    site = web.TCPSite(runner, HOST, port)
    try:
        await site.start()
    except OSError as failure:
        await runner.cleanup()
        if failure.errno == errno.EADDRINUSE:
            message = f"port {port} on {HOST} is in use; choose another, or 0 for any free one"
            raise OSError(errno.EADDRINUSE, message) from failure
        raise
    bound: int = runner.addresses[0][1]
    return runner, bound
