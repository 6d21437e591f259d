"""How long is waited before a failed request is tried again, and by whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import time_machine

from ticketsource_pipeline.api import (
    Backoff,
    RetriesExhausted,
    WaitTooLong,
)
from ticketsource_pipeline.api.retry import TransientError, asked_wait
from ticketsource_pipeline_tests.test_api_scripted_server import (
    FakeTime,
    Reply,
    client_of,
    in_turn,
    page_of,
    scripted,
)

GOOD = Reply(body=page_of("evt-1"))


def test_waits_without_advice_double_with_jitter_up_to_a_minute() -> None:
    time = FakeTime()
    with (
        scripted(in_turn(Reply(500))) as server,
        client_of(server.url, time=time, max_retries=9) as client,
    ):
        with pytest.raises(RetriesExhausted):
            client.events()
        waited = client.meter.snapshot().server_wait_seconds
    for number, seconds in enumerate(time.sleeps):
        least = min(60.0, 0.5 * 2**number)
        assert least <= seconds <= min(60.0, least + 0.5)
    assert len(time.sleeps) == 9
    # The last wait comes before the last attempt, so all are counted.
    assert waited == pytest.approx(sum(time.sleeps))


def test_a_429_without_advice_waits_growing_long_enough_for_the_servers_window() -> None:
    time = FakeTime()
    with (
        scripted(in_turn(Reply(429))) as server,
        client_of(server.url, time=time) as client,
        pytest.raises(RetriesExhausted),
    ):
        client.events()
    assert max(time.sleeps) <= 60
    assert sum(time.sleeps) > 120
    assert time.sleeps[0] < time.sleeps[1] < time.sleeps[2]


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_for_and_not_much_longer(status: int) -> None:
    time = FakeTime()
    replies = in_turn(Reply(status, b"", {"Retry-After": "7"}), GOOD)
    with scripted(replies) as server, client_of(server.url, time=time) as client:
        client.events()
    assert len(time.sleeps) == 1
    assert 7 <= time.sleeps[0] <= 7.7


def test_a_wait_beyond_the_ceiling_is_refused_at_once() -> None:
    replies = in_turn(Reply(429, b"", {"Retry-After": "301"}))
    with scripted(replies) as server, client_of(server.url) as client:
        with pytest.raises(WaitTooLong, match="asks to wait 301 s") as caught:
            client.events()
        assert len(server.seen) == 1
    assert caught.value.path == "/events"


def test_a_429_of_one_thread_holds_back_the_others() -> None:
    time = FakeTime()
    paused: list[float] = []

    def sleep(seconds: float) -> None:
        # While this thread waits, another one of the process asks.
        if not paused:
            paused.append(seconds)
            other.events()
        time.now += seconds

    with scripted(in_turn(Reply(429, b"", {"Retry-After": "30"}), GOOD)) as server:
        with client_of(server.url, time=time) as other:
            other._requester._sleep = sleep
            other.events()
            assert other.meter.snapshot().server_wait_seconds >= 30
        assert len(server.seen) == 3


NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "12"}, 12),
        ({"Retry-After": " 12 "}, 12),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": format_datetime(NOW + timedelta(seconds=40), usegmt=True)}, 40),
        ({"X-RateLimit-Reset": "33"}, 33),
        ({"X-RateLimit-Reset": str(EPOCH + 21)}, 21),
        ({"X-RateLimit-Reset": str((EPOCH + 21) * 1000)}, 21),
        ({"Retry-After": "5", "X-RateLimit-Reset": "33"}, 5),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "33"}, 33),
        ({"Retry-After": "999999999999"}, 999999999999),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "1e3"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": format_datetime(NOW - timedelta(seconds=40), usegmt=True)}, None),
        ({"X-RateLimit-Reset": str(EPOCH - 5)}, None),
        ({}, None),
    ],
)
def test_the_wait_a_429_asks_for(headers: dict[str, str], expected: float | None) -> None:
    with time_machine.travel(NOW, tick=False):
        assert asked_wait(429, headers) == expected


def test_a_date_is_compared_with_the_servers_own_clock() -> None:
    headers = {
        "Date": format_datetime(NOW, usegmt=True),
        "Retry-After": format_datetime(NOW + timedelta(seconds=40), usegmt=True),
    }
    with time_machine.travel(NOW - timedelta(days=1), tick=False):
        assert asked_wait(503, headers) == 40


def test_only_a_429_is_about_the_rate_limit() -> None:
    assert asked_wait(503, {"X-RateLimit-Reset": "33"}) is None


def test_the_wait_between_tries_never_exceeds_the_longest() -> None:
    backoff = Backoff(longest_wait_seconds=2)
    assert backoff.seconds(TransientError("x"), 5000) == 2
