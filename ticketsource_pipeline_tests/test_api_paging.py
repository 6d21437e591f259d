"""Reading lists whole, page by page, without HTTP."""

from collections.abc import Callable
from dataclasses import replace
from math import ceil
from typing import Any

import pytest

from ticketsource_pipeline.api.errors import InvalidResponse, ListKeptMoving
from ticketsource_pipeline.api.pages import Ask, Page, parse_page
from ticketsource_pipeline.api.paging import WholeList, read_whole_list, widest_overlapping_ask

Server = Callable[[Ask], Page]


def ids(count: int) -> list[str]:
    return [f"bkg-{number}" for number in range(1, count + 1)]


def page_of_rows(rows: list[str], ask: Ask, size: int | None = None) -> Page:
    size = size or ask.per_page
    start = (ask.page - 1) * size
    shown = rows[start : start + size]
    return Page(
        rows=[{"id": row} for row in shown],
        current_page=ask.page,
        per_page=size,
        from_=start + 1 if shown else None,
        to=start + len(shown) if shown else None,
        has_more=start + size < len(rows),
        has_meta=True,
    )


def read(
    serve: Server,
    page_size: int = 100,
    max_rereads: int = 5,
    *,
    overlapping: bool = True,
    full_page: int = 100,
) -> tuple[WholeList, list[Ask]]:
    reader = read_whole_list(
        "/x",
        page_size,
        max_rereads=max_rereads,
        overlapping=overlapping,
        full_page=full_page,
    )
    asks = [next(reader)]
    try:
        while True:
            asks.append(reader.send(serve(asks[-1])))
    except StopIteration as end:
        return end.value, asks


def ids_of(whole: WholeList) -> list[str]:
    return [row["id"] for row in whole.rows]


@pytest.mark.parametrize(
    ("count", "requests"),
    [(0, 1), (1, 1), (99, 1), (100, 1), (101, 2), (150, 2), (198, 2), (250, 3), (1000, 11)],
)
def test_a_list_costs_no_more_requests_than_needed(count: int, requests: int) -> None:
    whole, asks = read(lambda ask: page_of_rows(ids(count), ask))
    assert ids_of(whole) == ids(count)
    assert len(asks) == requests


@pytest.mark.parametrize("size", [100, 10])
@pytest.mark.parametrize("count", [0, 1, 100, 101, 199, 200, 201, 300, 1000])
def test_without_overlap_a_list_costs_the_fewest_requests_there_can_be(
    count: int, size: int
) -> None:
    # A server that gives ten a page whatever it is asked for gives no full pages.
    whole, asks = read(
        lambda ask: page_of_rows(ids(count), ask, size), overlapping=False, full_page=size
    )
    assert ids_of(whole) == ids(count)
    assert len(asks) == max(1, ceil(count / size))
    assert whole.is_proven is (count <= size)


@pytest.mark.parametrize("count", [0, 1, 25, 26, 49, 50, 51, 300])
@pytest.mark.parametrize("asked", [25, 100])
def test_pages_smaller_than_there_can_be_overlap_in_any_case(count: int, asked: int) -> None:
    def serve(ask: Ask) -> Page:
        return page_of_rows(ids(count), ask, min(ask.per_page, 25))

    overlapping, their_asks = read(serve, asked)
    whole, asks = read(serve, asked, overlapping=False)
    assert (whole, asks) == (overlapping, their_asks)
    assert whole.is_proven


def test_each_page_starts_at_or_before_the_last_row_already_read() -> None:
    whole, _ = read(lambda ask: page_of_rows(ids(1000), ask))
    end = 1
    for entry in whole.ledger:
        assert entry.from_ <= end
        assert entry.rows == entry.to - entry.from_ + 1
        end = entry.to
    assert end == 1000


def test_the_second_and_third_pages_are_of_99_and_98_rows() -> None:
    assert widest_overlapping_ask(100, 100) == Ask(2, 99)
    assert widest_overlapping_ask(198, 100) == Ask(3, 98)


def test_no_page_of_two_rows_overlaps_an_even_end() -> None:
    assert widest_overlapping_ask(2, 2) is None


def test_with_tiny_pages_everything_is_read_a_second_time() -> None:
    whole, asks = read(lambda ask: page_of_rows(ids(4), ask), page_size=2)
    assert ids_of(whole) == ids(4)
    assert asks == [Ask(1, 2), Ask(2, 2), Ask(1, 2), Ask(2, 2)]


def test_a_deleted_row_between_two_pages_makes_the_list_be_read_again() -> None:
    rows = ids(150)
    deleted: list[str] = []

    def serve(ask: Ask) -> Page:
        if ask.page == 2 and not deleted:
            deleted.append(rows.pop(3))
        return page_of_rows(rows, ask)

    whole, asks = read(serve)
    assert ids_of(whole) == rows
    assert len(asks) == 4


def test_a_row_deleted_and_another_inserted_around_a_page_of_an_unwilling_server_is_noticed() -> (
    None
):
    rows = ids(20)
    asked = 0

    def serve(ask: Ask) -> Page:
        nonlocal asked
        asked += 1
        # Asks: page 1, page 2 of 9 refused, page 2; then all again.
        if asked == 3:
            rows.remove("bkg-5")
        page = page_of_rows(rows, ask, 10)
        if asked == 3:
            rows.insert(4, "bkg-new")
        return page

    whole, _ = read(serve)
    assert ids_of(whole) == rows


def test_a_list_that_never_rests_ends_in_an_error_after_the_bound() -> None:
    rows = ids(150)

    def serve(ask: Ask) -> Page:
        rows.insert(0, f"bkg-new{len(rows)}")
        return page_of_rows(rows, ask)

    asked = 0

    def counted(ask: Ask) -> Page:
        nonlocal asked
        asked += 1
        return serve(ask)

    with pytest.raises(ListKeptMoving, match="6 times") as caught:
        read(counted)
    assert caught.value.path == "/x"
    assert asked == 12


@pytest.mark.parametrize("size", [1, 3, 10, 25])
def test_a_server_that_clamps_per_page_is_read_whole_with_overlap(size: int) -> None:
    whole, _ = read(lambda ask: page_of_rows(ids(57), ask, min(size, ask.per_page)))
    assert ids_of(whole) == ids(57)


@pytest.mark.parametrize("page_size", [1, 5, 10, 100])
def test_a_server_that_ignores_per_page_is_read_twice_with_pages_of_its_own(page_size: int) -> None:
    whole, asks = read(lambda ask: page_of_rows(ids(57), ask, 10), page_size)
    assert ids_of(whole) == ids(57)
    assert [entry.per_page for entry in whole.ledger] == [10] * 12
    assert len(asks) <= 13


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 57])
@pytest.mark.parametrize("size", [None, 10])
@pytest.mark.parametrize("has_links", [True, False])
def test_a_list_without_meta_is_read_until_nothing_more_comes(
    count: int, size: int | None, has_links: bool
) -> None:
    def serve(ask: Ask) -> Page:
        page = page_of_rows(ids(count), ask, size)
        return Page(page.rows, None, None, None, None, page.has_more if has_links else None, False)

    whole, _ = read(serve, page_size=10)
    assert ids_of(whole) == ids(count)


def test_a_short_list_without_meta_whose_links_name_no_next_costs_one_request() -> None:
    def serve(ask: Ask) -> Page:
        page = page_of_rows(ids(5), ask)
        return Page(page.rows, None, None, None, None, page.has_more, False)

    assert len(read(serve)[1]) == 1


@pytest.mark.parametrize("count", [5, 100, 150, 198])
def test_a_server_that_names_a_next_page_until_one_is_empty_is_read_whole(count: int) -> None:
    def serve(ask: Ask) -> Page:
        page = page_of_rows(ids(count), ask)
        return replace(page, has_more=bool(page.rows))

    whole, _ = read(serve)
    assert ids_of(whole) == ids(count)


@pytest.mark.parametrize("count", [0, 5, 100, 150])
def test_an_endless_next_ends_in_an_error(count: int) -> None:
    with pytest.raises(InvalidResponse, match=r"yet links\.next says that more follows"):
        read(lambda ask: replace(page_of_rows(ids(count), ask), has_more=True))


@pytest.mark.parametrize(
    "wrong",
    [
        {"current_page": 7},
        {"current_page": None},
        {"per_page": 2},
        {"per_page": None},
        {"from_": 2},
        {"to": 4},
        {"from_": None},
    ],
)
def test_wrong_numbers_in_meta_are_asked_again_and_then_refused(wrong: dict[str, Any]) -> None:
    asks = 0

    def serve(ask: Ask) -> Page:
        nonlocal asks
        asks += 1
        return replace(page_of_rows(ids(5), ask), **wrong)

    with pytest.raises(InvalidResponse):
        read(serve)
    assert asks == 6


def test_wrong_numbers_that_pass_do_no_harm() -> None:
    asks = 0

    def serve(ask: Ask) -> Page:
        nonlocal asks
        asks += 1
        page = page_of_rows(ids(5), ask)
        return replace(page, current_page=2) if asks == 1 else page

    assert ids_of(read(serve)[0]) == ids(5)


def test_an_id_given_twice_on_one_page_is_refused() -> None:
    with pytest.raises(InvalidResponse, match="holds an id twice"):
        read(lambda ask: page_of_rows(["bkg-1", "bkg-1"], ask))


@pytest.mark.parametrize("page_size", [0, 101])
def test_a_page_size_the_api_does_not_take_is_refused(page_size: int) -> None:
    with pytest.raises(ValueError, match="page_size must be 1 to 100"):
        next(read_whole_list("/x", page_size))


@pytest.mark.parametrize(
    ("envelope", "told"),
    [
        ([], "not a JSON object"),
        ({}, "no list in `data`"),
        ({"data": {"id": "bkg-1"}}, "no list in `data`"),
        ({"data": [{"id": "bkg-1"}, "x"]}, r"data\[1\]"),
        ({"data": [{"id": 7}]}, r"data\[0\]"),
        ({"data": [{"id": "bkg-../x"}]}, r"data\[0\]"),
        ({"data": [{"id": "sea-1"}]}, r"data\[0\]"),
        ({"data": [], "meta": "x"}, "`meta`"),
        ({"data": [], "links": 1}, "`links`"),
        ({"data": [], "links": {"next": {}}}, "`links.next`"),
        ({"data": [], "links": {"next": 0}}, "`links.next`"),
        ({"data": [], "links": {"next": False}}, "`links.next`"),
    ],
)
def test_json_of_another_shape_is_refused_with_path_and_place(envelope: object, told: str) -> None:
    with pytest.raises(InvalidResponse, match=told) as caught:
        parse_page(envelope, "/dates/dat-1/bookings", "bkg")
    assert "/dates/dat-1/bookings" in str(caught.value)


def test_numbers_in_meta_may_be_strings_of_digits() -> None:
    meta = {"current_page": "1", "per_page": "100", "from": "1", "to": "1"}
    page = parse_page({"data": [{"id": "bkg-1"}], "meta": meta, "links": {}}, "/x", "bkg")
    assert (page.current_page, page.per_page, page.from_, page.to) == (1, 100, 1, 1)


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ({"next": "?page=2"}, True),
        ({"next": "https://evil.example/"}, True),
        ({"next": None}, False),
        ({"next": ""}, None),
        ({"first": "x"}, None),
        ([], None),
        (None, None),
    ],
)
def test_links_next_is_only_a_yes_or_a_no(links: object, expected: bool | None) -> None:
    assert parse_page({"data": [], "links": links}, "/x", "bkg").has_more is expected


@pytest.mark.parametrize("links", [{"next": ""}, {"first": "x"}, {}, [], None])
@pytest.mark.parametrize("count", [0, 3, 4, 9, 12])
def test_a_list_whose_links_do_not_say_whether_more_follows_is_read_whole(
    links: object, count: int
) -> None:
    def serve(ask: Ask) -> Page:
        page = page_of_rows(ids(count), ask)
        meta = {"current_page": page.current_page, "per_page": page.per_page}
        meta |= {"from": page.from_, "to": page.to}
        return parse_page({"data": page.rows, "meta": meta, "links": links}, "/x", "bkg")

    assert ids_of(read(serve, page_size=4)[0]) == ids(count)


def test_an_empty_page_that_says_it_has_rows_is_not_believed() -> None:
    def serve(ask: Ask) -> Page:
        return replace(page_of_rows(ids(1), ask), rows=[])

    with pytest.raises(InvalidResponse, match="holds 0 rows and says from 1 to 1"):
        read(serve)


@pytest.mark.parametrize(("first", "last"), [(None, None), (0, 0), (1, 0), (None, 0)])
def test_an_empty_page_may_say_so_in_any_way(first: int | None, last: int | None) -> None:
    whole, asks = read(lambda ask: replace(page_of_rows([], ask), from_=first, to=last))
    assert ids_of(whole) == []
    assert len(asks) == 1


@pytest.mark.parametrize("size", [100, 2])
def test_a_list_without_an_end_is_given_up(size: int) -> None:
    def serve(ask: Ask) -> Page:
        first = (ask.page - 1) * ask.per_page + 1
        rows = [{"id": f"bkg-{first + place}"} for place in range(ask.per_page)]
        page = page_of_rows([], ask)
        return replace(page, rows=rows, from_=first, to=first + len(rows) - 1, has_more=True)

    reader = read_whole_list("/x", size, most_pages=300)
    ask, asked = next(reader), 1
    with pytest.raises(InvalidResponse, match="after 300 pages"):
        while True:
            ask, asked = reader.send(serve(ask)), asked + 1
    assert asked == 300
