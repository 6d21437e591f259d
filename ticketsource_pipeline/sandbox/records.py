"""The JSON objects of the API, one builder for each kind; which objects exist is decided elsewhere.

The shapes follow the vendor's OpenAPI document 1.1.
"""

from datetime import UTC, datetime
from decimal import Decimal
from string import ascii_letters, digits
from typing import Any

Record = dict[str, Any]

API_ROOT = "https://api.ticketsource.io"

_ALPHABET = ascii_letters + digits
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_ID_SPACE = 62**16
# Odd and no multiple of 31, so no two numbers share an id.
_ID_STEP = 31_415_926_535_897_932_384_626_433_833
_SEED_STEP = 27_182_818_284_590_452_353_602_874_713
_KIND_STEP = 16_180_339_887_498_948_482_045_868_343


def identifier(kind: str, seed: int, number: int) -> str:
    """Return an id such as `bkg-xZVrM6valQGb3gPq`, the same on every run, one for each number."""
    family = int.from_bytes(kind.encode("ascii"), "big") * _KIND_STEP
    value = ((number + 1) * _ID_STEP + seed * _SEED_STEP + family) % _ID_SPACE
    parts: list[str] = []
    for _ in range(8):
        value, pair = divmod(value, 3844)
        parts.append(_PAIRS[pair])
    return f"{kind}-{''.join(parts)}"


def timestamp(moment: datetime) -> str:
    """Return the moment in UTC as ISO 8601 with `+00:00`, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def amount_number(pence: int) -> int | float:
    """Pence as the JSON number of pounds: an integer when whole, else up to two decimals."""
    pounds, rest = divmod(pence, 100)
    return pounds if rest == 0 else float(Decimal(pence) / 100)


def amount_pence(number: object) -> int:
    """Return the JSON amount in whole pence; null counts as nothing."""
    if number is None:
        return 0
    return int((Decimal(str(number)) * 100).to_integral_value())


def linked_id(record: Record, name: str) -> str:
    """Return the id at the end of one of the record's links."""
    return str(record["links"][name]).rsplit("/", 1)[1]


def event(
    event_id: str,
    *,
    name: str,
    created_at: str,
    updated_at: str | None = None,
    reference: str = "",
    description: str = "",
    category: str = "",
    genre: str = "",
    activated: bool = True,
    archived: bool = False,
    public: bool = True,
    images: list[dict[str, str]] | None = None,
    consent_name: str = "",
) -> Record:
    """Return an Event; texts the box office left empty are empty strings, as in the API."""
    link = f"{API_ROOT}/events/{event_id}"
    asks = bool(consent_name)
    return {
        "id": event_id,
        "type": "event",
        "attributes": {
            "name": name,
            "reference": reference,
            "description": description,
            "comment": "",
            "keywords": "",
            "terms": "",
            "category": category,
            "genre": genre,
            "images": images or [],
            "third_party_consent": {
                "capture": asks,
                "name": consent_name,
                "show_consent": {"email": asks, "post": False, "sms": False},
            },
            "activated": activated,
            "archived": archived,
            "public": public,
            "created_at": created_at,
            "updated_at": updated_at,
        },
        "links": {"self": link, "venues": f"{link}/venues", "dates": f"{link}/dates"},
    }


def venue(
    venue_id: str,
    *,
    event_id: str,
    name: str,
    created_at: str,
    updated_at: str | None = None,
    address: tuple[str, str, str, str] = ("", "", "", ""),
    postcode: str = "",
    telephone: str = "",
    email: str = "",
) -> Record:
    """Return a Venue; it belongs to one Event, so a hall used by two events has two ids."""
    link = f"{API_ROOT}/venues/{venue_id}"
    lines = {f"line_{number}": text for number, text in enumerate(address, start=1)}
    return {
        "id": venue_id,
        "type": "venue",
        "attributes": {
            "name": name,
            "address": {**lines, "postcode": postcode},
            "boxoffice": {"telephone": telephone, "email": email},
            "created_at": created_at,
            "updated_at": updated_at,
        },
        "links": {
            "self": link,
            "dates": f"{link}/dates",
            "event": f"{API_ROOT}/events/{event_id}",
        },
    }


def date(
    date_id: str,
    *,
    event_id: str,
    venue_id: str,
    doors_open: str,
    start: str,
    end: str,
    on_sale_start: str,
    created_at: str,
    updated_at: str | None = None,
    on_sale: bool = True,
    public: bool = True,
    cancelled: bool = False,
) -> Record:
    """Return a Date: one performance of an Event at a Venue; sales close when it starts."""
    link = f"{API_ROOT}/dates/{date_id}"
    return {
        "id": date_id,
        "type": "date",
        "attributes": {
            "doors_open": doors_open,
            "start": start,
            "end": end,
            "on_sale": on_sale,
            "on_sale_start": on_sale_start,
            "on_sale_end": start,
            "public": public,
            "cancelled": cancelled,
            "created_at": created_at,
            "updated_at": updated_at,
        },
        "links": {
            "self": link,
            "book_now": f"https://www.ticketsource.co.uk/booking/init/{date_id[4:]}",
            "bookings": f"{link}/bookings",
            "event": f"{API_ROOT}/events/{event_id}",
            "venue": f"{API_ROOT}/venues/{venue_id}",
        },
    }


def seat(
    seat_id: str,
    *,
    booking_id: str,
    created_at: str,
    price_category: str,
    row: str | int | None = None,
    number: str | int | None = None,
    cancelled_at: str | None = None,
    title: str = "",
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    telephone: str = "",
    company: str = "",
) -> Record:
    """Return a Seat; row and number are null in an unreserved hall, attendee texts may be empty."""
    return {
        "id": seat_id,
        "type": "seat",
        "attributes": {
            "is_booked": cancelled_at is None,
            "is_cancelled": cancelled_at is not None,
            "reference": {"row": row, "seat": number},
            "price_category": price_category,
            "attendee": {
                "title": title,
                "first_name": first_name,
                "last_name": last_name,
                "company": {"name": company, "title": ""},
                "telephone": telephone,
                "email": email,
            },
            "created_at": created_at,
            "updated_at": cancelled_at,
        },
        "links": {
            "self": f"{API_ROOT}/seats/{seat_id}",
            "booking": f"{API_ROOT}/bookings/{booking_id}",
        },
    }


def customer(
    customer_id: str,
    *,
    first_name: str | None,
    last_name: str | None,
    created_at: str,
    updated_at: str | None = None,
    email: str | None = None,
    telephone: str | None = None,
    address: tuple[str, str, str, str, str] | None = None,
    membership: dict[str, str | None] | None = None,
    consent: bool = False,
) -> Record:
    """Return a Customer; the address is four lines and a postcode, or null."""
    link = f"{API_ROOT}/customers/{customer_id}"
    names = ("line_1", "line_2", "line_3", "line_4", "postcode")
    return {
        "id": customer_id,
        "type": "customer",
        "attributes": {
            "title": None,
            "first_name": first_name,
            "last_name": last_name,
            "address": None if address is None else dict(zip(names, address, strict=True)),
            "telephone": telephone,
            "phone": telephone,
            "email": email,
            "membership": membership,
            "consent": {"email": consent, "post": False, "sms": False},
            "created_at": created_at,
            "updated_at": updated_at,
        },
        "links": {"self": link, "bookings": f"{link}/bookings", "notes": f"{link}/notes"},
    }


def note(
    note_id: str, *, customer_id: str, description: str, created_by: str, created_at: str
) -> Record:
    """Return a CustomerNote, as staff write it against a customer."""
    link = f"{API_ROOT}/customers/{customer_id}"
    return {
        "id": note_id,
        "type": "customer_note",
        "attributes": {
            "description": description,
            "created_by": created_by,
            "created_at": created_at,
            "updated_at": None,
        },
        "links": {"self": f"{link}/notes/{note_id}", "customer": link},
    }
