"""One page of a list, its links and meta, and lists whose rows move while they are read."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from ticketsource_pipeline.sandbox.faults import Faults
from ticketsource_pipeline.sandbox.records import API_ROOT, Record
from ticketsource_pipeline.sandbox.theatre import Theatre

DEFAULT_PER_PAGE = 10
MOST_PER_PAGE = 100
_WRONG_BY = 1


class RefusedQueryError(ValueError):
    """A query the API answers with 400 validation_failed; the text is its detail."""


@dataclass
class _Reading:
    """How often the rows of one list have moved, and by how much they are rotated."""

    moves: int = 0
    rotation: int = 0


class Listings:
    """The pages of a theatre's lists, with the moves of rows that the faults ask for."""

    def __init__(self, theatre: Theatre) -> None:
        self.theatre = theatre
        self._readings: dict[str, _Reading] = {}

    def forget_moves(self) -> None:
        """Let every list move again as often as the faults say."""
        self._readings.clear()

    def page(
        self, path: str, ids: list[str], query: dict[str, str], faults: Faults
    ) -> dict[str, Any]:
        """Return the envelope of data, links and meta for one page; hold the theatre's lock."""
        number = _whole_number(query, "page", 1, None)
        per_page = _whole_number(query, "per_page", DEFAULT_PER_PAGE, MOST_PER_PAGE)
        if faults.ignore_per_page:
            per_page = DEFAULT_PER_PAGE
        elif faults.clamp_per_page is not None:
            per_page = min(per_page, faults.clamp_per_page)
        kind = path.rpartition("/")[2]
        keep = _start_filter(query) if kind == "dates" and path.startswith("/events/") else None
        first = (number - 1) * per_page
        skipped = 0
        if faults.moves and faults.concerns(path):
            skipped = self._move(path, ids, first, faults)
            rotation = self._readings[path].rotation % max(len(ids), 1)
            ids = ids[rotation:] + ids[:rotation]
        if keep is not None:
            ids = [item for item in ids if keep(self.theatre.dates[item])]
        chosen = ids[first + skipped : first + skipped + per_page]
        record = self.theatre.record
        shown = len(ids[first : first + per_page])
        envelope: dict[str, Any] = {
            "data": [record(kind, item) for item in chosen],
            "links": _links(path, query, faults, number=number, per_page=per_page, total=len(ids)),
        }
        if not faults.no_meta:
            envelope["meta"] = _meta(
                path, faults, number=number, per_page=per_page, first=first, shown=shown
            )
        return envelope

    def _move(self, path: str, ids: list[str], first: int, faults: Faults) -> int:
        """Move the rows between two pages; gives how many rows this one reply leaves out."""
        reading = self._readings.setdefault(path, _Reading())
        if reading.moves >= faults.moves or not 0 < first < len(ids):
            return 0
        match faults.move_kind:
            case "shift":
                reading.moves += 1
                return 1
            case "rotate":
                reading.rotation += 1
            case "insert-front":
                if not self._insert_front(path):
                    return 0
            case "delete-front":
                if not path.startswith("/dates/"):
                    return 0
                self.theatre.delete_booking(ids[0])
        reading.moves += 1
        return 0

    def _insert_front(self, path: str) -> bool:
        match path.split("/"):
            case ["", "events"]:
                new_id = self.theatre.add_event()
            case ["", "events", event_id, "dates"]:
                new_id = self.theatre.add_date(event_id)
            case ["", "dates", date_id, "bookings"]:
                new_id = self.theatre.add_booking(date_id)
            case _:
                return False
        self.theatre.move_to_front(path, new_id)
        return True


def _whole_number(query: dict[str, str], name: str, default: int, most: int | None) -> int:
    text = query.get(name)
    if text is None:
        return default
    limits = "at least 1" if most is None else f"between 1 and {most}"
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise RefusedQueryError(f"The {name} must be an integer {limits}.")
    number = int(text)
    if number < 1 or (most is not None and number > most):
        raise RefusedQueryError(f"The {name} must be {limits}.")
    return number


@dataclass(frozen=True)
class _StartFilter:
    """Keeps dates by the day written in their start; both days of `between` are kept."""

    operator: str
    value: str
    value2: str

    def __call__(self, record: Record) -> bool:
        day = str(record["attributes"]["start"])[:10]
        match self.operator:
            case "on":
                return day == self.value
            case "before":
                return day < self.value
            case "after":
                return day > self.value
            case _:
                return self.value <= day <= self.value2


def _start_filter(query: dict[str, str]) -> _StartFilter | None:
    operator = query.get("filter[start][operator]")
    if operator is None:
        return None
    if operator not in {"on", "before", "after", "between"}:
        raise RefusedQueryError("The filter operator must be one of on, before, after, between.")
    value = _day(query, "filter[start][value]")
    value2 = _day(query, "filter[start][value2]") if operator == "between" else ""
    return _StartFilter(operator, value, value2)


def _day(query: dict[str, str], name: str) -> str:
    text = query.get(name, "")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as wrong:
        raise RefusedQueryError(f"The {name} must be a date such as 2025-01-31.") from wrong


def _links(
    path: str, query: dict[str, str], faults: Faults, *, number: int, per_page: int, total: int
) -> dict[str, str | None]:
    has_next = number * per_page < total
    if faults.next_style == "endless":
        has_next = True
    elif faults.next_style == "always-until-empty":
        has_next = (number - 1) * per_page < total
    root = faults.foreign_host if faults.next_style == "foreign" else API_ROOT
    rest = ""
    if faults.next_style == "with-per-page":
        rest = "".join(
            f"&{quote(name, safe='')}={quote(value, safe='')}"
            for name, value in query.items()
            if name != "page"
        )
    return {
        "first": f"{API_ROOT}{path}?page=1",
        "last": None,
        "prev": f"{API_ROOT}{path}?page={number - 1}{rest}" if number > 1 else None,
        "next": f"{root}{path}?page={number + 1}{rest}" if has_next else None,
    }


def _meta(
    path: str, faults: Faults, *, number: int, per_page: int, first: int, shown: int
) -> dict[str, int | str | None]:
    meta: dict[str, int | str | None] = {
        "current_page": number,
        "from": first + 1 if shown else None,
        "path": f"{API_ROOT}{path}",
        "per_page": per_page,
        "to": first + shown if shown else None,
    }
    if faults.wrong_meta is not None:
        right = meta[faults.wrong_meta]
        meta[faults.wrong_meta] = (right if isinstance(right, int) else 0) + _WRONG_BY
    if faults.string_meta:
        return {key: None if value is None else str(value) for key, value in meta.items()}
    return meta
