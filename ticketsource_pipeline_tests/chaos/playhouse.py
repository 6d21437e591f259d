"""The small theatre of the campaigns, as it was yesterday, and what happens to it until today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.sandbox import Theatre

PERSON = "Zebulon"
"""A name that is in personal fields only, to be found where none may be."""
CLOSED_MONTH = "2024-03"
PAGE_SIZE = 4


def months_ahead(count: int) -> str:
    """The month so many months after this one."""
    now = utc_now()
    years, index = divmod(now.month - 1 + count, 12)
    return f"{now.year + years}-{index + 1:02d}"


def yesterday() -> Theatre:
    """A closed performance, and two of next month, one of them with several pages of bookings.

    The same at every call, but for the months.
    """
    theatre = Theatre.empty(seed=7)
    theatre.clock = lambda: datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    opera = theatre.add_event("Opera")
    revue = theatre.add_event("Revue")
    for event_id, month, day, bookings in (
        (opera, CLOSED_MONTH, "09", 2),
        (opera, months_ahead(1), "05", 3),
        (revue, months_ahead(1), "11", 9),
    ):
        date_id = theatre.add_date(event_id, f"{month}-{day}T19:30:00+00:00")
        for number in range(bookings):
            book(theatre, date_id, number)
    return theatre


def book(theatre: Theatre, date_id: str, number: int) -> str:
    """Add a booking whose amounts and seats tell it from the others."""
    named = {"first_name": PERSON, "last_name": f"No. {number}", "email": f"{PERSON}@example.org"}
    booking_id = theatre.add_booking(
        date_id,
        1 + number % 3,
        price=1250 + 7 * number,
        donation=500 if number % 4 == 1 else 0,
        gift_aid=True if number % 8 == 1 else None,
        attendee=named if number % 2 == 0 else None,
    )
    theatre.bookings[booking_id]["attributes"]["user_booked_by"] = f"{PERSON} Clerk"
    return booking_id


def open_dates(theatre: Theatre) -> list[str]:
    """The performances still to come, but for those called off."""
    return [
        date_id
        for date_id, date in theatre.dates.items()
        if date["attributes"]["start"] > utc_now().isoformat()
        and not date["attributes"]["cancelled"]
    ]


def go_on(theatre: Theatre, chance: Random, *, moves: bool = False) -> None:
    """Let a day of the box office pass: one to three things happen.

    Args:
        theatre: the theatre.
        chance: which things.
        moves: whether a performance also goes to another month, or is called off for good.
    """
    clock = iter(range(1, 10**6))
    today = utc_now().replace(microsecond=0) - timedelta(hours=5)
    theatre.clock = lambda: today + timedelta(seconds=next(clock))
    for happening in chance.sample(_HAPPENINGS, chance.randint(1, 3)):
        happening(theatre, chance)
    if moves:
        chance.choice(_MOVES)(theatre, chance)


def _sell(theatre: Theatre, chance: Random) -> None:
    for number in range(chance.randint(1, 3)):
        book(theatre, chance.choice(open_dates(theatre)), 20 + number)


def _some_booking(theatre: Theatre, chance: Random) -> str:
    dates = [date_id for date_id in open_dates(theatre) if theatre.bookings_of(date_id)]
    return chance.choice(theatre.bookings_of(chance.choice(dates)))["id"]


def _refund(theatre: Theatre, chance: Random) -> None:
    theatre.refund_booking(_some_booking(theatre, chance), keep_fee=chance.random() < 0.5)


def _delete(theatre: Theatre, chance: Random) -> None:
    theatre.delete_booking(_some_booking(theatre, chance))


def _rename(theatre: Theatre, chance: Random) -> None:
    theatre.rename_event(chance.choice(list(theatre.events)), "Another name")


def _reseat(theatre: Theatre, chance: Random) -> None:
    seats = theatre.seats_of(_some_booking(theatre, chance))
    if seats:
        theatre.edit_attendee(seats[0]["id"], touch_booking=True, last_name="Newly Wed")


def _add_performance(theatre: Theatre, chance: Random) -> None:
    month = months_ahead(chance.randint(1, 3))
    date_id = theatre.add_date(chance.choice(list(theatre.events)), f"{month}-15T14:00:00+00:00")
    for number in range(chance.randint(0, 6)):
        book(theatre, date_id, 40 + number)


def _call_off(theatre: Theatre, chance: Random) -> None:
    theatre.cancel_date(chance.choice(open_dates(theatre)))


def _move(theatre: Theatre, chance: Random) -> None:
    date_id = chance.choice(list(theatre.dates))
    here = theatre.dates[date_id]["attributes"]["start"][:7]
    others = [month for month in (months_ahead(1), months_ahead(2), CLOSED_MONTH) if month != here]
    theatre.move_date(date_id, f"{chance.choice(others)}-25T19:30:00+00:00")


def _leave(theatre: Theatre, chance: Random) -> None:
    theatre.delete_date(chance.choice(open_dates(theatre)))


Happening = Callable[[Theatre, Random], None]
_HAPPENINGS: list[Happening] = [_sell, _refund, _delete, _rename, _reseat, _add_performance]
_HAPPENINGS += [_call_off, _sell]
_MOVES: list[Happening] = [_move, _move, _leave]
