"""Parquet on a folder or a bucket: layout, atomic writes, reading months, and their records."""

from ticketsource_pipeline.store.files import FileWriter
from ticketsource_pipeline.store.layout import Layout, StoreError
from ticketsource_pipeline.store.months import MonthRecord, PerformanceRecord
from ticketsource_pipeline.store.store import DamagedFile, ParquetStore, Stored, Written

__all__ = [
    "DamagedFile",
    "FileWriter",
    "Layout",
    "MonthRecord",
    "ParquetStore",
    "PerformanceRecord",
    "StoreError",
    "Stored",
    "Written",
]
