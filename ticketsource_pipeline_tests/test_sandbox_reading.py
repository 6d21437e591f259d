"""A naive reading of the sandbox over HTTP finds the truth it tells; other tests use the reader."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline.sandbox.records import amount_pence

TODAY = date(2026, 1, 15)


class Reader:
    """Reads a sandbox with nothing but requests: no retries, no doubts."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {server.key}"

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(
            self.server.url + path, params=query, timeout=10, allow_redirects=False
        )

    def pages(self, path: str, per_page: int = 100, **query: Any) -> Iterator[dict[str, Any]]:
        number = 1
        while True:
            response = self.get(path, page=number, per_page=per_page, **query)
            response.raise_for_status()
            page: dict[str, Any] = response.json()
            yield page
            if not page["links"]["next"]:
                return
            number += 1

    def rows(self, path: str, per_page: int = 100, **query: Any) -> list[dict[str, Any]]:
        return [row for page in self.pages(path, per_page, **query) for row in page["data"]]

    def ids(self, path: str, per_page: int = 100, **query: Any) -> list[str]:
        return [row["id"] for row in self.rows(path, per_page, **query)]


@pytest.mark.parametrize(
    "theatre",
    [Theatre.season(1, TODAY), Theatre.uniform(2, 3, 7, seats=3), Theatre.empty()],
    ids=["season", "uniform", "empty"],
)
def test_a_naive_walk_finds_the_truth(theatre: Theatre) -> None:
    with SandboxServer(theatre) as server:
        reader = Reader(server)
        rows = dict.fromkeys(theatre.counts(), 0)
        pence = dict.fromkeys(theatre.pence(), 0)
        for event in reader.rows("/events"):
            rows["events"] += 1
            rows["venues"] += len(reader.rows(f"/events/{event['id']}/venues"))
            for day in reader.rows(f"/events/{event['id']}/dates"):
                rows["performances"] += 1
                for booking in reader.rows(f"/dates/{day['id']}/bookings"):
                    lines = booking["attributes"]["lines"]
                    rows["raw_bookings"] += 1
                    rows["booking_lines"] += len(lines)
                    for name in pence:
                        pence[name] += sum(amount_pence(line["amount"][name]) for line in lines)
                    for seat in reader.rows(f"/bookings/{booking['id']}/seats"):
                        rows["raw_seats"] += 1
                        rows["seats"] += 1
                        person = dict(seat["attributes"]["attendee"])
                        texts = [*person.pop("company").values(), *person.values()]
                        rows["attendees"] += any(texts)
        assert rows == theatre.counts()
        assert pence == theatre.pence()


def test_months_add_up_to_the_whole() -> None:
    theatre = Theatre.season(1, TODAY)
    months = {day["attributes"]["start"][:7] for day in theatre.dates.values()}
    for name in ("raw_bookings", "raw_seats", "booking_lines", "performances", "attendees"):
        assert sum(theatre.counts(month)[name] for month in months) == theatre.counts()[name]
    assert sum(theatre.pence(month)["net"] for month in months) == theatre.pence()["net"]
    assert theatre.counts("1999-01")["raw_bookings"] == 0


@pytest.fixture(scope="module")
def paged() -> Iterator[tuple[Reader, str, list[str]]]:
    theatre = Theatre.uniform(1, 1, 37, seats=0)
    (day,) = theatre.dates
    path = f"/dates/{day}/bookings"
    with SandboxServer(theatre) as server:
        yield Reader(server), path, [record["id"] for record in theatre.bookings_of(day)]


@settings(max_examples=30, deadline=None)
@given(per_page=st.integers(1, 100))
def test_the_pages_together_are_the_list(
    paged: tuple[Reader, str, list[str]], per_page: int
) -> None:
    reader, path, expected = paged
    pages = list(reader.pages(path, per_page))
    assert [row["id"] for page in pages for row in page["data"]] == expected
    seen = 0
    for number, page in enumerate(pages, start=1):
        assert page["meta"] == {
            "current_page": number,
            "from": seen + 1,
            "path": f"https://api.ticketsource.io{path}",
            "per_page": per_page,
            "to": seen + len(page["data"]),
        }
        seen += len(page["data"])
        assert page["links"]["first"] == f"https://api.ticketsource.io{path}?page=1"
        assert page["links"]["last"] is None
        assert (page["links"]["prev"] is None) == (number == 1)
        assert (page["links"]["next"] is None) == (number == len(pages))


def test_a_page_past_the_end_is_empty(paged: tuple[Reader, str, list[str]]) -> None:
    reader, path, _ = paged
    page = reader.get(path, page=9, per_page=10).json()
    assert page["data"] == []
    assert page["meta"]["from"] is None
    assert page["meta"]["to"] is None
    assert page["links"]["next"] is None


def test_ten_rows_are_given_when_nothing_is_asked(paged: tuple[Reader, str, list[str]]) -> None:
    reader, path, expected = paged
    assert [row["id"] for row in reader.get(path).json()["data"]] == expected[:10]


def test_dates_are_filtered_by_the_day_of_their_start() -> None:
    theatre = Theatre.empty()
    event = theatre.add_event()
    days = ("2025-03-01", "2025-03-02", "2025-03-05", "2025-04-01")
    for day in days:
        theatre.add_date(event, f"{day}T19:30:00+00:00")
    cases = {
        ("on", "2025-03-02", ""): days[1:2],
        ("before", "2025-03-02", ""): days[:1],
        ("after", "2025-03-02", ""): days[2:],
        ("between", "2025-03-02", "2025-03-05"): days[1:3],
    }
    with SandboxServer(theatre) as server:
        reader = Reader(server)
        for (operator, value, value2), expected in cases.items():
            query = {"filter[start][operator]": operator, "filter[start][value]": value}
            if value2:
                query["filter[start][value2]"] = value2
            rows = reader.rows(f"/events/{event}/dates", per_page=1, **query)
            assert [row["attributes"]["start"][:10] for row in rows] == list(expected)
        query = {"filter[start][operator]": "near", "filter[start][value]": "2025-03-01"}
        assert reader.get(f"/events/{event}/dates", **query).status_code == 400
        query = {"filter[start][operator]": "on", "filter[start][value]": "soon"}
        assert reader.get(f"/events/{event}/dates", **query).status_code == 400
