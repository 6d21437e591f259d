"""Lines, seats and attendees: what each cell holds, and what is kept when the API errs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ticketsource_pipeline.datasets import ATTENDEES, BOOKING_LINES, SEATS
from ticketsource_pipeline.frames.payload import payload_text
from ticketsource_pipeline.frames.sales import bookings_balance, line_count, seats_frame
from ticketsource_pipeline_tests.test_frames_samples import (
    a_booking,
    a_line,
    a_seat,
    attendees_of,
    cells,
    lines_of,
    raw_bookings,
    raw_seats,
    seats_of,
)


def test_a_line_is_a_row_in_pounds_with_its_place_in_the_booking() -> None:
    sale = a_line(20, Decimal("1.3"), 0.26, "18.44")
    sale["amount"]["discounts"] = {
        "automatic": 1.5,
        "code": {"description": "SPRING", "amount": 2},
    }
    frame, report = lines_of(a_booking("bkg-B1", sale))
    assert report.problems == []
    assert cells(frame) == {
        "booking_id": "bkg-B1",
        "line_number": 1,
        "date_id": "dat-D1",
        "event_id": "evt-E1",
        "ref": "REF001",
        "line_type": "TICKETS",
        "payment_method": "TS",
        "is_refund": False,
        "gross": Decimal("20.00"),
        "fee": Decimal("1.30"),
        "fee_vat": Decimal("0.26"),
        "net": Decimal("18.44"),
        "discount_automatic": Decimal("1.50"),
        "discount_code": "SPRING",
        "discount_code_amount": Decimal("2.00"),
        "gift_aid": None,
        "difference": Decimal("0.00"),
        "created_at": datetime(2025, 2, 1, 10, tzinfo=UTC),
        "updated_at": None,
    }


def test_lines_are_numbered_from_one_in_the_order_of_the_api() -> None:
    first = a_booking("bkg-B1", a_line(3, 0, 0, 3), a_line(1, 0, 0, 1), a_line(2, 0, 0, 2))
    frame, _ = lines_of(first, a_booking("bkg-B2"))
    assert frame["line_number"].tolist() == [1, 2, 3, 1]
    assert frame["gross"].tolist() == [3, 1, 2, 20]


def test_a_refund_is_negative_and_may_keep_the_fee() -> None:
    refund = a_line(-20, 0, 0, -20, is_refund=True)
    row = cells(lines_of(a_booking("bkg-B1", refund))[0])
    assert (row["gross"], row["net"], row["difference"]) == (-20, -20, 0)
    assert row["is_refund"] is True


@pytest.mark.parametrize(
    ("amounts", "difference"),
    [((20, 1.3, 0.26, 18.43), "0.01"), ((20, 1.3, 0.26, 18.45), "-0.01"), ((0, 1, 0, 0), "-1")],
)
def test_a_line_that_does_not_add_up_is_kept_with_its_difference(
    amounts: tuple[Any, Any, Any, Any], difference: str
) -> None:
    frame, report = lines_of(a_booking("bkg-B1", a_line(*amounts)))
    assert cells(frame)["difference"] == Decimal(difference)
    assert report.problems == []


@pytest.mark.parametrize("bad", [None, 1.005, "twenty", True, [20], 10**10, Decimal("1E+9999999")])
def test_an_amount_that_is_none_is_null_and_so_is_the_difference(bad: Any) -> None:
    frame, report = lines_of(a_booking("bkg-B1", a_line(bad, 1.3, 0.26, 18.44)))
    row = cells(frame)
    assert (row["gross"], row["difference"]) == (None, None)
    assert row["net"] == Decimal("18.44")
    (problem,) = report.problems
    assert str(problem).startswith("booking_lines: bkg-B1 line 1: amount.gross ")
    assert (problem.place.date_id, problem.place.ref) == ("dat-D1", "REF001")


def test_a_difference_too_large_for_the_files_is_null_and_named() -> None:
    most = Decimal("9999999999.99")
    frame, report = lines_of(
        a_booking("bkg-B1", a_line(most, 0, 0, -most), a_line(most, 0, 0, most))
    )
    assert frame["gross"].tolist() == [most, most]
    assert [cells(frame, row)["difference"] for row in range(2)] == [None, 0]
    assert [str(problem) for problem in report.problems] == [
        "booking_lines: bkg-B1 line 1: difference is too large for an amount of money"
    ]


@pytest.mark.parametrize(
    ("donation", "expected"),
    [
        ({}, None),
        ({"donation": None}, None),
        ({"donation": {}}, None),
        ({"donation": {"gift_aid": None}}, None),
        ({"donation": {"gift_aid": False}}, False),
        ({"donation": {"gift_aid": True}}, True),
    ],
)
def test_gift_aid_that_was_not_asked_is_null_not_no(donation: Any, expected: bool | None) -> None:
    line = a_line(5, 0, 0, 5, line_type="DONATION", **donation)
    frame, report = lines_of(a_booking("bkg-B1", line))
    assert cells(frame)["gift_aid"] is expected
    assert report.problems == []


@pytest.mark.parametrize("code", ["", None])
def test_no_discount_code_is_null(code: str | None) -> None:
    line = a_line(20, 1.3, 0.26, 18.44)
    line["amount"]["discounts"]["code"]["description"] = code
    assert cells(lines_of(a_booking("bkg-B1", line))[0])["discount_code"] is None


def test_a_line_that_is_no_object_is_a_row_of_nulls_with_its_number() -> None:
    frame, report = lines_of(a_booking("bkg-B1", "a line", a_line(1, 0, 0, 1), None, 7))
    assert frame["line_number"].tolist() == [1, 2, 3, 4]
    assert frame["gross"].isna().tolist() == [True, False, True, True]
    assert frame["booking_id"].tolist() == ["bkg-B1"] * 4
    assert {problem.place.line_number for problem in report.problems} == {1, 3, 4}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (None, "is missing"),
        ("none", "is text, a list is expected"),
        ({"0": {}}, "is an object, a list is expected"),
    ],
)
def test_lines_that_are_no_list_are_named(lines: Any, said: str) -> None:
    frame, report = lines_of(a_booking(lines=lines))
    assert len(frame) == 0
    assert [str(problem) for problem in report.problems] == [
        f"booking_lines: bkg-B1: attributes.lines {said}"
    ]


def test_a_booking_without_lines_has_no_rows_and_no_problem() -> None:
    frame, report = lines_of(a_booking(lines=[]))
    assert (len(frame), report.problems) == (0, [])
    assert frame.columns.tolist() == BOOKING_LINES.schema.names


@pytest.mark.parametrize("ref", ["AB-12", "réf 7", "x" * 40])
def test_any_text_in_ref_is_on_the_lines_as_the_api_wrote_it(ref: str) -> None:
    assert cells(lines_of(a_booking(ref=ref))[0])["ref"] == ref


def test_fields_new_to_us_are_counted_by_line() -> None:
    line = a_line(20, 1.3, 0.26, 18.44, channel="web")
    line["amount"]["tip"] = 1
    _, report = lines_of(a_booking("bkg-B1", line, line))
    assert report.unknown_fields == {"channel": 2, "amount.tip": 2}


def test_a_seat_is_a_row_without_the_name_of_who_sits_there() -> None:
    seat = a_seat(attendee={"first_name": "Zoë", "email": "zoe@example.org"})
    frame, report = seats_of(seat)
    assert cells(frame) == {
        "seat_id": "sea-S1",
        "booking_id": "bkg-B1",
        "date_id": "dat-D1",
        "event_id": "evt-E1",
        "is_booked": True,
        "is_cancelled": False,
        "row": "A",
        "seat": "12",
        "price_category": "Adult",
        "created_at": datetime(2025, 2, 1, 10, tzinfo=UTC),
        "updated_at": None,
    }
    assert report.problems == []


@pytest.mark.parametrize(
    ("reference", "row", "seat"),
    [
        ({"row": 3, "seat": 12}, "3", "12"),
        ({"row": "AA", "seat": "12b"}, "AA", "12b"),
        ({"row": None, "seat": None}, None, None),
        ({}, None, None),
        (None, None, None),
        ({"row": "", "seat": 0}, None, "0"),
    ],
)
def test_rows_and_seats_are_text_or_null(reference: Any, row: Any, seat: Any) -> None:
    frame, report = seats_of(a_seat(reference=reference))
    assert (cells(frame)["row"], cells(frame)["seat"]) == (row, seat)
    assert report.problems == []


def test_a_row_that_is_a_flag_or_a_fraction_is_null_and_named() -> None:
    frame, report = seats_of(a_seat(reference={"row": True, "seat": 1.5}))
    assert (cells(frame)["row"], cells(frame)["seat"]) == (None, None)
    assert [problem.message for problem in report.problems] == [
        "is a flag, text is expected",
        "is a number, text is expected",
    ]


def test_a_seat_of_a_performance_the_catalogue_lost_keeps_its_row() -> None:
    frame, report = seats_frame(raw_seats(a_seat()), {})
    assert (cells(frame)["seat_id"], cells(frame)["event_id"]) == ("sea-S1", None)
    assert report.problems == []


@pytest.mark.parametrize(("lines", "count"), [([1, 2], 2), ([], 0), (None, 0), ("many", 0)])
def test_the_lines_of_a_payload_are_counted(lines: Any, count: int) -> None:
    assert line_count(payload_text(a_booking(lines=lines))) == count
    assert line_count(payload_text({"id": "bkg-B1", "attributes": []})) == 0


def test_an_attendee_is_a_row_when_one_field_is_filled() -> None:
    named = a_seat("sea-S1", attendee={"last_name": "Ó Sé", "telephone": 7700900123})
    company = a_seat("sea-S2", attendee={"company": {"name": "Ltd", "title": "Chair"}})
    nobody = a_seat("sea-S3")
    frame, report = attendees_of(named, company, nobody, a_seat("sea-S4", attendee=None))
    assert report.problems == []
    assert frame["seat_id"].tolist() == ["sea-S1", "sea-S2"]
    first, second = cells(frame), cells(frame, 1)
    assert (first["last_name"], first["telephone"]) == ("Ó Sé", "7700900123")
    assert first["first_name"] is None
    assert (second["company_name"], second["company_title"]) == ("Ltd", "Chair")


def test_no_rows_give_empty_frames_with_every_column_typed() -> None:
    frames = (lines_of()[0], seats_of()[0], attendees_of(a_seat())[0])
    for dataset, frame in zip((BOOKING_LINES, SEATS, ATTENDEES), frames, strict=True):
        assert len(frame) == 0
        assert [dtype.pyarrow_dtype for dtype in frame.dtypes] == dataset.schema.types


@pytest.mark.parametrize(
    ("bookings", "balanced"),
    [
        ([], True),
        ([a_booking(lines=[])], True),
        ([a_booking("bkg-B1", a_line(20, 1, 0, 19), a_line(-20, -1, 0, -19))], True),
        ([a_booking("bkg-B1", a_line(20, 1, 0, 19), a_line(-19.99, -1, 0, -18.99))], False),
        (
            [a_booking("bkg-B1", a_line(5, 0, 0, 5)), a_booking("bkg-B2", a_line(-5, 0, 0, -5))],
            False,
        ),
        ([a_booking("bkg-B1", a_line("x", 0, 0, 0))], False),
        ([a_booking(lines=None)], False),
    ],
)
def test_bookings_balance_when_each_comes_to_zero(bookings: list[Any], balanced: bool) -> None:
    assert bookings_balance(raw_bookings(*bookings)[0]) is balanced
