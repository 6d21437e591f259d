"""A file looked at whole, without belief in anything: what it is, and what is in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa
from upath import UPath

from ticketsource_pipeline.datasets import PARTITION_KEY, Dataset
from ticketsource_pipeline.store import parquet
from ticketsource_pipeline.store.files import names_in
from ticketsource_pipeline.store.manifest import money_of
from ticketsource_pipeline.store.proof import FileProof
from ticketsource_pipeline.store.store import ParquetStore

_MONTH_FOLDER = re.compile(rf"{PARTITION_KEY}=(\d{{4}}-(?:0[1-9]|1[0-2]))", re.ASCII)


@dataclass(frozen=True)
class Examined:
    """A file as it is.

    Attributes:
        proof: its rows, length and digest; no row where it cannot be read.
        pence: the sum of each money column, in whole pence.
        trouble: what is wrong with it as a file of its dataset, in words; empty when nothing is.
    """

    proof: FileProof
    pence: Mapping[str, int] = field(default_factory=dict)
    trouble: str = ""


def examine(path: UPath, dataset: Dataset) -> Examined | None:
    """Return what a file of a dataset is, all of it read; none when there is no such file."""
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return Examined(FileProof(0, 0, ""), trouble=f"cannot be read: {error.strerror or error}")
    try:
        table = parquet.decode(content)
        proof = FileProof.of(content, table.num_rows)
        if table.schema.remove_metadata() != dataset.schema:
            return Examined(proof, trouble="has other columns or types than its dataset")
        frame = table.to_pandas(types_mapper=pd.ArrowDtype)
        return Examined(proof, money_of(dataset, frame))
    except (pa.ArrowException, OSError, ValueError, KeyError):
        return Examined(FileProof.of(content, 0), trouble="cannot be read as Parquet")


def visible_files(store: ParquetStore, dataset: Dataset, month: str | None) -> list[UPath]:
    """Return what a reader of a dataset's folder sees in it, whatever it is, in order."""
    return _visible(store.layout.folder(dataset, month))


def misplaced(store: ParquetStore, dataset: Dataset) -> list[UPath]:
    """Return what lies beside the folders of a partitioned dataset's months, in order."""
    folder = store.layout.dataset(dataset)
    return [path for path in _visible(folder) if not _MONTH_FOLDER.fullmatch(path.name)]


def stored_months(store: ParquetStore, dataset: Dataset) -> list[str]:
    """Return the months that a partitioned dataset has a folder for, in order."""
    names = (path.name for path in _visible(store.layout.dataset(dataset)))
    return [match[1] for name in names if (match := _MONTH_FOLDER.fullmatch(name))]


def _visible(folder: UPath) -> list[UPath]:
    # Readers of Parquet pass over hidden names.
    return [folder / name for name in names_in(folder) if name and not name.startswith((".", "_"))]
