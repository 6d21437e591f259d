"""A regular theatre of N events, M dates and K bookings, for tests and benchmarks; no surprises."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ticketsource_pipeline.sandbox import records
from ticketsource_pipeline.sandbox.money_records import Line, booking, charged_line
from ticketsource_pipeline.sandbox.records import Record, identifier, timestamp
from ticketsource_pipeline.sandbox.state import TheatreState

MOST_MONTHS = 12
MOST_CUSTOMERS = 1000
_GIFT_AID = (True, False, None)


def fill_uniform(
    state: TheatreState,
    *,
    events: int,
    dates: int,
    bookings: int,
    seats: int,
    first_month: str,
    refunds: bool,
) -> None:
    """Fill an empty state with `events` x `dates` x `bookings`, each booking of `seats` seats.

    The dates of an event go through up to twelve consecutive months (UTC) from `first_month`.
    Every tenth booking is refunded when `refunds`; every third seat names an attendee.
    """
    total = events * dates * bookings
    opening = datetime.strptime(first_month, "%Y-%m").replace(tzinfo=UTC)
    created = timestamp(opening - timedelta(days=60))
    customers = _add_customers(state, min(total, MOST_CUSTOMERS), created)
    state.use_seat_maker(_SeatMaker(state.seed, seats, timestamp(opening), refunds=refunds))
    state.reserve_ids("sea", total * seats)
    number = 0
    for event_number in range(events):
        event_id, venue_id = _add_event(state, event_number, created)
        for date_number in range(dates):
            start = _start(opening, event_number, date_number)
            date_id = _add_date(state, event_id, venue_id, start, created)
            for _ in range(bookings):
                record = _booking(state, number, date_id, customers, seats, refunds=refunds)
                state.insert_booking_unseated(record, number)
                number += 1


def _add_customers(state: TheatreState, count: int, created: str) -> list[str]:
    return [
        state.insert_customer(
            records.customer(
                state.new_id("cst"),
                first_name="Customer",
                last_name=str(number),
                email=f"customer{number}@example.org",
                created_at=created,
            )
        )
        for number in range(count)
    ]


def _add_event(state: TheatreState, number: int, created: str) -> tuple[str, str]:
    event_id = state.insert_event(
        records.event(
            state.new_id("evt"),
            name=f"Event {number + 1}",
            reference=f"E{number + 1:04d}",
            created_at=created,
        )
    )
    venue = records.venue(
        state.new_id("ven"), event_id=event_id, name=f"Hall {number + 1}", created_at=created
    )
    return event_id, state.insert_venue(venue)


def _start(opening: datetime, event_number: int, date_number: int) -> datetime:
    lap, month = divmod(date_number, MOST_MONTHS)
    years, month_index = divmod(opening.month - 1 + month, 12)
    return opening.replace(
        year=opening.year + years,
        month=month_index + 1,
        day=1 + (event_number * 3 + date_number + lap * 5) % 28,
        hour=10 + (event_number + lap) % 12,
        minute=30,
    )


def _add_date(
    state: TheatreState, event_id: str, venue_id: str, start: datetime, created: str
) -> str:
    return state.insert_date(
        records.date(
            state.new_id("dat"),
            event_id=event_id,
            venue_id=venue_id,
            doors_open=timestamp(start - timedelta(minutes=30)),
            start=timestamp(start),
            end=timestamp(start + timedelta(hours=2)),
            on_sale_start=created,
            created_at=created,
        )
    )


def _booking(
    state: TheatreState,
    number: int,
    date_id: str,
    customers: list[str],
    seats: int,
    *,
    refunds: bool,
) -> Record:
    booking_id = state.new_id("bkg")
    start: str = state.dates[date_id]["attributes"]["start"]
    # One day of the month before any date's first hour keeps sales ahead of the performance.
    created = f"{start[:8]}01T{number % 10:02d}:{number % 60:02d}:{number * 7 % 60:02d}+00:00"
    method = ("TS", "STRIPE", "CASH")[number % 3]
    sales = [charged_line("TICKETS", seats * (850 + number * 37 % 1500), created, method)]
    if number % 7 == 0:
        gift = Line(line_type="DONATION", gross=500, created_at=created, payment_method=method)
        sales.append(replace(gift, gift_aid=_GIFT_AID[number // 7 % 3]))
    if number % 11 == 0:
        sales.append(charged_line("SUNDRY", 350, created, method))
    lines = list(sales)
    if refunds and is_refunded(number):
        lines += [line.refund(start, keep_fee=number % 20 == 9) for line in sales]
    return booking(
        booking_id,
        date_id=date_id,
        customer_id=customers[number % len(customers)],
        reference=booking_id[4:10],
        lines=[line.record() for line in lines],
        created_at=created,
        updated_at=lines[-1].created_at,
    )


def is_refunded(number: int) -> bool:
    """Whether the uniform theatre's booking of this number, from 0, is refunded in full."""
    return number % 10 == 9


class _SeatMaker:
    """The seats of the uniform theatre's booking of a number, the same at every call."""

    def __init__(self, seed: int, seats: int, created_at: str, *, refunds: bool) -> None:
        self.seed = seed
        self.seats = seats
        self.created_at = created_at
        self.refunds = refunds

    def __call__(self, booking_id: str, number: int) -> list[Record]:
        refunded_at = self.created_at if self.refunds and is_refunded(number) else None
        made: list[Record] = []
        for index in range(self.seats):
            place = number * self.seats + index
            named = place % 3 == 0
            made.append(
                records.seat(
                    identifier("sea", self.seed, place),
                    booking_id=booking_id,
                    created_at=self.created_at,
                    price_category="Adult" if index % 2 == 0 else "Child",
                    row="ABCDEFGHJK"[place // 20 % 10],
                    number=str(place % 20 + 1),
                    cancelled_at=refunded_at,
                    first_name="Attendee" if named else "",
                    last_name=str(place) if named else "",
                )
            )
        return made
