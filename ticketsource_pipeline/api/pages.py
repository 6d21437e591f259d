"""One page of a list: what an answer must look like and what it says; no order of reading."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ticketsource_pipeline.api.errors import InvalidResponse
from ticketsource_pipeline.api.links import Prefix, is_id

Row = dict[str, Any]


class WrongNumbersError(Exception):
    """A page's numbers do not fit what was asked; the list may have moved, or the server errs."""


@dataclass(frozen=True)
class Ask:
    """One page to ask for: `page` from 1, `per_page` from 1 to 100 (vendor's text)."""

    page: int
    per_page: int


@dataclass(frozen=True)
class Page:
    """One page as answered.

    `current_page`, `per_page`, `from_` and `to` are the answer's own `meta` (vendor's text: the
    overall index, from 1, of the page's first and last row); None when it does not say.
    `has_more` is whether `links.next` names anything, False when it is null; None when it says
    neither, and a full page has to be taken for one that others may follow.
    """

    rows: list[Row]
    current_page: int | None
    per_page: int | None
    from_: int | None
    to: int | None
    has_more: bool | None
    has_meta: bool

    @property
    def ids(self) -> list[str]:
        """The ids of the rows, in order."""
        return [row["id"] for row in self.rows]

    def check(self, asked: Ask) -> None:
        """Do nothing when the page's own numbers agree with each other and with what was asked.

        That `per_page` is the one asked for is not checked: a server may not honour it.

        Raises:
            WrongNumbersError: when they do not agree.
        """
        count = len(self.rows)
        if len(set(self.ids)) != count:
            raise WrongNumbersError("holds an id twice")
        if self.has_more and not count:
            raise WrongNumbersError("is empty, yet links.next says that more follows")
        if not self.has_meta:
            return
        if self.current_page != asked.page:
            raise WrongNumbersError(f"says current_page {self.current_page}")
        if self.per_page is None or self.per_page < max(1, count):
            raise WrongNumbersError(f"holds {count} rows and says per_page {self.per_page}")
        first = (asked.page - 1) * self.per_page + 1
        last = first + count - 1
        # An empty page has no first row and no last one; how that is written is not documented.
        is_right = (self.from_, self.to) == (first, last) if count else (self.to or 0) <= last
        if not is_right:
            raise WrongNumbersError(f"holds {count} rows and says from {self.from_} to {self.to}")


def parse_page(envelope: object, path: str, kind: Prefix) -> Page:
    """Return the page an answer holds.

    Raises:
        InvalidResponse: when the answer is not an envelope of rows of that kind.
    """
    if not isinstance(envelope, dict):
        raise InvalidResponse(f"The answer to {path} is not a JSON object.", path)
    rows = envelope.get("data")
    if not isinstance(rows, list):
        raise InvalidResponse(f"The answer to {path} has no list in `data`.", path)
    for index, row in enumerate(rows):
        if not isinstance(row, dict) or not is_id(row.get("id"), kind):
            raise InvalidResponse(
                f"The answer to {path} has at data[{index}] no record with an id {kind}-...", path
            )
    meta = _section(envelope, "meta", path)
    links = _section(envelope, "links", path)
    return Page(
        rows=rows,
        current_page=_whole_number(meta.get("current_page")),
        per_page=_whole_number(meta.get("per_page")),
        from_=_whole_number(meta.get("from")),
        to=_whole_number(meta.get("to")),
        has_more=_names_more(links, path),
        has_meta=bool(meta),
    )


def _names_more(links: dict[str, Any], path: str) -> bool | None:
    following = links.get("next", "")
    if following is not None and not isinstance(following, str):
        raise InvalidResponse(
            f"The answer to {path} has a `links.next` that is neither text nor null.", path
        )
    if following is None:
        return False
    # Only null is known to say that this is the end; a mistake about that would be a hole.
    return True if following else None


def _section(envelope: dict[str, Any], name: str, path: str) -> dict[str, Any]:
    section = envelope.get(name)
    # An empty list is how some servers write an empty object.
    if section is None or section == []:
        return {}
    if not isinstance(section, dict):
        raise InvalidResponse(f"The answer to {path} has a `{name}` that is no object.", path)
    return section


def _whole_number(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"\d{1,12}", value, re.ASCII):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
