"""What is sold and given back for one night of the season; who plays when is in programme.py."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from ticketsource_pipeline.sandbox import records
from ticketsource_pipeline.sandbox.money_records import Line, booking, charged_line, refund_rest
from ticketsource_pipeline.sandbox.people import FIRST_NAMES, LAST_NAMES, Person, staff_member
from ticketsource_pipeline.sandbox.programme import Night, Production
from ticketsource_pipeline.sandbox.records import Record, timestamp
from ticketsource_pipeline.sandbox.state import TheatreState

_METHODS = ("TS", "STRIPE", "CASH", "CARD", "CHEQUE", "VOUCHER")
_METHOD_WEIGHTS = (40, 34, 10, 12, 2, 2)
_COUNTER_METHODS = frozenset({"CASH", "CARD", "CHEQUE"})
_PARTY_SIZES = (1, 2, 3, 4, 5, 6, 9)
_PARTY_WEIGHTS = (18, 46, 10, 15, 5, 4, 2)
_GIFTS = (100, 250, 500, 1000, 2000, 333)
_SUNDRIES = (350, 425, 199)
_GIFT_AID = (True, False, None)
_EARLY_SHARE = 0.54
_GROUP = 6


@dataclass(kw_only=True)
class SoldSeat:
    """One place of a sale; text times are ISO 8601 UTC."""

    price_category: str
    row: str | None
    number: str | None
    attendee: dict[str, str]
    cancelled_at: str | None = None


@dataclass(kw_only=True)
class Sale:
    """One booking with all that ever becomes of it."""

    date_id: str
    person: Person
    created_at: str
    lines: list[Line]
    seats: list[SoldSeat]
    third_party: str
    consent: bool
    booked_by: str

    def records(
        self, state: TheatreState, customer_ids: dict[int, str], now: str
    ) -> tuple[Record, list[Record]]:
        """Return the Booking and its Seats as they stood at `now`; takes their ids in any case."""
        booking_id = state.new_id("bkg")
        lines = [line for line in self.lines if line.created_at < now]
        record = booking(
            booking_id,
            date_id=self.date_id,
            customer_id=customer_ids[self.person.number],
            reference=booking_id[4:10].upper(),
            lines=[line.record() for line in lines],
            created_at=self.created_at,
            updated_at=max([self.created_at, *(line.created_at for line in lines)]),
            third_party=self.third_party,
            consent_email=self.consent,
            booked_by=self.booked_by,
        )
        seats = [
            records.seat(
                state.new_id("sea"),
                booking_id=booking_id,
                created_at=self.created_at,
                price_category=seat.price_category,
                row=seat.row,
                number=seat.number,
                cancelled_at=_by(seat.cancelled_at, now),
                **seat.attendee,
            )
            for seat in self.seats
        ]
        return record, seats


def sell_night(
    production: Production,
    night: Night,
    date_id: str,
    *,
    first_year: int,
    opening: datetime,
    people: list[Person],
    chance: Random,
) -> list[Sale]:
    """All sales of a night, in order of time, with every refund that ever follows."""
    start = night.start(first_year)
    cancelled_at = None
    last_moment = start
    if night.cancelled_days is not None:
        cancelled_at = last_moment = start - timedelta(days=night.cancelled_days)
    count = round(night.bookings * (95 + chance.randrange(11)) / 100)
    moments = sorted(_moment_of_sale(opening, last_moment, chance) for _ in range(count))
    places = _Places(production, night)
    sales: list[Sale] = []
    for moment in moments:
        sale = _sell(
            production,
            date_id,
            moment=moment,
            person=chance.choice(people),
            places=places,
            chance=chance,
        )
        _maybe_refund(sale, moment, start, last_moment, chance)
        if cancelled_at is not None:
            given_back = cancelled_at + timedelta(days=1, minutes=len(sales))
            _refund(sale, given_back, keep_fee=False)
        sales.append(sale)
    return sales


class _Places:
    """Hands out the seats of a hall one after another; null places when it is unreserved."""

    def __init__(self, production: Production, night: Night) -> None:
        self.hall = production.halls[night.hall]
        self.next = 0

    def take(self) -> tuple[str | None, str | None]:
        """Row and number of the next free seat."""
        if not self.hall.rows:
            return None, None
        row, number = divmod(self.next, self.hall.seats_per_row)
        self.next += 1
        if row >= len(self.hall.rows):
            return "Gallery", str(self.next)
        return self.hall.rows[row], str(number + 1)


def _moment_of_sale(opening: datetime, last: datetime, chance: Random) -> datetime:
    span = int((last - opening).total_seconds()) - 3600
    if chance.random() < _EARLY_SHARE:
        return opening + timedelta(seconds=chance.randrange(min(span, 92 * 86400)))
    days = chance.expovariate(1 / 18)
    back = min(int(days * 86400), span)
    return last - timedelta(seconds=back + chance.randrange(1, 3600))


def _sell(
    production: Production,
    date_id: str,
    *,
    moment: datetime,
    person: Person,
    places: _Places,
    chance: Random,
) -> Sale:
    created = timestamp(moment)
    method = chance.choices(_METHODS, _METHOD_WEIGHTS)[0]
    seats: list[SoldSeat] = []
    lines: list[Line] = []
    if not production.donation_only:
        size = chance.choices(_PARTY_SIZES, _PARTY_WEIGHTS)[0]
        categories = [chance.choice(production.prices) for _ in range(size)]
        named = chance.random() < production.named_share
        for name, _ in categories:
            row, number = places.take()
            attendee = _attendee(chance) if named and chance.random() < 0.8 else {}
            seats.append(SoldSeat(price_category=name, row=row, number=number, attendee=attendee))
        lines.append(_tickets([price for _, price in categories], created, method, chance))
    lines += _extras(production, created, method, chance)
    return Sale(
        date_id=date_id,
        person=person,
        created_at=created,
        lines=lines,
        seats=seats,
        third_party=production.consent_name,
        consent=bool(production.consent_name) and chance.random() < 0.3,
        booked_by=staff_member(chance) if method in _COUNTER_METHODS else "",
    )


def _tickets(prices: list[int], created: str, method: str, chance: Random) -> Line:
    """Return the tickets line: gross is what was paid, after the discounts named beside it."""
    full = sum(prices)
    automatic = full // 10 if len(prices) >= _GROUP else 0
    lot = chance.random()
    code: str | None = "" if lot < 0.6 else None
    code_discount = 0
    if lot > 0.93 and not automatic:
        code, code_discount = "EARLYBIRD", full * 15 // 100
    elif lot > 0.915:
        code, code_discount = "PRESS & GUESTS", full - automatic
    gross = full - automatic - code_discount
    line = charged_line("TICKETS", gross, created, method if gross else "FREE")
    return replace(
        line,
        automatic_discount=automatic,
        code=code,
        code_discount=code_discount,
        updated_at=created if code_discount else None,
    )


def _extras(production: Production, created: str, method: str, chance: Random) -> list[Line]:
    lines: list[Line] = []
    lot, gift = chance.random(), chance.choice(_GIFTS)
    gift_aid, sundry = chance.choice(_GIFT_AID), chance.choice(_SUNDRIES)
    if production.donation_only or lot < 0.09:
        line = Line(line_type="DONATION", gross=gift, created_at=created, payment_method=method)
        lines.append(replace(line, gift_aid=gift_aid))
    if lot > 0.92 and not production.donation_only:
        lines.append(charged_line("SUNDRY", sundry * chance.randrange(1, 4), created, method))
    return lines


def _attendee(chance: Random) -> dict[str, str]:
    first_name, last_name = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
    attendee = {"first_name": first_name, "last_name": last_name}
    lot = chance.random()
    if lot < 0.2:
        attendee["email"] = f"attendee{chance.randrange(1000)}@example.org"
    elif lot < 0.3:
        attendee["company"] = "Aberwen Players"
    elif lot < 0.35:
        attendee = {"title": "Dr", "last_name": last_name}
    return attendee


def _maybe_refund(
    sale: Sale, sold: datetime, start: datetime, last: datetime, chance: Random
) -> None:
    """Now and then the customer asks for money back, some only after the night."""
    lot, when = chance.random(), chance.random()
    if lot >= 0.06:
        return
    days_after = timedelta(days=1 + int(when * 30))
    moment = start + days_after if lot < 0.008 else sold + (start - sold) * (0.1 + when * 0.8)
    if last < min(start, moment):
        # The night was cancelled first, and that gives everybody their money back.
        return
    if lot < 0.03 and len(sale.seats) > 1:
        _refund_one_seat(sale, moment)
    else:
        _refund(sale, moment, keep_fee=lot < 0.052)


def _refund(sale: Sale, moment: datetime, *, keep_fee: bool) -> None:
    created = timestamp(moment)
    sale.lines += refund_rest(sale.lines, created, keep_fee=keep_fee)
    for seat in sale.seats:
        seat.cancelled_at = seat.cancelled_at or created


def _refund_one_seat(sale: Sale, moment: datetime) -> None:
    created = timestamp(moment)
    tickets = sale.lines[0]
    part = replace(tickets, gross=tickets.gross // len(sale.seats))
    if part.gross:
        sale.lines.append(part.refund(created, keep_fee=True))
    sale.seats[-1].cancelled_at = created


def _by(moment: str | None, now: str) -> str | None:
    return moment if moment is not None and moment < now else None
