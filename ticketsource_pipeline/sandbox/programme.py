"""The year's programme of the make-believe theatre as a table; sales and records are elsewhere."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Hall:
    """A room: rows of numbered seats, or neither when it is unreserved."""

    name: str
    address: tuple[str, str, str, str]
    postcode: str
    telephone: str = ""
    email: str = ""
    rows: str = ""
    seats_per_row: int = 0


@dataclass(frozen=True, kw_only=True)
class Night:
    """One performance, placed by the n-th Saturday of a month and days from it.

    `bookings` is about how many are sold in the end. `cancelled_days` before the start it was
    cancelled; `moved_days` later than first announced it takes place.
    """

    month: int
    saturday: int
    days: int = 0
    time: str = "19:30"
    bookings: int = 30
    hall: int = 0
    public: bool = True
    cancelled_days: int | None = None
    moved_days: int = 0

    def start(self, first_year: int) -> datetime:
        """Return the start in the season that begins in September of `first_year`, in UTC."""
        year = first_year if self.month >= 9 else first_year + 1
        first = datetime(year, self.month, 1, tzinfo=UTC)
        saturday = first + timedelta(days=(5 - first.weekday()) % 7 + 7 * (self.saturday - 1))
        hour, minute = self.time.split(":")
        return saturday + timedelta(days=self.days, hours=int(hour), minutes=int(minute))


@dataclass(frozen=True, kw_only=True)
class Production:
    """An event with its halls, nights and prices in pence by price category."""

    name: str
    halls: tuple[Hall, ...]
    nights: tuple[Night, ...]
    prices: tuple[tuple[str, int], ...]
    reference: str = ""
    description: str = ""
    category: str = "Theatre"
    genre: str = ""
    public: bool = True
    activated: bool = True
    withdrawn: bool = False
    named_share: float = 0.05
    donation_only: bool = False
    consent_name: str = ""


_WHARF = ("The Wharf Theatre", "12 Mill Lane", "", "Aberwen")
_TELEPHONE = "01970 555 0142"
_EMAIL = "boxoffice@wharf.example"
MAIN = Hall(
    name="Main House",
    address=_WHARF,
    postcode="SY23 9ZZ",
    rows="ABCDEFGHJKLMNPQRST",
    seats_per_row=20,
    telephone=_TELEPHONE,
    email=_EMAIL,
)
STUDIO = Hall(
    name="Studio", address=_WHARF, postcode="SY23 9ZZ", telephone=_TELEPHONE, email=_EMAIL
)
CHURCH = Hall(
    name="St Mary's Church", address=("Church Street", "", "", "Aberwen"), postcode="SY23 9ZY"
)
TOWN_HALL = Hall(
    name="Town Hall",
    address=("Market Square", "", "", "Aberwen"),
    postcode="SY23 9ZX",
    rows="123456789",
    seats_per_row=16,
)
GARDEN = Hall(name="Garden Stage", address=("Castle Gardens", "", "", ""), postcode="")

_USUAL = (("Adult", 1450), ("Concession", 1250), ("Child", 875))
_STUDIO = (("Adult", 1100), ("Concession", 950))

PROGRAMME: tuple[Production, ...] = (
    Production(
        name="The Pirates of Penzance",
        reference="PIR",
        description="A rollicking start to the season.",
        genre="Musical",
        halls=(MAIN,),
        prices=(("Adult", 1650), ("Concession", 1450), ("Child", 995)),
        nights=(
            Night(month=9, saturday=3, days=-2, bookings=70),
            Night(month=9, saturday=3, days=-1, bookings=80),
            Night(month=9, saturday=3, time="14:30", bookings=75),
            Night(month=9, saturday=3, bookings=180),
        ),
    ),
    Production(
        name="Stand-up Night with Siân & Friends",
        reference="COM",
        category="Comedy",
        halls=(STUDIO,),
        prices=_STUDIO,
        nights=tuple(
            Night(month=month, saturday=1, days=-1, time="20:00", bookings=22)
            for month in (10, 11, 1, 2, 3, 4)
        ),
    ),
    Production(
        name="Aladdin",
        reference="PAN",
        description="Oh yes it is! The pantomime, three times a day.",
        genre="Pantomime",
        halls=(MAIN,),
        prices=(("Adult", 1575), ("Child", 1025), ("Family of four", 4800)),
        named_share=0.02,
        nights=(
            Night(month=12, saturday=2, time="10:30", bookings=70),
            Night(month=12, saturday=2, time="14:30", bookings=115),
            Night(month=12, saturday=2, time="18:30", bookings=80),
            Night(month=12, saturday=2, days=1, time="11:00", bookings=70),
            Night(month=12, saturday=2, days=1, time="15:00", bookings=120),
            Night(month=12, saturday=3, time="10:30", bookings=75),
            Night(month=12, saturday=3, time="14:30", bookings=120),
            Night(month=12, saturday=3, time="18:30", bookings=85),
            Night(month=12, saturday=3, days=2, time="10:00", bookings=45, public=False),
        ),
    ),
    Production(
        name="Carols by Candlelight",
        category="Music",
        genre="Choral",
        halls=(CHURCH,),
        prices=(("Entry", 800), ("Under 16", 0)),
        nights=(Night(month=12, saturday=3, days=4, time="19:00", bookings=85),),
    ),
    Production(
        name="Brass at the Town Hall",
        reference="BRA",
        category="Music",
        halls=(TOWN_HALL,),
        prices=(("Adult", 1325), ("Concession", 1175)),
        nights=(
            Night(month=11, saturday=2, bookings=45),
            Night(month=5, saturday=2, bookings=45),
        ),
    ),
    Production(
        name="Youth Theatre Showcase",
        reference="YTS",
        halls=(STUDIO, TOWN_HALL),
        prices=(("Adult", 725), ("Child", 450)),
        named_share=0.35,
        nights=(
            Night(month=2, saturday=3, time="14:00", bookings=30),
            Night(month=2, saturday=3, time="18:00", bookings=30),
            Night(month=6, saturday=2, time="14:00", bookings=30, hall=1),
            Night(month=6, saturday=2, time="18:00", bookings=30, hall=1),
        ),
    ),
    Production(
        name="Film Club",
        category="Film",
        halls=(STUDIO,),
        prices=(("Seat", 650),),
        nights=(
            *(Night(month=month, saturday=4, days=-4, bookings=12) for month in (9, 10, 11, 1)),
            Night(month=1, saturday=4, days=-3, time="11:00", bookings=0),
            *(Night(month=month, saturday=4, days=-4, bookings=12) for month in (2, 3, 4, 5)),
        ),
    ),
    Production(
        name="François Dubois: Chansons d'automne",
        reference="CHA",
        category="Music",
        halls=(STUDIO,),
        prices=(("Adult", 1895),),
        consent_name="Dubois Productions",
        nights=(
            Night(month=10, saturday=3, bookings=45, cancelled_days=3),
            Night(month=10, saturday=4, bookings=35, moved_days=21),
        ),
    ),
    Production(
        name="An Inspector Calls",
        reference="INS",
        genre="Drama",
        halls=(MAIN,),
        prices=_USUAL,
        nights=(
            Night(month=3, saturday=2, days=-2, bookings=60),
            Night(month=3, saturday=2, days=-1, bookings=70),
            Night(month=3, saturday=2, time="14:30", bookings=50),
            Night(month=3, saturday=2, bookings=110),
        ),
    ),
    Production(
        name="Open-air Shakespeare: Twelfth Night",
        reference="OAS",
        genre="Drama",
        halls=(GARDEN,),
        prices=_USUAL,
        nights=(
            Night(month=7, saturday=2, days=-1, bookings=45),
            Night(month=7, saturday=2, bookings=50, cancelled_days=1),
            Night(month=7, saturday=2, days=1, bookings=40, moved_days=7),
        ),
    ),
    Production(
        name="Workshop: Stage Make-up",
        category="Workshop",
        halls=(STUDIO,),
        prices=(("Place", 2500),),
        public=False,
        named_share=1.0,
        nights=(
            Night(month=10, saturday=2, time="10:00", bookings=12, public=False),
            Night(month=4, saturday=2, time="10:00", bookings=12, public=False),
        ),
    ),
    Production(
        name="Members' Evening",
        halls=(STUDIO,),
        prices=(("Member", 500),),
        withdrawn=True,
        nights=(Night(month=9, saturday=2, days=-3, bookings=25, cancelled_days=30),),
    ),
    Production(
        name="Roof Appeal",
        description="Help us keep the rain out.",
        category="Fundraiser",
        halls=(MAIN,),
        prices=(("Gift", 0),),
        donation_only=True,
        nights=(Night(month=8, saturday=4, time="12:00", bookings=60),),
    ),
    Production(
        name="Next Year's Gala",
        category="",
        halls=(MAIN,),
        prices=_USUAL,
        activated=False,
        public=False,
        nights=(),
    ),
)
