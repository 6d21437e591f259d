"""The dictionary as one Markdown page: datasets, columns, keys, checks and how they join."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from ticketsource_pipeline.checks import marts
from ticketsource_pipeline.checks.asset_checks import (
    CATALOG_RULES,
    RAW_RULES,
    SALES_RULES,
    STORE_RULES,
)
from ticketsource_pipeline.checks.rule import Effect, Rule
from ticketsource_pipeline.datasets import DATASETS, PARTITION_KEY, Dataset

_RULES: tuple[Rule, ...] = (
    *CATALOG_RULES,
    *RAW_RULES,
    *SALES_RULES,
    *STORE_RULES,
    *marts.RULES,
    *marts.CUSTOMER_RULES,
)
_EFFECTS = {
    Effect.WARN: "warns",
    Effect.FAIL: "fails; the data is published",
    Effect.BLOCK: "blocks; the month is not published",
}


@dataclass(frozen=True)
class Join:
    """How rows of a dataset name a row of another: by the other's key.

    Attributes:
        dataset: the dataset whose rows name the other's.
        other: the dataset named.
        one_to_one: whether no two rows name the same.
    """

    dataset: Dataset
    other: Dataset
    one_to_one: bool

    @property
    def columns(self) -> str:
        """The columns to join by."""
        return ", ".join(self.other.key)


def joins(datasets: Sequence[Dataset]) -> Iterator[Join]:
    """Yield how datasets join: each to the first dataset that has a key which is in its columns."""
    for dataset in datasets:
        seen: set[tuple[str, ...]] = set()
        for other in datasets:
            if other is dataset:
                # What comes later with the same key is made from this one.
                seen.add(dataset.key)
            elif other.key not in seen and set(other.key) <= set(dataset.schema.names):
                seen.add(other.key)
                yield Join(dataset, other, one_to_one=set(dataset.key) == set(other.key))


def dictionary_page() -> str:
    """Return the data dictionary as Markdown."""
    environment = Environment(  # noqa: S701 - it makes Markdown of our own words, not HTML
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined
    )
    environment.filters["cell"] = _cell
    template = (
        files("ticketsource_pipeline.dictionary")
        .joinpath("page.md.jinja")
        .read_text(encoding="utf-8")
    )
    datasets = list(DATASETS.values())
    return environment.from_string(template).render(
        datasets=datasets,
        joins=list(joins(datasets)),
        rules={
            dataset.name: [rule for rule in _RULES if rule.dataset is dataset]
            for dataset in datasets
        },
        effects=_EFFECTS,
        partition_key=PARTITION_KEY,
    )


def _cell(text: str) -> str:
    """Text as it may stand in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
