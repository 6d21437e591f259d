"""Booking lines, seats and attendees as frames, made from the raw frames' payloads."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pandas as pd

from ticketsource_pipeline.datasets import ATTENDEES, BOOKING_LINES, SEATS
from ticketsource_pipeline.frames.extract import note_novelties, typed_frame, typed_row
from ticketsource_pipeline.frames.money import AmountError, kind_of, pence, pounds
from ticketsource_pipeline.frames.payload import payload_record
from ticketsource_pipeline.frames.raw import booking_ref, stored_rows
from ticketsource_pipeline.frames.report import Place, Report

# Raised when the same raw rows give other frames: published months are then made anew.
CODE_VERSION = "1"

ATTENDEE_FIELDS = tuple(column.name for column in ATTENDEES.columns if column.personal)


def booking_lines_frame(raw_bookings: pd.DataFrame) -> tuple[pd.DataFrame, Report]:
    """Return one row per line of each booking, money in pounds, and what was wrong with them.

    A line whose amounts do not add up is kept with its `difference`; an amount that cannot be read
    is null, and so is the difference.
    """
    report = Report()
    rows = []
    refs = raw_bookings["ref"].tolist()
    for stored, ref in zip(stored_rows(raw_bookings), refs, strict=True):
        booking = payload_record(stored["payload"])
        shown = booking_ref(booking)
        for number, line in enumerate(_lines(booking, stored, shown, report), start=1):
            place = Place(stored["booking_id"], stored["date_id"], shown, number)
            note_novelties(line, BOOKING_LINES.record, place, report)
            given = {
                "booking_id": stored["booking_id"],
                "line_number": number,
                "date_id": stored["date_id"],
                "event_id": stored["event_id"],
                "ref": ref if isinstance(ref, str) else None,
            }
            row = typed_row(BOOKING_LINES, line, given, place, report)
            rows.append({**row, "difference": _difference(row, place, report)})
    return typed_frame(BOOKING_LINES, rows), report


def seats_frame(
    raw_seats: pd.DataFrame, event_of_date: Mapping[str, str]
) -> tuple[pd.DataFrame, Report]:
    """Return one row per seat, without personal data, and what was wrong with them.

    Args:
        raw_seats: the stored raw frame.
        event_of_date: the event of each performance.
    """
    report = Report()
    rows = []
    for stored in stored_rows(raw_seats):
        seat = payload_record(stored["payload"])
        place = Place(stored["seat_id"], date_id=stored["date_id"])
        rows.append(typed_row(SEATS, seat, _seat_ids(stored, event_of_date), place, report))
    return typed_frame(SEATS, rows), report


def attendees_frame(
    raw_seats: pd.DataFrame, event_of_date: Mapping[str, str]
) -> tuple[pd.DataFrame, Report]:
    """Return one row per seat with at least one attendee field filled: personal data.

    Args:
        raw_seats: the stored raw frame.
        event_of_date: the event of each performance.
    """
    report = Report()
    rows = []
    for stored in stored_rows(raw_seats):
        seat = payload_record(stored["payload"])
        place = Place(stored["seat_id"], date_id=stored["date_id"])
        row = typed_row(ATTENDEES, seat, _seat_ids(stored, event_of_date), place, report)
        if any(row[name] is not None for name in ATTENDEE_FIELDS):
            rows.append(row)
    return typed_frame(ATTENDEES, rows), report


def line_count(payload: str) -> int:
    """Return how many lines the booking of a payload has."""
    lines = _lines_of(payload_record(payload))
    return len(lines) if isinstance(lines, list) else 0


def has_lines(payload: str) -> bool:
    """Return whether the booking of a payload has a list of lines, be it empty."""
    return isinstance(_lines_of(payload_record(payload)), list)


def _lines(
    booking: Mapping[str, Any], stored: Mapping[str, Any], ref: str | None, report: Report
) -> list[Any]:
    lines = _lines_of(booking)
    if isinstance(lines, list):
        return lines
    place = Place(stored["booking_id"], stored["date_id"], ref)
    message = "is missing" if lines is None else f"is {kind_of(lines)}, a list is expected"
    report.add(BOOKING_LINES.name, place, "attributes.lines", message)
    return []


def _lines_of(booking: Mapping[str, Any]) -> Any:
    attributes = booking.get("attributes")
    return attributes.get("lines") if isinstance(attributes, dict) else None


def _difference(row: Mapping[str, Any], place: Place, report: Report) -> Decimal | None:
    amounts = [row[name] for name in ("gross", "fee", "fee_vat", "net")]
    if any(amount is None for amount in amounts):
        return None
    gross, fee, fee_vat, net = (pence(amount) for amount in amounts)
    difference = pounds(gross - fee - fee_vat - net)
    try:
        pence(difference)
    except AmountError as error:
        report.add(BOOKING_LINES.name, place, "difference", str(error))
        return None
    return difference


def _seat_ids(stored: Mapping[str, Any], event_of_date: Mapping[str, str]) -> dict[str, Any]:
    return {
        "seat_id": stored["seat_id"],
        "booking_id": stored["booking_id"],
        "date_id": stored["date_id"],
        "event_id": event_of_date.get(stored["date_id"]),
    }


def bookings_balance(raw_bookings: pd.DataFrame) -> bool:
    """Return whether the lines of every booking come to zero, as after refunds in full."""
    lines, report = booking_lines_frame(raw_bookings)
    if report.problems:
        return False
    totals: dict[str, int] = {}
    for booking_id, gross in zip(lines["booking_id"], lines["gross"], strict=True):
        totals[booking_id] = totals.get(booking_id, 0) + pence(gross)
    return not any(totals.values())
