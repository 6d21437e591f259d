"""Donations by UK tax month and by whether Gift Aid may be claimed on them.

A tax month runs from the 6th to the 5th, so that twelve of them make the tax year (6 April to 5
April) a giver's declaration and tax belong to; a calendar April would belong to two. The day is
London's. A refund is taken off in the month in which it was made, so that months already claimed
stay as they were; whether it was claimed on is told from the sale it undoes (see `refund_pairs`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from ticketsource_pipeline.datasets import GIFT_AID_CLAIMS
from ticketsource_pipeline.frames.marts.reading import Reading, flags
from ticketsource_pipeline.frames.marts.sums import Groups, london_days, mart_frame
from ticketsource_pipeline.frames.money import pence_column

_FIRST_DAY = 6
_APRIL = 4


def gift_aid_claims_frame(reading: Reading, refund_pairs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each tax month in which a donation was made or refunded, in order.

    Args:
        reading: the stored frames.
        refund_pairs: the mart of refunds and their sales.
    """
    lines = reading.lines
    is_donation = flags(lines["line_type"] == "DONATION")
    sales = lines[is_donation & ~lines["is_refund"].to_numpy(bool)]
    refunds = refund_pairs[flags(refund_pairs["line_type"] == "DONATION")]
    sale_months, refund_months = (
        pd.DataFrame({"month": tax_months(times)})
        for times in (sales["created_at"], refunds["refund_created_at"])
    )
    groups = Groups([sale_months, refund_months], ["month"])
    pence = [
        sales["gross"].to_numpy(np.int64),
        pence_column(refunds["gross"]).fillna(0).to_numpy(np.int64),
    ]
    answers = [_answers(frame["gift_aid"]) for frame in (sales, refunds)]
    by_answer = {
        name: sum(groups.total(part, pence[part], answers[part][name]) for part in range(2))
        for name in ("gift_aid_yes", "gift_aid_no", "gift_aid_unknown")
    }
    months = groups.keys["month"].to_numpy("datetime64[M]")
    first_rows = (refunds["pair_number"] == 1).to_numpy(bool)
    order = np.argsort(months, kind="stable")
    columns = {
        **_month_columns(months),
        "donation_lines": groups.count(0),
        "refund_lines": groups.count(1, first_rows),
        **by_answer,
        "refunded_gross": groups.total(1, pence[1]),
        "donations": sum(by_answer.values()),
    }
    frame = mart_frame(GIFT_AID_CLAIMS, columns)
    return frame.iloc[order].reset_index(drop=True)


def tax_months(times: pd.Series) -> np.ndarray:
    """Return the tax month of each moment, as the calendar month in which it begins."""
    days = london_days(times).to_numpy(zero_copy_only=False).astype("datetime64[D]")
    months = (days - np.timedelta64(_FIRST_DAY - 1, "D")).astype("datetime64[M]")
    # Pandas knows no months: their first days stand for them.
    return months.astype("datetime64[s]")


def _month_columns(months: np.ndarray) -> dict[str, pa.Array]:
    unknown = np.isnat(months)
    offset = np.timedelta64(_FIRST_DAY - 1, "D")
    first = months.astype("datetime64[D]") + offset
    last = (
        (months + np.timedelta64(1, "M")).astype("datetime64[D]") + offset - np.timedelta64(1, "D")
    )
    counted = np.where(unknown, 0, months.astype(np.int64))
    years, numbers = 1970 + counted // 12, counted % 12 + 1
    began = np.where(numbers >= _APRIL, years, years - 1)
    names = [f"{year}-{(year + 1) % 100:02d}" for year in began.tolist()]
    return {
        "tax_year": pa.array(names, pa.string(), mask=unknown),
        "tax_month": pa.array((numbers - _APRIL) % 12 + 1, mask=unknown),
        "first_day": pa.array(first),
        "last_day": pa.array(last),
    }


def _answers(gift_aid: pd.Series) -> dict[str, np.ndarray]:
    yes, unknown = flags(gift_aid), gift_aid.isna().to_numpy(bool)
    return {"gift_aid_yes": yes, "gift_aid_no": ~yes & ~unknown, "gift_aid_unknown": unknown}
