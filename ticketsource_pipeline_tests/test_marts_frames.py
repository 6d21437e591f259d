"""Each mart from a few lines: statuses, days, tax months, averages, what is to be looked at."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ticketsource_pipeline.frames.customers import customers_frame, with_bookings
from ticketsource_pipeline.frames.marts.bookings import bookings_frame
from ticketsource_pipeline.frames.marts.daily_sales import daily_sales_frame
from ticketsource_pipeline.frames.marts.gift_aid_claims import gift_aid_claims_frame
from ticketsource_pipeline.frames.marts.performance_categories import performance_categories_frame
from ticketsource_pipeline.frames.marts.performance_sales import (
    average_pence,
    performance_sales_frame,
)
from ticketsource_pipeline.frames.marts.raw_lines import raw_line_count
from ticketsource_pipeline.frames.marts.reading import Reading
from ticketsource_pipeline.frames.marts.reconciliation import (
    reconciliation_frame,
    reconciliation_months_frame,
)
from ticketsource_pipeline.frames.marts.refund_pairs import refund_pairs_frame
from ticketsource_pipeline.sandbox import records
from ticketsource_pipeline_tests.selling import (
    MONTH,
    NOON,
    a_line,
    a_performance,
    a_seat,
    at,
    reading,
    rows,
)


def a_raw_booking(booking_id: str = "bkg-1", **more: Any) -> Any:
    return {
        "booking_id": booking_id,
        "ref": "REF1",
        "date_id": "dat-1",
        "event_id": "evt-1",
        "customer_id": "cst-1",
        "created_at": at(NOON),
        **more,
    }


def booking(*lines: Any, seats: list[Any] | None = None, **raw: Any) -> dict[str, Any]:
    """The one booking that lines, seats and a raw row make."""
    seats = [a_seat()] if seats is None else seats
    (found,) = rows(bookings_frame(reading(lines, seats, [a_raw_booking(**raw)])))
    return found


@pytest.mark.parametrize(
    ("lines", "seats", "status"),
    [
        ([a_line(1, 1000)], [True], "live"),
        ([a_line(1, 0)], [True], "live"),
        ([a_line(1, 500, line_type="DONATION")], [], "live"),
        ([], [], "live"),
        ([a_line(1, 1000), a_line(2, -400)], [True, False], "partly refunded"),
        ([a_line(1, 1000), a_line(2, -1000)], [False], "refunded"),
        # Its seats were never given up, but all its money was.
        ([a_line(1, 1000), a_line(2, -1000)], [True], "refunded"),
        ([a_line(1, 1000), a_line(2, -1200)], [False], "refunded"),
        # A free booking given up, and one whose donation was kept.
        ([a_line(1, 0)], [False], "cancelled"),
        ([a_line(1, 1000)], [False, False], "cancelled"),
        (
            [a_line(1, 900), a_line(2, 100, line_type="DONATION"), a_line(3, -900)],
            [False],
            "cancelled",
        ),
        ([a_line(1, 0), a_line(2, 0, is_refund=True)], [True], "partly refunded"),
    ],
)
def test_the_status_of_a_booking(lines: list[Any], seats: list[bool], status: str) -> None:
    assert booking(*lines, seats=[a_seat(booked=booked) for booked in seats])["status"] == status


def test_a_booking_adds_up_its_lines_and_knows_its_customer() -> None:
    found = booking(
        a_line(1, 2000, 130, 26, created_at="2025-03-01T10:00"),
        a_line(2, 500, line_type="DONATION", gift_aid=True, updated_at=at("2025-03-14T10:00")),
        a_line(3, 300, line_type="DONATION", gift_aid=None),
        a_line(4, -1000, created_at="2025-03-03T10:00"),
        seats=[a_seat(), a_seat(booked=False), a_seat(is_booked=None, is_cancelled=None)],
        created_at=at("2025-03-01T09:59"),
        updated_at=at("2025-03-03T10:00"),
        consent_third_party="Friends",
        consent_email=True,
        consent_post=False,
    )
    assert found == {
        "booking_id": "bkg-1",
        "ref": "REF1",
        "date_id": "dat-1",
        "event_id": "evt-1",
        "performance_month": MONTH,
        "customer_id": "cst-1",
        "tickets": 1,
        "gross": 1800,
        "fees": 156,
        "net": 1644,
        "refunded_gross": -1000,
        "donation": 800,
        "gift_aid_donation": 500,
        "first_change_at": at("2025-03-01T09:59"),
        "last_change_at": at("2025-03-14T10:00"),
        "consent_third_party": "Friends",
        "consent_email": True,
        "consent_post": False,
        "consent_sms": None,
        "status": "partly refunded",
    }


def test_lines_without_a_raw_booking_and_raw_bookings_without_lines_are_there() -> None:
    found = rows(bookings_frame(reading([a_line(1, 700)], [], [a_raw_booking("bkg-2")])))
    assert [(row["booking_id"], row["gross"], row["customer_id"]) for row in found] == [
        ("bkg-1", 700, None),
        ("bkg-2", 0, "cst-1"),
    ]


def test_an_amount_that_could_not_be_read_counts_as_nothing() -> None:
    assert booking(a_line(1, None), a_line(2, 500))["gross"] == 500


@pytest.mark.parametrize(
    ("pence", "seats", "average"),
    [
        (1000, 3, 333),
        (500, 3, 167),
        (5, 2, 3),
        (7, 2, 4),
        (-5, 2, -2),
        (-7, 2, -3),
        (0, 4, 0),
        (1, 3, 0),
        (2, 4, 1),
        (10, 0, None),
    ],
)
def test_the_average_ticket_rounds_half_a_penny_up(pence: int, seats: int, average: Any) -> None:
    assert average_pence(np.array([pence]), np.array([seats])).to_pylist() == [average]


def test_a_performance_has_its_sales_and_one_without_has_none() -> None:
    lines = [
        a_line(1, 2000, 130, 26, created_at="2025-03-01T10:00"),
        a_line(2, 500, line_type="DONATION", created_at="2025-03-05T23:30"),
        a_line(3, -700, created_at="2025-03-09T10:00"),
        a_line(1, 1001, booking_id="bkg-2"),
    ]
    seats = [a_seat(), a_seat(), a_seat(booked=False)]
    catalog = [a_performance("dat-0", cancelled=True), a_performance()]
    none, sold = rows(performance_sales_frame(reading(lines, seats, [], catalog)))
    assert sold | {"start": None} == {
        "date_id": "dat-1",
        "event_id": "evt-1",
        "event_name": "Opera",
        "venue_name": "Hall",
        "performance_month": MONTH,
        "start": None,
        "cancelled": False,
        "bookings": 2,
        "seats_booked": 2,
        "seats_cancelled": 1,
        "gross": 2801,
        "fee": 130,
        "fee_vat": 26,
        "net": 2645,
        "refunded_gross": -700,
        "refunded_net": -700,
        "ticket_gross": 2301,
        "donations": 500,
        "average_ticket": 1151,
        "first_sale_at": at("2025-03-01T10:00"),
        "last_sale_at": at(NOON),
        "days_on_sale": 10,
    }
    assert (none["date_id"], none["cancelled"], none["gross"]) == ("dat-0", True, 0)
    nothing = ("average_ticket", "first_sale_at", "last_sale_at", "days_on_sale")
    assert [none[name] for name in nothing] == [None] * 4


def test_a_performance_the_catalogue_has_no_longer_keeps_its_money() -> None:
    (found,) = rows(performance_sales_frame(reading([a_line(1, 700)])))
    assert (found["gross"], found["performance_month"], found["event_name"]) == (700, MONTH, None)


def test_price_categories_are_counted_also_where_there_is_none() -> None:
    seats = [a_seat(), a_seat(booked=False), a_seat(price_category=None), a_seat()]
    found = rows(performance_categories_frame(reading(seats=seats)))
    names = ("price_category", "seats_booked", "seats_cancelled")
    assert [tuple(row[name] for name in names) for row in found] == [("Adult", 2, 1), (None, 1, 0)]


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        # Winter: London's midnight is UTC's. Summer: it is an hour earlier.
        ("2025-01-31T23:59", date(2025, 1, 31)),
        ("2025-06-30T22:59", date(2025, 6, 30)),
        ("2025-06-30T23:00", date(2025, 7, 1)),
        # The clocks go forward at 01:00 UTC on 30 March 2025, and back on 26 October.
        ("2025-03-29T23:59", date(2025, 3, 29)),
        ("2025-03-30T00:30", date(2025, 3, 30)),
        ("2025-03-30T22:59", date(2025, 3, 30)),
        ("2025-03-30T23:00", date(2025, 3, 31)),
        ("2025-10-25T22:59", date(2025, 10, 25)),
        ("2025-10-25T23:00", date(2025, 10, 26)),
        ("2025-10-26T00:30", date(2025, 10, 26)),
        ("2025-10-26T23:30", date(2025, 10, 26)),
        (None, None),
    ],
)
def test_the_day_of_a_sale_is_londons(moment: str | None, day: date | None) -> None:
    (found,) = rows(daily_sales_frame(reading([a_line(1, 700, created_at=moment)])))
    assert (found["sale_day"], found["gross"]) == (day, 700)


def test_days_add_up_event_by_event() -> None:
    days = ["2025-03-02T10:00", "2025-03-01T10:00", "2025-03-04T10:00"]
    lines = [
        a_line(1, 1000, created_at=days[0]),
        a_line(2, 700, 50, created_at=days[1]),
        a_line(3, -400, created_at=days[2]),
        a_line(1, 900, booking_id="bkg-2", event_id="evt-0", created_at=days[1]),
    ]
    seats = [
        a_seat(created_at=at(days[1])),
        a_seat(created_at=at(days[0]), booked=False),
        a_seat(created_at=at(days[0])),
    ]
    found = rows(daily_sales_frame(reading(lines, seats, [], [a_performance()])))
    names = ("event_name", "sale_day", "tickets", "tickets_cancelled", "gross", "refunded_gross")
    so_far = ("cumulative_tickets", "cumulative_gross", "cumulative_net")
    assert [tuple(row[name] for name in (*names, *so_far)) for row in found] == [
        (None, date(2025, 3, 1), 0, 0, 900, 0, 0, 900, 900),
        ("Opera", date(2025, 3, 1), 1, 0, 700, 0, 1, 700, 650),
        ("Opera", date(2025, 3, 2), 1, 1, 1000, 0, 2, 1700, 1650),
        ("Opera", date(2025, 3, 4), 0, 0, -400, -400, 2, 1300, 1250),
    ]


def claims(*lines: Any) -> list[dict[str, Any]]:
    made = reading([{**line, "line_type": "DONATION"} for line in lines])
    return rows(gift_aid_claims_frame(made, refund_pairs_frame(made.lines)))


@pytest.mark.parametrize(
    ("moment", "year", "number", "first", "last"),
    [
        ("2025-04-05T22:59", "2024-25", 12, date(2025, 3, 6), date(2025, 4, 5)),
        # 00:00 on the sixth in London's summer.
        ("2025-04-05T23:00", "2025-26", 1, date(2025, 4, 6), date(2025, 5, 5)),
        ("2025-05-05T12:00", "2025-26", 1, date(2025, 4, 6), date(2025, 5, 5)),
        ("2025-05-06T12:00", "2025-26", 2, date(2025, 5, 6), date(2025, 6, 5)),
        ("2025-01-01T00:00", "2024-25", 9, date(2024, 12, 6), date(2025, 1, 5)),
        ("2025-01-06T00:00", "2024-25", 10, date(2025, 1, 6), date(2025, 2, 5)),
        ("2024-03-05T23:59", "2023-24", 11, date(2024, 2, 6), date(2024, 3, 5)),
        ("2000-01-01T00:00", "1999-00", 9, date(1999, 12, 6), date(2000, 1, 5)),
    ],
)
def test_a_tax_month_runs_from_the_sixth_to_the_fifth(
    moment: str, year: str, number: int, first: date, last: date
) -> None:
    (found,) = claims(a_line(1, 500, created_at=moment))
    names = ("tax_year", "tax_month", "first_day", "last_day")
    assert tuple(found[name] for name in names) == (year, number, first, last)


def test_donations_are_told_apart_and_refunds_come_off_the_month_they_are_made_in() -> None:
    found = claims(
        a_line(1, 1000, gift_aid=True),
        a_line(2, 300, gift_aid=False),
        a_line(3, 200, gift_aid=None),
        # The refund does not say what it was: the sale it undoes does.
        a_line(4, -1000, created_at="2025-04-10T12:00", gift_aid=None),
        a_line(1, 400, booking_id="bkg-2", gift_aid=True, created_at="2025-02-10T12:00"),
    )
    names = ("tax_month", "gift_aid_yes", "gift_aid_no", "gift_aid_unknown", "donations")
    more = ("refunded_gross", "donation_lines", "refund_lines")
    assert [tuple(row[name] for name in (*names, *more)) for row in found] == [
        (11, 400, 0, 0, 400, 0, 1, 0),
        (12, 1000, 300, 200, 1500, 0, 3, 0),
        (1, -1000, 0, 0, -1000, -1000, 0, 1),
    ]


def test_a_donation_whose_time_is_unreadable_is_counted_without_a_month() -> None:
    dated, undated = claims(a_line(1, 500), a_line(2, 70, created_at=None))
    assert (dated["donations"], undated["donations"]) == (500, 70)
    assert [undated[name] for name in ("tax_year", "tax_month", "first_day", "last_day")] == [
        None
    ] * 4


def months_of(made: Reading) -> list[dict[str, Any]]:
    return rows(
        reconciliation_months_frame(
            made, refund_pairs_frame(made.lines), performance_sales_frame(made)
        )
    )


def test_what_of_a_month_is_to_be_looked_at_is_counted() -> None:
    lines = [
        a_line(1, 1000, 65, 13),
        a_line(2, -1200),
        a_line(1, 500, booking_id="bkg-2"),
        a_line(1, 500, booking_id="bkg-3"),
        a_line(2, -500, booking_id="bkg-3"),
        a_line(1, 250, booking_id="bkg-4", line_type="DONATION"),
    ]
    seats = [a_seat(), a_seat("bkg-4"), a_seat("bkg-5", booked=False)]
    catalog = [a_performance(cancelled=True), a_performance("dat-2", cancelled=True)]
    (found,) = months_of(reading(lines, seats, [], catalog))
    assert found == {
        "performance_month": MONTH,
        "performances": 2,
        "bookings": 4,
        "raw_lines": 6,
        "lines": 6,
        "gross": 550,
        "net": 472,
        "difference": 0,
        "ticket_lines": 3,
        "seats_booked": 2,
        "seats_cancelled": 1,
        "bookings_without_seats": 1,
        "bookings_without_tickets": 1,
        "unmatched_refunds": 1,
        "unmatched_gross": -200,
        "cancelled_performances_holding": 1,
        "cancelled_gross_held": 550,
    }


def test_the_sums_are_by_type_and_way_of_payment() -> None:
    lines = [
        a_line(1, 1000, 65, 13),
        a_line(2, -400),
        a_line(3, 300, payment_method="CASH"),
        a_line(4, 200, payment_method=None),
    ]
    found = rows(reconciliation_frame(reading(lines).lines))
    names = ("payment_method", "lines", "refund_lines", "gross", "fee", "net", "refunded_gross")
    assert [tuple(row[name] for name in names) for row in found] == [
        ("CASH", 1, 0, 300, 0, 300, 0),
        ("TS", 2, 1, 600, 65, 522, -400),
        (None, 1, 0, 200, 0, 200, 0),
    ]


@pytest.mark.parametrize(
    ("payloads", "count"),
    [
        ([], 0),
        (['{"attributes":{"lines":[{"a":1},{"b":"\\n"}]}}', '{"attributes":{"lines":[]}}'], 2),
        (['{"attributes":null}', '{"id":"x"}', '{"attributes":{"lines":null}}'], 0),
        (['{"attributes":{"lines":[{"n":{"lines":[1,2,3]}}]}}'], 1),
        # Not as the vendor's document has it: read one by one.
        (['{"attributes":{"lines":{"0":{}}}}', '{"attributes":{"lines":["x",{}]}}'], 2),
    ],
)
def test_raw_lines_are_counted_whatever_is_in_them(payloads: list[str], count: int) -> None:
    assert raw_line_count(pd.Series(payloads, dtype="object")) == count


def test_customers_know_what_they_booked() -> None:
    membership = {"identifier": "M1", "start_date": "2024-01-01T00:00:00+00:00", "end_date": None}
    made_at = "2024-01-01T00:00:00+00:00"
    customers, report = customers_frame(
        [
            records.customer(
                "cst-1", first_name="Ann", last_name="", created_at=made_at, membership=membership
            ),
            records.customer("cst-2", first_name=None, last_name="Lee", created_at=made_at),
        ]
    )
    lines = [a_line(1, 1000), a_line(1, 500, booking_id="bkg-2", created_at="2025-03-12T10:00")]
    bookings = bookings_frame(
        reading(
            lines, [a_seat(), a_seat()], [a_raw_booking(), a_raw_booking("bkg-2", created_at=None)]
        )
    )
    first, second = rows(with_bookings(customers, bookings))
    assert not report.problems
    assert not report.unknown_fields
    assert (first["first_name"], first["last_name"], first["membership_id"]) == ("Ann", None, "M1")
    assert first["membership_start"] == at("2024-01-01T00:00")
    names = ("bookings", "tickets", "spend", "first_booking_at", "last_booking_at")
    assert [first[name] for name in names] == [2, 2, 1500, at(NOON), at("2025-03-12T10:00")]
    assert [second[name] for name in names] == [0, 0, 0, None, None]
