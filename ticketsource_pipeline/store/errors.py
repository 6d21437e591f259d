"""What a file system or a damaged file says, turned into one clear line."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

import pyarrow as pa
from upath import UPath

from ticketsource_pipeline.store.layout import StoreError


class DamagedFile(StoreError):
    """A file that cannot be read as one of its dataset; the message says which."""


@contextlib.contextmanager
def damages(path: UPath) -> Iterator[None]:
    """Turn what Arrow says of a file that is not one of ours into one clear line."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError):
        raise DamagedFile(
            f"{path} is damaged or no file of this dataset: run `ticketsource verify`, which says"
            " what makes it again."
        ) from None


@contextlib.contextmanager
def refusals(path: UPath) -> Iterator[None]:
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
