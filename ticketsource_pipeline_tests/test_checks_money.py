"""The checks of money: each fails on its fault, by the penny, and on nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ticketsource_pipeline_tests.test_checks_world import (
    Case,
    World,
    a_line,
    assert_found,
    failed,
    first_failures,
    run_checks,
    sale_and_refund,
)
from ticketsource_pipeline_tests.test_store_writing import store_in

NET = "booking_lines.net_is_gross_less_fees"
SIGNS = "booking_lines.refunds_are_negative"
TAKINGS = "booking_lines.refunds_within_takings"
B1 = {"date_id": "dat-D1", "ref": "REF001", "record_id": "bkg-B1"}
B2 = {"date_id": "dat-D1", "ref": "REF002", "record_id": "bkg-B2"}


def amount(booking_id: str, number: int, **amounts: Any) -> Any:
    return lambda world: world.line(booking_id, number)["amount"].update(amounts)


CASES = [
    Case(
        "a line is a penny short",
        NET,
        {**B1, "line_number": 1, "what": "is 1 pence off"},
        before=amount("bkg-B1", 1, net=18.43),
        pence=1,
    ),
    Case(
        "a refund is off the other way",
        NET,
        {**B2, "line_number": 2, "what": "is -250 pence off"},
        before=amount("bkg-B2", 2, net=-7.5),
        pence=-250,
    ),
    Case(
        "an amount cannot be read",
        NET,
        {**B1, "line_number": 2, "what": "has an amount that could not be read"},
        before=amount("bkg-B1", 2, fee="none"),
        also=frozenset({"booking_lines.fields_are_readable"}),
        pence=0,
    ),
    Case(
        "a refund is positive",
        SIGNS,
        {**B2, "line_number": 2, "what": "is a refund with a wrong sign in gross, net"},
        before=amount("bkg-B2", 2, gross=10, net=10),
        pence=2000,
    ),
    Case(
        "a sale is negative",
        SIGNS,
        {**B1, "line_number": 2, "what": "is a sale with a wrong sign in gross"},
        before=amount("bkg-B1", 2, gross=-5, net=-5),
        pence=-500,
    ),
    Case(
        "more is refunded than was taken",
        TAKINGS,
        {**B2, "line_number": 2, "what": "refunds 1 pence more than was taken"},
        before=amount("bkg-B2", 2, gross=-10.01, net=-10.01),
        pence=1,
    ),
    Case(
        "a refund has no sale",
        TAKINGS,
        {**B2, "line_number": 1, "what": "refunds 1000 pence more than was taken"},
        before=lambda world: world.booking("bkg-B2")["attributes"].update(
            lines=sale_and_refund()[1:]
        ),
        pence=1000,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_in_the_money_is_found_by_its_check(case: Case, tmp_path: Path) -> None:
    assert_found(case, tmp_path)


def test_a_small_sale_whose_fee_is_more_than_its_price_is_right(tmp_path: Path) -> None:
    world = World()
    amount("bkg-B1", 2, gross=0.10, fee=0.5, fee_vat=0.1, net=-0.5)(world)
    store = store_in(tmp_path)
    world.fill(store)
    assert failed(run_checks(store)) == set()


def test_the_table_has_twenty_rows_at_most_and_the_count_and_total_are_of_all(
    tmp_path: Path,
) -> None:
    world = World()
    lines = [a_line(20, 1.3, 0.26, 18.44 - 0.01 * number) for number in range(31)]
    world.booking("bkg-B1")["attributes"]["lines"] = lines
    store = store_in(tmp_path)
    world.fill(store)
    found = run_checks(store)
    assert failed(found) == {NET}
    finding = found[NET]
    assert finding.metadata["failures"].value == 30
    assert finding.metadata["difference_pence"].value == sum(range(31))
    assert [failure["line_number"] for failure in first_failures(finding)] == list(range(2, 22))
    assert finding.description == (
        "30 of 34 are wrong; 465 pence in total; REF001 is 1 pence off; REF001 is 2 pence off;"
        " REF001 is 3 pence off; REF001 is 4 pence off; REF001 is 5 pence off; and more."
    )


@pytest.mark.parametrize("ref", ["Marked Person", "marked@example.org", "x" * 21])
def test_a_ref_that_does_not_look_like_one_is_not_shown(ref: str, tmp_path: Path) -> None:
    world = World()
    world.booking("bkg-B1")["attributes"]["ref"] = ref
    amount("bkg-B1", 1, net=18.43)(world)
    store = store_in(tmp_path)
    world.fill(store)
    found = run_checks(store)
    assert failed(found) == {NET}
    (failure,) = first_failures(found[NET])
    assert (failure["ref"], failure["record_id"]) == (None, "bkg-B1")
