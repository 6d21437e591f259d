"""Which failures are tried again, after which waits, and what is said when that does not help."""

from __future__ import annotations

import gzip
import socket
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from threading import Event

import pytest

from ticketsource_pipeline.api import (
    ApiError,
    BadRequest,
    ClientClosed,
    Forbidden,
    NoLimit,
    NotFound,
    RetriesExhausted,
    TicketSourceClient,
    Unauthorized,
    UnexpectedStatus,
)
from ticketsource_pipeline_tests.test_api_scripted_server import (
    KEY,
    FakeTime,
    RawReply,
    Reply,
    client_of,
    in_turn,
    page_of,
    scripted,
)

GOOD = Reply(body=page_of("evt-1"))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BROKEN_GZIP = gzip.compress(page_of("evt-1"))[:10] + b"\xff" * 40
PASSING = {
    "answered 500": Reply(500, b"<h1>oops</h1>"),
    "answered 502": Reply(502, b""),
    "answered 503": Reply(503, b"{}"),
    "answered 504": Reply(504, b"<html>"),
    "answered 429": Reply(429, b"{}"),
    "body is not JSON": Reply(200, b"<html>maintenance</html>"),
    "body is not JSON (cut)": Reply(200, page_of("evt-1")[:40]),
    "body is not JSON (empty)": Reply(200, b""),
    "body is not JSON (a number without bounds)": Reply(200, b'{"data": [1e99999999999999999999]}'),
    "body is not JSON (a whole number without bounds)": Reply(200, b"1" * 5000),
    "body is not JSON (without an end to its depth)": Reply(200, b"[" * 100_000 + b"]" * 100_000),
    "body is not JSON (bytes)": Reply(200, b"\xff\xfe\x00"),
    "body ended early": RawReply(HEAD + b"Content-Length: 900\r\n\r\n" + page_of("evt-1")),
    "body ended early (in a chunk)": RawReply(
        HEAD + b'Transfer-Encoding: chunked\r\n\r\n40\r\n{"data'
    ),
    "body ended early (between chunks)": RawReply(
        HEAD + b'Transfer-Encoding: chunked\r\n\r\n6\r\n{"data\r\n'
    ),
    "body could not be decompressed": Reply(200, BROKEN_GZIP, {"Content-Encoding": "gzip"}),
    "body is not JSON (cut gzip)": Reply(
        200, gzip.compress(page_of("evt-1"))[:30], {"Content-Encoding": "gzip"}
    ),
    "connection closed before the whole answer came": RawReply(b""),
    "connection broke": RawReply(b"this is not HTTP\r\n\r\n"),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_failure_that_may_pass_is_tried_again(name: str) -> None:
    with (
        scripted(in_turn(PASSING[name], PASSING[name], GOOD)) as server,
        client_of(server.url) as client,
    ):
        assert [row["id"] for row in client.events().rows] == ["evt-1"]
        reading = client.meter.snapshot()
    assert (reading.requests, reading.retries) == (3, 2)


@pytest.mark.parametrize("name", PASSING)
def test_a_failure_that_does_not_pass_is_told_in_words(name: str) -> None:
    with scripted(in_turn(PASSING[name])) as server, client_of(server.url, max_retries=2) as client:
        with pytest.raises(RetriesExhausted) as caught:
            client.events()
        assert len(server.seen) == 3
    message = str(caught.value)
    assert f"GET /events at {server.url[7:]} failed 3 times" in message
    assert name.partition(" (")[0] in message
    assert caught.value.path == "/events"
    assert "TICKETSOURCE_BASE_URL" not in message
    assert caught.value.__cause__ is None


def test_no_retries_means_one_try() -> None:
    with scripted(in_turn(Reply(500))) as server, client_of(server.url, max_retries=0) as client:
        with pytest.raises(RetriesExhausted, match="failed 1 time"):
            client.events()
        assert len(server.seen) == 1


def test_an_unreachable_host_is_one_clear_line() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with client_of(f"http://127.0.0.1:{port}") as client, pytest.raises(RetriesExhausted) as caught:
        client.events()
    message = str(caught.value)
    assert f"127.0.0.1:{port}" in message
    assert "connection refused" in message
    assert "TICKETSOURCE_BASE_URL" in message
    assert "\n" not in message


def test_a_server_that_says_nothing_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with (
            client_of(url, timeout_seconds=0.1, max_retries=1) as client,
            pytest.raises(RetriesExhausted, match=r"timed out after 0\.1 s without a byte"),
        ):
            client.events()


def test_a_body_that_stops_coming_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with (
            client_of(url, timeout_seconds=0.2, max_retries=0) as client,
            ThreadPoolExecutor(1) as pool,
        ):
            answer = pool.submit(client.events)
            connection, _ = listener.accept()
            with connection:
                connection.sendall(HEAD + b'Content-Length: 90\r\n\r\n{"da')
                with pytest.raises(RetriesExhausted, match="without a byte"):
                    answer.result()


def test_a_body_that_trickles_in_for_ever_is_given_up() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        client_of(
            f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_seconds=0.25, max_retries=0
        ) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        answer = pool.submit(client.events)
        connection, _ = listener.accept()
        with connection:
            connection.sendall(HEAD + b"Content-Length: 90000\r\n\r\n")
            while not answer.done():
                with suppress(OSError):
                    connection.sendall(b" ")
                wait([answer], timeout=0.01)
        with pytest.raises(RetriesExhausted, match="still trickled in"):
            answer.result()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (301, UnexpectedStatus),
        (307, UnexpectedStatus),
        (204, UnexpectedStatus),
        (410, UnexpectedStatus),
        (418, UnexpectedStatus),
        (501, UnexpectedStatus),
    ],
)
def test_a_settled_answer_fails_at_once(status: int, kind: type[ApiError]) -> None:
    body = b"" if status == 204 else b"<html>Ada Lovelace</html>"
    with scripted(in_turn(Reply(status, body))) as server, client_of(server.url) as client:
        with pytest.raises(kind) as caught:
            client.events()
        assert len(server.seen) == 1
    assert type(caught.value) is kind
    assert caught.value.path == "/events"
    assert str(status) in str(caught.value)
    assert "Ada" not in str(caught.value)


def test_a_refused_key_names_the_setting_to_fix_and_is_not_tried_again() -> None:
    with scripted(in_turn(Reply(401), GOOD)) as server, client_of(server.url) as client:
        with pytest.raises(Unauthorized, match="TICKETSOURCE_API_KEY"):
            client.events()
        with pytest.raises(Unauthorized, match="was not sent") as caught:
            client.bookings_of_date("dat-1")
        assert len(server.seen) == 1
    assert caught.value.path == "/dates/dat-1/bookings"


def test_a_refusal_stops_the_threads_that_wait_to_try_again() -> None:
    time = FakeTime()

    def sleep(_seconds: float) -> None:
        with pytest.raises(Forbidden):
            client.bookings_of_date("dat-1")

    time.sleep = sleep  # pyright: ignore[reportAttributeAccessIssue]
    with scripted(in_turn(Reply(500), Reply(403), GOOD)) as server:
        with client_of(server.url, time=time) as client, pytest.raises(Forbidden):
            client.events()
        assert len(server.seen) == 2


def test_a_closed_client_wakes_its_waiting_threads() -> None:
    asked = Event()

    def script(_: object) -> Reply:
        asked.set()
        return Reply(503, b"", {"Retry-After": "200"})

    with scripted(script) as server, ThreadPoolExecutor(1) as pool:
        client = TicketSourceClient(server.url, KEY, limiter=NoLimit())
        answer = pool.submit(client.events)
        assert asked.wait(5)
        client.close()
        with pytest.raises(ClientClosed):
            answer.result(5)
