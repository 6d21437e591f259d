"""A network that means ill: false servers, proxies and answers never get the key nor our memory."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme

from ticketsource_pipeline.api import ApiError, InvalidResponse, RetriesExhausted
from ticketsource_pipeline.api.requester import DEEPEST_JSON
from ticketsource_pipeline.api.transport import MOST_BYTES
from ticketsource_pipeline_tests.test_api_scripted_server import (
    KEY,
    Reply,
    client_of,
    in_turn,
    page_of,
    scripted,
)

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
GOOD = Reply(body=page_of("evt-1"))


@contextmanager
def trap() -> Iterator[tuple[int, list[bytes]]]:
    """A port that takes connections, keeps the first bytes of each and says nothing."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(65_536))

        thread = Thread(target=listen, daemon=True)
        thread.start()
        yield listener.getsockname()[1], heard
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@contextmanager
def tls_server(authority: trustme.CA) -> Iterator[tuple[str, list[str | None]]]:
    """An https server by the name api.example; what it was sent as Authorization."""
    keys: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys.append(self.headers["Authorization"])
            self.send_response(200)
            self.send_header("Content-Length", str(len(GOOD.body)))
            self.end_headers()
            self.wfile.write(GOOD.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("api.example").configure_cert(context)
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"https://api.example:{server.server_port}", keys
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network in which api.example is this machine, though nothing else knows it is."""
    real = socket.getaddrinfo

    def look_up(host: str, *words: Any, **named: Any) -> Any:
        return real("127.0.0.1" if host == "api.example" else host, *words, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.mark.usefixtures("_names")
@pytest.mark.parametrize("value", ["", "0", "false"])
def test_no_variable_turns_the_check_of_certificates_off(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, value)
    with tls_server(authority) as (url, keys), client_of(url, max_retries=0) as client:
        # Where there is no such file, nothing is trusted and nothing sent.
        with pytest.raises(RetriesExhausted) as caught:
            client.events()
        assert keys == []
    if not value:
        assert "certificate is not trusted" in str(caught.value)


@pytest.mark.usefixtures("_names")
def test_a_company_may_name_the_authority_it_trusts(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    with tls_server(authority) as (url, keys), client_of(url, max_retries=0) as client:
        assert client.events().rows
    assert keys == [f"Bearer {KEY}"]


def test_a_proxy_of_https_is_told_the_host_and_not_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with trap() as (port, heard):
        for name in PROXIES:
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        with (
            client_of("https://api.example", max_retries=0) as client,
            pytest.raises(RetriesExhausted),
        ):
            client.events()
    assert heard
    assert all(said.startswith(b"CONNECT api.example:443 ") for said in heard)
    assert not any(KEY.encode() in said or b"Authorization" in said for said in heard)


def test_a_proxy_is_not_told_of_what_is_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with trap() as (port, heard), scripted(in_turn(GOOD)) as server:
        for name in PROXIES:
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        with client_of(server.url.replace("127.0.0.1", "localhost")) as client:
            assert client.events().rows
    assert heard == []


def test_no_address_of_an_answer_is_asked() -> None:
    with trap() as (port, heard):
        elsewhere = f"http://127.0.0.1:{port}/events?page=2"
        links = dict.fromkeys(("self", "next", "prev", "first", "last", "venues"), elsewhere)
        row = {"id": "evt-1", "links": links}
        first = {"data": [row], "links": links, "meta": {"path": elsewhere, "per_page": 100}}
        headers = {"Link": f'<{elsewhere}>; rel="next"', "Refresh": f"0; url={elsewhere}"}
        replies = in_turn(Reply(200, json.dumps(first).encode(), headers), GOOD)
        with scripted(replies) as server, client_of(server.url) as client:
            with suppress(ApiError):
                client.events()
            assert len(server.seen) >= 2
    assert heard == []


@pytest.mark.parametrize("coding", ["", "gzip", "gzip, gzip"])
def test_an_answer_without_end_is_given_up_and_not_asked_again(coding: str) -> None:
    body = b" " * (MOST_BYTES + 1_000_000)
    for _ in range(coding.count("gzip")):
        body = gzip.compress(body, 1)
    headers = {"Content-Encoding": coding} if coding else {}
    with (
        scripted(in_turn(Reply(200, body, headers))) as server,
        client_of(server.url) as client,
        pytest.raises(InvalidResponse, match="/events is larger than 32 MiB"),
    ):
        client.events()
    assert len(server.seen) == 1


@pytest.mark.parametrize("kind", ["list", "object"])
def test_json_nested_deeper_than_any_record_is_refused(kind: str) -> None:
    opened, closed = ("[", "]") if kind == "list" else ('{"a":', "}")
    deep = f"{opened * DEEPEST_JSON}0{closed * DEEPEST_JSON}"
    body = page_of("evt-1").replace(b'"evt-1"', f'"evt-1", "attributes": {deep}'.encode())
    with (
        scripted(in_turn(Reply(200, body))) as server,
        client_of(server.url) as client,
        pytest.raises(InvalidResponse, match="/events is nested deeper than 50 levels"),
    ):
        client.events()
    assert len(server.seen) == 1


def test_an_id_longer_than_a_files_name_is_refused() -> None:
    with (
        scripted(in_turn(Reply(body=page_of("evt-" + "a" * 300)))) as server,
        client_of(server.url) as client,
        pytest.raises(InvalidResponse),
    ):
        client.events()
