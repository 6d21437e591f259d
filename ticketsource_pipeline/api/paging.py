"""In which order the pages of a list are asked so that the rows read are proven whole; no HTTP.

The API gives no totals, and rows may move between pages while a list is read: a row deleted from a
page already read draws another over the boundary, unseen. So each page asked starts at or before
the last row already read, and must show the rows it shares with what was read unchanged: the row
that follows a known one *in one answer* is the row that follows it. With sizes up to 100 such a
page nearly always exists: rows 1-100, then page 2 of 99 (100-198), then page 3 of 98 (197-294).

Where none exists (tiny pages, or a server that does not honour `per_page`) the plain next page is
taken, and at the end everything up to and including it is read a second time. If every row before
a boundary is seen again after the page that follows it was read, all of them were there when it
was read, so nothing could have slipped between.

Whoever asks something of each row afterwards, and learns from the answer that it is gone or was
changed, has a proof of that kind for nothing: such a list may be read without overlap, in as few
pages as can be. Only a row that left makes a hole there. Rows that change places or come in between
show one twice. Pages smaller than they can be overlap in any case: whoever wants those does not
count requests.

Both proofs hold for rows that come and go in a list that otherwise keeps its order. A row that
jumps from the unread part to the read one is noticed too, unless in the same moment as many rows
vanish from the read part: with one answer per page no client can see that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

from ticketsource_pipeline.api.errors import InvalidResponse, ListKeptMoving
from ticketsource_pipeline.api.pages import Ask, Page, Row, WrongNumbersError

MOST_PER_PAGE = 100
"""The largest `per_page` the API takes (vendor's text)."""
MOST_PAGES = 10_000
"""A list that has more pages than this to read is taken for one without an end."""


@dataclass(frozen=True)
class LedgerEntry:
    """One page of the reading that counted: rows `from_` to `to`, from 1; both 0 when empty."""

    page: int
    per_page: int
    from_: int
    to: int
    rows: int


PageLedger = tuple[LedgerEntry, ...]
"""The pages of the reading that counted, in the order they were read."""


@dataclass(frozen=True)
class WholeList:
    """A whole list."""

    rows: list[Row]
    ledger: PageLedger
    is_proven: bool
    """Whether its pages prove that; else whoever asked has to make sure that no row left."""


class _EndlessError(Exception):
    """The list has more pages than any list should."""


class _MovedError(Exception):
    """The page does not continue what was read."""


class _SizeNotHonouredError(Exception):
    """The server answers with pages of another size than asked for."""


ListReader = Generator[Ask, Page, WholeList]
"""Yields the page to ask for, is sent what was answered, and returns the list."""


def read_whole_list(
    path: str,
    page_size: int,
    *,
    overlapping: bool = True,
    full_page: int = MOST_PER_PAGE,
    max_rereads: int = 5,
    most_pages: int = MOST_PAGES,
    on_start: Callable[[int], None] = lambda _rereads: None,
) -> ListReader:
    """Return a generator that says which pages to ask for and ends with the whole list.

    Args:
        path: the list's path, for errors.
        page_size: the largest `per_page` to ask for, 1 to 100.
        overlapping: whether the pages prove by themselves that no row left meanwhile. If not, the
            list says in `is_proven` whether they do.
        full_page: pages of fewer rows overlap in any case.
        max_rereads: how often the list may be read again because it moved.
        most_pages: how many pages a list may have.
        on_start: called before each reading of the list with the number of readings before it
            that were given up because the list moved.

    Raises:
        ListKeptMoving: when the list moved under every reading.
        InvalidResponse: when the last reading met numbers that do not fit what was asked, or the
            list has no end.
        ValueError: when `page_size` is out of range.
    """
    if not 1 <= page_size <= MOST_PER_PAGE:
        raise ValueError(f"page_size must be 1 to {MOST_PER_PAGE}, not {page_size}")
    rereads = 0
    honours_size = True
    while True:
        on_start(rereads)
        reading = _Reading(
            page_size,
            most_pages,
            plain_from=math.inf if overlapping else full_page,
            honours_size=honours_size,
        )
        try:
            return (yield from reading.run())
        except _EndlessError:
            raise InvalidResponse(
                f"Stopped reading {path} after {most_pages} pages, each of which said that more"
                " follow. Nothing was taken.",
                path,
            ) from None
        except _SizeNotHonouredError:
            # Once at most: a reading that expects this does not raise it.
            honours_size = False
        except (_MovedError, WrongNumbersError) as error:
            # Without `meta`, a size that is not honoured looks like a list that moved.
            honours_size = honours_size and reading.has_meta
            rereads += 1
            if rereads > max_rereads:
                raise _given_up(error, path, rereads) from None


def widest_overlapping_ask(rows_read: int, most: int) -> Ask | None:
    """Return the page that holds the last row read and reaches furthest beyond it.

    None when no page of at most `most` rows holds both that row and the next.
    """
    asks = [Ask((rows_read - 1) // size + 1, size) for size in range(most, 0, -1)]
    best = max(asks, key=lambda ask: ask.page * ask.per_page)
    return best if best.page * best.per_page > rows_read else None


class _Reading:
    """One reading of a list from its start."""

    def __init__(
        self, page_size: int, most_pages: int, *, plain_from: float, honours_size: bool
    ) -> None:
        self._page_size = page_size
        self._plain_from = plain_from
        self._most_pages = most_pages
        self._honours_size = honours_size
        self.has_meta = True
        self._size = page_size
        self._rows: list[Row] = []
        self._ids: list[str] = []
        self._seen: set[str] = set()
        self._ledger: list[LedgerEntry] = []
        self._pages_to_confirm = 0

    def run(self) -> ListReader:
        """Read the list once; raises when it moved."""
        ask, page = yield from self._first_page()
        while _says_more(page, ask.per_page):
            if len(page.rows) < ask.per_page:
                yield from self._end_after(ask)
                break
            if len(self._ledger) >= self._most_pages:
                raise _EndlessError
            ask = self._next_ask()
            try:
                page = yield from self._answer(ask)
            except _SizeNotHonouredError:
                if len(self._ledger) > 1:
                    raise
                self._honours_size = False
                ask = self._next_ask()
                page = yield from self._answer(ask)
            self._join((ask.page - 1) * ask.per_page, page)
        yield from self._confirm()
        # A page that was asked and held nothing may have held a row before another left.
        is_proven = self._overlaps or len(self._ledger) < 2
        return WholeList(self._rows, tuple(self._ledger), is_proven)

    @property
    def _overlaps(self) -> bool:
        return self._size < self._plain_from

    def _next_ask(self) -> Ask:
        if not self._overlaps:
            return Ask(len(self._rows) // self._size + 1, self._size)
        if self._honours_size and (ask := widest_overlapping_ask(len(self._rows), self._size)):
            return ask
        self._pages_to_confirm = len(self._rows) // self._size + 1
        return Ask(self._pages_to_confirm, self._size)

    def _end_after(self, ask: Ask) -> Generator[Ask, Page, None]:
        # A page that is not full is the last; some servers name a next one until one is empty.
        page = yield from self._answer(Ask(ask.page + 1, ask.per_page))
        if page.rows:
            raise WrongNumbersError("has rows, after one that was not full")

    def _first_page(self) -> Generator[Ask, Page, tuple[Ask, Page]]:
        ask = Ask(1, self._page_size)
        page = yield ask
        page.check(ask)
        self.has_meta = page.has_meta
        if page.has_meta and page.per_page is not None:
            self._size = page.per_page
            # A smaller size is a limit that smaller sizes still keep to; a larger one was forced.
            self._honours_size = self._honours_size and self._size <= self._page_size
        else:
            # Nothing says which size this is: unless it is the one asked for, keep to it.
            self._size = len(page.rows) or self._page_size
            self._honours_size = self._honours_size and self._size == self._page_size
        ask = Ask(1, self._size)
        self._note(ask, len(page.rows))
        self._join(0, page)
        return ask, page

    def _answer(self, ask: Ask) -> Generator[Ask, Page, Page]:
        # A server with sizes of its own is asked as for page 1, which is known to give this size.
        page = yield ask if self._honours_size else Ask(ask.page, self._page_size)
        page.check(ask)
        if page.has_meta != self.has_meta:
            raise WrongNumbersError("has `meta` where another has none")
        if page.has_meta and page.per_page != ask.per_page:
            if self._honours_size:
                raise _SizeNotHonouredError
            raise WrongNumbersError(f"says per_page {page.per_page} after pages of {ask.per_page}")
        if len(page.rows) > ask.per_page:
            if self._honours_size:
                raise _SizeNotHonouredError
            raise WrongNumbersError(f"holds {len(page.rows)} rows after pages of {ask.per_page}")
        self._note(ask, len(page.rows))
        return page

    def _join(self, start: int, page: Page) -> None:
        known = len(self._ids) - start
        new_ids = page.ids[known:]
        if page.ids[:known] != self._ids[start:] or not self._seen.isdisjoint(new_ids):
            raise _MovedError
        # The later answer is the fresher one for the rows that both hold.
        self._rows[start:] = page.rows
        self._ids += new_ids
        self._seen.update(new_ids)

    def _confirm(self) -> Generator[Ask, Page, None]:
        for number in range(1, self._pages_to_confirm + 1):
            ask = Ask(number, self._size)
            page = yield from self._answer(ask)
            start = (number - 1) * self._size
            if page.ids != self._ids[start : start + self._size]:
                raise _MovedError
            self._rows[start : start + self._size] = page.rows

    def _note(self, ask: Ask, count: int) -> None:
        first = (ask.page - 1) * ask.per_page + 1 if count else 0
        last = first + count - 1 if count else 0
        self._ledger.append(LedgerEntry(ask.page, ask.per_page, first, last, count))


def _says_more(page: Page, size: int) -> bool:
    if page.has_more is None:
        return len(page.rows) == size
    return page.has_more


def _given_up(
    error: _MovedError | WrongNumbersError, path: str, readings: int
) -> ListKeptMoving | InvalidResponse:
    if isinstance(error, WrongNumbersError):
        return InvalidResponse(
            f"Read {path} {readings} times, and each time a page did not fit what was asked: in the"
            f" last reading a page {error}. Rows could be missed, so nothing was taken.",
            path,
        )
    return ListKeptMoving(
        f"Read {path} {readings} times, and each time its rows moved while it was read. Nothing was"
        " taken; try again when fewer bookings come in.",
        path,
    )
