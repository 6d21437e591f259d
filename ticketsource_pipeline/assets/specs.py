"""An asset's face in Dagster, made from the dataset's declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import dagster as dg

from ticketsource_pipeline.assets.mart_lineage import mart_lineage
from ticketsource_pipeline.datasets import Column, Dataset

OWNER = "team:box-office-data"
API_POOL = "ticketsource_api"

CATALOG_FRESHNESS = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(hours=12), warn_window=timedelta(hours=3)
)
"""The catalogue is read every hour: three hours without is odd, twelve are wrong."""

MONTH_FRESHNESS = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(hours=50), warn_window=timedelta(hours=26)
)
"""Some month is read every night while anything is on sale: two nights without are wrong."""

FRESHNESS = {
    "catalog": CATALOG_FRESHNESS,
    "raw": MONTH_FRESHNESS,
    "sales": MONTH_FRESHNESS,
    # Looked at every day, even when nothing changed.
    "marts": MONTH_FRESHNESS,
}
"""By layer. The customers have none: they are read when somebody asks for them."""

_ASKED_OF_THE_API = frozenset({"catalog", "raw", "customers"})


def asset_spec(
    dataset: Dataset,
    *,
    deps: Sequence[Dataset],
    account: str,
    partitions: dg.PartitionsDefinition | None = None,
    code_version: str = "1",
) -> dg.AssetSpec:
    """Return the spec of the asset that holds a dataset.

    Args:
        dataset: the declaration.
        deps: the datasets it is made from.
        account: whose data it is, shown with the asset.
        partitions: its partitions, when it has any.
        code_version: changes when the same input gives other rows.
    """
    personal = "personal data" if dataset.personal else "no personal data"
    asked = dataset.layer in _ASKED_OF_THE_API
    kinds = {"parquet", "pandas"} | ({"ticketsource"} if asked else set())
    return dg.AssetSpec(
        key=dataset.name,
        description=f"{dataset.description} One row per {dataset.row}; {personal}.",
        deps=[dependency.name for dependency in deps],
        group_name=dataset.layer,
        owners=[OWNER],
        kinds=kinds,
        tags={"layer": dataset.layer, "personal_data": "yes" if dataset.personal else "no"},
        code_version=code_version,
        partitions_def=partitions,
        freshness_policy=FRESHNESS.get(dataset.layer),
        metadata={
            "dagster/column_schema": column_schema(dataset),
            "account": account,
            "endpoint": dataset.record.endpoint,
            "key": ", ".join(dataset.key),
        },
    )


def column_schema(dataset: Dataset) -> dg.TableSchema:
    """Return the dataset's columns as Dagster shows them."""
    return dg.TableSchema(columns=[_table_column(dataset, column) for column in dataset.columns])


def column_lineage(dataset: Dataset) -> dg.TableColumnLineage | None:
    """Return which columns of other datasets each column is made from, when it is made of any."""
    lineage = {
        name: [dg.TableColumnDep(asset_key=asset, column_name=column) for asset, column in sources]
        for name, sources in _lineage(dataset).items()
    }
    return dg.TableColumnLineage(lineage) if lineage else None


def _lineage(dataset: Dataset) -> Mapping[str, Sequence[tuple[str, str]]]:
    names = dataset.schema.names
    by_dataset: dict[str, dict[str, list[tuple[str, str]]]] = {
        "venues": {"event_id": [("events", "event_id")]},
        "performances": {
            "event_id": [("events", "event_id")],
            "event_name": [("events", "name")],
            "venue_id": [("venues", "venue_id")],
            "venue_name": [("venues", "name")],
        },
        "raw_bookings": _same("performances", ("date_id", "event_id")),
        "raw_seats": _same("raw_bookings", ("booking_id", "date_id")),
        "booking_lines": {
            **{name: [("raw_bookings", "payload")] for name in names},
            **_same("raw_bookings", ("booking_id", "date_id", "event_id", "ref")),
        },
    }
    from_seats = {
        **{name: [("raw_seats", "payload")] for name in names},
        **_same("raw_seats", ("seat_id", "booking_id", "date_id")),
        **_same("performances", ("event_id",)),
    }
    if dataset.layer in {"marts", "customers"}:
        return mart_lineage(dataset)
    return by_dataset.get(dataset.name, from_seats if dataset.layer == "sales" else {})


def _same(source: str, names: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    return {name: [(source, name)] for name in names}


def _table_column(dataset: Dataset, column: Column) -> dg.TableColumn:
    is_key = column.name in dataset.key
    return dg.TableColumn(
        name=column.name,
        type=str(column.type.arrow),
        description=column.description,
        constraints=dg.TableColumnConstraints(
            nullable=not is_key, unique=dataset.key == (column.name,)
        ),
        tags={"personal_data": ""} if column.personal else None,
    )
