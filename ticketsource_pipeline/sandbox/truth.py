"""What a perfect reading of a theatre would find, counted from its records; nothing is changed."""

from collections.abc import Iterator

from ticketsource_pipeline.sandbox.records import Record, amount_pence, linked_id
from ticketsource_pipeline.sandbox.state import TheatreState

AMOUNTS: tuple[str, ...] = ("gross", "fee", "fee_vat", "net")


def count_rows(state: TheatreState, month: str | None = None) -> dict[str, int]:
    """Rows of each dataset; with a month (`YYYY-MM`, as written in a date's start) only its own.

    Events and venues belong to no month and are always counted whole.
    """
    with state.lock:
        lines = bookings = seats = attendees = 0
        for booking in _bookings(state, month):
            bookings += 1
            lines += len(booking["attributes"]["lines"])
            for seat in state.iterate_seats(booking["id"]):
                seats += 1
                attendees += _has_text(seat["attributes"].get("attendee"))
        return {
            "events": len(state.events),
            "venues": len(state.venues),
            "performances": sum(1 for date in state.dates.values() if _is_in(date, month)),
            "raw_bookings": bookings,
            "raw_seats": seats,
            "booking_lines": lines,
            "seats": seats,
            "attendees": attendees,
        }


def sum_pence(state: TheatreState, month: str | None = None) -> dict[str, int]:
    """Gross, fee, fee_vat and net over all booking lines, in pence, for all or for one month."""
    totals: dict[str, int] = dict.fromkeys(AMOUNTS, 0)
    with state.lock:
        for booking in _bookings(state, month):
            for line in booking["attributes"]["lines"]:
                amount = line.get("amount") or {}
                for name in AMOUNTS:
                    totals[name] += amount_pence(amount.get(name))
    return totals


def _bookings(state: TheatreState, month: str | None) -> Iterator[Record]:
    for booking in state.bookings.values():
        date = state.dates.get(linked_id(booking, "date"))
        if month is None or (date is not None and _is_in(date, month)):
            yield booking


def _is_in(date: Record, month: str | None) -> bool:
    return month is None or str(date["attributes"]["start"])[:7] == month


def _has_text(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_text(item) for item in value.values())
    return value is not None and value != ""
