"""How bytes reach a file whole or not at all: a hidden name and a rename, or a single PUT."""

from __future__ import annotations

import contextlib
import os
import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from upath import UPath

from ticketsource_pipeline.store.layout import is_local

TEMPORARY_ENDING = ".tmp"


@dataclass(frozen=True)
class NewFile:
    """A file to be written: where it goes, the whole of it, and who may do what with it.

    Attributes:
        path: where it goes.
        content: the whole of it.
        private: whether only the owner may read it.
        read_only: whether nobody may write it; it can be replaced.
    """

    path: UPath
    content: bytes
    private: bool
    read_only: bool = False

    @property
    def mode(self) -> int:
        """Its mode, as far as the umask lets it be."""
        return (0o600 if self.private else 0o666) & (0o444 if self.read_only else 0o666)


class FileWriter:
    """Writes, moves and removes whole files, so that a reader sees the old one or the new one."""

    def write(self, path: UPath, content: bytes, *, private: bool) -> None:
        """Put content at a path in one step.

        On a file system the bytes go to a hidden file beside it, are synced, and take the name by
        an atomic rename; on an object store a single PUT is atomic by itself.

        Args:
            path: where the content goes.
            content: the whole file.
            private: whether only the owner may read it (mode 0600 in folders of mode 0700).

        Raises:
            OSError: when the file system refuses; what was there before is untouched.
        """
        self.write_together([NewFile(path, content, private)])

    def write_together(
        self, files: Sequence[NewFile], before: Callable[[], None] | None = None
    ) -> None:
        """Put several files in their places as nearly at once as the file system lets one.

        On a file system all of them are written beside their places and synced first, then take
        their names one right after the other, then the folders are synced; an object store gets
        one PUT after the other.

        Args:
            files: the files, in the order in which they take their places.
            before: called when all are ready, before the first takes its place.

        Raises:
            OSError: when the file system refuses. Until the first has taken its place, nothing is
                changed: a full disk is met before.
        """
        ready: list[tuple[NewFile, Path | None]] = []
        try:
            for file in files:
                ready.append((file, self._prepared(file)))  # noqa: PERF401 - what is there is cleared
            if before is not None:
                before()
            for file, temporary in ready:
                self._take_place(file, temporary)
        except BaseException:
            for _, temporary in ready:
                _clear(temporary)
            raise
        for folder in dict.fromkeys(
            Path(file.path.path).parent for file, temporary in ready if temporary is not None
        ):
            _sync_folder(folder)

    def move(self, source: UPath, target: UPath, *, private: bool) -> None:
        """Give a file another path in one step, replacing what is there."""
        if not is_local(source):
            source.fs.copy(source.path, target.path)
            source.fs.rm_file(source.path)
            return
        self._make_folder(Path(target.path).parent, private=private)
        Path(source.path).replace(target.path)
        _sync_folder(Path(target.path).parent)
        _sync_folder(Path(source.path).parent)

    def remove(self, path: UPath) -> None:
        """Remove a file; one that is not there is fine."""
        with contextlib.suppress(FileNotFoundError):
            if is_local(path):
                Path(path.path).unlink()
                _sync_folder(Path(path.path).parent)
            else:
                path.fs.rm_file(path.path)

    def sweep(self, folder: UPath, name: str = "") -> int:
        """Remove what a killed process left unfinished in a folder; returns how many files.

        Args:
            folder: the folder; the caller holds the lock of whoever writes there.
            name: only what was to become the file of this name; all when not given.
        """
        if not is_local(folder) or not Path(folder.path).is_dir():
            return 0
        leftovers = list(Path(folder.path).glob(f".{name}*{TEMPORARY_ENDING}"))
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)
        return len(leftovers)

    def _prepared(self, file: NewFile) -> Path | None:
        """The file's content under a hidden name beside its place; none on an object store."""
        if not is_local(file.path):
            return None
        target = Path(file.path.path)
        self._make_folder(target.parent, private=file.private)
        temporary = target.with_name(f".{target.name}.{uuid4().hex}{TEMPORARY_ENDING}")
        try:
            self._write_synced(temporary, file.content, file.mode)
        except BaseException:
            _clear(temporary)
            raise
        return temporary

    def _take_place(self, file: NewFile, temporary: Path | None) -> None:
        """Make a file visible: the one step in which a reader sees it change."""
        if temporary is None:
            file.path.fs.pipe_file(file.path.path, file.content)
        else:
            temporary.replace(file.path.path)

    def _make_folder(self, folder: Path, *, private: bool) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent, private=private)
        folder.mkdir(mode=0o700 if private else 0o777, exist_ok=True)
        _sync_folder(folder.parent)

    def _write_synced(self, path: Path, content: bytes, mode: int) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def names_in(folder: UPath) -> list[str]:
    """Return the names of all that is in a folder, in order; none when it is not there.

    On a bucket it is one request; `iterdir` first asks whether it is a folder.
    """
    try:
        if is_local(folder):
            return sorted(path.name for path in folder.iterdir())
        paths: list[str] = folder.fs.ls(folder.path, detail=False)
        # Some tools put an empty object in the place of a folder, which is then listed in itself.
        inside = {path.rstrip("/") for path in paths} - {folder.path.rstrip("/")}
        return sorted(posixpath.basename(path) for path in inside)
    except (FileNotFoundError, NotADirectoryError):
        return []


def file_names(folder: UPath, ending: str) -> Iterator[str]:
    """Yield the names of a folder's finished files, without the ending, in order."""
    for name in names_in(folder):
        if name.endswith(ending) and not name.startswith((".", "_")):
            yield name.removesuffix(ending)


def _clear(temporary: Path | None) -> None:
    if temporary is not None:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
