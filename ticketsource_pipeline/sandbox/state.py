"""The records of one account by id and the lists they stand in; not what happens to them."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator

from ticketsource_pipeline.sandbox.records import Record, identifier, linked_id

SeatMaker = Callable[[str, int], list[Record]]


class TheatreState:
    """All records of one account, and their order in every list of the API.

    `lock` guards it: the server takes it for each reply, so never wait for a reply holding it.
    """

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self.lock = threading.RLock()
        self.events: dict[str, Record] = {}
        self.venues: dict[str, Record] = {}
        self.dates: dict[str, Record] = {}
        self.bookings: dict[str, Record] = {}
        self.customers: dict[str, Record] = {}
        self.notes: dict[str, Record] = {}
        self._seats: dict[str, Record] = {}
        self._lists: dict[str, list[str]] = {"/events": [], "/customers": []}
        self._numbers: Counter[str] = Counter()
        self._unmade_seats: dict[str, int] = {}
        self._seat_maker: SeatMaker | None = None

    @property
    def seats(self) -> dict[str, Record]:
        """Every Seat by id; seats of a uniform theatre are made when first asked for."""
        with self.lock:
            for booking_id in list(self._unmade_seats):
                self._make_seats(booking_id)
            return self._seats

    def new_id(self, kind: str) -> str:
        """Return the next unused id of a kind such as `bkg`."""
        with self.lock:
            number = self._numbers[kind]
            self._numbers[kind] += 1
            return identifier(kind, self.seed, number)

    def reserve_ids(self, kind: str, count: int) -> None:
        """Leave out the first `count` numbers of a kind, given out by a maker of its own."""
        self._numbers[kind] = max(self._numbers[kind], count)

    def list_ids(self, path: str) -> list[str] | None:
        """Return the live order of the list at an API path, or None when there is no such list."""
        owner, _, kind = path.rpartition("/")
        if kind == "seats":
            self._make_seats(owner.rpartition("/")[2])
        return self._lists.get(path)

    def record(self, kind: str, record_id: str) -> Record | None:
        """Return the record of a kind (`events`, `seats`, ...), or None."""
        if kind == "seats" and record_id in self._seats:
            return self._seats[record_id]
        records: dict[str, Record] = getattr(self, kind)
        return records.get(record_id)

    def bookings_of(self, date_id: str) -> list[Record]:
        """Return the bookings of a date, in list order."""
        with self.lock:
            return [self.bookings[item] for item in self._lists[f"/dates/{date_id}/bookings"]]

    def seats_of(self, booking_id: str) -> list[Record]:
        """Return the seats of a booking, in list order; none when it only holds a donation."""
        with self.lock:
            self._make_seats(booking_id)
            return [self._seats[item] for item in self._lists[f"/bookings/{booking_id}/seats"]]

    def iterate_seats(self, booking_id: str) -> Iterator[Record]:
        """Return the seats of a booking for counting, without keeping those not yet made."""
        number = self._unmade_seats.get(booking_id)
        if number is None or self._seat_maker is None:
            yield from self.seats_of(booking_id)
        else:
            yield from self._seat_maker(booking_id, number)

    def insert_event(self, record: Record) -> str:
        """Put an Event at the end of the list of events."""
        with self.lock:
            event_id: str = record["id"]
            self.events[event_id] = record
            self._lists["/events"].append(event_id)
            self._lists[f"/events/{event_id}/venues"] = []
            self._lists[f"/events/{event_id}/dates"] = []
            return event_id

    def insert_venue(self, record: Record) -> str:
        """Put a Venue at the end of its event's venues."""
        with self.lock:
            venue_id: str = record["id"]
            self.venues[venue_id] = record
            self._lists[f"/events/{linked_id(record, 'event')}/venues"].append(venue_id)
            self._lists[f"/venues/{venue_id}/dates"] = []
            return venue_id

    def insert_date(self, record: Record) -> str:
        """Put a Date at the end of its event's and its venue's dates."""
        with self.lock:
            date_id: str = record["id"]
            self.dates[date_id] = record
            self._lists[f"/events/{linked_id(record, 'event')}/dates"].append(date_id)
            self._lists[f"/venues/{linked_id(record, 'venue')}/dates"].append(date_id)
            self._lists[f"/dates/{date_id}/bookings"] = []
            return date_id

    def insert_customer(self, record: Record) -> str:
        """Put a Customer at the end of the list of customers."""
        with self.lock:
            customer_id: str = record["id"]
            self.customers[customer_id] = record
            self._lists["/customers"].append(customer_id)
            self._lists[f"/customers/{customer_id}/bookings"] = []
            self._lists[f"/customers/{customer_id}/notes"] = []
            return customer_id

    def insert_note(self, record: Record) -> str:
        """Put a CustomerNote at the end of its customer's notes."""
        with self.lock:
            note_id: str = record["id"]
            self.notes[note_id] = record
            self._lists[f"/customers/{linked_id(record, 'customer')}/notes"].append(note_id)
            return note_id

    def insert_booking(self, record: Record, seats: list[Record] | None = None) -> str:
        """Put a Booking with its seats at the end of its date's and its customer's bookings."""
        with self.lock:
            booking_id: str = record["id"]
            self._place_booking(record)
            self._lists[f"/bookings/{booking_id}/seats"] = []
            for seat in seats or []:
                self.insert_seat(seat)
            return booking_id

    def insert_booking_unseated(self, record: Record, number: int) -> str:
        """Put a Booking whose seats the seat maker makes from `number` when first asked for."""
        with self.lock:
            self._place_booking(record)
            self._unmade_seats[record["id"]] = number
            return record["id"]

    def use_seat_maker(self, maker: SeatMaker) -> None:
        """Set what makes the seats of the bookings put in unseated."""
        self._seat_maker = maker

    def insert_seat(self, record: Record) -> str:
        """Put a Seat at the end of its booking's seats."""
        with self.lock:
            seat_id: str = record["id"]
            self._seats[seat_id] = record
            self._lists[f"/bookings/{linked_id(record, 'booking')}/seats"].append(seat_id)
            return seat_id

    def remove_booking(self, booking_id: str) -> None:
        """Take a Booking and its seats away as if they had never been."""
        with self.lock:
            self._make_seats(booking_id)
            record = self.bookings.pop(booking_id)
            for seat_id in self._lists.pop(f"/bookings/{booking_id}/seats"):
                del self._seats[seat_id]
            self._lists[f"/dates/{linked_id(record, 'date')}/bookings"].remove(booking_id)
            owner = f"/customers/{linked_id(record, 'customer')}/bookings"
            self._lists[owner].remove(booking_id)

    def remove_date(self, date_id: str) -> None:
        """Take a Date and all its bookings away."""
        with self.lock:
            for booking_id in list(self._lists[f"/dates/{date_id}/bookings"]):
                self.remove_booking(booking_id)
            record = self.dates.pop(date_id)
            del self._lists[f"/dates/{date_id}/bookings"]
            self._lists[f"/events/{linked_id(record, 'event')}/dates"].remove(date_id)
            self._lists[f"/venues/{linked_id(record, 'venue')}/dates"].remove(date_id)

    def move_to_front(self, path: str, record_id: str) -> None:
        """Put a record of the list at an API path first."""
        with self.lock:
            order = self._lists[path]
            order.remove(record_id)
            order.insert(0, record_id)

    def _place_booking(self, record: Record) -> None:
        booking_id: str = record["id"]
        self.bookings[booking_id] = record
        self._lists[f"/dates/{linked_id(record, 'date')}/bookings"].append(booking_id)
        self._lists[f"/customers/{linked_id(record, 'customer')}/bookings"].append(booking_id)

    def _make_seats(self, booking_id: str) -> None:
        number = self._unmade_seats.pop(booking_id, None)
        if number is None or self._seat_maker is None:
            return
        self._lists[f"/bookings/{booking_id}/seats"] = []
        for seat in self._seat_maker(booking_id, number):
            self.insert_seat(seat)
