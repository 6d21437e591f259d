"""The rules of money: an amount from the API becomes whole pence, or is refused with a reason."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ticketsource_pipeline.datasets.declaration import MONEY_DIGITS

PENNY = Decimal("0.01")
_NUMERIC_TEXT = re.compile(r"[+-]?\d{1,20}(\.\d{1,40})?([eE][+-]?\d{1,3})?", re.ASCII)
_TOO_LARGE = Decimal(10) ** (MONEY_DIGITS - 2)
_IS_TOO_LARGE = "is too large for an amount of money"


class AmountError(ValueError):
    """An amount that is no sum of money; the message completes the sentence `the field ...`."""


def pence(amount: object) -> int:
    """Return an amount of pounds as whole pence, refunds negative.

    The API writes amounts as JSON numbers, whole ones as integers (vendor's text); numeric text
    and float artefacts such as 0.54000000000000004 are taken too, for nobody has ruled them out.

    Args:
        amount: an integer, Decimal, float or numeric text, in pounds.

    Raises:
        AmountError: when it is not a finite number, has more than two real decimals, or is too
            large for the files' money type.
    """
    exact = _decimal(amount)
    if not exact.is_finite():
        raise AmountError("is not a finite number")
    # copy_abs, as abs() itself fails on exponents beyond the arithmetic's own.
    if exact.copy_abs() >= _TOO_LARGE:
        raise AmountError(_IS_TOO_LARGE)
    rounded = exact.quantize(PENNY)
    if abs(exact - rounded) > _artefact(exact):
        raise AmountError("has more than two decimals")
    if rounded.copy_abs() >= _TOO_LARGE:
        raise AmountError(_IS_TOO_LARGE)
    return int(rounded.scaleb(2))


def pounds(whole_pence: int) -> Decimal:
    """Return whole pence as pounds with two decimals."""
    return Decimal(whole_pence).scaleb(-2).quantize(PENNY)


def total_pence(amounts: pd.Series) -> int:
    """Return the sum of a money column in whole pence, empty cells left out."""
    return int(pence_column(amounts).sum())


def _decimal(amount: object) -> Decimal:
    if isinstance(amount, bool):
        raise AmountError("is a flag, an amount is expected")
    if isinstance(amount, Decimal | int):
        return Decimal(amount)
    if isinstance(amount, float):
        return Decimal(repr(amount))
    if isinstance(amount, str):
        text = amount.strip()
        if text.lower().lstrip("+-") in {"nan", "inf", "infinity"}:
            raise AmountError("is not a finite number")
        if not _NUMERIC_TEXT.fullmatch(text):
            raise AmountError("is text that is no number")
        try:
            return Decimal(text)
        except InvalidOperation:
            raise AmountError("is text that is no number") from None
    raise AmountError(f"is {kind_of(amount)}, an amount is expected")


def _artefact(exact: Decimal) -> Decimal:
    """The most by which binary arithmetic may have moved an amount of this size."""
    return max(Decimal("1e-9"), 4 * Decimal(math.ulp(float(exact))))


def kind_of(value: object) -> str:
    """Return the word for the kind of a JSON value, never the value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a flag"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    return "a number"


def pence_column(amounts: pd.Series) -> pd.Series:
    """Return a money column as whole pence (`int64` with nulls), exactly."""
    array = pa.array(amounts, type=pa.decimal128(MONEY_DIGITS, 2))
    hundredfold = pc.multiply(array, pa.scalar(Decimal(100), pa.decimal128(3, 0)))
    whole = pd.arrays.ArrowExtensionArray(pc.cast(hundredfold, pa.int64()))
    return pd.Series(whole, index=amounts.index)
