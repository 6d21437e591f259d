"""Whatever a season sold, each mart comes to the pence and seats of the lines it is made of."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.frames.marts.all_marts import mart_frames
from ticketsource_pipeline.frames.marts.reading import Reading
from ticketsource_pipeline.sandbox import Theatre
from ticketsource_pipeline_tests.selling import a_line, a_seat, reading, reading_of, rows

Rows = list[dict[str, Any]]


def total(table: Rows, name: str, **where: Any) -> int:
    chosen = [row for row in table if all(row[key] == value for key, value in where.items())]
    return sum(int(row[name] or 0) for row in chosen)


def records_of(frame: pd.DataFrame) -> Rows:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def assert_adds_up(made_of: Reading) -> dict[str, Rows]:
    """Fail unless every mart comes to what the lines and seats come to; returns the marts."""
    frames = mart_frames(made_of)
    marts = {name: rows(frame) for name, frame in frames.items()}
    for name, frame in frames.items():
        types = [dtype.pyarrow_dtype for dtype in frame.dtypes]
        assert types == DATASETS[name].schema.types
        keys = [tuple(row[key] for key in DATASETS[name].key) for row in marts[name]]
        assert len(set(keys)) == len(keys), name
    # The working frame holds whole pence.
    lines = records_of(made_of.lines)
    assert_money_adds_up(marts, lines)
    assert_donations_add_up(marts, [line for line in lines if line["line_type"] == "DONATION"])
    assert_seats_add_up(marts, records_of(made_of.seats))
    return marts


def assert_money_adds_up(marts: dict[str, Rows], lines: Rows) -> None:
    refunds = [line for line in lines if line["is_refund"]]
    for amount in ("gross", "net"):
        taken, refunded = total(lines, amount), total(refunds, amount)
        of_all = ("bookings", "performance_sales", "daily_sales", "reconciliation")
        assert {total(marts[name], amount) for name in of_all} == {taken}
        assert total(marts["reconciliation_months"], amount) == taken
        assert total(marts["refund_pairs"], amount) == refunded
        for name in ("performance_sales", "daily_sales"):
            assert total(marts[name], f"refunded_{amount}") == refunded
        last_days = {row["event_id"]: row[f"cumulative_{amount}"] for row in marts["daily_sales"]}
        assert sum(last_days.values()) == taken
    for fee in ("fee", "fee_vat"):
        for name in ("performance_sales", "reconciliation"):
            assert total(marts[name], fee) == total(lines, fee)
        assert total(marts["refund_pairs"], fee) == total(refunds, fee)
    assert total(marts["bookings"], "fees") == total(lines, "fee") + total(lines, "fee_vat")
    for name in ("bookings", "reconciliation", "performance_sales"):
        assert total(marts[name], "refunded_gross") == total(refunds, "gross")
    for name in ("reconciliation", "reconciliation_months"):
        assert total(marts[name], "lines") == len(lines)


def assert_donations_add_up(marts: dict[str, Rows], donations: Rows) -> None:
    given = total(donations, "gross")
    assert total(marts["bookings"], "donation") == given
    assert total(marts["performance_sales"], "donations") == given
    assert total(marts["gift_aid_claims"], "donations") == given
    for claim in marts["gift_aid_claims"]:
        parts = (claim[f"gift_aid_{answer}"] for answer in ("yes", "no", "unknown"))
        assert claim["donations"] == sum(parts)


def assert_seats_add_up(marts: dict[str, Rows], seats: Rows) -> None:
    booked, cancelled = total(seats, "is_booked"), total(seats, "is_cancelled")
    for mart in ("performance_sales", "performance_categories", "reconciliation_months"):
        assert total(marts[mart], "seats_booked") == booked
        assert total(marts[mart], "seats_cancelled") == cancelled
    assert total(marts["bookings"], "tickets") == booked
    assert total(marts["daily_sales"], "tickets") == booked
    assert total(marts["daily_sales"], "tickets_cancelled") == cancelled


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_mart_of_a_season_adds_up_and_every_refund_finds_its_sale(seed: int) -> None:
    theatre = Theatre.season(seed, date(2025, 11, 20))
    marts = assert_adds_up(reading_of(theatre))
    assert len(marts["bookings"]) == len(theatre.bookings)
    assert len(marts["performance_sales"]) == len(theatre.dates)
    assert total(marts["bookings"], "gross") == theatre.pence()["gross"]
    assert total(marts["reconciliation_months"], "raw_lines") == theatre.counts()["booking_lines"]
    kinds = {row["kind"] for row in marts["refund_pairs"]}
    assert kinds == {"full", "fee kept", "partial"}
    assert {row["status"] for row in marts["bookings"]} == {
        "live",
        "partly refunded",
        "refunded",
        "cancelled",
    }
    for row in marts["bookings"]:
        sold = theatre.bookings[row["booking_id"]]
        assert row["ref"] == sold["attributes"]["ref"]
        assert row["customer_id"] == sold["links"]["customer"].rsplit("/", 1)[1]
        assert row["consent_email"] == sold["attributes"]["consent"]["email"]


MOMENTS = st.sampled_from(["2025-03-05T23:59", "2025-03-06T00:00", "2025-06-30T23:30", None])
SOLD = st.fixed_dictionaries(
    {
        "number": st.integers(1, 9),
        "gross": st.one_of(st.none(), st.integers(-3000, 3000)),
        "fee": st.integers(-100, 100),
        "vat": st.integers(-20, 20),
        "booking_id": st.sampled_from(["bkg-1", "bkg-2", "bkg-3"]),
        "line_type": st.sampled_from(["TICKETS", "DONATION", "SUNDRY", None]),
        "payment_method": st.sampled_from(["TS", "CASH", None]),
        "gift_aid": st.sampled_from([True, False, None]),
        "date_id": st.sampled_from(["dat-1", "dat-2"]),
        "event_id": st.sampled_from(["evt-1", "evt-2", None]),
        "created_at": MOMENTS,
    }
)
PLACED = st.fixed_dictionaries(
    {
        "booking_id": st.sampled_from(["bkg-1", "bkg-9"]),
        "is_booked": st.sampled_from([True, False, None]),
        "is_cancelled": st.sampled_from([True, False, None]),
        "price_category": st.sampled_from(["Adult", None]),
        "event_id": st.sampled_from(["evt-1", None]),
    }
)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(SOLD, max_size=20, unique_by=lambda one: (one["booking_id"], one["number"])),
    st.lists(PLACED, max_size=6),
)
def test_every_mart_adds_up_whatever_the_lines_are(sold: list[Any], placed: list[Any]) -> None:
    lines = [
        a_line(one.pop("number"), one.pop("gross"), one.pop("fee"), one.pop("vat"), **one)
        for one in (dict(line) for line in sold)
    ]
    assert_adds_up(reading(lines, [a_seat(**seat) for seat in placed]))
