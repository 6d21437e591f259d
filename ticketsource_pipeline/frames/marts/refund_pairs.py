"""Which sale each refund undoes.

Lines have no id of their own, so pairs are found by a rule. A refund may undo sales of its own
booking, line type and payment method only. First, refunds of just the gross of a sale take that
sale: the first refund of an amount the first sale of it, the second the second, by line number.
What refunds are left then take, by line number, what is left of the sales left, the first sale
first: one refund may so undo several sales, and a sale be undone by several refunds. No sale gives
back more than it took; what exceeds all sales is unmatched, as is a refund whose gross is
unreadable or positive. Times are not looked at: a sale and its refund may have the same.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from ticketsource_pipeline.datasets import REFUND_PAIRS
from ticketsource_pipeline.frames.marts.sums import mart_frame

_ALIKE = ["booking_id", "line_type", "payment_method"]
_NONE = -1
_FROM_REFUND = (
    "booking_id",
    "date_id",
    "event_id",
    "performance_month",
    "ref",
    "line_type",
    "payment_method",
)


def refund_pairs_frame(lines: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each refund line and sale line that it undoes.

    Args:
        lines: booking lines as `working_lines` gives them.
    """
    refunded = lines.loc[lines["is_refund"].to_numpy(bool), "booking_id"].unique()
    chosen = lines[lines["booking_id"].isin(refunded).to_numpy(bool)].reset_index(drop=True)
    pairs = _pairs(chosen)
    refunds = chosen.iloc[pairs["refund"]].reset_index(drop=True)
    has_sale = pairs["sale"].to_numpy() != _NONE
    # The rows without a sale get any line, and are blanked.
    sales = chosen.iloc[np.where(has_sale, pairs["sale"], 0)].reset_index(drop=True)
    taken = pairs["taken"].to_numpy()
    sale_gross = sales["gross"].to_numpy()
    sale_fees = (sales["fee"] + sales["fee_vat"]).to_numpy()
    first = pairs["pair_number"].to_numpy() == 1
    gift_aid = refunds["gift_aid"].where(~has_sale | sales["gift_aid"].isna(), sales["gift_aid"])
    return mart_frame(
        REFUND_PAIRS,
        {
            **{name: refunds[name] for name in _FROM_REFUND},
            "refund_line_number": refunds["line_number"],
            "pair_number": pairs["pair_number"],
            "kind": _kinds(pairs, refunds, has_sale, sale_gross, sale_fees),
            "sale_line_number": _blanked(sales["line_number"], has_sale),
            "gross": pa.array(-taken, mask=~refunds["is_read"].to_numpy()),
            **{
                name: np.where(first, refunds[name].to_numpy(), 0)
                for name in ("fee", "fee_vat", "net")
            },
            "sale_gross": _blanked(sale_gross, has_sale),
            "sale_fees": _blanked(sale_fees, has_sale),
            "sale_gross_left": _blanked(sale_gross - _taken_so_far(pairs), has_sale),
            "gift_aid": gift_aid,
            "sale_created_at": sales["created_at"].where(has_sale),
            "refund_created_at": refunds["created_at"],
        },
    )


def _pairs(lines: pd.DataFrame) -> pd.DataFrame:
    """The places of refunds and their sales (or none) among lines, and the pence taken of each."""
    groups = lines.groupby(_ALIKE, sort=False, dropna=False).ngroup()
    table = pd.DataFrame(
        {
            "place": np.arange(len(lines)),
            "group": groups.to_numpy(np.int64),
            "number": lines["line_number"].to_numpy(),
            "amount": np.where(lines["is_refund"], -lines["gross"], lines["gross"]),
            "is_refund": lines["is_refund"].to_numpy(bool),
            "usable": lines["is_read"].to_numpy(bool),
        }
    ).sort_values(["group", "number"], kind="stable")
    usable = table["usable"] & (table["amount"] >= 0)
    refunds = table[table["is_refund"] & usable]
    sales = table[~table["is_refund"] & usable]
    exact = _exact(refunds, sales)
    parts = _overlaps(
        refunds[~refunds["place"].isin(exact["refund"]) & (refunds["amount"] > 0)],
        sales[~sales["place"].isin(exact["sale"]) & (sales["amount"] > 0)],
    )
    found = pd.concat([exact, parts], ignore_index=True)
    rest = table[table["is_refund"] & ~table["place"].isin(found["refund"])]
    without = pd.DataFrame({"refund": rest["place"], "sale": _NONE, "taken": rest["amount"]})
    pairs = pd.concat([found, without], ignore_index=True).astype(np.int64)
    # What exceeds all sales comes after what undoes one; sales come by their line numbers.
    number = lines["line_number"].to_numpy()
    last = np.iinfo(np.int64).max
    sale_number = (
        np.where(pairs["sale"] == _NONE, last, number[pairs["sale"]]) if len(pairs) else number[:0]
    )
    pairs = pairs.assign(sale_number=sale_number).sort_values(["refund", "sale_number"])
    numbers = pairs.groupby("refund").cumcount() + 1
    return pairs.assign(pair_number=numbers).reset_index(drop=True)


def _exact(refunds: pd.DataFrame, sales: pd.DataFrame) -> pd.DataFrame:
    """Refunds of just a sale's gross with that sale: the first with the first, and so on."""
    alike = ["group", "amount"]
    left = refunds.assign(turn=refunds.groupby(alike).cumcount())
    right = sales.assign(turn=sales.groupby(alike).cumcount())
    both = left.merge(right, on=[*alike, "turn"], suffixes=("_refund", "_sale"))
    return pd.DataFrame(
        {"refund": both["place_refund"], "sale": both["place_sale"], "taken": both["amount"]}
    )


def _overlaps(refunds: pd.DataFrame, sales: pd.DataFrame) -> pd.DataFrame:
    """Refunds laid along the sales of their group, pence by pence: where they overlap, they pair.

    Each group has a stretch of its own on one long line of pence, on which its sales follow on
    each other, and so do its refunds.
    """
    sums = [side.groupby("group")["amount"].sum() for side in (refunds, sales)]
    lengths = pd.concat(sums, axis=1).fillna(0).max(axis=1).astype(np.int64).sort_index()
    origins = lengths.cumsum() - lengths
    refund_start, refund_end = _stretches(refunds, origins)
    sale_start, sale_end = _stretches(sales, origins)
    edges = np.unique(np.concatenate([refund_start, refund_end, sale_start, sale_end]))
    starts, widths = edges[:-1], np.diff(edges)
    refund = _covering(starts, refund_start, refund_end)
    sale = _covering(starts, sale_start, sale_end)
    held = refund != _NONE
    places = np.append(sales["place"].to_numpy(), _NONE)
    return pd.DataFrame(
        {
            "refund": refunds["place"].to_numpy()[refund[held]],
            "sale": places[sale[held]],
            "taken": widths[held],
        }
    )


def _stretches(side: pd.DataFrame, origins: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    ends = side.groupby("group")["amount"].cumsum() + side["group"].map(origins)
    ends = ends.to_numpy(np.int64)
    return ends - side["amount"].to_numpy(np.int64), ends


def _covering(points: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The number of the stretch each point lies in, or none; the stretches are in order."""
    if not len(starts):
        return np.full(len(points), _NONE, np.int64)
    found = np.searchsorted(starts, points, side="right") - 1
    return np.where((found >= 0) & (points < ends[found]), found, _NONE)


def _kinds(
    pairs: pd.DataFrame,
    refunds: pd.DataFrame,
    has_sale: np.ndarray,
    sale_gross: np.ndarray,
    sale_fees: np.ndarray,
) -> np.ndarray:
    """What a pair is: all of a sale with its fees, all of it without them, or a part of it."""
    by_refund = pairs["refund"]
    owed = pd.Series(np.where(has_sale, sale_fees, 0)).groupby(by_refund).transform("sum")
    given_back = -(refunds["fee"] + refunds["fee_vat"])
    whole = pairs["taken"].to_numpy() == sale_gross
    return np.select(
        [~has_sale, ~whole, given_back.to_numpy() < owed.to_numpy()],
        ["unmatched", "partial", "fee kept"],
        "full",
    ).astype(object)


def _taken_so_far(pairs: pd.DataFrame) -> np.ndarray:
    """What a sale has given back with this refund and those before it, in pence."""
    return pairs.groupby("sale")["taken"].cumsum().to_numpy()


def _blanked(values: pd.Series | np.ndarray, kept: np.ndarray) -> pa.Array:
    return pa.array(np.asarray(values), mask=~kept)
