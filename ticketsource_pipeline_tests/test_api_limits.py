"""Our own rate limits: over threads, over processes, and after a process was killed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import active_count

import pytest
import time_machine

from ticketsource_pipeline.api import InProcessRateLimit, NoLimit, RateLimiter, SharedRateLimit
from ticketsource_pipeline.api.limits import Pause, pause_of

PROCESS = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from ticketsource_pipeline.api import SharedRateLimit

path, limit, window, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
limiter = SharedRateLimit(limit, Path(path), window_seconds=window)
end = time.time() + seconds

def work(_):
    moments = []
    while time.time() < end:
        limiter.acquire()
        moments.append(time.time())
    return moments

with ThreadPoolExecutor(8) as pool:
    print(json.dumps(sorted(sum(pool.map(work, range(8)), []))))
"""


def most_in_a_window(moments: list[float], seconds: float) -> int:
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def start_process(path: Path, limit: int, window: float, seconds: float) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", PROCESS, str(path), str(limit), str(window), str(seconds)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def moments_of(process: subprocess.Popen[str]) -> list[float]:
    output, errors = process.communicate(timeout=60)
    assert errors == ""
    return json.loads(output)


def test_several_processes_of_eight_threads_share_one_limit_and_use_it_fully(
    tmp_path: Path,
) -> None:
    path = tmp_path / "limit.sqlite"
    processes = [start_process(path, 50, 1.5, 5) for _ in range(4)]
    moments = sorted(moment for process in processes for moment in moments_of(process))
    assert most_in_a_window(moments, 1.2) <= 50
    windows = (moments[-1] - moments[0]) / 1.5
    assert len(moments) >= 0.9 * 50 * windows


def test_a_killed_process_holds_nothing_back(tmp_path: Path) -> None:
    path = tmp_path / "limit.sqlite"
    limiter = SharedRateLimit(20, path, window_seconds=0.5)
    process = start_process(path, 20, 0.5, 60)
    while limiter._take() == 0:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    started = time.monotonic()
    for _ in range(20):
        limiter.acquire()
    assert time.monotonic() - started < 2
    limiter.close()


@pytest.fixture(params=["shared", "in process"])
def make_limiter(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., RateLimiter]:
    def make(limit: int, **options: object) -> RateLimiter:
        if request.param == "shared":
            return SharedRateLimit(limit, tmp_path / "deep" / "limit.sqlite", **options)  # pyright: ignore[reportArgumentType]
        return InProcessRateLimit(limit, **options)  # pyright: ignore[reportArgumentType]

    return make


def test_the_first_requests_of_a_window_do_not_wait(
    make_limiter: Callable[..., RateLimiter],
) -> None:
    limiter = make_limiter(20)
    assert sum(limiter.acquire() for _ in range(20)) < 1


def test_eight_threads_never_exceed_the_limit_and_reach_it(
    make_limiter: Callable[..., RateLimiter],
) -> None:
    limiter = make_limiter(20, window_seconds=0.5)

    def work(_: int) -> tuple[float, float]:
        waited = limiter.acquire()
        return time.monotonic(), waited

    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(100)))
    moments = sorted(moment for moment, _ in results)
    assert most_in_a_window(moments, 0.35) <= 20
    assert 4 * 0.5 <= moments[-1] - started < 4 * 0.5 * 1.5
    assert any(waited > 0.1 for _, waited in results)


def test_a_wait_is_one_sleep_until_a_place_is_free(
    make_limiter: Callable[..., RateLimiter],
) -> None:
    sleeps: list[float] = []

    def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        time.sleep(seconds)

    limiter = make_limiter(1, window_seconds=0.3, sleep=sleep)
    limiter.acquire()
    waited = limiter.acquire()
    assert 0.25 < waited < 2
    assert len(sleeps) <= 3


def test_no_thread_is_left_behind(make_limiter: Callable[..., RateLimiter]) -> None:
    before = active_count()
    make_limiter(5).acquire()
    assert active_count() == before


def test_the_default_window_is_longer_than_the_servers_and_costs_less_than_five_percent(
    make_limiter: Callable[..., RateLimiter],
) -> None:
    limiter = make_limiter(1)
    limiter.acquire()
    assert 60 < limiter._take() <= 60 / 0.95  # pyright: ignore[reportAttributeAccessIssue]


def test_a_clock_set_back_holds_nothing_back_for_longer_than_a_window(tmp_path: Path) -> None:
    limiter = SharedRateLimit(3, tmp_path / "limit.sqlite", window_seconds=0.2)
    with time_machine.travel(time.time() + 3600, tick=True):
        for _ in range(3):
            limiter.acquire()
    waited = limiter.acquire()
    assert 0.1 < waited < 1
    limiter.close()


def test_a_limit_below_one_is_refused(make_limiter: Callable[..., RateLimiter]) -> None:
    with pytest.raises(ValueError, match="use NoLimit"):
        make_limiter(0)


def test_no_limit_never_waits() -> None:
    assert NoLimit().acquire() == 0.0


def test_a_pause_only_gets_longer() -> None:
    pause = Pause()
    assert pause.remaining(10.0) == 0.0
    pause.hold_until(15.0)
    pause.hold_until(12.0)
    assert pause.remaining(10.0) == 5.0
    assert pause.remaining(16.0) == 0.0


def test_all_clients_of_an_account_in_a_process_share_its_pause() -> None:
    first = pause_of("an account")
    assert pause_of("an account") is first
    assert pause_of("another account") is not first
