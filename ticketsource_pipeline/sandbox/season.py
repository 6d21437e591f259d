"""A believable year of a small theatre, played up to a day; the programme is in programme.py."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random

from ticketsource_pipeline.sandbox import records
from ticketsource_pipeline.sandbox.people import Person, invent_people, staff_member
from ticketsource_pipeline.sandbox.programme import PROGRAMME, Night, Production
from ticketsource_pipeline.sandbox.records import Record, timestamp
from ticketsource_pipeline.sandbox.sales import Sale, sell_night
from ticketsource_pipeline.sandbox.state import TheatreState

PEOPLE = 1100
_DOORS = timedelta(minutes=45)
_LENGTH = timedelta(hours=2, minutes=20)


def first_year(today: date) -> int:
    """Return the year in which the theatre season (September to August) of a day began."""
    return today.year if today.month >= 9 else today.year - 1


def fill_season(state: TheatreState, today: date) -> None:
    """Fill an empty state with the season of `today` as it stood when that day (UTC) began."""
    _Season(state, first_year(today), datetime.combine(today, time(), UTC)).fill()


class _Season:
    """One season being written down; every choice is drawn whatever the day, so ids never shift."""

    def __init__(self, state: TheatreState, year: int, moment: datetime) -> None:
        self.state = state
        self.moment = moment
        self.now = timestamp(moment)
        self.year = year
        self.announced = datetime(year, 5, 20, 9, tzinfo=UTC)
        self.opening = datetime(year, 6, 1, 9, tzinfo=UTC)
        self.chance = Random(state.seed)  # noqa: S311 - chance to be repeated
        self.people = invent_people(PEOPLE, self.chance)

    def fill(self) -> None:
        """Write events, venues and dates, then customers, then what they bought."""
        sales: list[Sale] = []
        for number, production in enumerate(PROGRAMME):
            event_id, venue_ids = self._announce(production, number)
            for night in production.nights:
                date_id = self._schedule(production, night, event_id, venue_ids[night.hall])
                sales += sell_night(
                    production,
                    night,
                    date_id,
                    first_year=self.year,
                    opening=self.opening,
                    people=self.people,
                    chance=self.chance,
                )
        customer_ids = self._enter_customers(sales)
        for sale in sales:
            record, seats = sale.records(self.state, customer_ids, self.now)
            if sale.created_at < self.now:
                self.state.insert_booking(record, seats)

    def _announce(self, production: Production, number: int) -> tuple[str, list[str]]:
        starts = [night.start(self.year) for night in production.nights]
        ended = bool(starts) and max(starts) + timedelta(days=45) < self.moment
        withdrawn = self.announced + timedelta(days=88)
        archived = ended or (production.withdrawn and withdrawn < self.moment)
        changed = withdrawn if production.withdrawn else self.announced + timedelta(days=3)
        created = timestamp(self.announced + timedelta(minutes=17 * number))
        image = f"https://images.wharf.example/{production.reference.lower()}.jpg"
        event_id = self.state.insert_event(
            records.event(
                self.state.new_id("evt"),
                name=production.name,
                reference=production.reference,
                description=production.description,
                category=production.category,
                genre=production.genre,
                public=production.public,
                activated=production.activated,
                archived=archived,
                images=[{"type": "poster", "src": image}] if production.reference else [],
                consent_name=production.consent_name,
                created_at=created,
                updated_at=timestamp(changed) if number % 3 and changed < self.moment else None,
            )
        )
        venue_ids = [
            self.state.insert_venue(
                records.venue(
                    self.state.new_id("ven"),
                    event_id=event_id,
                    name=hall.name,
                    address=hall.address,
                    postcode=hall.postcode,
                    telephone=hall.telephone,
                    email=hall.email,
                    created_at=created,
                )
            )
            for hall in production.halls
        ]
        return event_id, venue_ids

    def _schedule(self, production: Production, night: Night, event_id: str, venue_id: str) -> str:
        first = night.start(self.year)
        start, updated = first, None
        moved_at = first - timedelta(days=10)
        if night.moved_days and moved_at < self.moment:
            start, updated = first + timedelta(days=night.moved_days), timestamp(moved_at)
        cancelled = False
        if night.cancelled_days is not None:
            cancelled_at = first - timedelta(days=night.cancelled_days)
            cancelled = cancelled_at < self.moment
            updated = timestamp(cancelled_at) if cancelled else updated
        on_sale = self.opening <= self.moment < start and not cancelled
        return self.state.insert_date(
            records.date(
                self.state.new_id("dat"),
                event_id=event_id,
                venue_id=venue_id,
                doors_open=timestamp(start - _DOORS),
                start=timestamp(start),
                end=timestamp(start + _LENGTH),
                on_sale=on_sale,
                on_sale_start=timestamp(self.opening),
                public=night.public and production.public,
                cancelled=cancelled,
                created_at=timestamp(self.announced + timedelta(hours=1)),
                updated_at=updated,
            )
        )

    def _enter_customers(self, sales: list[Sale]) -> dict[int, str]:
        """Write the customers who have bought by now, and give every buyer's id."""
        first_bought: dict[int, str] = {}
        for sale in sales:
            known = first_bought.get(sale.person.number, sale.created_at)
            first_bought[sale.person.number] = min(known, sale.created_at)
        ids = {person.number: self.state.new_id("cst") for person in self.people}
        for person in self.people:
            self._enter(person, ids[person.number], first_bought.get(person.number))
        return ids

    def _enter(self, person: Person, customer_id: str, bought: str | None) -> None:
        chance = Random(self.state.seed * 10_007 + person.number)  # noqa: S311 - chance to be repeated
        if bought is None or bought >= self.now:
            return
        self.state.insert_customer(person.record(customer_id, bought, chance))
        if person.number % 40 == 0:
            note: Record = records.note(
                records.identifier("csn", self.state.seed, person.number),
                customer_id=customer_id,
                description=chance.choice(("Needs extra leg room", "Sits near the aisle", "")),
                created_by=staff_member(chance),
                created_at=bought,
            )
            self.state.insert_note(note)
