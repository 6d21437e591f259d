"""Each fault of the sandbox does what it says, and the same on every run."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from ticketsource_pipeline.sandbox import Faults, SandboxServer, Theatre
from ticketsource_pipeline.sandbox.faults import draw
from ticketsource_pipeline_tests.test_sandbox_reading import Reader


def one(path: str = "/events", *, query: dict[str, Any] | None = None, **faults: Any) -> Any:
    """One reply for a theatre of 25 events under the given faults."""
    with SandboxServer(Theatre.uniform(25, 0, 0), faults=Faults(**faults)) as server:
        return Reader(server).get(path, **(query or {}))


def test_server_errors_are_of_four_kinds() -> None:
    with SandboxServer(Theatre.empty(), faults=Faults(share_500=1)) as server:
        reader = Reader(server)
        statuses = {reader.get("/events").status_code for _ in range(40)}
    assert statuses == {500, 502, 503, 504}


def test_faults_are_the_same_for_the_same_seed() -> None:
    faults = Faults(seed=5, share_500=0.2, share_reset=0.2, share_429=0.1)
    first = [draw(faults, number) for number in range(300)]
    assert first == [draw(faults, number) for number in range(300)]
    other = Faults(seed=6, share_500=0.2, share_reset=0.2, share_429=0.1)
    assert first != [draw(other, number) for number in range(300)]
    assert 0.4 < sum(fault is not None for fault in first) / 300 < 0.6


def test_resets_come_before_and_within_the_body() -> None:
    seen: set[type[Exception]] = set()
    with SandboxServer(Theatre.uniform(30, 0, 0), faults=Faults(share_reset=1)) as server:
        reader = Reader(server)
        for _ in range(12):
            with pytest.raises(requests.RequestException) as broken:
                reader.get("/events")
            assert "reset" in str(broken.value).lower()
            seen.add(type(broken.value))
        assert {record.fault for record in server.requests} == {"reset"}
    assert seen == {requests.ConnectionError, requests.exceptions.ChunkedEncodingError}


def test_a_cut_reply_is_shorter_than_it_says() -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        one(share_cut=1)


def test_a_reply_that_is_no_json_is_a_page_or_half_a_reply() -> None:
    kinds: set[str] = set()
    with SandboxServer(Theatre.uniform(5, 0, 0), faults=Faults(share_not_json=1)) as server:
        reader = Reader(server)
        for _ in range(12):
            response = reader.get("/events")
            assert response.status_code == 200
            with pytest.raises(requests.JSONDecodeError):
                response.json()
            kinds.add(response.headers["Content-Type"].split(";")[0])
    assert kinds == {"text/html", "application/json"}


def test_a_slow_reply_arrives_whole() -> None:
    started = time.monotonic()
    assert len(one(share_slow=1, slow_seconds=0.2).json()["data"]) == 10
    assert time.monotonic() - started >= 0.2


def test_latency_comes_before_the_reply() -> None:
    assert one(latency_seconds=0.1).elapsed.total_seconds() >= 0.1


def test_limits_name_their_end_in_the_chosen_header() -> None:
    now = datetime.now(UTC)
    assert one(share_429=1).headers["Retry-After"] == "1"
    moment = parsedate_to_datetime(
        one(share_429=1, limit_header="retry-after-date").headers["Retry-After"]
    )
    assert -1 < (moment - now).total_seconds() < 10
    reset = one(share_429=1, limit_header="x-ratelimit-reset").headers["X-RateLimit-Reset"]
    assert 0 < int(reset) - now.timestamp() < 10
    names = {name.lower() for name in one(share_429=1, limit_header="none").headers}
    assert not names & {"retry-after", "x-ratelimit-reset"}
    assert one(share_429=1, retry_after="soon").headers["Retry-After"] == "soon"


def test_the_network_in_front_may_refuse_or_redirect() -> None:
    refused = one(forbidden_html=True)
    assert refused.status_code == 403
    assert refused.headers["Content-Type"].startswith("text/html")
    redirected = one(redirects=True, query={"page": 2})
    assert redirected.status_code == 302
    assert redirected.headers["Location"] == "https://evil.example/events?page=2"


@pytest.mark.parametrize(
    ("style", "page", "expected"),
    [
        ("page-only", 1, "https://api.ticketsource.io/events?page=2"),
        ("with-per-page", 1, "https://api.ticketsource.io/events?page=2&per_page=5"),
        ("foreign", 1, "https://evil.example/events?page=2"),
        ("page-only", 5, None),
        ("always-until-empty", 5, "https://api.ticketsource.io/events?page=6"),
        ("always-until-empty", 6, None),
        ("endless", 9, "https://api.ticketsource.io/events?page=10"),
    ],
)
def test_next_is_written_in_the_chosen_style(style: str, page: int, expected: str | None) -> None:
    page_read = one(next_style=style, query={"page": page, "per_page": 5}).json()
    assert page_read["links"]["next"] == expected


def test_meta_may_be_wrong_or_missing() -> None:
    def meta(**faults: Any) -> dict[str, Any]:
        return one(query={"page": 2, "per_page": 5}, **faults).json()["meta"]

    right = meta()
    assert meta(string_meta=True) == {key: str(value) for key, value in right.items()}
    for name in ("current_page", "per_page", "from"):
        assert meta(wrong_meta=name) == {**right, name: right[name] + 1}
    assert "meta" not in one(no_meta=True).json()


def test_per_page_may_be_clamped_or_ignored() -> None:
    clamped = one(clamp_per_page=7, query={"page": 2, "per_page": 20}).json()
    assert (len(clamped["data"]), clamped["meta"]["per_page"]) == (7, 7)
    assert clamped["meta"]["from"] == 8
    ignored = one(ignore_per_page=True, query={"per_page": 20}).json()
    assert (len(ignored["data"]), ignored["meta"]["per_page"]) == (10, 10)


def test_amounts_may_show_the_float_behind_them() -> None:
    theatre = Theatre.uniform(1, 1, 1)
    (record,) = theatre.bookings.values()
    record["attributes"]["lines"][0]["amount"]["fee"] = 0.54
    with SandboxServer(theatre, faults=Faults(float_artefacts=True)) as server:
        text = Reader(server).get(f"/bookings/{record['id']}").text
    assert '"fee": 0.54000000000000004' in text
    assert json.loads(text)["data"]["attributes"]["lines"][0]["amount"]["fee"] == 0.54


def test_shares_keep_to_a_path_and_a_number() -> None:
    faults = Faults(share_500=1, only_path="/customers", at_most=2)
    with SandboxServer(Theatre.empty(), faults=faults) as server:
        reader = Reader(server)
        assert reader.get("/events").status_code == 200
        statuses = [reader.get("/customers").status_code for _ in range(4)]
        assert [status >= 500 for status in statuses] == [True, True, False, False]
        server.faults = Faults(share_429=1)
        assert reader.get("/events").status_code == 429


@pytest.mark.parametrize(
    "wrong",
    [{"share_500": 0.6, "share_cut": 0.6}, {"share_slow": -1}, {"move_kind": "jump"}],
)
def test_faults_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"share|move_kind"):
        Faults(**wrong)


def read_moving(kind: str, moves: int) -> tuple[Theatre, list[str], list[list[str]]]:
    """The bookings' ids before, and three readings of five to a page while the rows move."""
    theatre = Theatre.uniform(1, 1, 12)
    (day,) = theatre.dates
    before = [record["id"] for record in theatre.bookings_of(day)]
    faults = Faults(moves=moves, move_kind=kind)  # pyright: ignore[reportArgumentType]
    with SandboxServer(theatre, faults=faults) as server:
        reader = Reader(server)
        readings = [reader.ids(f"/dates/{day}/bookings", per_page=5) for _ in range(3)]
    return theatre, before, readings


def insert_front(ids: list[str]) -> list[str]:
    return [*ids[:5], ids[4], *ids[5:]]


def delete_front(ids: list[str]) -> list[str]:
    return [*ids[:5], *ids[6:]]


def rotate(ids: list[str]) -> list[str]:
    return [*ids[:5], *ids[6:], ids[0]]


def shift(ids: list[str]) -> list[str]:
    return [*ids[:5], *ids[6:11], *ids[10:]]


@pytest.mark.parametrize(
    ("kind", "expected", "after"),
    [
        ("insert-front", insert_front, 13),
        ("delete-front", delete_front, 11),
        ("rotate", rotate, 12),
        ("shift", shift, 12),
    ],
)
def test_rows_move_once_between_two_pages(
    kind: str, expected: Callable[[list[str]], list[str]], after: int
) -> None:
    theatre, before, (first, second, third) = read_moving(kind, moves=1)
    assert first == expected(before)
    assert second == third
    assert set(second) == set(theatre.bookings)
    assert len(second) == after


def test_rows_move_as_often_as_asked() -> None:
    _, before, (first, second, third) = read_moving("shift", moves=3)
    assert first == [*before[:5], *before[6:11], before[11]]
    assert second == shift(before)
    assert third == before


def test_a_shift_tells_nothing_in_meta() -> None:
    theatre = Theatre.uniform(12, 0, 0)
    with SandboxServer(theatre, faults=Faults(moves=1, move_kind="shift")) as server:
        page = list(Reader(server).pages("/events", per_page=5))[1]
    assert page["data"][0]["id"] == list(theatre.events)[6]
    assert (page["meta"]["from"], page["meta"]["to"]) == (6, 10)


def test_events_and_dates_may_get_new_rows_in_front() -> None:
    theatre = Theatre.uniform(1, 12, 0)
    (event,) = theatre.events
    faults = Faults(moves=1, move_kind="insert-front")
    with SandboxServer(theatre, faults=faults) as server:
        assert len(Reader(server).ids(f"/events/{event}/dates", per_page=5)) == 13
        assert len(theatre.dates) == 13
        theatre.add_event()
        Reader(server).ids("/events", per_page=1)
        assert len(theatre.events) == 3
