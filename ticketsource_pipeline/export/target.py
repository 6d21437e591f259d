"""Where an export goes: a file that is whole or not there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from ticketsource_pipeline.export.rows import ExportRefused


@contextlib.contextmanager
def whole_file(path: Path, *, private: bool, force: bool) -> Iterator[Path]:
    """Yield the path of a hidden file that takes a name once all is written.

    Args:
        path: the name.
        private: whether only the owner may read it (mode 0600).
        force: whether it may replace a file of that name.

    Raises:
        ExportRefused: when there is a file of that name, or the file system refuses.
    """
    _check_free(path, force=force)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666
        )
        os.close(descriptor)
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        _check_free(path, force=force)
        temporary.replace(path)
    except OSError as error:
        raise ExportRefused(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _check_free(path: Path, *, force: bool) -> None:
    if path.is_dir():
        raise ExportRefused(f"{path} is a folder: name a file with --output.")
    if not force and (path.exists() or path.is_symlink()):
        raise ExportRefused(f"{path} is there already: say --force to replace it.")
