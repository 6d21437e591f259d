"""Twelve months of a theatre, as a script that any clock can play; no test is in here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from ticketsource_pipeline.sandbox import Theatre
from ticketsource_pipeline_tests.automating import (
    assert_no_booking_twice,
    assert_one_month_each,
    moment,
)
from ticketsource_pipeline_tests.running import Machine

BEGIN = moment("2025-01-08T18:00")


@dataclass
class Step:
    """What the box office does in a month, and the nights after which it must be in the data."""

    what: str
    moment: datetime
    change: Callable[[], object]
    nights: list[datetime]
    theatre: Theatre

    def check(self, machine: Machine) -> None:
        """Fail unless the data is what a perfect reading finds, seat by seat."""
        assert_one_month_each(machine, self.theatre)
        assert_no_booking_twice(machine)
        assert_seats_and_attendees(machine, self.theatre)


@dataclass
class Season:
    """A small theatre's year: one performance a month on sale, and everything that befalls them."""

    theatre: Theatre = field(default_factory=Theatre.empty)

    @property
    def settings(self) -> dict[str, str]:
        """The settings it is lived with: open for 40 days after the end, seats good for a week."""
        return {
            "TICKETSOURCE_REFUND_WINDOW_DAYS": "40",
            "TICKETSOURCE_SEAT_MAX_AGE_DAYS": "7",
            "TICKETSOURCE_FIRST_MONTH": "2024-06",
        }

    def steps(self, months_a_step: int = 1) -> Iterator[Step]:
        """The months in order, or so many at a time; a change is made when its time has come.

        A month late, every performance is open still.
        """
        changes: list[Callable[[], object]] = [
            self.go_on_sale,
            self.sell,
            self.refund,
            self.cancel,
            self.move_to_the_next_month,
            self.edit_an_attendee,
            self.delete_a_booking,
            self.take_a_performance_away,
            self.move_out_and_back,
            self.reinstate,
            self.refund_after_the_night,
            self.close_the_year,
        ]
        for first in range(0, len(changes), months_a_step):
            made = changes[first : first + months_a_step]
            day = datetime(2025, first + len(made), 8, 18, tzinfo=BEGIN.tzinfo)
            after = 9 if self.edit_an_attendee in made else 1
            yield Step(
                what=", ".join(change.__name__ for change in made),
                moment=day,
                change=partial(self._live_through, first + 1, made),
                nights=[day + timedelta(days=after)],
                theatre=self.theatre,
            )

    def _live_through(self, month: int, changes: list[Callable[[], object]]) -> None:
        for later, change in enumerate(changes, start=1):
            self.announce(month + later)
            change()

    def announce(self, month: int) -> None:
        """Put a performance of the 20th of a month on sale."""
        events = self.theatre.events
        event = next(iter(events)) if events else self.theatre.add_event("Repertoire")
        year, number = divmod(month - 1, 12)
        self.coming = self.theatre.add_date(
            event, f"{2025 + year}-{number + 1:02d}-20T19:30:00+00:00"
        )
        self.book(self.coming, 3)

    def book(self, date_id: str, count: int) -> list[str]:
        """Sell a few bookings, an attendee's name in each."""
        return [
            self.theatre.add_booking(
                date_id, 2, attendee={"first_name": "Ann", "last_name": f"Guest {number}"}
            )
            for number in range(count)
        ]

    @property
    def last(self) -> str:
        """The performance put on sale a month before the newest."""
        return list(self.theatre.dates)[-2]

    def bookings(self, date_id: str) -> list[str]:
        return [booking["id"] for booking in self.theatre.bookings_of(date_id)]

    def go_on_sale(self) -> None:
        self.book(self.coming, 2)

    def sell(self) -> None:
        self.book(self.last, 2)
        self.theatre.add_booking(self.last, 0, donation=500, gift_aid=True)

    def refund(self) -> None:
        first, second, *_ = self.bookings(self.last)
        self.theatre.refund_booking(first, fraction="1/2")
        self.theatre.refund_booking(second)

    def cancel(self) -> None:
        self.cancelled = self.last
        self.theatre.cancel_date(self.cancelled)

    def move_to_the_next_month(self) -> None:
        self.theatre.move_date(self.last, "2025-06-28T19:30:00+00:00")

    def edit_an_attendee(self) -> None:
        seat = self.theatre.seats_of(self.bookings(self.last)[0])[0]["id"]
        self.theatre.edit_attendee(seat, last_name="Edited")

    def delete_a_booking(self) -> None:
        self.theatre.delete_booking(self.bookings(self.last)[1])

    def take_a_performance_away(self) -> None:
        self.theatre.delete_date(self.last)

    def move_out_and_back(self) -> None:
        self.theatre.move_date(self.last, "2031-01-01T19:30:00+00:00")
        self.theatre.move_date(self.last, "2025-09-29T19:30:00+00:00")

    def reinstate(self) -> None:
        self.theatre.reinstate_date(self.cancelled)

    def refund_after_the_night(self) -> None:
        october = list(self.theatre.dates)[-3]
        self.theatre.refund_booking(self.bookings(october)[0])

    def close_the_year(self) -> None:
        seat = self.theatre.seats_of(self.bookings(self.last)[0])[0]["id"]
        self.theatre.edit_attendee(seat, touch_booking=True, email="guest@example.org")


def assert_seats_and_attendees(machine: Machine, theatre: Theatre) -> None:
    """Fail unless every seat and attendee is as the box office has it, field by field."""
    seats = {row["seat_id"]: row for row in machine.rows("seats")}
    attendees = {row["seat_id"]: row for row in machine.rows("attendees")}
    assert set(seats) == set(theatre.seats)
    for seat_id, seat in theatre.seats.items():
        attributes = seat["attributes"]
        for name in ("is_booked", "is_cancelled"):
            assert seats[seat_id][name] == attributes[name]
        known = {key: value for key, value in attributes["attendee"].items() if value}
        shown = attendees.get(seat_id, {})
        fields = ("title", "first_name", "last_name", "company_name", "telephone", "email")
        assert {key: shown[key] for key in fields if shown.get(key)} == {
            key: value for key, value in known.items() if key in fields
        }
