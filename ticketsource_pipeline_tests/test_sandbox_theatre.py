"""The make-believe theatre: its season, its regular sibling, and what a box office changes."""

import json
from datetime import date
from typing import Any

import pytest

from ticketsource_pipeline.sandbox import Theatre
from ticketsource_pipeline.sandbox.records import amount_number, amount_pence, identifier, linked_id

END = date(2026, 8, 31)


def everything(theatre: Theatre) -> str:
    kinds = (
        theatre.events, theatre.venues, theatre.dates, theatre.bookings,
        theatre.seats, theatre.customers, theatre.notes,
    )  # fmt: skip
    return json.dumps([list(kind.values()) for kind in kinds])


def lines(theatre: Theatre) -> list[dict[str, Any]]:
    return [line for record in theatre.bookings.values() for line in record["attributes"]["lines"]]


@pytest.fixture(scope="module")
def season() -> Theatre:
    return Theatre.season(1, END)


def test_a_season_is_the_same_for_seed_and_day(season: Theatre) -> None:
    assert everything(Theatre.season(1, END)) == everything(season)
    assert everything(Theatre.season(2, END)) != everything(season)


def test_ids_do_not_depend_on_the_day(season: Theatre) -> None:
    earlier = Theatre.season(1, date(2026, 1, 10))
    assert set(earlier.bookings) < set(season.bookings)
    assert list(earlier.dates) == list(season.dates)
    assert list(Theatre.season(1, date(2019, 1, 10)).dates) == list(season.dates)
    assert not set(Theatre.season(2, END).bookings) & set(season.bookings)


@pytest.mark.parametrize("day", ["2025-09-01", "2025-12-14", "2026-02-28", "2026-08-31"])
def test_nothing_of_the_future_is_served(day: str) -> None:
    theatre = Theatre.season(1, date.fromisoformat(day))
    records = [*theatre.bookings.values(), *theatre.seats.values(), *theatre.customers.values()]
    records += [*theatre.events.values(), *theatre.dates.values(), *theatre.notes.values()]
    for record in records:
        attributes = record["attributes"]
        assert attributes["created_at"] < day
        assert (attributes["updated_at"] or "") < day
    assert all(line["created_at"] < day for line in lines(theatre))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("month", [9, 12, 3, 8])
def test_a_season_is_of_believable_size_all_year(month: int, seed: int) -> None:
    theatre = Theatre.season(seed, date(2025, month, 1))
    assert 1000 < len(theatre.bookings) < 2500
    assert any(len(theatre.bookings_of(day)) > 100 for day in theatre.dates)


def test_a_season_has_what_a_box_office_knows(season: Theatre) -> None:
    dates = [record["attributes"] for record in season.dates.values()]
    starts = [attributes["start"][:10] for attributes in dates]
    assert any(attributes["cancelled"] for attributes in dates)
    assert not all(attributes["public"] for attributes in dates)
    assert max(starts.count(start) for start in starts) == 3
    assert any(not season.bookings_of(day) for day in season.dates)
    archived = Theatre.season(1, date(2025, 9, 2)).events.values()
    assert any(record["attributes"]["archived"] for record in archived)
    without_dates = set(season.events) - {
        linked_id(record, "event") for record in season.dates.values()
    }
    assert len(without_dates) == 1
    references = [record["attributes"]["reference"] for record in season.seats.values()]
    assert {"row": None, "seat": None} in references
    assert any(str(place["row"]).isdigit() and place["seat"].isdigit() for place in references)
    names = " ".join(str(record["attributes"]) for record in season.customers.values())
    assert all(name in names for name in ("Zoë", "O'Brien", "Siân", "François", "Łukasz", "李"))


def test_a_season_has_every_kind_of_line(season: Theatre) -> None:
    all_lines = lines(season)
    assert {line["line_type"] for line in all_lines} == {"TICKETS", "DONATION", "SUNDRY"}
    gifts = [line for line in all_lines if line["line_type"] == "DONATION"]
    assert {str(line.get("donation")) for line in gifts} >= {
        "None", "{'gift_aid': True}", "{'gift_aid': False}",
    }  # fmt: skip
    codes = {line["amount"]["discounts"]["code"]["description"] for line in all_lines}
    assert codes >= {"", None, "EARLYBIRD"}
    assert {line["payment_method"] for line in all_lines} >= {"TS", "STRIPE", "CASH", "CARD"}
    refunds = [line for line in all_lines if line["is_refund"]]
    assert {amount_pence(line["amount"]["fee"]) < 0 for line in refunds} == {True, False}
    no_seats = [item for item in season.bookings if not season.seats_of(item)]
    assert no_seats


@pytest.mark.parametrize("theatre", [Theatre.season(4, END), Theatre.uniform(3, 4, 40)])
def test_the_money_adds_up_to_the_penny(theatre: Theatre) -> None:
    names = list(theatre.pence())
    for record in theatre.bookings.values():
        left = 0
        for line in record["attributes"]["lines"]:
            pence = {name: amount_pence(line["amount"][name]) for name in names}
            assert pence["net"] == pence["gross"] - pence["fee"] - pence["fee_vat"]
            assert (pence["gross"] < 0) == line["is_refund"]
            left += pence["gross"]
        assert left >= 0


def test_a_cancelled_night_gives_everything_back(season: Theatre) -> None:
    cancelled = [key for key, item in season.dates.items() if item["attributes"]["cancelled"]]
    assert cancelled
    for key in cancelled:
        for record in season.bookings_of(key):
            amounts = [line["amount"]["gross"] for line in record["attributes"]["lines"]]
            assert sum(amount_pence(amount) for amount in amounts) == 0
            seats = season.seats_of(record["id"])
            assert all(seat["attributes"]["is_cancelled"] for seat in seats)


def test_no_seat_is_sold_twice(season: Theatre) -> None:
    for day in season.dates:
        places = [
            tuple(seat["attributes"]["reference"].values())
            for record in season.bookings_of(day)
            for seat in season.seats_of(record["id"])
        ]
        numbered = [place for place in places if place != (None, None)]
        assert len(numbered) == len(set(numbered))


def test_a_uniform_theatre_has_the_size_asked_for() -> None:
    theatre = Theatre.uniform(3, 14, 10, seats=4, first_month="2024-11")
    counts = theatre.counts()
    assert counts["performances"] == 42
    assert counts["raw_bookings"] == 420
    assert counts["raw_seats"] == 1680
    assert len(theatre.seats) == 1680
    assert theatre.counts() == counts
    months = sorted({record["attributes"]["start"][:7] for record in theatre.dates.values()})
    assert (months[0], months[-1], len(months)) == ("2024-11", "2025-10", 12)
    assert any(line["is_refund"] for line in lines(theatre))
    assert not any(line["is_refund"] for line in lines(Theatre.uniform(3, 2, 10, refunds=False)))


def test_ids_are_never_shared() -> None:
    ids = {identifier(kind, seed, number) for kind in ("bkg", "sea") for seed in (1, 2)
           for number in range(20_000)}  # fmt: skip
    assert len(ids) == 80_000
    assert len({text[4:] for text in ids}) == 80_000
    assert all(len(text) == 20 and text[4:].isalnum() for text in ids)


@pytest.mark.parametrize(
    ("pence", "number"), [(1000, 10), (0, 0), (922, 9.22), (-1, -0.01), (-150, -1.5), (1, 0.01)]
)
def test_whole_pounds_are_written_as_integers(pence: int, number: float) -> None:
    written = amount_number(pence)
    assert written == number
    assert type(written) is type(number)
    assert amount_pence(written) == pence


@pytest.fixture
def sold() -> tuple[Theatre, str, str]:
    theatre = Theatre.empty()
    day = theatre.add_date(theatre.add_event("Hamlet"))
    return theatre, day, theatre.add_booking(day, tickets=4, price=1333)


def totals(theatre: Theatre) -> tuple[int, int]:
    pence = theatre.pence()
    return pence["gross"], pence["fee"]


def test_a_customer_refund_keeps_the_fee(sold: tuple[Theatre, str, str]) -> None:
    theatre, _, booking = sold
    gross, fee = totals(theatre)
    assert (gross, fee) == (5332, 347)
    theatre.refund_booking(booking, keep_fee=True, fraction="1/4")
    assert totals(theatre) == (3999, 347)
    cancelled = [seat["attributes"]["is_cancelled"] for seat in theatre.seats_of(booking)]
    assert cancelled == [True, False, False, False]
    theatre.refund_booking(booking)
    assert totals(theatre) == (0, 347)
    assert all(seat["attributes"]["is_cancelled"] for seat in theatre.seats_of(booking))
    record = theatre.bookings[booking]["attributes"]
    assert record["updated_at"] == record["lines"][-1]["created_at"]


def test_a_cancelled_date_gives_the_fee_back(sold: tuple[Theatre, str, str]) -> None:
    theatre, day, _ = sold
    theatre.cancel_date(day)
    assert totals(theatre) == (0, 0)
    assert theatre.dates[day]["attributes"]["cancelled"]
    theatre.cancel_date(day)
    assert len(lines(theatre)) == 2
    theatre.reinstate_date(day)
    assert not theatre.dates[day]["attributes"]["cancelled"]


def test_other_changes_set_updated_at(sold: tuple[Theatre, str, str]) -> None:
    theatre, day, booking = sold
    theatre.move_date(day, "2031-02-03T14:30:00+00:00")
    moved = theatre.dates[day]["attributes"]
    assert (moved["start"], moved["doors_open"]) == (
        "2031-02-03T14:30:00+00:00",
        "2031-02-03T14:00:00+00:00",
    )
    assert moved["updated_at"]
    (event,) = theatre.events
    theatre.rename_event(event, "Macbeth")
    assert theatre.events[event]["attributes"]["name"] == "Macbeth"
    assert theatre.events[event]["attributes"]["updated_at"]
    before = theatre.bookings[booking]["attributes"]["updated_at"]
    seat = theatre.seats_of(booking)[0]
    assert theatre.counts()["attendees"] == 0
    theatre.edit_attendee(seat["id"], first_name="李")
    assert theatre.counts()["attendees"] == 1
    assert seat["attributes"]["updated_at"]
    assert theatre.bookings[booking]["attributes"]["updated_at"] == before


def test_what_is_deleted_is_gone_everywhere(sold: tuple[Theatre, str, str]) -> None:
    theatre, day, booking = sold
    theatre.add_booking(day, tickets=0, donation=500, gift_aid=False)
    theatre.delete_booking(booking)
    assert theatre.counts()["raw_bookings"] == 1
    assert theatre.counts()["seats"] == 0
    theatre.delete_date(day)
    assert theatre.counts()["performances"] == 0
    assert totals(theatre) == (0, 0)


def test_changes_to_a_dated_season_are_of_that_day() -> None:
    theatre = Theatre.season(1, date(2026, 1, 10))
    event = next(iter(theatre.events))
    theatre.rename_event(event, "Renamed")
    assert theatre.events[event]["attributes"]["updated_at"].startswith("2026-01-10T12:00:")
