"""Keys, the rate limit, the log and the control paths of the sandbox server."""

import errno
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from ticketsource_pipeline.sandbox import Faults, RequestRecord, SandboxServer, Theatre
from ticketsource_pipeline.sandbox.request_log import peak_per_window
from ticketsource_pipeline_tests.test_sandbox_reading import Reader


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer skl-sandbox-1"}, 200),
        ({"Authorization": "Basic c2tsLXNhbmRib3gtMTo="}, 200),
        ({"Authorization": "Bearer skl-other"}, 401),
        ({"Authorization": "Basic !!"}, 401),
        ({"Authorization": "Digest x"}, 401),
        ({}, 401),
    ],
)
def test_the_key_is_asked_for(headers: dict[str, str], status: int) -> None:
    with SandboxServer(Theatre.empty()) as server:
        response = requests.get(server.url + "/events", headers=headers, timeout=10)
        assert response.status_code == status
        assert response.headers["Content-Type"] == "application/json"


def test_the_key_can_change_while_it_runs() -> None:
    with SandboxServer(Theatre.empty()) as server:
        reader = Reader(server)
        server.key = "skl-new"
        assert reader.get("/events").status_code == 401


def test_only_get_is_answered() -> None:
    with SandboxServer(Theatre.empty()) as server:
        assert Reader(server).session.post(server.url + "/customers", json={}).status_code == 405


def test_the_rate_limit_counts_a_sliding_window() -> None:
    with SandboxServer(Theatre.empty(), requests_per_minute=3) as server:
        reader = Reader(server)
        statuses = [reader.get("/events").status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        wait = int(reader.get("/events").headers["Retry-After"])
        assert 50 < wait <= 60
        summary = reader.get("/_sandbox/requests").json()
        assert summary["peak_per_60_seconds"] == 3
        assert summary["peak_per_60_seconds_with_refused"] == 6
        assert summary["by_status"] == {"200": 3, "429": 3}


def test_the_peak_of_a_window_leaves_out_its_end() -> None:
    assert peak_per_window([0, 1, 59.9, 60, 60.5], 60) == 4
    assert peak_per_window([0, 60, 120], 60) == 1
    assert peak_per_window([], 60) == 0


def test_the_log_tells_what_was_asked() -> None:
    with SandboxServer(Theatre.uniform(1, 1, 1)) as server:
        reader = Reader(server)
        reader.get("/events", page=1, per_page=50)
        reader.get("/events/evt-none")
        first, second = server.requests
        assert (first.method, first.path, first.status) == ("GET", "/events", 200)
        assert first.query == {"page": "1", "per_page": "50"}
        assert (second.number, second.status, second.in_flight) == (2, 404, 1)
        assert first.time < second.time
        assert first.headers["authorization"] == f"Bearer {server.key}"
        assert server.count("^/events$") == 1
        assert server.count("/events", status=404) == 1
        server.clear()
        assert server.requests == []


def test_control_paths_need_no_key_and_leave_no_trace() -> None:
    theatre = Theatre.uniform(2, 2, 3)
    with SandboxServer(theatre) as server:
        Reader(server).rows("/events")
        Reader(server).get(f"/dates/{next(iter(theatre.dates))}/bookings")
        summary = requests.get(server.url + "/_sandbox/requests", timeout=10).json()
        assert summary["total"] == 2
        assert summary["by_path"] == {"/events": 1, "/dates/{id}/bookings": 1}
        truth = requests.get(server.url + "/_sandbox/truth", timeout=10).json()
        assert truth == {"counts": theatre.counts(), "pence": theatre.pence()}
        month = {"month": "2025-02"}
        truth = requests.get(server.url + "/_sandbox/truth", params=month, timeout=10).json()
        assert truth["counts"]["raw_bookings"] == 6
        assert requests.post(server.url + "/_sandbox/reset-log", timeout=10).ok
        assert requests.get(server.url + "/_sandbox/else", timeout=10).status_code == 404
        assert server.requests == []


def test_requests_in_flight_are_counted() -> None:
    with SandboxServer(Theatre.empty(), faults=Faults(latency_seconds=0.4)) as server:
        readers = [Reader(server) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda reader: reader.get("/events"), readers))
        assert server.peak_in_flight == 4
        assert sorted(record.in_flight for record in server.requests) == [1, 2, 3, 4]


def test_a_hook_may_change_the_theatre_before_the_reply() -> None:
    theatre = Theatre.uniform(1, 1, 3)
    (day,) = theatre.dates

    def sell_at_second(record: RequestRecord) -> None:
        if record.number == 2:
            theatre.add_booking(day)

    with SandboxServer(theatre, on_request=sell_at_second) as server:
        reader = Reader(server)
        path = f"/dates/{day}/bookings"
        assert [len(reader.ids(path)) for _ in range(3)] == [3, 4, 4]


def test_changes_from_another_thread_do_not_block_the_server() -> None:
    theatre = Theatre.uniform(1, 1, 20)
    (day,) = theatre.dates
    done = threading.Event()

    def change() -> None:
        while not done.is_set():
            booking = theatre.add_booking(day)
            theatre.refund_booking(booking)
            theatre.delete_booking(booking)

    worker = threading.Thread(target=change)
    with SandboxServer(theatre) as server:
        worker.start()
        try:
            reader = Reader(server)
            for _ in range(50):
                assert len(reader.ids(f"/dates/{day}/bookings")) in {20, 21}
        finally:
            done.set()
            worker.join()


def test_a_port_in_use_is_said_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=re.escape(f"port {port} on 127.0.0.1 is in use")) as said:
            SandboxServer(Theatre.empty(), port=port).start()
    assert said.value.errno == errno.EADDRINUSE
