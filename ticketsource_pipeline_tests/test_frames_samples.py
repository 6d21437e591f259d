"""Small records in the API's shapes, fresh at each call, for the tests of frames and checks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd

from ticketsource_pipeline.frames.catalog import events_frame, performances_frame, venues_frame
from ticketsource_pipeline.frames.raw import raw_bookings_frame, raw_seats_frame
from ticketsource_pipeline.frames.report import Report
from ticketsource_pipeline.frames.sales import attendees_frame, booking_lines_frame, seats_frame

API = "https://api.ticketsource.io"
FETCHED = datetime(2025, 3, 1, 12, tzinfo=UTC)


def an_event(**attributes: Any) -> dict[str, Any]:
    return {
        "id": "evt-E1",
        "type": "event",
        "attributes": {
            "name": "Twelfth Night",
            "reference": "",
            "description": "A comedy",
            "category": "Theatre",
            "genre": "",
            "activated": True,
            "archived": False,
            "public": True,
            "created_at": "2025-01-01T09:00:00+00:00",
            "updated_at": None,
            **attributes,
        },
        "links": {"self": f"{API}/events/evt-E1"},
    }


def a_venue(venue_id: str = "ven-V1", **attributes: Any) -> dict[str, Any]:
    return {
        "id": venue_id,
        "type": "venue",
        "attributes": {
            "name": "Town Hall",
            "address": {
                "line_1": "1 High Street",
                "line_2": "",
                "line_3": None,
                "line_4": "Tetbury",
                "postcode": "GL8 8AA",
            },
            "boxoffice": {"telephone": "01666 000000", "email": "hall@example.org"},
            "created_at": "2025-01-01T09:00:00+00:00",
            "updated_at": None,
            **attributes,
        },
        "links": {"self": f"{API}/venues/{venue_id}"},
    }


def a_date(date_id: str = "dat-D1", **attributes: Any) -> dict[str, Any]:
    return {
        "id": date_id,
        "type": "date",
        "attributes": {
            "doors_open": "2025-03-10T19:00:00+00:00",
            "start": "2025-03-10T19:30:00+00:00",
            "end": "2025-03-10T22:00:00+00:00",
            "on_sale": True,
            "on_sale_start": "2025-01-02T09:00:00+00:00",
            "on_sale_end": "2025-03-10T19:30:00+00:00",
            "public": True,
            "cancelled": False,
            "created_at": "2025-01-01T09:00:00+00:00",
            "updated_at": None,
            **attributes,
        },
        "links": {"self": f"{API}/dates/{date_id}", "venue": f"{API}/venues/ven-V1"},
    }


def a_line(gross: Any, fee: Any, fee_vat: Any, net: Any, **fields: Any) -> dict[str, Any]:
    return {
        "line_type": "TICKETS",
        "payment_method": "TS",
        "is_refund": False,
        "amount": {
            "gross": gross,
            "fee": fee,
            "fee_vat": fee_vat,
            "net": net,
            "discounts": {"automatic": 0, "code": {"description": "", "amount": 0}},
        },
        "created_at": "2025-02-01T10:00:00+00:00",
        "updated_at": None,
        **fields,
    }


def a_booking(
    booking_id: str = "bkg-B1", *lines: Any, ref: Any = "REF001", **attributes: Any
) -> dict[str, Any]:
    return {
        "id": booking_id,
        "type": "booking",
        "attributes": {
            "ref": ref,
            "lines": list(lines) or [a_line(20, 1.3, 0.26, 18.44)],
            "consent": {"third_party": "", "email": True, "post": False, "sms": None},
            "user_booked_by": "",
            "created_at": "2025-02-01T10:00:00+00:00",
            "updated_at": "2025-02-01T10:00:00+00:00",
            **attributes,
        },
        "links": {
            "self": f"{API}/bookings/{booking_id}",
            "customer": f"{API}/customers/cst-C1",
            "date": f"{API}/dates/dat-D1",
        },
    }


def a_seat(seat_id: str = "sea-S1", **attributes: Any) -> dict[str, Any]:
    return {
        "id": seat_id,
        "type": "seat",
        "attributes": {
            "is_booked": True,
            "is_cancelled": False,
            "reference": {"row": "A", "seat": 12},
            "price_category": "Adult",
            "attendee": {
                "title": "",
                "first_name": "",
                "last_name": "",
                "company": {"name": "", "title": ""},
                "telephone": "",
                "email": "",
            },
            "created_at": "2025-02-01T10:00:00+00:00",
            "updated_at": None,
            **attributes,
        },
        "links": {"self": f"{API}/seats/{seat_id}"},
    }


def catalog_frames(
    events: list[Any], venues: list[Any], dates: list[Any]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, Report]:
    """The three catalogue frames of records that all belong to the first event."""
    report = Report()
    event_id = "evt-E1"
    event_frame, event_report = events_frame(events)
    venue_frame, venue_report = venues_frame((event_id, venue) for venue in venues)
    date_frame, date_report = performances_frame(
        ((event_id, date) for date in dates), event_frame, venue_frame
    )
    report.merge([event_report, venue_report, date_report])
    return event_frame, venue_frame, date_frame, report


def raw_bookings(*bookings: Any) -> tuple[pd.DataFrame, Report]:
    return raw_bookings_frame(bookings, date_id="dat-D1", event_id="evt-E1", fetched_at=FETCHED)


def raw_seats(*seats: Any) -> pd.DataFrame:
    return raw_seats_frame((("bkg-B1", seat, FETCHED) for seat in seats), date_id="dat-D1")


def lines_of(*bookings: Any) -> tuple[pd.DataFrame, Report]:
    return booking_lines_frame(raw_bookings(*bookings)[0])


def seats_of(*seats: Any) -> tuple[pd.DataFrame, Report]:
    return seats_frame(raw_seats(*seats), {"dat-D1": "evt-E1"})


def attendees_of(*seats: Any) -> tuple[pd.DataFrame, Report]:
    return attendees_frame(raw_seats(*seats), {"dat-D1": "evt-E1"})


def cells(frame: pd.DataFrame, row: int = 0) -> dict[str, Any]:
    """A row as plain values, null as none."""
    values = frame.iloc[row].to_dict()
    return {str(name): None if pd.isna(value) else value for name, value in values.items()}


def test_the_samples_are_read_without_a_problem_and_hold_nothing_unknown() -> None:
    reports = [
        catalog_frames([an_event()], [a_venue()], [a_date()])[3],
        raw_bookings(a_booking())[1],
        lines_of(a_booking())[1],
        seats_of(a_seat())[1],
        attendees_of(a_seat())[1],
    ]
    whole = Report().merge(reports)
    assert whole.problems == []
    assert not whole.unknown_fields
