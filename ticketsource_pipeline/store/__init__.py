"""Parquet on a folder or a bucket: layout, atomic writes, reading months, and their records."""

from ticketsource_pipeline.store.errors import DamagedFile
from ticketsource_pipeline.store.files import FileWriter
from ticketsource_pipeline.store.layout import Layout, StoreError
from ticketsource_pipeline.store.manifest import Manifest
from ticketsource_pipeline.store.months import MonthRecord, PerformanceRecord
from ticketsource_pipeline.store.proof import FileProof
from ticketsource_pipeline.store.store import NewFrame, ParquetStore, Stored, Written

__all__ = [
    "DamagedFile",
    "FileProof",
    "FileWriter",
    "Layout",
    "Manifest",
    "MonthRecord",
    "NewFrame",
    "ParquetStore",
    "PerformanceRecord",
    "StoreError",
    "Stored",
    "Written",
]
