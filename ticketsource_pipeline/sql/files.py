"""The only files a query can see: the datasets' Parquet, each as it was at its first opening."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from fsspec import AbstractFileSystem
from upath import UPath

from ticketsource_pipeline.datasets import DATASETS, PARTITION_KEY, Dataset
from ticketsource_pipeline.sql.views import pattern_of
from ticketsource_pipeline.store import ParquetStore, parquet

PROTOCOL = "ticketsource"
_NO_ROWS = "no-rows.parquet"
_FINISHED = re.compile(r"[^./_][^/]*\.parquet")
_IN_A_MONTH = re.compile(rf"{PARTITION_KEY}=\d{{4}}-\d{{2}}/{_FINISHED.pattern}", re.ASCII)


class NotForQueries(PermissionError):
    """Something that a query may not do to files."""


Pinned = int | bytes
"""A file that is held as it is: its descriptor, or the whole of an object."""


class StoreFiles(AbstractFileSystem):
    """A data directory as a file system of datasets alone, which cannot be written.

    DuckDB opens a file several times in a query. Here each is opened once and held, so that a query
    sees it whole, as it was, though a sync puts another in its place meanwhile. Until `reveal`,
    every dataset is one file without rows: views are made without a look at the data.
    """

    protocol = PROTOCOL
    cachable = False

    def __init__(self, store: ParquetStore) -> None:
        super().__init__()
        self._store = store
        self._revealed = False
        self._listed: dict[str, list[str]] = {}
        self._pinned: dict[str, Pinned] = {}
        self.failure: Exception | None = None
        """What went wrong at first: DuckDB says it in its own words only."""

    def reveal(self) -> None:
        """Show the files that are stored from now on."""
        self._revealed = True

    def release(self) -> None:
        """Let go of the files."""
        for pinned in self._pinned.values():
            if isinstance(pinned, int):
                os.close(pinned)
        self._pinned.clear()

    def opened(self) -> Iterator[tuple[UPath, bytes]]:
        """Yield each file that was opened, with its content as it was."""
        for path, pinned in self._pinned.items():
            yield self._store.layout.root / path, _content(pinned)

    def glob(self, path: str, maxdepth: int | None = None, **kwargs: Any) -> list[str]:
        """Return the files of the dataset whose pattern this is.

        Raises:
            NotForQueries: when it is the pattern of none.
        """
        del maxdepth, kwargs
        with self._failures_kept():
            return [self.unstrip_protocol(name) for name in self._matching(path)]

    def open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        cache_options: dict[str, Any] | None = None,
        compression: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Open a file that was listed, for reading.

        Raises:
            NotForQueries: when it is to be written, or is none of the listed.
        """
        del block_size, cache_options, compression, kwargs
        with self._failures_kept():
            if mode != "rb":
                raise NotForQueries("nothing can be written")
            return _PinnedFile(self._pin(path))

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """Return the name, kind and size of a file as it is held."""
        del kwargs
        pinned = self._pin(path)
        return {"name": path, "type": "file", "size": _size(pinned)}

    def modified(self, path: str) -> datetime:
        """Return when a file was written, aware UTC; an object's time is not looked at."""
        pinned = self._pin(path)
        seconds = os.fstat(pinned).st_mtime if isinstance(pinned, int) else 0
        return datetime.fromtimestamp(seconds, UTC)

    def _matching(self, path: str) -> list[str]:
        pattern = self._strip_protocol(path)
        dataset = next((one for one in DATASETS.values() if pattern_of(one) == pattern), None)
        if dataset is None:
            raise NotForQueries("its files have no other names than the datasets'")
        if not self._revealed:
            return [_blank(dataset)]
        if dataset.name not in self._listed:
            self._listed[dataset.name] = self._list(dataset) or [_blank(dataset)]
        return self._listed[dataset.name]

    @contextlib.contextmanager
    def _failures_kept(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.failure = self.failure or error
            raise

    def _pin(self, path: str) -> Pinned:
        name = str(self._strip_protocol(path))
        pinned = self._pinned.get(name)
        if pinned is not None:
            return pinned
        folder, _, last = name.rpartition("/")
        dataset = DATASETS.get(folder.partition("/")[0])
        if dataset is not None and last == _NO_ROWS:
            return parquet.encode(dataset.schema.empty_table())
        if dataset is None or name not in self._listed.get(dataset.name, ()):
            raise NotForQueries("only the datasets can be read")
        pinned = os.open(Path(self._store.layout.root.path) / name, os.O_RDONLY)
        # Another thread may have been faster: all go by what was there first.
        kept = self._pinned.setdefault(name, pinned)
        if kept != pinned:
            os.close(pinned)
        return kept

    def _list(self, dataset: Dataset) -> list[str]:
        """The names of a dataset's files; on an object store they are all read at once."""
        folder = self._store.layout.dataset(dataset)
        allowed = _IN_A_MONTH if dataset.partitioned else _FINISHED
        try:
            found = folder.fs.find(folder.path)
        except (FileNotFoundError, NotADirectoryError):
            return []
        start = folder.path.rstrip("/") + "/"
        places = {
            f"{dataset.name}/{str(place).removeprefix(start)}": str(place)
            for place in sorted(found)
            if allowed.fullmatch(str(place).removeprefix(start))
        }
        if not self._store.layout.local and places:
            self._pin_objects(folder, places)
        return list(places)

    def _pin_objects(self, folder: UPath, places: dict[str, str]) -> None:
        contents = cast("Mapping[str, bytes]", folder.fs.cat(list(places.values())))
        for name, place in places.items():
            self._pinned[name] = contents[place]


class _PinnedFile(io.RawIOBase):
    """A reader of a file that is held, with a place of its own in it."""

    def __init__(self, pinned: Pinned) -> None:
        super().__init__()
        self._pinned = pinned
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: _size(self._pinned)}
        self._place = start[whence] + offset
        return self._place

    def read(self, size: int = -1, /) -> bytes:
        length = _size(self._pinned) - self._place if size < 0 else size
        if isinstance(self._pinned, int):
            content = os.pread(self._pinned, length, self._place)
        else:
            content = self._pinned[self._place : self._place + length]
        self._place += len(content)
        return content


def _blank(dataset: Dataset) -> str:
    folder = f"{dataset.name}/{PARTITION_KEY}=0000-00" if dataset.partitioned else dataset.name
    return f"{folder}/{_NO_ROWS}"


def _size(pinned: Pinned) -> int:
    return os.fstat(pinned).st_size if isinstance(pinned, int) else len(pinned)


def _content(pinned: Pinned) -> bytes:
    return os.pread(pinned, _size(pinned), 0) if isinstance(pinned, int) else pinned
