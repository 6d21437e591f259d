"""The make-believe theatre's customers and attendees; what they buy is decided elsewhere."""

import unicodedata
from dataclasses import dataclass
from random import Random

from ticketsource_pipeline.sandbox import records
from ticketsource_pipeline.sandbox.records import Record

FIRST_NAMES = (
    "Zoë", "Siân", "François", "Łukasz", "Aoife", "Bronwen", "Daniel", "Ellen", "Gareth", "Hannah",
    "Idris", "Jürgen", "Kate", "Llinos", "Megan", "Niamh", "Owain", "Priya", "Rhys", "Søren",
    "Tomos", "Ursula", "Victoria", "Wei", "Yusuf", "Anne-Marie", "Björn", "Chloé", "Dafydd", "明",
)  # fmt: skip
LAST_NAMES = (
    "O'Brien", "Jones", "Davies", "Evans", "Kowalski", "Łuczak", "Müller", "Nguyễn", "O'Connor",
    "Patel", "Smith-Jones", "Thomas", "Williams", "ap Rhys", "d'Arcy", "Hughes", "Lewis", "Morgan",
    "Núñez", "Roberts", "Singh", "van der Berg", "Walker", "Żak", "李", "Taylor", "Brown", "Price",
)  # fmt: skip
_STREETS = ("Mill Lane", "King's Road", "Heol y Bont", "Church Street", "Station Approach")
_STAFF = ("Box Office", "Carys", "Tom")


@dataclass(frozen=True)
class Person:
    """A customer's name and contacts; a walk-up buyer left none."""

    number: int
    first_name: str
    last_name: str
    email: str | None

    def record(self, customer_id: str, created_at: str, chance: Random) -> Record:
        """Return the Customer for this person."""
        member = chance.random() < 0.08
        with_address = chance.random() < 0.6
        house = chance.randrange(1, 90)
        street = chance.choice(_STREETS)
        identity = {"identifier": f"M{self.number:04d}", "start_date": created_at, "end_date": None}
        return records.customer(
            customer_id,
            first_name=self.first_name,
            last_name=self.last_name,
            email=self.email,
            telephone=f"+4479460{self.number:05d}" if self.email else None,
            address=(f"{house} {street}", "", "", "Aberwen", "SY23 9ZZ") if with_address else None,
            membership=identity if member else None,
            consent=chance.random() < 0.4,
            created_at=created_at,
        )


def invent_people(count: int, chance: Random) -> list[Person]:
    """So many people, some of them without an e-mail address."""
    people: list[Person] = []
    for number in range(count):
        first_name, last_name = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
        email = f"{_plain(first_name)}.{_plain(last_name)}{number}@example.org"
        people.append(
            Person(number, first_name, last_name, email if chance.random() < 0.92 else None)
        )
    return people


def staff_member(chance: Random) -> str:
    """Who at the box office took a booking or wrote a note."""
    return chance.choice(_STAFF)


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name)
    letters = "".join(letter for letter in decomposed if letter.isascii() and letter.isalpha())
    return letters.lower() or "guest"
