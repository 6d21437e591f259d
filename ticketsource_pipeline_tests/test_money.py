"""Amounts: what is taken as whole pence, what is refused and why, and sums without a float."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketsource_pipeline.assets.materialization import total_pence
from ticketsource_pipeline.frames.money import AmountError, pence, pence_column, pounds

MOST_PENCE = 10**12 - 1
MONEY = pd.ArrowDtype(pa.decimal128(12, 2))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (1, 100),
        (0, 0),
        (-12, -1200),
        (Decimal("12.5"), 1250),
        (Decimal("-0.01"), -1),
        (0.54, 54),
        (Decimal("0.54000000000000004"), 54),
        (0.1 + 0.2, 30),
        (-18.439999999999998, -1844),
        ("12.50", 1250),
        (" -3 ", -300),
        ("1e2", 10000),
        (Decimal("9999999999.99"), MOST_PENCE),
        (Decimal("-9999999999.99"), -MOST_PENCE),
        (Decimal("-0.0"), 0),
        (Decimal("1E-9999999"), 0),
    ],
)
def test_an_amount_becomes_whole_pence(amount: object, expected: int) -> None:
    assert pence(amount) == expected


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (float("nan"), "is not a finite number"),
        (float("inf"), "is not a finite number"),
        (Decimal("-Infinity"), "is not a finite number"),
        (Decimal("sNaN"), "is not a finite number"),
        ("NaN", "is not a finite number"),
        ("-inf", "is not a finite number"),
        (Decimal("1.005"), "has more than two decimals"),
        (0.001, "has more than two decimals"),
        ("12.345", "has more than two decimals"),
        (Decimal("9999999999.996"), "has more than two decimals"),
        (10**10, "is too large for an amount of money"),
        (-(10**10), "is too large for an amount of money"),
        (10**400, "is too large for an amount of money"),
        (Decimal("1E+9999999"), "is too large for an amount of money"),
        (Decimal("9999999999.9999999999"), "is too large for an amount of money"),
        (1e300, "is too large for an amount of money"),
        (True, "is a flag, an amount is expected"),
        (None, "is null, an amount is expected"),
        ([1], "is a list, an amount is expected"),
        ({"gross": 1}, "is an object, an amount is expected"),
        ("twelve", "is text that is no number"),
        ("", "is text that is no number"),
        ("1,50", "is text that is no number"),
        ("\u0661", "is text that is no number"),
        ("1_000", "is text that is no number"),
    ],
)
def test_what_is_no_amount_is_refused_with_the_reason(amount: object, reason: str) -> None:
    with pytest.raises(AmountError) as refused:
        pence(amount)
    assert str(refused.value) == reason


@settings(deadline=None)
@given(st.integers(-MOST_PENCE, MOST_PENCE))
def test_pence_and_pounds_undo_each_other_over_the_whole_range(whole: int) -> None:
    amount = pounds(whole)
    assert pence(amount) == whole
    assert pence(str(amount)) == whole
    assert amount.as_tuple().exponent == -2


@settings(deadline=None)
@given(st.lists(st.integers(-(10**7), 10**7), min_size=1, max_size=8))
def test_floats_made_by_adding_pennies_are_taken_as_the_pennies(parts: list[int]) -> None:
    total = 0.0
    for part in parts:
        total += part / 100
    assert pence(total) == sum(parts)
    assert pence(Decimal(total)) == sum(parts)


@settings(deadline=None)
@given(st.integers(-(10**8), 10**8), st.integers(1, 9))
def test_a_third_decimal_is_never_rounded_away(whole: int, third: int) -> None:
    with pytest.raises(AmountError, match="more than two decimals"):
        pence(pounds(whole) + Decimal(third).scaleb(-3))


@settings(deadline=None)
@given(
    st.one_of(
        st.integers(),
        st.floats(),
        st.decimals(),
        st.text(),
        st.booleans(),
        st.none(),
        st.lists(st.integers()),
    )
)
def test_any_value_is_an_amount_in_range_or_refused(value: Any) -> None:
    try:
        whole = pence(value)
    except AmountError as refused:
        assert str(refused).startswith(("is ", "has "))
    else:
        assert abs(whole) <= MOST_PENCE


@settings(deadline=None)
@given(st.lists(st.none() | st.integers(-MOST_PENCE, MOST_PENCE), max_size=30))
def test_a_money_column_becomes_whole_pence_exactly_nulls_kept(amounts: list[int | None]) -> None:
    values = [None if whole is None else pounds(whole) for whole in amounts]
    column = pence_column(pd.Series(values, dtype=MONEY))
    assert column.dtype == pd.ArrowDtype(pa.int64())
    assert [None if pd.isna(value) else value for value in column] == amounts
    assert total_pence(pd.Series(values, dtype=MONEY)) == sum(filter(None, amounts))


@pytest.mark.parametrize("values", [[], [None, None]])
def test_an_empty_or_all_null_money_column_sums_to_nothing(values: list[None]) -> None:
    column = pd.Series(values, dtype=MONEY)
    assert pence_column(column).isna().all()
    assert len(pence_column(column)) == len(values)
    assert total_pence(column) == 0


def test_a_money_column_keeps_the_index_of_the_column_it_comes_from() -> None:
    column = pd.Series([Decimal("1.10"), None], index=[7, 3], dtype=MONEY)
    assert pence_column(column).index.tolist() == [7, 3]
    assert pence_column(column).loc[7] == 110
