"""Whatever happens between two requests, what is returned has no hole and no double."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from ticketsource_pipeline.api.errors import ListKeptMoving
from ticketsource_pipeline.api.pages import Ask, Page
from ticketsource_pipeline.api.paging import read_whole_list
from ticketsource_pipeline_tests.test_api_paging import ids, ids_of, page_of_rows, read

Kind = Literal["honours", "clamps", "ignores"]
KINDS = st.sampled_from(["honours", "clamps", "ignores"])
INSERT_OR_DELETE = st.tuples(st.sampled_from(["insert", "delete"]), st.integers(0, 400))
# A row that jumps while another vanishes cannot be seen by any client, so it jumps alone.
BETWEEN_REQUESTS = st.one_of(
    st.just([]),
    st.lists(INSERT_OR_DELETE, max_size=4),
    st.tuples(st.just("rotate"), st.integers(0, 400)).map(lambda change: [change]),
)


@dataclass
class MovingList:
    """A server whose rows move between requests as scheduled, and then rest."""

    rows: list[str]
    kind: Kind
    size: int
    has_meta: bool
    schedule: list[list[tuple[str, int]]]
    shift: tuple[int, int] = (-1, 0)
    history: list[set[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = count()

    def serve(self, ask: Ask) -> Page:
        request = len(self.history)
        if request and request <= len(self.schedule):
            for change, place in self.schedule[request - 1]:
                self._change(change, place)
        self.history.append(set(self.rows))
        size = {
            "honours": ask.per_page,
            "clamps": min(ask.per_page, self.size),
            "ignores": self.size,
        }[self.kind]
        page = page_of_rows(self.rows, ask, size)
        if request == self.shift[0]:
            start = (ask.page - 1) * size
            shown = self.rows[start + self.shift[1] :][:size]
            page = replace(
                page,
                rows=[{"id": row} for row in shown],
                from_=start + 1,
                to=start + len(shown),
            )
        if not self.has_meta:
            page = Page(page.rows, None, None, None, None, page.has_more, False)
        return page

    def _change(self, change: str, place: int) -> None:
        if change == "insert":
            self.rows.insert(place % (len(self.rows) + 1), f"bkg-new{next(self._numbers)}")
        elif self.rows and change == "delete":
            self.rows.pop(place % len(self.rows))
        elif self.rows:
            middle = place % len(self.rows)
            self.rows = self.rows[middle:] + self.rows[:middle]


def read_while_it_moves(
    server: MovingList, page_size: int, *, overlapping: bool
) -> tuple[set[str], set[str]]:
    """Read a list; returns the ids found, none of them twice, and those always there meanwhile."""
    starts: list[int] = []
    reader = read_whole_list(
        "/x",
        page_size,
        overlapping=overlapping,
        full_page=1,
        max_rereads=10,
        on_start=lambda _: starts.append(len(server.history)),
    )
    ask = next(reader)
    try:
        while True:
            ask = reader.send(server.serve(ask))
    except StopIteration as end:
        found = ids_of(end.value)
    assert len(set(found)) == len(found)
    return set(found), set.intersection(*server.history[starts[-1] :])


@settings(deadline=None, max_examples=300)
@given(
    length=st.integers(0, 350),
    page_size=st.integers(1, 100),
    kind=KINDS,
    size=st.integers(1, 120),
    has_meta=st.booleans(),
)
def test_a_list_at_rest_is_returned_exactly(
    length: int, page_size: int, kind: Kind, size: int, has_meta: bool
) -> None:
    server = MovingList(ids(length), kind, size, has_meta, [])
    whole, _ = read(server.serve, page_size)
    assert ids_of(whole) == ids(length)


@settings(deadline=None, max_examples=1000)
@given(
    length=st.integers(0, 30),
    page_size=st.integers(1, 12),
    kind=KINDS,
    size=st.integers(1, 12),
    has_meta=st.booleans(),
    schedule=st.lists(BETWEEN_REQUESTS, max_size=8),
)
def test_a_moving_list_is_returned_without_hole_or_double_or_not_at_all(
    *,
    length: int,
    page_size: int,
    kind: Kind,
    size: int,
    has_meta: bool,
    schedule: list[list[tuple[str, int]]],
) -> None:
    server = MovingList(ids(length), kind, size, has_meta, schedule)
    found, always_there = read_while_it_moves(server, page_size, overlapping=True)
    assert always_there <= found


@settings(deadline=None, max_examples=1000)
@given(
    length=st.integers(0, 30),
    page_size=st.integers(1, 12),
    kind=KINDS,
    size=st.integers(1, 12),
    has_meta=st.booleans(),
    schedule=st.lists(BETWEEN_REQUESTS, max_size=8),
)
def test_without_overlap_a_hole_means_that_a_row_read_before_it_is_gone(
    *,
    length: int,
    page_size: int,
    kind: Kind,
    size: int,
    has_meta: bool,
    schedule: list[list[tuple[str, int]]],
) -> None:
    server = MovingList(ids(length), kind, size, has_meta, schedule)
    found, always_there = read_while_it_moves(server, page_size, overlapping=False)
    missing = always_there - found
    gone = found - server.history[-1]
    assert len(missing) <= len(gone)


@settings(deadline=None, max_examples=300)
@given(
    length=st.integers(13, 40),
    page_size=st.integers(1, 12),
    kind=KINDS,
    size=st.integers(1, 12),
    request=st.integers(0, 30),
    by=st.integers(1, 12),
)
def test_one_answer_shifted_by_some_rows_leaves_no_hole(
    *, length: int, page_size: int, kind: Kind, size: int, request: int, by: int
) -> None:
    server = MovingList(ids(length), kind, size, True, [], shift=(request, by))
    whole, _ = read(server.serve, page_size)
    assert ids_of(whole) == ids(length)


@settings(deadline=None, max_examples=50)
@given(length=st.integers(1, 60), page_size=st.integers(1, 100), kind=KINDS)
def test_reading_a_list_that_moves_for_ever_ends(length: int, page_size: int, kind: Kind) -> None:
    server = MovingList(ids(length), kind, 7, True, [[("insert", 0)]] * 5000)
    try:
        found = ids_of(read(server.serve, page_size)[0])
    except ListKeptMoving:
        return
    assert len(set(found)) == len(found)
