"""What Dagster is told of each materialization: counts, sums, requests and a small preview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd

from ticketsource_pipeline.api import MeterReading
from ticketsource_pipeline.assets.specs import column_lineage
from ticketsource_pipeline.datasets import Dataset
from ticketsource_pipeline.frames.money import total_pence
from ticketsource_pipeline.store import Written

PREVIEW_ROWS = 5


def materialization(
    dataset: Dataset,
    frame: pd.DataFrame,
    written: Written | None = None,
    *,
    more: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult:
    """Return the result of an asset: how many rows, sums of money, lineage, a preview.

    Args:
        dataset: the declaration.
        frame: the rows that were materialized; none of their personal data is shown.
        written: what the write did, where it was one file.
        more: further metadata.
    """
    count = "dagster/partition_row_count" if dataset.partitioned else "dagster/row_count"
    metadata: dict[str, Any] = {count: len(frame)}
    for column in ("gross", "net"):
        if column in dataset.money_columns:
            metadata[f"{column}_pence"] = total_pence(frame[column])
    if written is not None:
        metadata["file_changed"] = written.changed
    lineage = column_lineage(dataset)
    if lineage is not None:
        metadata["dagster/column_lineage"] = lineage
    if not dataset.personal:
        metadata["preview"] = preview(dataset, frame)
    return dg.MaterializeResult(asset_key=dataset.name, metadata={**metadata, **(more or {})})


def request_metadata(reading: MeterReading) -> dict[str, Any]:
    """Return what a step asked of the API, as metadata of each dataset it materialized.

    `requests` beside them is the pages of the dataset itself; these are of the whole step.
    """
    return {
        "step_requests": reading.requests,
        "retries": reading.retries,
        "lists_read_again": reading.rereads,
        "limit_wait_seconds": round(reading.limit_wait_seconds, 1),
        "server_wait_seconds": round(reading.server_wait_seconds, 1),
    }


def preview(dataset: Dataset, frame: pd.DataFrame) -> dg.TableMetadataValue:
    """Return the first few rows, for a dataset without personal data; no payloads."""
    columns = [name for name in dataset.schema.names if name not in {"payload", "description"}]
    shown = frame[columns].head(PREVIEW_ROWS)
    records = [
        dg.TableRecord(
            {str(name): "" if pd.isna(value) else str(value) for name, value in row.items()}
        )
        for row in shown.to_dict(orient="records")
    ]
    schema = dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in columns])
    return dg.MetadataValue.table(records, schema)
