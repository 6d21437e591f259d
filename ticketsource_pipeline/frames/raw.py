"""Bookings and seats as the raw frames: the object's own JSON, and the columns one filters by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from ticketsource_pipeline.datasets import RAW_BOOKINGS, RAW_SEATS
from ticketsource_pipeline.frames.extract import note_novelties, typed_frame, typed_row
from ticketsource_pipeline.frames.payload import payload_record, payload_text
from ticketsource_pipeline.frames.report import Place, Report


def raw_bookings_frame(
    bookings: Iterable[Mapping[str, Any]],
    *,
    date_id: str,
    event_id: str,
    fetched_at: datetime,
    stored: Mapping[str, tuple[str, datetime]] | None = None,
) -> tuple[pd.DataFrame, Report]:
    """Return one row per booking of a performance, and what was wrong with them.

    Args:
        bookings: the Bookings of `/dates/{id}/bookings`, in the API's order.
        date_id: the performance they belong to.
        event_id: its event.
        fetched_at: when they were asked for, aware UTC.
        stored: by booking id, the payload already stored and when it was first fetched; a booking
            whose JSON is still the same keeps that moment, so that its row does not change.
    """
    report = Report()
    known = stored or {}
    rows = []
    for booking in bookings:
        text = payload_text(dict(booking))
        old_text, old_fetched_at = known.get(str(booking["id"]), (None, fetched_at))
        given = {
            "date_id": date_id,
            "event_id": event_id,
            "payload": text,
            "fetched_at": old_fetched_at if old_text == text else fetched_at,
        }
        rows.append(_booking_row(booking, given, report))
    return typed_frame(RAW_BOOKINGS, rows), report


def raw_seats_frame(
    seats: Iterable[tuple[str, Mapping[str, Any], datetime]], *, date_id: str
) -> pd.DataFrame:
    """Return one row per seat of a performance.

    Args:
        seats: the booking's id, the Seat of `/bookings/{id}/seats` and when it was asked for.
        date_id: the performance they belong to.
    """
    report = Report()
    rows = []
    for booking_id, seat, fetched_at in seats:
        given = {
            "booking_id": booking_id,
            "date_id": date_id,
            "payload": payload_text(dict(seat)),
            "fetched_at": fetched_at,
        }
        rows.append(typed_row(RAW_SEATS, seat, given, Place(str(seat["id"]), date_id), report))
    return typed_frame(RAW_SEATS, rows)


def raw_bookings_report(raw_bookings: pd.DataFrame) -> Report:
    """Return what is wrong with the bookings of a stored raw frame, read from their payloads."""
    report = Report()
    for given in stored_rows(raw_bookings):
        _booking_row(payload_record(given["payload"]), given, report)
    return report


def raw_seats_report(raw_seats: pd.DataFrame) -> Report:
    """Return what is new to us in the seats of a stored raw frame."""
    report = Report()
    for stored in stored_rows(raw_seats):
        place = Place(stored["seat_id"], date_id=stored["date_id"])
        note_novelties(payload_record(stored["payload"]), RAW_SEATS.record, place, report)
    return report


def stored_rows(raw: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the id columns and the payload of a raw frame, one dict per row."""
    names = [
        name
        for name in ("booking_id", "seat_id", "date_id", "event_id", "payload")
        if name in raw.columns
    ]
    columns = [raw[name].tolist() for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _booking_row(
    booking: Mapping[str, Any], given: Mapping[str, Any], report: Report
) -> dict[str, Any]:
    place = Place(str(booking["id"]), date_id=given["date_id"], ref=booking_ref(booking))
    note_novelties(booking, RAW_BOOKINGS.record, place, report)
    return typed_row(RAW_BOOKINGS, booking, given, place, report)


def booking_ref(booking: Mapping[str, Any]) -> str | None:
    """Return a booking's reference as it may be shown, if it may."""
    attributes = booking.get("attributes")
    return shown_ref(attributes.get("ref") if isinstance(attributes, dict) else None)


def shown_ref(ref: object) -> str | None:
    """Return a reference when it looks like one (letters and digits), else none."""
    return ref if isinstance(ref, str) and ref.isalnum() and len(ref) <= 20 else None


def changed_bookings(
    stored: pd.DataFrame, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> pd.DataFrame:
    """Return a stored raw frame with each booking's record changed, and its columns with it.

    Args:
        stored: the frame; a row whose record is given back as it was stays as it is.
        change: gives a booking as it is to be, or the very object it got.
    """
    rows = []
    moments = stored["fetched_at"].tolist()
    for given, fetched_at in zip(stored_rows(stored), moments, strict=True):
        booking = payload_record(given["payload"])
        changed = change(booking)
        text = given["payload"] if changed is booking else payload_text(changed)
        known = {name: given[name] for name in ("booking_id", "date_id", "event_id")}
        row = {**known, "payload": text, "fetched_at": fetched_at}
        rows.append(_booking_row(changed, row, Report()))
    return typed_frame(RAW_BOOKINGS, rows)


def changed_seats(
    stored: pd.DataFrame, change: Callable[[str, dict[str, Any]], dict[str, Any]]
) -> pd.DataFrame:
    """Return a stored raw frame with each seat's record changed.

    Args:
        stored: the frame; a row whose record is given back as it was stays as it is.
        change: gives a seat as it is to be, or the very object it got, after its booking's id.
    """
    payloads = []
    for given in stored_rows(stored):
        seat = payload_record(given["payload"])
        changed = change(given["booking_id"], seat)
        payloads.append(given["payload"] if changed is seat else payload_text(changed))
    column = pd.Series(payloads, index=stored.index, dtype=stored.dtypes["payload"])
    return stored.assign(payload=column)
