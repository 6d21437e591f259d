"""One HTTP exchange: a GET sent once and its answer read; no retries, limits or meanings."""

from __future__ import annotations

import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import IncompleteRead as ChunkIncompleteRead
from importlib.metadata import version
from typing import Literal
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import DecodeError, IncompleteRead, ReadTimeoutError
from urllib3.exceptions import HTTPError as Urllib3Error

from ticketsource_pipeline.addresses import is_loopback
from ticketsource_pipeline.api.errors import InvalidResponse
from ticketsource_pipeline.api.retry import TransientError

Auth = Literal["bearer", "basic"]

READ_BYTES = 65_536
MOST_BYTES = 32 * 1024 * 1024
"""The largest answer that is read, decompressed: a page of a hundred records has far less."""
SLOWEST_ANSWER_TIMEOUTS = 10
"""An answer that still trickles in after this many timeouts is given up."""


@dataclass(frozen=True)
class Answer:
    """What came back; `headers` finds names in any case, `body` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class KeyAuth(AuthBase):
    """Sets the `Authorization` header (vendor's text: Bearer, or Basic with an empty password).

    Given explicitly because requests would else take a password from a netrc file.
    """

    def __init__(self, api_key: str, auth: Auth) -> None:
        if auth == "basic":
            self._header = "Basic " + b64encode(f"{api_key}:".encode()).decode("ascii")
        else:
            self._header = f"Bearer {api_key}"

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with the header set."""
        r.headers["Authorization"] = self._header
        return r

    def __repr__(self) -> str:
        return "KeyAuth(***)"


class Transport:
    """A pool of kept-alive connections to one server, for many threads."""

    def __init__(self, base_url: str, auth: AuthBase, *, connections: int, timeout_seconds: float):
        self._base_url = base_url.rstrip("/")
        parts = urlsplit(base_url)
        self.host_and_port = f"{parts.hostname}:{parts.port or (443, 80)[parts.scheme == 'http']}"
        self._timeout_seconds = timeout_seconds
        self._session = requests.Session()
        self._session.auth = auth
        self._session.headers.update(
            {
                "Accept": "application/json",
                "User-Agent": f"ticketsource-pipeline/{version('ticketsource-pipeline')}",
            }
        )
        # A proxy cannot reach this machine's own loopback.
        self._session.trust_env = not is_loopback(parts.hostname or "")
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def get(self, path: str, params: Mapping[str, str | int]) -> Answer:
        """Return the answer to one GET, whatever its status; redirects are not followed.

        Raises:
            TransientError: when no whole answer came.
            InvalidResponse: when it is larger than any answer can be.
        """
        deadline = time.monotonic() + SLOWEST_ANSWER_TIMEOUTS * self._timeout_seconds
        with self._failures_in_words():
            response = self._send(path, params)
            try:
                body = bytearray()
                while chunk := response.raw.read1(READ_BYTES, decode_content=True):
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise InvalidResponse(
                            f"The answer to {path} is larger than {MOST_BYTES >> 20} MiB, which no"
                            " page of the API is. The rest was not read.",
                            path,
                        )
                    if time.monotonic() > deadline:
                        raise TransientError("still trickled in after ten timeouts")
                return Answer(response.status_code, response.headers, bytes(body))
            finally:
                response.close()

    def _send(self, path: str, params: Mapping[str, str | int]) -> requests.Response:
        # Past Session.send, which follows redirects, stores cookies and reads the body itself.
        request = requests.Request("GET", self._base_url + path, params=dict(params))
        prepared = self._session.prepare_request(request)
        url = str(prepared.url)
        settings = self._session.merge_environment_settings(url, {}, True, None, None)  # noqa: FBT003
        adapter = self._session.get_adapter(url)
        return adapter.send(
            prepared,
            stream=True,
            timeout=self._timeout_seconds,
            verify=settings.get("verify") or True,
            cert=settings.get("cert"),
            proxies=settings.get("proxies"),
        )

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    @contextmanager
    def _failures_in_words(self) -> Iterator[None]:
        # The cause is told in words and not chained, since it holds the request and its key.
        try:
            yield
        except requests.exceptions.ConnectTimeout:
            words = f"no connection within {self._timeout_seconds:g} s"
            raise TransientError(words, is_connecting=True) from None
        except (requests.exceptions.Timeout, ReadTimeoutError, TimeoutError):
            words = f"timed out after {self._timeout_seconds:g} s without a byte"
            raise TransientError(words) from None
        except (requests.exceptions.ConnectionError, Urllib3Error, OSError) as error:
            raise _in_words(error) from None


def _in_words(error: BaseException) -> TransientError:
    causes = list(_chain(error))
    for kind, words, is_connecting in (
        (ConnectionRefusedError, "connection refused", True),
        (socket.gaierror, "host name not found", True),
        (ssl.SSLCertVerificationError, "the server's certificate is not trusted", True),
        (ssl.SSLError, "TLS failed", True),
        (requests.exceptions.ProxyError, "the proxy failed", True),
        (IncompleteRead, "body ended early", False),
        (ChunkIncompleteRead, "body ended early", False),
        (DecodeError, "body could not be decompressed", False),
        (ConnectionResetError, "connection closed before the whole answer came", False),
        (BrokenPipeError, "connection closed before the whole answer came", False),
        (Urllib3Error, "connection broke", False),
    ):
        if any(isinstance(cause, kind) for cause in causes):
            return TransientError(words, is_connecting=is_connecting)
    return TransientError("connection failed", is_connecting=True)


def _chain(error: object) -> Iterator[BaseException]:
    seen: set[int] = set()
    pending = [error]
    while pending:
        current = pending.pop()
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            yield current
            pending += [current.__cause__, current.__context__, *current.args]
            pending.append(getattr(current, "reason", None))
