"""The files of a month, of the catalogue or of the marts, held against what was written of them.

The manifest says which files were published together; the month's record says how each raw file
was written last, and whether a publication was begun and not finished.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ticketsource_pipeline.checks.comparison import Comparison, Fault, Found
from ticketsource_pipeline.datasets import CUSTOMERS, Dataset
from ticketsource_pipeline.store import FileProof, Manifest, MonthRecord, ParquetStore, StoreError
from ticketsource_pipeline.store.examination import Examined, examine, visible_files
from ticketsource_pipeline.store.layout import (
    CATALOG_SCOPE,
    SINGLE_FILE,
    datasets_of,
    month_of,
)
from ticketsource_pipeline.store.manifest import ManifestDataset
from ticketsource_pipeline.store.months import MOVED
from ticketsource_pipeline.store.state import DamagedManifest

_ENDING = ".parquet"


def compare(
    store: ParquetStore,
    scope: str,
    owners: Mapping[str, str] | None = None,
    *,
    is_behind: bool = False,
) -> Comparison:
    """Read every file that was published together, and hold it against what was written.

    Args:
        store: the data directory.
        scope: a month, the catalogue or the marts.
        owners: by digest, the path of the file that was published with it, to name a file that
            has come to another's place.
        is_behind: whether what the marts are made from has changed since they were made.
    """
    work = _Comparing(store, scope, owners or {}, is_behind=is_behind)
    work.run()
    return work.result


class _Comparing:
    def __init__(
        self, store: ParquetStore, scope: str, owners: Mapping[str, str], *, is_behind: bool
    ) -> None:
        month = month_of(scope)
        self.store = store
        self.scope = scope
        self.month = month
        self.owners = owners
        self.is_behind = is_behind
        self.result = Comparison(month)
        self.record = MonthRecord(month or "")
        self.manifest: Manifest | None = None
        self.unfinished: list[str] = []
        again = "ticketsource sync" if month is None else f"ticketsource sync --month {month}"
        self.again = f"Run `{again}`"
        self.remove = _after_removal(self.again)

    def run(self) -> None:
        knows_manifest = self._read_manifest()
        if not self._read_record():
            return
        present = False
        for dataset in datasets_of(self.scope):
            part = self.manifest.datasets.get(dataset.name) if self.manifest else None
            examined = self._examined(dataset)
            present = present or bool(examined)
            self._count(dataset, examined)
            if dataset.layer == "raw":
                self._compare_raw(dataset, examined, part)
            elif self.manifest is not None:
                self._compare_published(dataset, examined, part)
            elif examined and self._is_unfinished:
                self.unfinished.append(dataset.name)
        if present and self.manifest is None and knows_manifest:
            self._say_no_manifest()
        self._say_unfinished()

    @property
    def _is_unfinished(self) -> bool:
        """Whether a publication was begun and not finished, or none was made."""
        return self.is_behind or (self.month is not None and self.record.published_content is None)

    def _read_manifest(self) -> bool:
        """Read the manifest; false when there is one that cannot be read."""
        try:
            self.manifest = self.store.manifest(self.scope)
        except DamagedManifest as error:
            where = self._relative(self.store.layout.manifest(self.scope).path)
            what = str(error).removeprefix(str(self.store.layout.manifest(self.scope))).strip()
            self.result.faults.append(
                Fault(where, what, f"{self.remove}, which writes it again.", month=self.month)
            )
            return False
        return True

    def _read_record(self) -> bool:
        if self.month is None:
            return True
        try:
            self.record = self.store.month_record(self.month)
        except StoreError:
            where = self._relative(self.store.layout.month_record(self.month).path)
            self._fault(where, "is damaged", f"{self.remove}, which reads the month again.")
            self.result.unreadable = True
            return False
        published = self.record.published_content
        if self.manifest and published not in {None, self.manifest.raw_content}:
            where = self._relative(self.store.layout.manifest(self.scope).path)
            what = "is of another publication than the month's record tells of"
            self._fault(where, what, f"{self.again}, which writes it again.")
        return True

    def _examined(self, dataset: Dataset) -> dict[str, Examined]:
        """Every file of the dataset by its name; what is none of its files is told at once."""
        examined: dict[str, Examined] = {}
        for path in visible_files(self.store, dataset, self.month):
            name = path.name.removesuffix(_ENDING)
            if name == path.name or path.is_dir():
                self._stray(dataset, path.name)
                continue
            found = examine(path, dataset)
            if found is not None:
                examined[name] = found
                self.result.unreadable = self.result.unreadable or bool(found.trouble)
        return examined

    def _count(self, dataset: Dataset, examined: Mapping[str, Examined]) -> None:
        found = Found(len(examined))
        for file in examined.values():
            found.rows += file.proof.rows
            for name, pence in file.pence.items():
                found.pence[name] += pence
        self.result.found[dataset.name] = found

    def _compare_raw(
        self, dataset: Dataset, examined: Mapping[str, Examined], part: ManifestDataset | None
    ) -> None:
        published = self._by_name(dataset, part)
        known = self.record.performances
        for name, file in examined.items():
            written = known[name].files.get(dataset.name) if name in known else None
            expected = written or published.get(name)
            if name in known and not known[name].is_whole and not written:
                self.result.read_since.add(dataset.name)
                self.result.being_read = True
            elif expected is None:
                self._compare_unproven(dataset, name, file)
            elif file.proof != expected or file.trouble:
                self._differs(dataset, name, file, expected)
            elif expected != published.get(name):
                self.result.read_since.add(dataset.name)
        written = {name for name, reading in known.items() if dataset.name in reading.files}
        for name in sorted((published.keys() | written) - examined.keys()):
            if self._is_on_its_way(name) or (name == SINGLE_FILE and examined):
                self.result.read_since.add(dataset.name)
            else:
                self._missing(dataset, name)

    def _compare_unproven(self, dataset: Dataset, name: str, file: Examined) -> None:
        """Look at a raw file of which nothing was noted when it was written."""
        # The one without rows keeps a folder readable before its first performance.
        if name == SINGLE_FILE and not file.proof.rows and not file.trouble:
            return
        # Records of before there were manifests know no proof.
        if self.manifest is not None or name not in self.record.performances:
            self._stray(dataset, name + _ENDING)
        elif file.trouble:
            self._differs(dataset, name, file, None)

    def _is_on_its_way(self, name: str) -> bool:
        """Whether a performance is being moved, read anew, or has left since the publication."""
        known = self.record.performances.get(name)
        if known is None:
            return self._is_unfinished
        return not known.is_whole or known.content == MOVED

    def _compare_published(
        self, dataset: Dataset, examined: Mapping[str, Examined], part: ManifestDataset | None
    ) -> None:
        published = self._by_name(dataset, part)
        wrong = False
        for name, file in examined.items():
            expected = published.get(name)
            if expected is not None and file.proof == expected and not file.trouble:
                continue
            wrong = True
            if expected is None and name != SINGLE_FILE:
                self._stray(dataset, name + _ENDING)
            elif self._is_unfinished and not file.trouble and not self._owner(dataset, name, file):
                self.unfinished.append(dataset.name)
            else:
                self._differs(dataset, name, file, expected, part)
        for name in published.keys() - examined.keys():
            wrong = True
            self._missing(dataset, name)
        found = self.result.found[dataset.name]
        if part is not None and not wrong:
            self._compare_sums(dataset, found, part)

    def _compare_sums(self, dataset: Dataset, found: Found, part: ManifestDataset) -> None:
        """Hold the manifest's own totals against the files, all of which are those it names."""
        if found.rows == part.rows and dict(found.pence) == part.pence:
            return
        where = self._relative(self.store.layout.manifest(self.scope).path)
        what = (
            f"says that {dataset.name} has {part.rows} rows and {part.pence or 'no'} pence, its"
            f" files have {found.rows} and {dict(found.pence) or 'no'}"
        )
        self._fault(where, what, f"{self.remove}, which writes it again.", dataset)

    def _by_name(self, dataset: Dataset, part: ManifestDataset | None) -> dict[str, FileProof]:
        folder = self.store.layout.relative(self.store.layout.folder(dataset, self.month))
        proofs = part.proofs if part is not None else {}
        return {
            path.removeprefix(f"{folder}/").removesuffix(_ENDING): proof
            for path, proof in proofs.items()
        }

    def _differs(
        self,
        dataset: Dataset,
        name: str,
        file: Examined,
        expected: FileProof | None,
        part: ManifestDataset | None = None,
    ) -> None:
        owner = self._owner(dataset, name, file)
        if owner:
            what = f"is the file that belongs at {owner}"
        elif file.trouble:
            what = file.trouble
        elif expected is None:
            what = "is no file that was published"
        elif file.proof.rows != expected.rows:
            what = f"has {file.proof.rows} rows where {expected.rows} were written"
        elif file.proof.sha256 == expected.sha256:
            what = "is not of the length that is written of it"
        else:
            what = "does not hold the bytes that were written"
        if part is not None and not file.trouble and dict(file.pence) != part.pence:
            sums = ", ".join(
                f"{column} {pence} pence where {part.pence.get(column)} were published"
                for column, pence in file.pence.items()
                if pence != part.pence.get(column)
            )
            what = f"{what}; {sums}" if sums else what
        # The catalogue's files are compared with the API's answer whenever it is read, and those
        # of the sales layer with what was published.
        is_compared = dataset.layer == "sales" or (self.scope == CATALOG_SCOPE and not file.trouble)
        again = self._again(dataset)
        first = again if is_compared else _after_removal(again)
        where = self._path(dataset, name + _ENDING)
        self._fault(where, what, f"{first}, which makes it again.", dataset)

    def _owner(self, dataset: Dataset, name: str, file: Examined) -> str | None:
        owner = self.owners.get(file.proof.sha256)
        return None if owner == self._path(dataset, name + _ENDING) else owner

    def _missing(self, dataset: Dataset, name: str) -> None:
        where = self._path(dataset, name + _ENDING)
        again = self._again(dataset)
        self._fault(where, "is missing", f"{again}, which makes it again.", dataset)

    def _stray(self, dataset: Dataset, name: str) -> None:
        where = self._path(dataset, name)
        self._fault(where, "is no file that was published", "Take it out of there.", dataset)

    def _say_no_manifest(self) -> None:
        if self.unfinished:
            return
        if self.month is not None and self.record.published_at is None:
            self.result.notes.append(f"{self.month}: not published yet.")
            self.result.published = False
            return
        where = self._relative(self.store.layout.manifest(self.scope).path)
        what = "is missing, so nothing proves these files"
        self._fault(where, what, "Run `ticketsource sync`, which writes it.")

    def _say_unfinished(self) -> None:
        if self.unfinished or self.result.read_since:
            self.result.published = False
        if self.unfinished:
            what = (
                f"a sync was stopped while it wrote {' and '.join(self.unfinished)}: with the"
                " other files they may be of two readings"
            )
            self._fault(self.scope, what, "Run `ticketsource sync`, which goes on from there.")
        elif self.result.read_since:
            names = " and ".join(sorted(self.result.read_since))
            self.result.notes.append(f"{self.month}: {names} read since, not yet published.")
        elif self.is_behind:
            self.result.notes.append(
                "The marts are of what was stored before; `ticketsource sync` makes them anew."
            )

    def _again(self, dataset: Dataset) -> str:
        """What makes a file of the dataset again; no ordinary sync reads the customers."""
        return "Run `ticketsource sync --customers`" if dataset is CUSTOMERS else self.again

    def _fault(self, where: str, what: str, advice: str, dataset: Dataset | None = None) -> None:
        name = dataset.name if dataset else None
        self.result.faults.append(Fault(where, what, advice, name, self.month))

    def _path(self, dataset: Dataset, name: str) -> str:
        return self.store.layout.relative(self.store.layout.folder(dataset, self.month) / name)

    def _relative(self, path: str) -> str:
        return path.removeprefix(self.store.layout.root.path).lstrip("/")


def _after_removal(again: str) -> str:
    return f"Remove it, then {again[0].lower()}{again[1:]}"


def owners_of(manifests: Sequence[Manifest]) -> dict[str, str]:
    """Return, by digest, the path of each file that any manifest names; none that two share."""
    owners: dict[str, str] = {}
    twice: set[str] = set()
    for manifest in manifests:
        for part in manifest.datasets.values():
            for file in part.files:
                if file.sha256 in owners:
                    twice.add(file.sha256)
                owners[file.sha256] = file.path
    return {digest: path for digest, path in owners.items() if digest not in twice}
