"""Somebody who reads all datasets with DuckDB, again and again, whatever befalls them meanwhile."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline_tests.chaos import oracle

Keys = frozenset[str]
Readings = Mapping[str, Sequence[Mapping[str, Keys]]]
"""By month, the forms its sales may have: of each dataset the keys, all of one reading."""

_KEYS = {
    "booking_lines": "booking_id || ' ' || line_number",
    "seats": "seat_id",
    "attendees": "seat_id",
}
_PAUSE_SECONDS = 0.02
"""Between two readings of all datasets, so that those who write get on too."""


class Reader:
    """Reads in a thread of its own.

    Attributes:
        readings: how often all datasets were read.
        proven: how often a month was read whose files are as its manifest says.
        overtaken: how often a query of a raw dataset was made again because within it a
            performance left its month, and the file of just this one was gone. Any other query
            must go well.
        wrong: what was seen that nobody may see.
    """

    def __init__(self) -> None:
        self.readings = 0
        self.proven = 0
        self.overtaken = 0
        self.wrong: list[str] = []

    @contextmanager
    def reading(
        self, data: Path, allowed: Readings | None = None, leaving: Keys = frozenset()
    ) -> Iterator[None]:
        """Read a data directory all the while.

        Args:
            data: the directory.
            allowed: what the sales of each month may be; anything when not given.
            leaving: the performances that leave their month.
        """
        done = threading.Event()

        def read() -> None:
            with duckdb.connect(config={"threads": 1}) as connection:
                while True:
                    for name in oracle.NAMES:
                        self._look(connection, data, name, allowed or {}, leaving)
                    for month in allowed or {}:
                        self._look_at_manifest(data, month, allowed or {})
                    self.readings += 1
                    if done.wait(_PAUSE_SECONDS):
                        return

        thread = threading.Thread(target=read, name="reader")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _look(
        self,
        connection: duckdb.DuckDBPyConnection,
        data: Path,
        name: str,
        allowed: Readings,
        leaving: Keys,
    ) -> None:
        # A dataset has no folder, or an empty one, before it is first written.
        if not any((data / name).rglob("[!.]*.parquet")):
            return
        while True:
            before = _files(data / name)
            wrong = _seen_wrong(connection, data / name, name, allowed)
            gone = before - _files(data / name)
            is_overtaken = name in oracle.RAW and gone and {path.stem for path in gone} <= leaving
            if wrong and is_overtaken:
                self.overtaken += 1
                continue
            self.wrong += wrong
            return

    def _look_at_manifest(self, data: Path, month: str, allowed: Readings) -> None:
        """Read a month as the documentation says, so that its files are proven to be of one."""
        try:
            text = (data / f"_ticketsource/manifests/{month}.json").read_text()
            parts = json.loads(text)["datasets"]
            contents = {
                name: (data / parts[name]["files"][0]["path"]).read_bytes() for name in _KEYS
            }
        except FileNotFoundError:
            # The month has not been published yet.
            return
        for name, content in contents.items():
            if hashlib.sha256(content).hexdigest() != parts[name]["files"][0]["sha256"]:
                return
        self.proven += 1
        found = {
            name: {
                oracle.key_of(DATASETS[name], row)
                for row in pq.read_table(io.BytesIO(content)).to_pylist()
            }
            for name, content in contents.items()
        }
        if found not in list(allowed[month]):
            self.wrong.append(f"the datasets of {month} do not belong together: {found}")


def _files(folder: Path) -> set[Path]:
    """The files of a dataset."""
    return set(folder.rglob("[!.]*.parquet"))


def _seen_wrong(
    connection: duckdb.DuckDBPyConnection, folder: Path, name: str, allowed: Readings
) -> list[str]:
    """Read a dataset once; returns what is wrong with what was seen."""
    is_sales = name in _KEYS
    what = f"count(*), count(DISTINCT ({', '.join(DATASETS[name].key)}))"
    if is_sales:
        what = f"CAST(performance_month AS VARCHAR), {_KEYS[name]}"
    source = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
    try:
        found = connection.execute(f"SELECT {what} FROM {source}").fetchall()  # noqa: S608
    except Exception as error:  # noqa: BLE001 - whatever a reader meets is the finding
        return [f"{name}: {error}"]
    if not is_sales:
        rows, distinct = found[0]
        return [f"{name}: {rows} rows, {distinct} keys"] if rows != distinct else []
    by_month: dict[str, set[str]] = defaultdict(set)
    for month, key in found:
        by_month[month].add(key)
    wrong = [
        f"{name} of {month} is of no reading: {sorted(by_month[month])}"
        for month, readings in allowed.items()
        if by_month[month] not in [reading[name] for reading in readings]
    ]
    if len({key for _, key in found}) != len(found):
        wrong.append(f"{name}: rows twice among {sorted(found)}")
    return wrong
