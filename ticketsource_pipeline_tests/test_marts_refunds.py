"""Which sale a refund undoes: each case as few lines, then whatever lines there may be."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ticketsource_pipeline.frames.marts.refund_pairs import refund_pairs_frame
from ticketsource_pipeline_tests.selling import a_line, reading, rows

UNMATCHED = "unmatched"


def pairs(*lines: Any) -> list[tuple[Any, ...]]:
    """Of each pair: the refund's line, the sale's, the pence undone, the kind, what is left."""
    names = ("refund_line_number", "sale_line_number", "gross", "kind", "sale_gross_left")
    found = rows(refund_pairs_frame(reading(lines).lines))
    return [tuple(row[name] for name in names) for row in found]


def test_a_sale_given_back_with_its_fee_is_undone_in_full() -> None:
    assert pairs(a_line(1, 1000, 65, 13), a_line(2, -1000, -65, -13)) == [(2, 1, -1000, "full", 0)]


def test_a_refund_that_keeps_the_fee_or_some_of_it_says_so() -> None:
    sale = a_line(1, 1000, 65, 13)
    assert pairs(sale, a_line(2, -1000)) == [(2, 1, -1000, "fee kept", 0)]
    assert pairs(sale, a_line(2, -1000, -65, 0)) == [(2, 1, -1000, "fee kept", 0)]


def test_a_sale_without_a_fee_is_undone_in_full() -> None:
    assert pairs(a_line(1, 500), a_line(2, -500)) == [(2, 1, -500, "full", 0)]


def test_a_part_given_back_is_partial_and_so_is_the_rest() -> None:
    assert pairs(a_line(1, 3000, 195, 39), a_line(2, -1000), a_line(3, -2000)) == [
        (2, 1, -1000, "partial", 2000),
        (3, 1, -2000, "partial", 0),
    ]


def test_a_refund_takes_the_sale_of_its_own_amount_before_an_earlier_one() -> None:
    assert pairs(a_line(1, 1000), a_line(2, 2000), a_line(3, -2000)) == [(3, 2, -2000, "full", 0)]


def test_refunds_of_the_same_amount_take_the_sales_in_their_order() -> None:
    assert pairs(a_line(1, 1000), a_line(2, 1000), a_line(3, -1000), a_line(4, -1000)) == [
        (3, 1, -1000, "full", 0),
        (4, 2, -1000, "full", 0),
    ]


def test_one_refund_of_two_sales_has_a_row_for_each_and_its_fee_once() -> None:
    lines = a_line(1, 1000, 65, 13), a_line(2, 500, 33, 7), a_line(3, -1500, -98, -20)
    assert pairs(*lines) == [(3, 1, -1000, "full", 0), (3, 2, -500, "full", 0)]
    found = rows(refund_pairs_frame(reading(lines).lines))
    assert [(row["pair_number"], row["fee"], row["fee_vat"], row["net"]) for row in found] == [
        (1, -98, -20, -1382),
        (2, 0, 0, 0),
    ]


def test_what_exceeds_all_sales_is_unmatched() -> None:
    assert pairs(a_line(1, 1000), a_line(2, -1500)) == [
        (2, 1, -1000, "full", 0),
        (2, None, -500, UNMATCHED, None),
    ]


def test_a_sale_is_undone_once_however_often_its_refund_comes() -> None:
    assert pairs(a_line(1, 1000), a_line(2, -1000), a_line(3, -1000)) == [
        (2, 1, -1000, "full", 0),
        (3, None, -1000, UNMATCHED, None),
    ]


def test_a_refund_of_another_type_way_of_payment_or_booking_undoes_nothing() -> None:
    others: list[Any] = [
        {"line_type": "SUNDRY"},
        {"payment_method": "CASH"},
        {"booking_id": "bkg-2"},
    ]
    for other in others:
        assert pairs(a_line(1, 1000), a_line(2, -1000, **other)) == [
            (2, None, -1000, UNMATCHED, None)
        ]


def test_lines_whose_type_is_unknown_pair_among_themselves() -> None:
    unknown: Any = {"line_type": None, "payment_method": None}
    assert pairs(a_line(1, 1000), a_line(2, 1000, **unknown), a_line(3, -1000, **unknown)) == [
        (3, 2, -1000, "full", 0)
    ]


def test_free_tickets_pair_with_their_refund_and_not_with_paid_ones() -> None:
    free = a_line(3, 0, is_refund=True)
    assert pairs(a_line(1, 1000), a_line(2, 0), free) == [(3, 2, 0, "full", 0)]
    assert pairs(a_line(1, 1000), free) == [(3, None, 0, UNMATCHED, None)]


def test_a_refund_that_is_unreadable_or_no_refund_by_its_sign_undoes_nothing() -> None:
    for gross in (None, 1000):
        assert pairs(a_line(1, 1000), a_line(2, gross, is_refund=True)) == [
            (2, None, gross, UNMATCHED, None)
        ]


def test_the_order_is_that_of_line_numbers_wherever_the_rows_lie() -> None:
    lines = [a_line(3, -600), a_line(2, 500), a_line(1, 400)]
    assert pairs(*lines) == [(3, 1, -400, "full", 0), (3, 2, -200, "partial", 300)]


def test_whether_gift_aid_was_given_is_told_from_the_sale() -> None:
    def answers(sale: bool | None, refund: bool | None) -> list[Any]:
        gift: Any = {"line_type": "DONATION"}
        lines = a_line(1, 500, gift_aid=sale, **gift), a_line(2, -500, gift_aid=refund, **gift)
        return [row["gift_aid"] for row in rows(refund_pairs_frame(reading(lines).lines))]

    assert answers(sale=True, refund=None) == [True]
    assert answers(sale=False, refund=True) == [False]
    assert answers(sale=None, refund=True) == [True]
    assert answers(sale=None, refund=None) == [None]


ONE = st.builds(
    lambda number, gross, booking, kind, method: (number, gross, booking, kind, method),
    st.integers(1, 6),
    st.integers(-6, 6).map(lambda one: one * 100),
    st.sampled_from(["bkg-1", "bkg-2", "bkg-3"]),
    st.sampled_from(["TICKETS", "DONATION"]),
    st.sampled_from(["TS", "CASH"]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(ONE, max_size=18, unique_by=lambda one: (one[0], one[2])))
def test_no_pence_is_lost_and_no_sale_gives_back_more_than_it_took(drawn: list[Any]) -> None:
    lines = [
        a_line(number, gross, booking_id=booking, line_type=kind, payment_method=method)
        for number, gross, booking, kind, method in drawn
    ]
    found = rows(refund_pairs_frame(reading(lines).lines))
    given_back: Counter[Any] = Counter()
    undone: Counter[Any] = Counter()
    room: defaultdict[Any, int] = defaultdict(int)
    unmatched: Counter[Any] = Counter()
    for row in found:
        group = row["booking_id"], row["line_type"], row["payment_method"]
        given_back[row["booking_id"], row["refund_line_number"]] -= row["gross"]
        if row["sale_line_number"] is None:
            assert row["kind"] == UNMATCHED
            unmatched[group] -= row["gross"]
        else:
            undone[row["booking_id"], row["sale_line_number"]] -= row["gross"]
            assert row["sale_gross_left"] >= 0
    kinds = {(number, booking): (kind, method) for number, _, booking, kind, method in drawn}
    for number, gross, booking, kind, method in drawn:
        if gross < 0:
            assert given_back[booking, number] == -gross
        else:
            assert undone[booking, number] <= gross
            room[booking, kind, method] += gross - undone[booking, number]
    for row in found:
        if row["sale_line_number"] is not None:
            sale = kinds[row["sale_line_number"], row["booking_id"]]
            assert sale == (row["line_type"], row["payment_method"])
    # Nothing is left unmatched while a sale of its kind has something left to give back.
    assert all(not amount or not room[group] for group, amount in unmatched.items())
