"""The client over real HTTP: keys, connections, JSON and lists."""

from __future__ import annotations

import gzip
import netrc
import traceback
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Barrier, Lock

import pytest
import simplejson

from ticketsource_pipeline.api import (
    ApiError,
    InvalidResponse,
    UnexpectedStatus,
)
from ticketsource_pipeline_tests.test_api_scripted_server import (
    KEY,
    Reply,
    Seen,
    client_of,
    in_turn,
    page_of,
    scripted,
)

GOOD = Reply(body=page_of("evt-1"))


def test_the_key_is_sent_as_a_bearer_token_with_the_clients_name() -> None:
    with scripted(in_turn(GOOD)) as server, client_of(server.url) as client:
        client.events()
    headers = server.seen[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["accept"] == "application/json"
    assert headers["user-agent"].startswith("ticketsource-pipeline/")


def test_the_key_can_be_sent_as_the_basic_user_with_an_empty_password() -> None:
    with (
        scripted(in_turn(GOOD)) as server,
        client_of(server.url, key="skl-1", auth="basic") as client,
    ):
        client.events()
    assert server.seen[0].headers["authorization"] == "Basic c2tsLTE6"


def test_a_netrc_file_never_replaces_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "netrc"
    file.write_text("default login somebody password else\n")
    file.chmod(0o600)
    assert netrc.netrc(file).authenticators("127.0.0.1")
    monkeypatch.setenv("NETRC", str(file))
    with scripted(in_turn(GOOD)) as server, client_of(server.url) as client:
        client._requester._transport._session.trust_env = True
        client.events()
    assert server.seen[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_proxy_is_not_asked_for_this_machine_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with scripted(in_turn(GOOD)) as server, client_of(server.url, max_retries=0) as client:
        assert client.events().rows


@pytest.mark.parametrize("location", ["/elsewhere", "http://[bad", "http://evil.example/x", ""])
def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(location: str) -> None:
    with scripted(in_turn(GOOD)) as other:
        location = location.replace("http://evil.example", other.url)
        replies = in_turn(Reply(302, b"", {"Location": location}))
        with (
            scripted(replies) as server,
            client_of(server.url) as client,
            pytest.raises(UnexpectedStatus, match="It was not followed"),
        ):
            client.events()
        assert (len(server.seen), len(other.seen)) == (1, 0)


def test_cookies_are_not_sent_back() -> None:
    replies = in_turn(Reply(body=page_of("evt-1"), headers={"Set-Cookie": "a=b; Path=/"}))
    with scripted(replies) as server, client_of(server.url) as client:
        client.events()
        client.events()
    assert all("cookie" not in request.headers for request in server.seen)


@pytest.mark.parametrize("auth", ["bearer", "basic"])
@pytest.mark.parametrize(
    "reply",
    [
        Reply(500),
        Reply(401),
        Reply(302),
        Reply(404, KEY.encode()),
        Reply(200, KEY.encode()),
        Reply(200, b"[]"),
        Reply(200, b'{"data": [{"id": "' + KEY.encode() + b'"}]}'),
        Reply(429, b"", {"Retry-After": "9999"}),
    ],
)
def test_the_key_is_in_no_message_and_no_traceback(reply: Reply, auth: str) -> None:
    with scripted(in_turn(reply)) as server, client_of(server.url, auth=auth) as client:
        with pytest.raises(ApiError) as caught:
            client.events()
        told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__)
        told += repr(client) + repr(client._requester._transport._session.auth)
    assert KEY not in told
    assert "***" in told


def test_connections_are_kept_alive() -> None:
    with scripted(in_turn(GOOD)) as server, client_of(server.url) as client:
        for _ in range(20):
            client.events()
        with pytest.raises(ApiError):
            client.booking("bkg-1")
        client.events()
    assert len(server.seen) == 22
    assert server.connections == 1


def test_connections_are_kept_alive_after_an_error_answer_and_a_compressed_one() -> None:
    packed = Reply(200, gzip.compress(page_of("evt-1")), {"Content-Encoding": "gzip"})
    with (
        scripted(in_turn(packed, Reply(500, b"x" * 99), GOOD)) as server,
        client_of(server.url) as client,
    ):
        client.events()
        client.events()
    assert len(server.seen) == 3
    assert server.connections == 1


def test_no_more_requests_are_in_flight_than_allowed_and_no_fewer() -> None:
    now_and_most = [0, 0]
    lock = Lock()
    barrier = Barrier(3)

    def script(_: Seen) -> Reply:
        with lock:
            now_and_most[0] += 1
            now_and_most[1] = max(now_and_most)
        # Passes only when three requests are in flight at the same time.
        barrier.wait(5)
        with lock:
            now_and_most[0] -= 1
        return GOOD

    with (
        scripted(script) as server,
        client_of(server.url, max_in_flight=3) as client,
        ThreadPoolExecutor(12) as pool,
    ):
        list(pool.map(lambda _: client.events(), range(12)))
    assert now_and_most[1] == 3
    assert server.connections <= 3


def test_a_thread_that_waits_to_try_again_takes_no_place_in_flight() -> None:
    def sleep(_: float) -> None:
        assert client._requester._in_flight.acquire(blocking=False)
        client._requester._in_flight.release()

    with (
        scripted(in_turn(Reply(500), GOOD)) as server,
        client_of(server.url, max_in_flight=1) as client,
    ):
        client._requester._sleep = sleep
        assert client.events().rows


def test_each_attempt_asks_the_limiter() -> None:
    class Counting:
        asked = 0

        def acquire(self) -> float:
            self.asked += 1
            return 0.25

    limiter = Counting()
    with (
        scripted(in_turn(Reply(500), GOOD)) as server,
        client_of(server.url, limiter=limiter) as client,
    ):
        client.events()
        assert client.meter.snapshot().limit_wait_seconds == 0.5
    assert limiter.asked == 2


def test_amounts_are_exact_decimals_and_other_constants_become_text() -> None:
    body = (
        b'\xef\xbb\xbf{"data": {"id": "bkg-1", "a": 0.54000000000000004, "b": 1, "c": 1.10,'
        b' "d": NaN, "e": -Infinity, "f": 1e3}}'
    )
    with scripted(in_turn(Reply(200, body))) as server, client_of(server.url) as client:
        booking = client.booking("bkg-1")
    assert str(booking["a"]) == "0.54000000000000004"
    assert booking["b"] == 1
    assert isinstance(booking["b"], int)
    assert (booking["c"], str(booking["c"])) == (Decimal("1.10"), "1.10")
    assert (booking["d"], booking["e"]) == ("NaN", "-Infinity")
    simplejson.dumps(booking, use_decimal=True, allow_nan=False)


@pytest.mark.parametrize(
    "body",
    [b"[]", b"null", b'{"data": []}', b'{"data": {"id": "bkg-2"}}', b'{"errors": []}'],
)
def test_an_answer_that_is_not_the_booking_asked_for_is_refused(body: bytes) -> None:
    with (
        scripted(in_turn(Reply(200, body))) as server,
        client_of(server.url) as client,
        pytest.raises(InvalidResponse) as caught,
    ):
        client.booking("bkg-1")
    assert caught.value.path == "/bookings/bkg-1"


def test_json_nested_without_end_is_no_answer() -> None:
    with (
        scripted(in_turn(Reply(200, b"[" * 200_000), GOOD)) as server,
        client_of(server.url) as client,
    ):
        assert client.events().rows


@pytest.mark.parametrize(("levels", "is_refused"), [(63, False), (64, True), (900, True)])
def test_json_nested_deeper_than_any_record_is_refused(levels: int, *, is_refused: bool) -> None:
    nested = b'{"data": [], "more": ' + b"[" * levels + b"]" * levels + b"}"
    # A thread of its own has more room for depth than whoever reads the record later.
    with (
        scripted(in_turn(Reply(200, nested))) as server,
        client_of(server.url) as client,
        ThreadPoolExecutor(1) as executor,
    ):
        answer = executor.submit(client.events)
        if is_refused:
            with pytest.raises(InvalidResponse, match="beyond 64 levels"):
                answer.result()
        else:
            assert answer.result().rows == []


def test_an_id_with_a_path_in_it_is_never_asked_for() -> None:
    with scripted(in_turn(GOOD)) as server, client_of(server.url) as client:
        for ask in (client.bookings_of_date, client.seats_of_booking, client.booking):
            with pytest.raises(InvalidResponse):
                ask("../events")
        with pytest.raises(ValueError, match="plain words"):
            client.read_list("/events?page=1", "evt")
    assert server.seen == []


def test_filters_are_sent_with_every_page() -> None:
    def script(request: Seen) -> Reply:
        page, size = int(request.query["page"]), int(request.query["per_page"])
        first = (page - 1) * size
        shown = [f"dat-{number}" for number in range(150)][first : first + size]
        return Reply(body=page_of(*shown, page=page, per_page=size, more=page == 1))

    with scripted(script) as server, client_of(server.url) as client:
        reading = client.read_list("/events/evt-1/dates", "dat", {"filter[start][operator]": "on"})
    assert reading.requests == len(server.seen) == 2
    assert len(reading.rows) == 150
    assert reading.started_at.tzinfo is not None
    assert all(request.query["filter[start][operator]"] == "on" for request in server.seen)


def test_a_base_url_may_have_a_path() -> None:
    with scripted(in_turn(GOOD)) as server, client_of(server.url + "/v1/") as client:
        client.events()
    assert server.seen[0].path == "/v1/events"
