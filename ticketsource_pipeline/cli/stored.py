"""The data directory of a command that only reads it, without Dagster, which takes long to load."""

from __future__ import annotations

from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.settings import Settings, SettingsError, dagster_home
from ticketsource_pipeline.store import Layout, ParquetStore


def stored_data(settings: Settings) -> ParquetStore:
    """Return the data directory, made sure that it holds some dataset.

    Raises:
        SettingsError: when it holds none, or cannot be looked at.
    """
    try:
        store = ParquetStore(Layout.of(settings.data_dir, dagster_home() / "ticketsource"))
        found = any(store.layout.dataset(dataset).exists() for dataset in DATASETS.values())
    except Exception as error:  # Each object store's library has errors of its own.
        raise SettingsError(
            f"Cannot use {settings.data_dir} (TICKETSOURCE_DATA_DIR): {error}"
        ) from error
    if not found:
        raise SettingsError(
            f"There is no data in {store.layout.root} (TICKETSOURCE_DATA_DIR): `ticketsource sync`"
            " reads it."
        )
    return store
