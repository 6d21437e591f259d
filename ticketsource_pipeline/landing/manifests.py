"""Manifests: what is said of files that are published together, once they are in their places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.datasets import DATASETS, RAW_BOOKINGS, RAW_SEATS, Dataset
from ticketsource_pipeline.frames.sales import CODE_VERSION
from ticketsource_pipeline.store import FileProof, Manifest, MonthRecord, ParquetStore, Written
from ticketsource_pipeline.store.layout import CATALOG_SCOPE, SINGLE_FILE
from ticketsource_pipeline.store.manifest import ListedAt, ManifestDataset, money_of
from ticketsource_pipeline.store.state import DamagedManifest

RAW = (RAW_BOOKINGS, RAW_SEATS)


def known_manifest(store: ParquetStore, scope: str) -> Manifest | None:
    """Return the stored manifest of a month, the catalogue or the marts; none if of no use."""
    try:
        return store.manifest(scope)
    except DamagedManifest:
        return None


def manifest_part(
    store: ParquetStore,
    dataset: Dataset,
    month: str | None,
    proofs: Mapping[str, FileProof],
    frame: pd.DataFrame | None = None,
) -> ManifestDataset:
    """Return what a manifest says of a dataset.

    Args:
        store: the data directory.
        dataset: the dataset.
        month: its month; none for one that is not laid out by month.
        proofs: by file name, what proves each file.
        frame: the rows of all its files; not needed for a dataset without money.
    """
    paths = {
        store.layout.relative(store.layout.file(dataset, month, name)): proof
        for name, proof in proofs.items()
    }
    return ManifestDataset.of(paths, {} if frame is None else money_of(dataset, frame))


def manifest_parts(
    store: ParquetStore,
    month: str | None,
    frames: Mapping[str, pd.DataFrame],
    written: Mapping[str, Written],
) -> dict[str, ManifestDataset]:
    """Return what a manifest says of datasets of one file each, by name.

    Args:
        store: the data directory.
        month: their month; none for those that are not laid out by month.
        frames: by name, the rows.
        written: by name, what the write did.
    """
    return {
        name: manifest_part(store, DATASETS[name], month, {SINGLE_FILE: file.proof}, frames[name])
        for name, file in written.items()
    }


def with_proofs(store: ParquetStore, record: MonthRecord) -> MonthRecord:
    """Return a month's record with a proof of each raw file.

    Each has one from when it was written; only files of before there were manifests do not, and
    are taken as they are now.

    Raises:
        DamagedFile: when a file without a proof cannot be read.
    """
    for dataset in RAW:
        for name in store.names(dataset, record.month):
            known = record.performances.get(name)
            if known is not None and dataset.name not in known.files:
                proof = store.proof(dataset, record.month, name)
                files = {**known.files, dataset.name: proof}
                record = record.with_performance(name, replace(known, files=files))
    return record


def month_manifest(
    store: ParquetStore, record: MonthRecord, sales: Mapping[str, ManifestDataset]
) -> Manifest:
    """Return the manifest of a month whose files are all in their places.

    Args:
        store: the data directory; the caller holds the month's lock.
        record: the month's record, with a proof of each raw file.
        sales: what is said of the datasets of the sales layer.
    """
    raw = {
        dataset.name: manifest_part(store, dataset, record.month, _raw(store, dataset, record))
        for dataset in RAW
    }
    read = [known.listed_at for known in record.performances.values() if known.is_whole]
    return Manifest(
        month=record.month,
        published_at=utc_now(),
        code_version=CODE_VERSION,
        raw_content=record.content,
        performances=len(record.performances),
        listed_at=ListedAt(oldest=min(read), newest=max(read)) if read else None,
        datasets={**raw, **sales},
    )


def write_catalog_manifest(store: ParquetStore, parts: Mapping[str, ManifestDataset]) -> None:
    """Write the catalogue's manifest if it says anything new; the caller holds its lock."""
    manifest = Manifest(published_at=utc_now(), datasets=dict(parts))
    if not manifest.says_the_same_as(known_manifest(store, CATALOG_SCOPE)):
        store.write_manifest(manifest)


def _raw(store: ParquetStore, dataset: Dataset, record: MonthRecord) -> dict[str, FileProof]:
    """By name, the proofs of a month's raw files; a file of no performance is not one of them."""
    proofs = {}
    for name in store.names(dataset, record.month):
        if name in record.performances:
            proofs[name] = record.performances[name].files[dataset.name]
        elif name == SINGLE_FILE:
            # The one without rows, which keeps the folder readable.
            proofs[name] = store.proof(dataset, record.month, name)
    return proofs
