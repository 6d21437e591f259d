"""The theatre behind the sandbox: ready-made seasons, and the changes a box office makes to one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from ticketsource_pipeline.sandbox import records
from ticketsource_pipeline.sandbox.money_records import (
    Line,
    booking,
    charged_line,
    read_line,
    refund_rest,
)
from ticketsource_pipeline.sandbox.records import Record, linked_id, timestamp
from ticketsource_pipeline.sandbox.season import fill_season
from ticketsource_pipeline.sandbox.state import TheatreState
from ticketsource_pipeline.sandbox.truth import count_rows, sum_pence
from ticketsource_pipeline.sandbox.uniform import fill_uniform

DEFAULT_PRICE = 1250


class Theatre(TheatreState):
    """One account of the box office: every record, what changes them, and the truth about them.

    `clock` gives the moment (UTC) written into `created_at` and `updated_at` by a change.
    """

    def __init__(self, seed: int = 1) -> None:
        super().__init__(seed)
        self.clock: Callable[[], datetime] = _now

    @classmethod
    def empty(cls, seed: int = 1) -> "Theatre":
        """Return a theatre with no records at all."""
        return cls(seed)

    @classmethod
    def season(cls, seed: int = 1, today: date | None = None) -> "Theatre":
        """Return a small theatre's year, September to August, as it stood when `today` (UTC) began.

        What had not happened by then is left out, so coming performances are partly sold.
        """
        theatre = cls(seed)
        if today is not None:
            theatre.clock = _TickingClock(datetime.combine(today, time(12), UTC))
        fill_season(theatre, today or _now().date())
        return theatre

    @classmethod
    def uniform(
        cls,
        events: int,
        dates: int,
        bookings: int,
        seats: int = 2,
        seed: int = 1,
        *,
        first_month: str = "2025-01",
        refunds: bool = True,
    ) -> "Theatre":
        """Return a regular theatre: `dates` per event, `bookings` per date and `seats` per booking.

        The dates of an event go through up to twelve consecutive months from `first_month`.
        """
        theatre = cls(seed)
        fill_uniform(
            theatre,
            events=events,
            dates=dates,
            bookings=bookings,
            seats=seats,
            first_month=first_month,
            refunds=refunds,
        )
        return theatre

    def counts(self, month: str | None = None) -> dict[str, int]:
        """Return the rows a perfect reading finds by dataset, in all or in a month `YYYY-MM`."""
        return count_rows(self, month)

    def pence(self, month: str | None = None) -> dict[str, int]:
        """Return gross, fee, fee_vat and net over booking lines in pence, in all or in a month."""
        return sum_pence(self, month)

    def add_event(self, name: str = "New event", **fields: Any) -> str:
        """Return the id of a new event with one venue; `fields` are those of `records.event`."""
        created = self._stamp()
        with self.lock:
            event_id = self.insert_event(
                records.event(self.new_id("evt"), name=name, **{"created_at": created, **fields})
            )
            self.add_venue(event_id, name="New hall")
            return event_id

    def add_venue(self, event_id: str, name: str, **fields: Any) -> str:
        """Return the id of a new venue of an event; `fields` are those of `records.venue`."""
        created = {"created_at": self._stamp(), **fields}
        with self.lock:
            record = records.venue(self.new_id("ven"), event_id=event_id, name=name, **created)
            return self.insert_venue(record)

    def add_date(
        self,
        event_id: str,
        start: datetime | str | None = None,
        venue_id: str | None = None,
        **fields: Any,
    ) -> str:
        """Return the id of a new date of an event; without a start it is thirty days from now.

        `fields` are those of `records.date`; the venue is the event's first unless given.
        """
        created = self._stamp()
        moment = _moment(start or self.clock() + timedelta(days=30))
        with self.lock:
            given = {
                **_times(moment),
                "on_sale_start": created,
                "created_at": created,
                **fields,
            }
            venue = venue_id or self._lists[f"/events/{event_id}/venues"][0]
            record = records.date(self.new_id("dat"), event_id=event_id, venue_id=venue, **given)
            return self.insert_date(record)

    def add_booking(
        self,
        date_id: str,
        tickets: int = 2,
        *,
        price: int = DEFAULT_PRICE,
        payment_method: str = "TS",
        donation: int = 0,
        gift_aid: bool | None = None,
        customer_id: str | None = None,
        created_at: datetime | str | None = None,
        attendee: dict[str, str] | None = None,
    ) -> str:
        """Return the id of a new booking of `tickets` unreserved seats at `price` pence each.

        `donation` is in pence; `attendee` holds the name fields of `records.seat` for every seat.
        """
        created = self._stamp() if created_at is None else timestamp(_moment(created_at))
        lines: list[Line] = []
        if tickets:
            lines.append(charged_line("TICKETS", tickets * price, created, payment_method))
        if donation:
            gift = Line(line_type="DONATION", gross=donation, created_at=created)
            lines.append(replace(gift, payment_method=payment_method, gift_aid=gift_aid))
        with self.lock:
            booking_id = self.new_id("bkg")
            record = booking(
                booking_id,
                date_id=date_id,
                customer_id=customer_id or self._any_customer(created),
                reference=booking_id[4:10],
                lines=[line.record() for line in lines],
                created_at=created,
                updated_at=created,
            )
            seats = [
                records.seat(
                    self.new_id("sea"),
                    booking_id=booking_id,
                    created_at=created,
                    price_category="Adult",
                    **(attendee or {}),
                )
                for _ in range(tickets)
            ]
            return self.insert_booking(record, seats)

    def delete_booking(self, booking_id: str) -> None:
        """Take a booking and its seats away as if they had never been."""
        self.remove_booking(booking_id)

    def exchange_booking(self, booking_id: str, date_id: str) -> None:
        """Move a booking with its seats to the end of another date's bookings."""
        with self.lock:
            record, seats = self.bookings[booking_id], self.seats_of(booking_id)
            self.remove_booking(booking_id)
            place = record["links"]["date"].rsplit("/", 1)[0]
            record["links"]["date"] = f"{place}/{date_id}"
            # A seat is a place at a performance, so it is another one now.
            for changed in (record, *seats):
                self._update(changed)
            self.insert_booking(record, seats)

    def refund_booking(
        self, booking_id: str, *, keep_fee: bool = True, fraction: Fraction | str | int = 1
    ) -> None:
        """Add refund lines for `fraction` of what is not yet refunded, and cancel as many seats.

        A customer refund keeps the fee; the refund of a cancelled night gives it back too.
        """
        stamp = self._stamp()
        part = Fraction(fraction)
        with self.lock:
            attributes = self.bookings[booking_id]["attributes"]
            lines = [read_line(line) for line in attributes["lines"]]
            attributes["lines"] += [
                line.record()
                for line in refund_rest(lines, stamp, keep_fee=keep_fee, fraction=part)
            ]
            attributes["updated_at"] = stamp
            booked = [item for item in self.seats_of(booking_id) if _is_booked(item)]
            for seat in booked[: round(len(booked) * part)]:
                seat["attributes"].update(is_booked=False, is_cancelled=True, updated_at=stamp)

    def cancel_date(self, date_id: str, *, refund: bool = True) -> None:
        """Cancel a date and, unless told not to, refund its sales with the fee."""
        with self.lock:
            self._update(self.dates[date_id], cancelled=True, on_sale=False)
            for record in self.bookings_of(date_id):
                if refund:
                    self.refund_booking(record["id"], keep_fee=False)

    def reinstate_date(self, date_id: str) -> None:
        """Put a cancelled date on sale again; refunds already made stay."""
        with self.lock:
            self._update(self.dates[date_id], cancelled=False, on_sale=True)

    def move_date(self, date_id: str, new_start: datetime | str) -> None:
        """Give a date another start; doors and end go with it."""
        times = _times(_moment(new_start))
        with self.lock:
            self._update(self.dates[date_id], **times, on_sale_end=times["start"])

    def delete_date(self, date_id: str) -> None:
        """Take a date and its bookings away as if they had never been."""
        self.remove_date(date_id)

    def rename_event(self, event_id: str, name: str) -> None:
        """Give an event another name."""
        with self.lock:
            self._update(self.events[event_id], name=name)

    def edit_attendee(self, seat_id: str, *, touch_booking: bool = False, **fields: Any) -> None:
        """Change attendee fields of a seat, and with `touch_booking` the booking's updated_at."""
        with self.lock:
            seat = self.seats[seat_id]
            seat["attributes"]["attendee"].update(fields)
            self._update(seat)
            if touch_booking:
                self._update(self.bookings[linked_id(seat, "booking")])

    def _any_customer(self, created: str) -> str:
        if self.customers:
            return next(iter(self.customers))
        customer_id = self.new_id("cst")
        return self.insert_customer(
            records.customer(customer_id, first_name="Walk", last_name="Up", created_at=created)
        )

    def _update(self, record: Record, **fields: Any) -> None:
        record["attributes"].update(fields, updated_at=self._stamp())

    def _stamp(self) -> str:
        return timestamp(self.clock())


class _TickingClock:
    """A clock that starts at a moment and goes on a second at each look."""

    def __init__(self, start: datetime) -> None:
        self.moment = start

    def __call__(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


def _now() -> datetime:
    return datetime.now(UTC)


def _moment(value: datetime | str) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _times(start: datetime) -> dict[str, str]:
    return {
        "doors_open": timestamp(start - timedelta(minutes=30)),
        "start": timestamp(start),
        "end": timestamp(start + timedelta(hours=2, minutes=15)),
    }


def _is_booked(seat: Record) -> bool:
    return bool(seat["attributes"]["is_booked"])
