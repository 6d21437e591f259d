"""The data directory as datasets: reading and writing frames, whole files at a time."""

from __future__ import annotations

import contextlib
import errno
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa
from filelock import FileLock
from pyarrow.parquet import FileMetaData
from upath import UPath

from ticketsource_pipeline.datasets import PARTITION_KEY, Dataset
from ticketsource_pipeline.store import parquet
from ticketsource_pipeline.store.files import FileWriter, file_names
from ticketsource_pipeline.store.layout import SINGLE_FILE, Layout, StoreError
from ticketsource_pipeline.store.months import MonthRecord

_METADATA_KEY = b"ticketsource"


class DamagedFile(StoreError):
    """A file that cannot be read as one of its dataset; the message says which."""


@dataclass(frozen=True)
class Stored:
    """One file as it was read: its rows, and what its writer noted beside them."""

    frame: pd.DataFrame
    notes: Mapping[str, Any]


@dataclass(frozen=True)
class Written:
    """What a write did.

    Attributes:
        rows: how many rows the file has.
        changed: whether the file was written; false when it already held the same.
    """

    rows: int
    changed: bool


@dataclass(frozen=True)
class ParquetStore:
    """A data directory. Files are replaced whole, and left alone when nothing in them changed."""

    layout: Layout
    writer: FileWriter = field(default_factory=FileWriter)

    def prepare(self) -> None:
        """Make the data directory if it is new, and make sure that it can be written.

        Raises:
            StoreError: when it cannot; nothing has changed then.
        """
        path = self.layout.state / "write-test"
        with _refusals(self.layout.root):
            if self.layout.local:
                self.layout.root.mkdir(parents=True, exist_ok=True)
            self.writer.write(path, b"", private=False)
            self.writer.remove(path)

    def read(
        self,
        dataset: Dataset,
        months: Iterable[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return a dataset's rows as a typed frame, without the partition column.

        Args:
            dataset: what to read.
            months: only these months of a partitioned dataset; all when not given.
            columns: only these columns; all when not given.
        """
        names = list(columns) if columns is not None else dataset.schema.names
        schema = pa.schema([dataset.schema.field(name) for name in names])
        if not dataset.partitioned:
            folders: list[str | None] = [None]
        else:
            folders = list(self.months(dataset) if months is None else months)
        tables = [
            _columns(path, names, schema)
            for month in folders
            for path in self._paths(dataset, month)
        ]
        table = pa.concat_tables(tables) if tables else schema.empty_table()
        return table.to_pandas(types_mapper=pd.ArrowDtype)

    def read_file(self, dataset: Dataset, month: str | None, name: str) -> Stored | None:
        """Return one file's rows and notes, or none when there is no such file."""
        table = self._table(self.layout.file(dataset, month, name))
        if table is None:
            return None
        return Stored(table.to_pandas(types_mapper=pd.ArrowDtype), _notes(table.schema))

    def notes(self, dataset: Dataset, month: str | None) -> dict[str, Mapping[str, Any]]:
        """Return, by file name, what was noted beside the rows of a folder's files."""
        return {
            path.name.removesuffix(".parquet"): _stored_notes(path)
            for path in self._paths(dataset, month)
        }

    def write(
        self,
        dataset: Dataset,
        frame: pd.DataFrame,
        *,
        month: str | None = None,
        name: str = SINGLE_FILE,
        notes: Mapping[str, Any] | None = None,
    ) -> Written:
        """Put a frame in a file, whole, unless the file already holds just that.

        Args:
            dataset: the dataset the frame belongs to; its schema is the file's.
            frame: the rows.
            month: the month's folder, for a partitioned dataset.
            name: the file's name without the ending.
            notes: what to note beside the rows, in the file itself.

        Raises:
            StoreError: when the data directory refuses; what was there before is untouched.
        """
        table = pa.Table.from_pandas(frame, schema=dataset.schema, preserve_index=False)
        text = json.dumps(dict(notes or {}), sort_keys=True, separators=(",", ":"))
        table = table.replace_schema_metadata({_METADATA_KEY: text.encode()})
        path = self.layout.file(dataset, month, name)
        try:
            old = self._table(path)
        except DamagedFile:
            # It holds nothing that could be kept, and here comes what replaces it.
            old = None
        if old is not None and old.schema.equals(table.schema, check_metadata=True):
            old_table = old.combine_chunks()
            if old_table.equals(table.combine_chunks()):
                return Written(table.num_rows, changed=False)
        with _refusals(path):
            self.writer.write(path, parquet.encode(table), private=dataset.personal)
        return Written(table.num_rows, changed=True)

    def names(self, dataset: Dataset, month: str | None) -> list[str]:
        """Return the names of the files of a dataset, of one month when it is partitioned."""
        return list(file_names(self.layout.folder(dataset, month), ".parquet"))

    def move(self, dataset: Dataset, name: str, month: str, to_month: str) -> None:
        """Move a file of a partitioned dataset from one month to another."""
        source = self.layout.file(dataset, month, name)
        target = self.layout.file(dataset, to_month, name)
        with _refusals(target):
            self.writer.move(source, target, private=dataset.personal)

    def remove(self, dataset: Dataset, month: str | None, name: str) -> None:
        """Remove a file of a dataset; one that is not there is fine."""
        path = self.layout.file(dataset, month, name)
        with _refusals(path):
            self.writer.remove(path)

    def sweep(self, dataset: Dataset, month: str | None) -> int:
        """Remove what a killed writer left unfinished; the caller holds the lock."""
        return self.writer.sweep(self.layout.folder(dataset, month))

    def sweep_month_record(self, month: str) -> int:
        """Remove what a killed writer left of a month's record; the caller holds the lock."""
        record = self.layout.month_record(month)
        return self.writer.sweep(record.parent, record.name)

    def months(self, dataset: Dataset) -> list[str]:
        """Return the months a partitioned dataset has a folder for, in order."""
        prefix = f"{PARTITION_KEY}="
        try:
            folders = sorted(path.name for path in self.layout.dataset(dataset).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [name.removeprefix(prefix) for name in folders if name.startswith(prefix)]

    def size(self, dataset: Dataset) -> tuple[int, int]:
        """Return how many rows and files a dataset has, read from the files' footers."""
        months: list[str | None] = list(self.months(dataset)) if dataset.partitioned else [None]
        footers = [_footer(path) for month in months for path in self._paths(dataset, month)]
        return sum(footer.num_rows for footer in footers), len(footers)

    def month_record(self, month: str) -> MonthRecord:
        """Return the record of a month; an empty one when nothing is known of it."""
        path = self.layout.month_record(month)
        try:
            return MonthRecord.from_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return MonthRecord(month)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise StoreError(
                f"{path} is damaged: remove it, and the next sync reads the month again."
            ) from None

    def write_month_record(self, record: MonthRecord) -> None:
        """Put the record of a month in its place."""
        path = self.layout.month_record(record.month)
        with _refusals(path):
            self.writer.write(path, record.to_json().encode(), private=False)

    def recorded_months(self) -> list[str]:
        """Return the months that have a record, in order."""
        return list(file_names(self.layout.state / "months", ".json"))

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a named lock against all processes of this machine; a dead process holds none."""
        folder = self.layout.shared / "locks"
        with _refusals(UPath(folder)):
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / f"{name}.lock")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _paths(self, dataset: Dataset, month: str | None) -> list[UPath]:
        folder = self.layout.folder(dataset, month)
        return [folder / f"{name}.parquet" for name in file_names(folder, ".parquet")]

    def _table(self, path: UPath) -> pa.Table | None:
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        with _damages(path):
            return parquet.decode(content)


def _columns(path: UPath, names: list[str], schema: pa.Schema) -> pa.Table:
    content = path.read_bytes()
    with _damages(path):
        return parquet.decode(content, names).cast(schema)


def _footer(path: UPath) -> FileMetaData:
    with path.open("rb") as file, _damages(path):
        return parquet.footer(file)


def _stored_notes(path: UPath) -> Mapping[str, Any]:
    footer = _footer(path)
    with _damages(path):
        return _notes(footer.schema.to_arrow_schema())


def _notes(schema: pa.Schema) -> Mapping[str, Any]:
    text = (schema.metadata or {}).get(_METADATA_KEY)
    return json.loads(text) if text else {}


@contextlib.contextmanager
def _damages(path: UPath) -> Iterator[None]:
    """Turn what Arrow says of a file that is not one of ours into one clear line."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError):
        raise DamagedFile(
            f"{path} is damaged or no file of this dataset: remove it, and the next sync makes it"
            " again."
        ) from None


@contextlib.contextmanager
def _refusals(path: UPath) -> Iterator[None]:
    """Turn what a file system refuses into one clear line."""
    try:
        yield
    except OSError as error:
        advice = {
            errno.ENOSPC: "the disk is full: free some space",
            errno.EDQUOT: "the disk quota is used up: free some space",
            errno.EFBIG: "the file would be larger than allowed: raise the limit",
            errno.EROFS: "the file system is read-only: choose another folder",
            errno.EACCES: "permission denied: make it writable or choose another folder",
            errno.EPERM: "not permitted: make it writable or choose another folder",
        }.get(error.errno or 0, f"{error.strerror or error}")
        raise StoreError(
            f"Cannot write {path}: {advice} (TICKETSOURCE_DATA_DIR). What was there before is"
            " untouched."
        ) from error
