"""Lists that move while they are read: rows come, change and go, most of them between two pages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from random import Random

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.sandbox import Theatre
from ticketsource_pipeline.sandbox.records import linked_id
from ticketsource_pipeline_tests.chaos.playhouse import PAGE_SIZE, book, months_ahead, open_dates
from ticketsource_pipeline_tests.chaos.server import SpoiltServer

Lists = dict[str, frozenset[str]]
"""By the path of a list, the ids that are in it."""


def lists_of(theatre: Theatre) -> Lists:
    """All lists of a theatre as they are at this moment."""
    paths = ["/events"]
    for event_id in theatre.events:
        paths += [f"/events/{event_id}/venues", f"/events/{event_id}/dates"]
    paths += [f"/dates/{date_id}/bookings" for date_id in theatre.dates]
    paths += [f"/bookings/{booking_id}/seats" for booking_id in theatre.bookings]
    return {path: frozenset(theatre.list_ids(path) or ()) for path in paths}


def crowd(theatre: Theatre, chance: Random) -> None:
    """Make lists of several pages: of events, of an event's performances, and of bookings."""
    for number in range(PAGE_SIZE - 1):
        theatre.add_event(f"Matinee {number}")
    event_id = chance.choice(list(theatre.events))
    for number in range(PAGE_SIZE + 1):
        month = months_ahead(1 + number % 3)
        date_id = theatre.add_date(event_id, f"{month}-{18 + number}T14:00:00+00:00")
        for booking in range(chance.choice([0, 0, 1, 6])):
            book(theatre, date_id, 30 + booking)


class MovingLists:
    """Changes a theatre under a reading, one change at a request, and keeps what was listed when.

    Attributes:
        yesterday: the lists as they were when they were last read.
        moments: the lists before the first change and after each.
        changes: how many changes there were, by what moved: a list between two of its pages, or
            something at another time of the reading.
    """

    def __init__(self, server: SpoiltServer, chance: Random) -> None:
        self._server = server
        self._chance = chance
        self._left = chance.randint(1, 3)
        self.yesterday: Lists = {}
        self.moments: list[Lists] = []
        self.changes: Counter[str] = Counter()

    @property
    def moved(self) -> bool:
        """Whether a list changed between two of its pages."""
        return any(name.startswith("list moved") for name in self.changes)

    @property
    def exchanged(self) -> set[str]:
        """The bookings that were listed of more than one date."""
        homes: dict[str, set[str]] = defaultdict(set)
        for moment in self.moments:
            for path, ids in moment.items():
                for booking_id in ids if path.startswith("/dates/") else ():
                    homes[booking_id].add(path)
        return {booking_id for booking_id, paths in homes.items() if len(paths) > 1}

    def begin(self, yesterday: Theatre, today: Theatre) -> None:
        """Note the lists as they are before the reading, made longer for it."""
        self.yesterday = lists_of(yesterday)
        crowd(today, self._chance)
        today.clock = utc_now
        self.moments = [lists_of(today)]

    def happen(self, _number: int) -> None:
        """Perhaps change something before the request that came in last is answered."""
        path, theatre = self._server.requests[-1], self._server.theatre
        ids = theatre.list_ids(path)
        between = self._server.page > 1 and bool(ids)
        # The list of events comes first of all: something is to be left for the others.
        often = 0.04 if not between else 0.2 if path == "/events" else 0.7
        if not self._left or self._chance.random() > often:
            return
        if not between:
            path = self._chance.choice(sorted(self.moments[-1]))
        change = self._chance.choice(list(_changes(path)))
        if not _may_change(theatre, path) or not change(theatre, path, self._chance):
            return
        self._left -= 1
        self.moments.append(lists_of(theatre))
        kind = path.rpartition("/")[2]
        told = f"list moved between two pages: {kind}, {change.__name__[1:]}"
        self.changes[told if between else f"change of {kind} during a reading"] += 1


def _may_change(theatre: Theatre, path: str) -> bool:
    """Whether a list has rows, and is not of a performance that is over or called off."""
    match path.split("/"):
        case ["", "dates", date_id, "bookings"]:
            is_open = date_id in open_dates(theatre)
        case ["", "bookings", booking_id, "seats"]:
            booking = theatre.bookings.get(booking_id)
            is_open = booking is not None and linked_id(booking, "date") in open_dates(theatre)
        case _:
            is_open = True
    return is_open and bool(theatre.list_ids(path))


Change = Callable[[Theatre, str, Random], bool]


def _changes(path: str) -> Iterator[Change]:
    """What may befall a list; rows that go weigh more, as they leave the hole to be noticed."""
    kind = path.rpartition("/")[2]
    yield from (_edited, _jumped) if kind in {"events", "dates", "bookings"} else (_edited,)
    if kind in {"events", "dates", "bookings"}:
        yield from (_appended, _put_first)
    if kind in {"dates", "bookings"}:
        yield from (_deleted, _first_deleted, _deleted)
    if kind == "bookings":
        yield from (_exchanged, _first_exchanged)
    if kind == "dates":
        yield _rescheduled


def _row(theatre: Theatre, path: str, chance: Random) -> str:
    return chance.choice(theatre.list_ids(path) or [])


def _edited(theatre: Theatre, path: str, chance: Random) -> bool:
    row = _row(theatre, path, chance)
    match path.rpartition("/")[2]:
        case "events":
            theatre.rename_event(row, "Renamed")
        case "dates" if row in open_dates(theatre):
            theatre.cancel_date(row, refund=chance.random() < 0.5)
        case "bookings":
            theatre.refund_booking(row, keep_fee=chance.random() < 0.5)
        case "seats":
            theatre.edit_attendee(row, touch_booking=True, last_name="Moved")
        case _:
            return False
    return True


def _jumped(theatre: Theatre, path: str, chance: Random) -> bool:
    theatre.move_to_front(path, _row(theatre, path, chance))
    return True


def _appended(theatre: Theatre, path: str, chance: Random) -> bool:
    return bool(_new(theatre, path, chance))


def _put_first(theatre: Theatre, path: str, chance: Random) -> bool:
    row = _new(theatre, path, chance)
    if row:
        theatre.move_to_front(path, row)
    return bool(row)


def _new(theatre: Theatre, path: str, chance: Random) -> str:
    match path.split("/"):
        case ["", "events"]:
            return theatre.add_event("Just announced")
        case ["", "events", event_id, "dates"]:
            return theatre.add_date(event_id, f"{months_ahead(2)}-27T19:30:00+00:00")
        case ["", "dates", date_id, "bookings"]:
            return book(theatre, date_id, 60 + chance.randrange(5))
    return ""


def _deleted(theatre: Theatre, path: str, chance: Random) -> bool:
    return _delete(theatre, _row(theatre, path, chance))


def _first_deleted(theatre: Theatre, path: str, _chance: Random) -> bool:
    return _delete(theatre, (theatre.list_ids(path) or [])[0])


def _delete(theatre: Theatre, row: str) -> bool:
    if row in theatre.bookings:
        theatre.delete_booking(row)
    elif row in open_dates(theatre):
        theatre.delete_date(row)
    else:
        return False
    return True


def _exchanged(theatre: Theatre, path: str, chance: Random) -> bool:
    return _exchange(theatre, _row(theatre, path, chance), chance)


def _first_exchanged(theatre: Theatre, path: str, chance: Random) -> bool:
    return _exchange(theatre, (theatre.list_ids(path) or [])[0], chance)


def _exchange(theatre: Theatre, row: str, chance: Random) -> bool:
    here = linked_id(theatre.bookings[row], "date")
    others = [date_id for date_id in open_dates(theatre) if date_id != here]
    if others:
        theatre.exchange_booking(row, chance.choice(others))
    return bool(others)


def _rescheduled(theatre: Theatre, path: str, chance: Random) -> bool:
    row = _row(theatre, path, chance)
    if row not in open_dates(theatre):
        return False
    theatre.move_date(row, f"{months_ahead(chance.randint(1, 3))}-26T19:30:00+00:00")
    return True
