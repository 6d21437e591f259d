"""What is known of a data directory: records of months, manifests, and locks on them."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from filelock import FileLock, Timeout
from upath import UPath

from ticketsource_pipeline.store.errors import refusals
from ticketsource_pipeline.store.files import FileWriter, file_names
from ticketsource_pipeline.store.layout import (
    CATALOG_SCOPE,
    MARTS_SCOPE,
    Layout,
    StoreError,
    month_of,
)
from ticketsource_pipeline.store.manifest import Manifest
from ticketsource_pipeline.store.months import MonthRecord

STATE_LOCK = "state"
CATALOG_LOCK = CATALOG_SCOPE
MARTS_LOCK = MARTS_SCOPE
PRIVACY_LOCK = "personal"
REPORT_LOCK = "report"
DATABASE_LOCK = "database"


def lock_of(scope: str) -> str:
    """Return the lock of those who write a month, the catalogue or the marts."""
    return f"month-{scope}" if month_of(scope) else scope


class DamagedManifest(StoreError):
    """A manifest that cannot be read; the message says which."""


class Busy(StoreError):
    """A lock that another process holds."""


@dataclass(frozen=True)
class StateFiles:
    """The files beside the datasets, in the data directory's hidden folder."""

    layout: Layout
    writer: FileWriter = field(default_factory=FileWriter)

    def prepare(self) -> None:
        """Make the data directory if it is new, and make sure that it can be written.

        Raises:
            StoreError: when it cannot; nothing has changed then.
        """
        path = self.layout.state / "write-test"
        with refusals(self.layout.root):
            if self.layout.local:
                self.layout.root.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as held:
            if self.layout.local:
                held.enter_context(self.lock(STATE_LOCK))
                self.writer.sweep(path.parent, path.name)
            with refusals(self.layout.root):
                self.writer.write(path, b"", private=False)
                self.writer.remove(path)

    def month_record(self, month: str) -> MonthRecord:
        """Return the record of a month; an empty one when nothing is known of it.

        Raises:
            StoreError: when it is damaged.
        """
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
        with refusals(path):
            self.writer.write(path, record.to_json().encode(), private=False)

    def cleared_until(self) -> datetime | None:
        """Return until when (aware UTC) files were rid of replaced rows; none if nobody knows."""
        try:
            noted = json.loads(self.layout.cleared.read_text(encoding="utf-8"))
            return datetime.fromisoformat(noted["until"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def write_cleared_until(self, moment: datetime) -> None:
        """Note until when (aware UTC) files were rid of replaced rows."""
        path = self.layout.cleared
        with self.lock(STATE_LOCK), refusals(path):
            content = json.dumps({"until": moment.isoformat()}).encode()
            self.writer.write(path, content, private=False)

    def recorded_months(self) -> list[str]:
        """Return the months that have a record, in order."""
        return list(file_names(self.layout.months, ".json"))

    def sweep_month_record(self, month: str) -> int:
        """Remove what a killed writer left of a month's record; the caller holds the lock."""
        record = self.layout.month_record(month)
        return self.writer.sweep(record.parent, record.name)

    def manifest(self, scope: str) -> Manifest | None:
        """Return the manifest of a month, the catalogue or the marts; none when there is none.

        Raises:
            DamagedManifest: when it cannot be read, or is the one of something else.
        """
        path = self.layout.manifest(scope)
        try:
            manifest = Manifest.from_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            raise DamagedManifest(f"{path} is damaged or of another version") from None
        if manifest.scope != scope:
            what = manifest.month or f"the {manifest.layer or 'catalogue'}"
            raise DamagedManifest(f"{path} is the manifest of {what}")
        return manifest

    def write_manifest(self, manifest: Manifest) -> None:
        """Put a manifest in its place; the caller holds the lock of what it is about."""
        path = self.layout.manifest(manifest.scope)
        with refusals(path):
            self.writer.write(path, manifest.to_json().encode(), private=False)

    def manifested_months(self) -> list[str]:
        """Return the months that have a manifest, in order."""
        return [
            name
            for name in file_names(self.layout.manifests, ".json")
            if re.fullmatch(r"\d{4}-\d{2}", name, re.ASCII)
        ]

    @contextlib.contextmanager
    def lock(self, name: str, *, wait: bool = True) -> Iterator[None]:
        """Hold a named lock against all processes of this machine; a dead process holds none.

        Args:
            name: the lock's name.
            wait: whether to wait until it is free.

        Raises:
            StoreError: when the folder of locks cannot be written.
            Busy: when it is not free, and is not waited for.
        """
        folder = self.layout.shared / "locks"
        with refusals(UPath(folder)):
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / f"{name}.lock")
            try:
                lock.acquire(blocking=wait)
            except Timeout:
                raise Busy(f"{name} is in the hands of another process.") from None
        try:
            yield
        finally:
            lock.release()
