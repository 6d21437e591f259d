"""The data directory as datasets: reading and writing frames, whole files at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa
from pyarrow.parquet import FileMetaData
from upath import UPath

from ticketsource_pipeline.datasets import PARTITION_KEY, Dataset
from ticketsource_pipeline.store import parquet, succession
from ticketsource_pipeline.store.errors import DamagedFile, damages, refusals
from ticketsource_pipeline.store.files import NewFile, file_names, names_in
from ticketsource_pipeline.store.layout import SINGLE_FILE, StoreError
from ticketsource_pipeline.store.proof import FileProof
from ticketsource_pipeline.store.state import StateFiles

_METADATA_KEY = b"ticketsource"
_LISTED_AT_MOST = 5

Found = TypeVar("Found")


@dataclass(frozen=True)
class Stored:
    """One file as it was read: its rows, and what its writer noted beside them."""

    frame: pd.DataFrame
    notes: Mapping[str, Any]


@dataclass(frozen=True)
class Written:
    """What a write did.

    Attributes:
        proof: what proves that the file is the one meant.
        changed: whether the file was written; false when it already held the same.
    """

    proof: FileProof
    changed: bool

    @property
    def rows(self) -> int:
        """How many rows the file has."""
        return self.proof.rows


@dataclass(frozen=True)
class NewFrame:
    """Rows to be put in a file.

    Attributes:
        dataset: the dataset the frame belongs to; its schema is the file's.
        frame: the rows.
        month: the month's folder, for a partitioned dataset.
        name: the file's name without the ending.
        notes: what to note beside the rows, in the file itself.
    """

    dataset: Dataset
    frame: pd.DataFrame
    month: str | None = None
    name: str = SINGLE_FILE
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ParquetStore(StateFiles):
    """A data directory. Files are replaced whole, and left alone when nothing in them changed.

    Attributes:
        keeps_replaced_persons: whether a file that names persons keeps the bytes of the rows it
            replaces until it is next written, so that a query under way finds them; not while
            persons are being taken out. Files that name nobody always do, on a folder.
    """

    keeps_replaced_persons: bool = True

    def read(
        self,
        dataset: Dataset,
        months: Iterable[str] | None = None,
        columns: Sequence[str] | None = None,
        *,
        proofs: Mapping[str, FileProof] | None = None,
    ) -> pd.DataFrame:
        """Return a dataset's rows as a typed frame, without the partition column.

        Args:
            dataset: what to read.
            months: only these months of a partitioned dataset; all when not given.
            columns: only these columns; all when not given.
            proofs: by file name, what a file must be; one of another name is taken as it is.

        Raises:
            DamagedFile: when a file cannot be read, or is not what its proof says.
            StoreError: when the files change again and again while they are read.
        """
        table = self.read_table(dataset, months, columns, proofs=proofs)
        return table.to_pandas(types_mapper=pd.ArrowDtype)

    def read_table(
        self,
        dataset: Dataset,
        months: Iterable[str] | None = None,
        columns: Sequence[str] | None = None,
        *,
        proofs: Mapping[str, FileProof] | None = None,
    ) -> pa.Table:
        """Return a dataset's rows as `read` does, as a table of Arrow."""
        names = list(columns) if columns is not None else dataset.schema.names
        schema = pa.schema([dataset.schema.field(name) for name in names])
        if not dataset.partitioned:
            folders: list[str | None] = [None]
        else:
            folders = list(self.months(dataset) if months is None else months)
        tables = self._each(
            dataset,
            folders,
            lambda path, name: _columns(path, names, schema, (proofs or {}).get(name)),
        )
        return pa.concat_tables(tables.values()) if tables else schema.empty_table()

    def read_file(self, dataset: Dataset, month: str | None, name: str) -> Stored | None:
        """Return one file's rows and notes, or none when there is no such file."""
        path = self.layout.file(dataset, month, name)
        content = _content(path)
        if content is None:
            return None
        with damages(path):
            table = parquet.decode(content)
        return Stored(table.to_pandas(types_mapper=pd.ArrowDtype), _notes(table.schema))

    def notes(self, dataset: Dataset, month: str | None) -> dict[str, Mapping[str, Any]]:
        """Return, by file name, what was noted beside the rows of a folder's files."""
        found = self._each(dataset, [month], lambda path, _: _stored_notes(path))
        return {name: notes for (_, name), notes in found.items()}

    def write(
        self,
        dataset: Dataset,
        frame: pd.DataFrame,
        *,
        month: str | None = None,
        name: str = SINGLE_FILE,
        notes: Mapping[str, Any] | None = None,
    ) -> Written:
        """Put a frame in a file, as `write_together` does with several."""
        (written,) = self.write_together([NewFrame(dataset, frame, month, name, notes or {})])
        return written

    def write_together(
        self, frames: Sequence[NewFrame], before: Callable[[], None] | None = None
    ) -> list[Written]:
        """Put frames in files, whole and as nearly at once as the data directory lets one.

        A file that already holds just what it is to hold is left alone.

        Args:
            frames: the frames, in the order in which their files take their places.
            before: called before the first file is replaced; not when none is.

        Raises:
            StoreError: when the data directory refuses; what was there before is untouched.
        """
        written: list[Written] = []
        new: list[NewFile] = []
        for frame in frames:
            done, file = self._compared(frame)
            written.append(done)
            if file is not None:
                new.append(file)
        if new:
            with refusals(new[0].path):
                self.writer.write_together(new, before)
        return written

    def proof(self, dataset: Dataset, month: str | None, name: str) -> FileProof:
        """Return the proof of a file as it is now.

        Raises:
            DamagedFile: when it cannot be read.
        """
        path = self.layout.file(dataset, month, name)
        content = path.read_bytes()
        with damages(path):
            return FileProof.of(content, parquet.decode(content).num_rows)

    def keeps_replaced_rows(self, dataset: Dataset, month: str | None) -> bool:
        """Return whether a file of a dataset keeps bytes of rows that it no longer has.

        Args:
            dataset: a dataset of one file, or of one each month.
            month: the month; none for a dataset that is not laid out by month.
        """
        content = _content(self.layout.file(dataset, month, SINGLE_FILE))
        return content is not None and succession.keeps_replaced_rows(content)

    def length(self, dataset: Dataset, month: str | None, name: str) -> int | None:
        """Return how many bytes a file has; none when it is not there."""
        try:
            return self.layout.file(dataset, month, name).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def lengths(self, dataset: Dataset) -> dict[str, int]:
        """Return how long each file of a dataset is in bytes, by its path as in a manifest."""
        root = self.layout.root
        # One listing, where a bucket would take a request for each file.
        found: Any = root.fs.find(self.layout.dataset(dataset).path, detail=True)
        return {
            path.removeprefix(root.path).lstrip("/"): about["size"] for path, about in found.items()
        }

    def names(self, dataset: Dataset, month: str | None) -> list[str]:
        """Return the names of the files of a dataset, of one month when it is partitioned."""
        return list(file_names(self.layout.folder(dataset, month), ".parquet"))

    def move(self, dataset: Dataset, name: str, month: str, to_month: str) -> None:
        """Move a file of a partitioned dataset from one month to another."""
        source = self.layout.file(dataset, month, name)
        target = self.layout.file(dataset, to_month, name)
        with refusals(target):
            self.writer.move(source, target, private=dataset.personal)

    def remove(self, dataset: Dataset, month: str | None, name: str) -> None:
        """Remove a file of a dataset; one that is not there is fine."""
        path = self.layout.file(dataset, month, name)
        with refusals(path):
            self.writer.remove(path)

    def sweep(self, dataset: Dataset, month: str | None) -> int:
        """Remove what a killed writer left unfinished; the caller holds the lock."""
        return self.writer.sweep(self.layout.folder(dataset, month))

    def months(self, dataset: Dataset) -> list[str]:
        """Return the months a partitioned dataset has a folder for, in order."""
        prefix = f"{PARTITION_KEY}="
        folders = names_in(self.layout.dataset(dataset))
        return [name.removeprefix(prefix) for name in folders if name.startswith(prefix)]

    def size(self, dataset: Dataset) -> tuple[int, int]:
        """Return how many rows and files a dataset has, read from the files' footers."""
        months: list[str | None] = list(self.months(dataset)) if dataset.partitioned else [None]
        footers = self._each(dataset, months, lambda path, _: _footer(path)).values()
        return sum(footer.num_rows for footer in footers), len(footers)

    def _each(
        self,
        dataset: Dataset,
        months: Iterable[str | None],
        work: Callable[[UPath, str], Found],
    ) -> dict[tuple[str | None, str], Found]:
        """What some work over each file comes to, by month and file name.

        Another process may move or remove a file after it was listed: then all are listed anew.
        """
        folders = list(months)
        path = self.layout.dataset(dataset)
        for _ in range(_LISTED_AT_MOST):
            found: dict[tuple[str | None, str], Found] = {}
            try:
                for month in folders:
                    for name in self.names(dataset, month):
                        path = self.layout.file(dataset, month, name)
                        found[month, name] = work(path, name)
            except FileNotFoundError:
                continue
            return found
        raise StoreError(f"{path} comes and goes while it is read: look whether it can be opened.")

    def _compared(self, new: NewFrame) -> tuple[Written, NewFile | None]:
        """A frame as the file it is to be; none where the file there already holds just that."""
        dataset = new.dataset
        table = pa.Table.from_pandas(new.frame, schema=dataset.schema, preserve_index=False)
        text = json.dumps(dict(new.notes), sort_keys=True, separators=(",", ":"))
        table = table.replace_schema_metadata({_METADATA_KEY: text.encode()})
        path = self.layout.file(dataset, new.month, new.name)
        old = _content(path)
        if old is not None and _holds(old, table):
            content = succession.cleared(old) if dataset.personal else None
            if content is None:
                return Written(FileProof.of(old, table.num_rows), changed=False), None
        elif old is not None and self.layout.local:
            keeps_rows = self.keeps_replaced_persons or not dataset.personal
            content = succession.successor(table, old, keeps_rows=keeps_rows)
        else:
            content = parquet.encode(table)
        proof = FileProof.of(content, table.num_rows)
        return Written(proof, changed=True), NewFile(path, content, dataset.personal)


def _content(path: UPath) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _holds(content: bytes, table: pa.Table) -> bool:
    try:
        old = parquet.decode(content)
    except (pa.ArrowException, OSError, ValueError, KeyError):
        # It holds nothing that could be kept, and here comes what replaces it.
        return False
    same_schema = old.schema.equals(table.schema, check_metadata=True)
    return same_schema and bool(old.combine_chunks().equals(table.combine_chunks()))


def _columns(path: UPath, names: list[str], schema: pa.Schema, proof: FileProof | None) -> pa.Table:
    content = path.read_bytes()
    if proof is not None and not proof.fits(content):
        raise DamagedFile(f"{path} is not as it was written: remove it, and read its month again.")
    with damages(path):
        return parquet.decode(content, names).cast(schema)


def _footer(path: UPath) -> FileMetaData:
    with path.open("rb") as file, damages(path):
        return parquet.footer(file)


def _stored_notes(path: UPath) -> Mapping[str, Any]:
    footer = _footer(path)
    with damages(path):
        return _notes(footer.schema.to_arrow_schema())


def _notes(schema: pa.Schema) -> Mapping[str, Any]:
    text = (schema.metadata or {}).get(_METADATA_KEY)
    return json.loads(text) if text else {}
