"""The meter counts, subtracts and tells its listeners."""

from concurrent.futures import ThreadPoolExecutor

from ticketsource_pipeline.api import Meter, MeterReading, subscribe, unsubscribe
from ticketsource_pipeline_tests.test_api_scripted_server import (
    Reply,
    client_of,
    in_turn,
    page_of,
    scripted,
)


def test_two_snapshots_subtract_to_what_happened_between() -> None:
    meter = Meter()
    meter.record(MeterReading(1, 0, 0.5, 0.0))
    before = meter.snapshot()
    meter.record(MeterReading(2, 1, 0.25, 3.0, 1))
    assert meter.snapshot() - before == MeterReading(2, 1, 0.25, 3.0, 1)


def test_no_count_is_lost_between_threads() -> None:
    meter = Meter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: meter.record(MeterReading(requests=1)), range(4000)))
    assert meter.snapshot().requests == 4000


def test_a_listener_hears_of_each_attempt_once_until_it_unsubscribes() -> None:
    heard: list[MeterReading] = []
    good = Reply(body=page_of("evt-1"))
    with scripted(in_turn(Reply(500), good)) as server, client_of(server.url) as client:
        subscribe(heard.append)
        client.events()
        unsubscribe(heard.append)
        client.events()
    assert [(change.requests, change.retries) for change in heard] == [(1, 0), (1, 1)]
    assert heard[1].server_wait_seconds >= 0.5
