"""The proof of what is stored: each part looked at whole, again under its lock before a word."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console

from ticketsource_pipeline.checks.integrity import owners_of
from ticketsource_pipeline.checks.verification import (
    Verdict,
    verify_catalog,
    verify_marts,
    verify_month,
    verify_whole,
)
from ticketsource_pipeline.cli.months import checked_months
from ticketsource_pipeline.cli.progress import bars
from ticketsource_pipeline.cli.verdicts import Verification
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.partitions import month_partitions
from ticketsource_pipeline.resources import ParquetStoreResource
from ticketsource_pipeline.settings import Settings, SettingsError
from ticketsource_pipeline.store import ParquetStore, StoreError
from ticketsource_pipeline.store.examination import stored_months, visible_files
from ticketsource_pipeline.store.layout import CATALOG_SCOPE
from ticketsource_pipeline.store.state import (
    CATALOG_LOCK,
    MARTS_LOCK,
    Busy,
    DamagedManifest,
    lock_of,
)


@dataclass(frozen=True)
class _Part:
    """Something to look at: its name for people, the locks of who writes there, and the look."""

    name: str
    locks: tuple[str, ...]
    look: Callable[[], Verdict]


def verify(
    settings: Settings, *, months: Sequence[str], console: Console
) -> tuple[Verification, str]:
    """Look at everything that is stored, and say what is not as it must be.

    Nothing is asked of the API, and no key is needed.

    Args:
        settings: the user's settings.
        months: only these months (and the catalogue); all that are stored when empty.
        console: where progress is shown.

    Returns:
        What was found, and where the data lies.

    Raises:
        SettingsError: when there is nothing to look at, or a month is none of the partitions.
    """
    chosen = checked_months(settings, months)
    store = ParquetStoreResource(data_dir=settings.data_dir).look()
    partitions = month_partitions(settings.first_month).get_partition_keys(current_time=utc_now())
    parts = _parts(store, _stored(store, settings, chosen), partitions, whole=not chosen)
    verification = Verification()
    with bars(console) as bar:
        task = bar.add_task("verify", total=len(parts), what="")
        for part in parts:
            bar.update(task, what=part.name)
            verification.add(_settled(store, part, console))
            bar.advance(task)
    return verification, str(store.layout.root)


def _stored(store: ParquetStore, settings: Settings, chosen: Sequence[str]) -> list[str]:
    """The months to look at, of all that anything is stored of."""
    try:
        months = {*store.recorded_months(), *store.manifested_months()}
        for dataset in DATASETS.values():
            if dataset.partitioned:
                months.update(stored_months(store, dataset))
        anything = months or any(
            visible_files(store, dataset, None) for dataset in DATASETS.values()
        )
    except Exception as error:  # Each object store's library has errors of its own.
        raise SettingsError(
            f"Cannot use {settings.data_dir} (TICKETSOURCE_DATA_DIR): {error}"
        ) from error
    if not anything:
        raise SettingsError(
            f"TICKETSOURCE_DATA_DIR is {settings.data_dir!r}: there is no data to verify."
        )
    for month in chosen:
        if month not in months:
            raise SettingsError(f"--month is {month!r}: nothing is stored of that month.")
    return list(chosen) or sorted(months)


def _parts(
    store: ParquetStore, months: Sequence[str], partitions: Sequence[str], *, whole: bool
) -> list[_Part]:
    owners = _owners(store)

    def month_part(month: str) -> _Part:
        return _Part(
            month,
            (lock_of(month),),
            lambda: verify_month(store, month, partitions, owners),
        )

    catalog = _Part("catalogue", (CATALOG_LOCK,), lambda: verify_catalog(store, partitions))
    parts = [catalog, *map(month_part, months)]
    if whole:
        locks = tuple(lock_of(month) for month in months)
        marts = _Part("marts", (MARTS_LOCK,), lambda: verify_marts(store, partitions))
        parts.append(marts)
        parts.append(_Part("all months", locks, lambda: verify_whole(store, partitions)))
    return parts


def _owners(store: ParquetStore) -> dict[str, str]:
    manifests = []
    for scope in (CATALOG_SCOPE, *store.manifested_months()):
        # The month's own part says what is wrong with its manifest.
        with contextlib.suppress(DamagedManifest):
            manifest = store.manifest(scope)
            if manifest is not None:
                manifests.append(manifest)
    return owners_of(manifests)


def _settled(store: ParquetStore, part: _Part, console: Console) -> Verdict:
    """What is found of a part; what looks wrong is looked at again while nobody writes there."""
    verdict = part.look()
    if verdict.is_sound:
        return verdict
    with contextlib.ExitStack() as held:
        # A data directory that cannot be written has no locks, and nobody who writes.
        with contextlib.suppress(StoreError):
            # Always in the same order, so that two runs never wait for each other.
            for name in sorted(part.locks):
                try:
                    held.enter_context(store.lock(name, wait=False))
                except Busy:
                    console.print(
                        f"{part.name}: waiting for the run that is writing it.",
                        highlight=False,
                        soft_wrap=True,
                    )
                    held.enter_context(store.lock(name))
        return part.look()
