"""How tests write down a few sales and have marts made of them; no test is in here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa

from ticketsource_pipeline.datasets import (
    BOOKING_LINES,
    PERFORMANCES,
    RAW_BOOKINGS,
    SEATS,
    Dataset,
)
from ticketsource_pipeline.frames.catalog import events_frame, performances_frame, venues_frame
from ticketsource_pipeline.frames.extract import typed_frame
from ticketsource_pipeline.frames.marts.raw_lines import raw_line_count
from ticketsource_pipeline.frames.marts.reading import (
    BOOKING_COLUMNS,
    Reading,
    working_lines,
    working_seats,
)
from ticketsource_pipeline.frames.raw import raw_bookings_frame, raw_seats_frame
from ticketsource_pipeline.frames.sales import booking_lines_frame, seats_frame
from ticketsource_pipeline.sandbox import Theatre

MONTH = "2025-03"
NOON = "2025-03-10T12:00"


def at(text: str) -> datetime:
    """A moment in UTC, written `2025-03-10T12:00`."""
    return datetime.fromisoformat(f"{text}+00:00")


def pounds(pence: int | None) -> Decimal | None:
    """Pence as the files have them."""
    return None if pence is None else Decimal(pence).scaleb(-2)


def a_line(number: int, gross: int | None, fee: int = 0, vat: int = 0, **more: Any) -> Any:
    """A line of booking `bkg-1`, amounts in pence; a negative gross makes it a refund."""
    net = None if gross is None else gross - fee - vat
    line = {
        "booking_id": "bkg-1",
        "line_number": number,
        "date_id": "dat-1",
        "event_id": "evt-1",
        "ref": "REF1",
        "line_type": "TICKETS",
        "payment_method": "TS",
        "is_refund": gross is not None and gross < 0,
        "created_at": NOON,
        **more,
    }
    line["created_at"] = at(line["created_at"]) if line["created_at"] else None
    amounts = {"gross": gross, "fee": fee, "fee_vat": vat, "net": net, "difference": 0}
    return {**line, **{name: pounds(amount) for name, amount in amounts.items()}}


def a_seat(booking_id: str = "bkg-1", *, booked: bool = True, **more: Any) -> Any:
    """A seat, booked or given up."""
    return {
        "seat_id": f"sea-{booking_id}",
        "booking_id": booking_id,
        "date_id": "dat-1",
        "event_id": "evt-1",
        "is_booked": booked,
        "is_cancelled": not booked,
        "price_category": "Adult",
        "created_at": at(NOON),
        **more,
    }


def a_performance(date_id: str = "dat-1", **more: Any) -> Any:
    """A performance of the catalogue."""
    return {
        "date_id": date_id,
        "event_id": "evt-1",
        "event_name": "Opera",
        "venue_name": "Hall",
        "performance_month": MONTH,
        "start": at("2025-03-20T19:30"),
        "cancelled": False,
        **more,
    }


def reading(
    lines: Iterable[Any] = (),
    seats: Iterable[Any] = (),
    bookings: Iterable[Any] = (),
    performances: Iterable[Any] = (),
) -> Reading:
    """What marts are made from, everything filed under one month."""
    return Reading(
        lines=working_lines(_filed(BOOKING_LINES, lines)),
        seats=working_seats(_filed(SEATS, seats)),
        bookings=_filed(RAW_BOOKINGS, bookings)[[*BOOKING_COLUMNS, "performance_month"]],
        performances=typed_frame(PERFORMANCES, performances),
        raw_lines={MONTH: len(list(lines))},
    )


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame, empty cells as none, amounts of money in pence."""
    return [
        {
            name: int(value * 100) if isinstance(value, Decimal) else value
            for name, value in row.items()
        }
        for row in pa.Table.from_pandas(frame, preserve_index=False).to_pylist()
    ]


def reading_of(theatre: Theatre) -> Reading:
    """What marts are made from after a perfect reading of a theatre."""
    now = at("2025-01-01T00:00")
    events, _ = events_frame(theatre.events.values())
    venues, _ = venues_frame((_linked(venue, "event"), venue) for venue in theatre.venues.values())
    dates = [(_linked(date, "event"), date) for date in theatre.dates.values()]
    performances, _ = performances_frame(dates, events, venues)
    months = dict(zip(performances["date_id"], performances["performance_month"], strict=True))
    lines, seats, bookings = [], [], []
    raw_lines: dict[str, int] = {}
    for event_id, date in dates:
        date_id, month = date["id"], months[date["id"]]
        records = theatre.bookings_of(date_id)
        raw, _ = raw_bookings_frame(records, date_id=date_id, event_id=event_id, fetched_at=now)
        of_bookings = [
            (one["id"], seat, now) for one in records for seat in theatre.seats_of(one["id"])
        ]
        raw_seats = raw_seats_frame(of_bookings, date_id=date_id)
        lines.append(_in_month(booking_lines_frame(raw)[0], month))
        seats.append(_in_month(seats_frame(raw_seats, {date_id: event_id})[0], month))
        bookings.append(_in_month(raw[list(BOOKING_COLUMNS)], month))
        raw_lines[month] = raw_lines.get(month, 0) + raw_line_count(raw["payload"])
    return Reading(
        lines=working_lines(pd.concat(lines, ignore_index=True)),
        seats=working_seats(pd.concat(seats, ignore_index=True)),
        bookings=pd.concat(bookings, ignore_index=True),
        performances=performances,
        raw_lines=raw_lines,
    )


def _filed(dataset: Dataset, rows_: Iterable[Any]) -> pd.DataFrame:
    return _in_month(typed_frame(dataset, rows_), MONTH)


def _in_month(frame: pd.DataFrame, month: str) -> pd.DataFrame:
    dtype = typed_frame(PERFORMANCES, [])["performance_month"].dtype
    return frame.assign(performance_month=pd.Series(month, index=frame.index, dtype=dtype))


def _linked(record: dict[str, Any], name: str) -> str:
    return record["links"][name].rsplit("/", 1)[1]
