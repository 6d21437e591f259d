"""The whole way into an object store, through S3's own protocol on this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow.dataset as pads
import pytest
import requests
import s3fs
from moto.server import ThreadedMotoServer

from ticketsource_pipeline.sandbox import Faults, RequestRecord, SandboxServer
from ticketsource_pipeline_tests.asking import ask
from ticketsource_pipeline_tests.running import (
    CLOSED_MONTH,
    DATASETS,
    SINGLE,
    WITH_REPORT,
    Machine,
    assert_holds,
    dates_of,
    next_month,
    small_theatre,
)
from ticketsource_pipeline_tests.test_cli_refusals import assert_refused

BUCKET = "box-office"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret-at-all"}


@dataclass(frozen=True)
class Bucket:
    """A bucket on this machine."""

    endpoint: str

    @property
    def variables(self) -> dict[str, str]:
        return {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": "eu-west-2",
            "TICKETSOURCE_DATA_DIR": f"s3://{BUCKET}/sales",
        }

    @cached_property
    def files(self) -> s3fs.S3FileSystem:
        """The bucket as a file system that remembers nothing."""
        return s3fs.S3FileSystem(
            endpoint_url=self.endpoint,
            key=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            secret=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            use_listings_cache=False,
            skip_instance_cache=True,
        )

    def names(self) -> set[str]:
        """The names of all its objects, below the data directory."""
        return {str(name).removeprefix(f"{BUCKET}/sales/") for name in self.files.find(BUCKET)}

    def stamps(self) -> dict[str, object]:
        """When each of its Parquet objects was written."""
        names = [name for name in self.names() if name.endswith(".parquet")]
        return {name: self.files.info(f"{BUCKET}/sales/{name}")["LastModified"] for name in names}


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        made = Bucket(f"http://{host}:{port}")
        # A process keeps its connections to a store; those of an earlier test lead nowhere.
        s3fs.S3FileSystem.clear_instance_cache()
        requests.post(f"{made.endpoint}/moto-api/reset", timeout=10)
        made.files.mkdir(BUCKET)
        yield made
    finally:
        server.stop()


def datasets_in(names: set[str]) -> set[str]:
    beside = ("_ticketsource/", "reports/")
    return {name for name in names if not name.startswith(beside)}


def assert_can_be_asked(machine: Machine, bucket: Bucket, seats: int) -> None:
    """Fail unless SQL and exports read the bucket, of which the machine holds a copy."""
    query = "select sum(gross) as gross, count(distinct performance_month) as n from booking_lines"
    told = ask(machine, "sql", "--format", "csv", query, **bucket.variables)
    gross = sum(line["gross"] for line in machine.rows("booking_lines"))
    assert told.stdout == f"gross,n\n{gross},2\n", told.stderr
    out = machine.folder / "seats.csv"
    written = ask(machine, "export", "seats", "--output", str(out), **bucket.variables)
    assert written.code == 0, written.stderr
    assert len(out.read_text(encoding="utf-8").splitlines()) == seats + 1
    assert_refused(ask(machine, "sql", "copy (select 1) to 'x'", **bucket.variables), "reads")
    assert ask(machine, "sql", "--rebuild", **bucket.variables).code == 1
    assert "ticketsource.duckdb" not in bucket.names()


@pytest.mark.takes_long
def test_a_bucket_holds_what_a_folder_would_and_only_whole_files_at_every_moment(
    machine: Machine, bucket: Bucket
) -> None:
    theatre = small_theatre()
    # One performance a month: each file is many requests of the store.
    for month in (CLOSED_MONTH, next_month()):
        theatre.delete_date(dates_of(theatre, month)[0])
    seen: list[set[str]] = []

    def look(request: RequestRecord) -> None:
        if request.path.endswith("/seats") and request.number % 4 == 0:
            names = datasets_in(bucket.names())
            for name in names:
                pads.dataset(f"{BUCKET}/sales/{name}", filesystem=bucket.files).count_rows()
            seen.append(names)

    with SandboxServer(theatre, on_request=look) as server:
        outcome = machine.sync(server, **bucket.variables, **WITH_REPORT)
        assert outcome.code == 0, outcome.stderr
        assert outcome.stderr.count("\n") == outcome.summary["months"] == 2
        assert not machine.data.exists()
        assert len(seen) >= 2
        for names in [*seen, datasets_in(bucket.names())]:
            assert {Path(name).suffix for name in names} == {".parquet"}
            assert {name.partition("/")[0] for name in names} <= {*DATASETS, *SINGLE}

        bucket.files.get(f"{BUCKET}/sales", str(machine.data), recursive=True)
        assert_holds(machine, theatre)
        report = machine.data / "reports" / "sales-report.html"
        assert report.read_bytes().endswith(b"</html>")
        for dataset in DATASETS:
            folder = f"{BUCKET}/sales/{dataset}"
            table = pads.dataset(folder, filesystem=bucket.files, partitioning="hive").to_table()
            assert table.num_rows == theatre.counts()[dataset]

        assert_can_be_asked(machine, bucket, seats=theatre.counts()["seats"])

        before = bucket.stamps()
        server.on_request = None
        server.clear()
        changed = theatre.add_booking(dates_of(theatre, next_month())[0], 1)
        assert machine.sync_here(server, **bucket.variables).code == 0
        assert {r.path for r in server.requests if r.path.endswith("/seats")} == {
            f"/bookings/{changed}/seats"
        }
        after = bucket.stamps()
        assert after.keys() == before.keys()
        changed_files = {name for name in after if after[name] != before[name]}
        assert len([name for name in changed_files if "performance_month=" in name]) == 4
        # The marts but the refunds and donations, of which there are none.
        assert len(changed_files) == 4 + 6

        lines = f"booking_lines/performance_month={CLOSED_MONTH}/part-0.parquet"
        content = bucket.files.cat_file(f"{BUCKET}/sales/{lines}")
        assert isinstance(content, bytes)
        bucket.files.pipe_file(f"{BUCKET}/sales/{lines}", content[:-9] + b"?" + content[-8:])
        # Some tools put an empty object in the place of a folder.
        for folder in ("booking_lines/", f"seats/performance_month={CLOSED_MONTH}/"):
            bucket.files.call_s3("put_object", Bucket=BUCKET, Key=f"sales/{folder}", Body=b"")
        told = machine.verify_here(**bucket.variables)
        assert [fault["where"] for fault in told.summary["faults"]] == [lines]
        assert told.summary["datasets"]["seats"]["rows"] == theatre.counts()["seats"]
        after = bucket.stamps()

        theatre.add_booking(dates_of(theatre, next_month())[0], 1)
        server.faults = Faults(share_500=1, only_path="/seats")
        failing = {"TICKETSOURCE_MAX_RETRIES": "0", **bucket.variables}
        assert machine.sync_here(server, **failing).code == 1
        assert bucket.stamps() == after


def test_a_bucket_that_is_not_there_is_refused_in_a_line(machine: Machine, bucket: Bucket) -> None:
    place = "s3://no-such-bucket/sales"
    with SandboxServer(small_theatre()) as server:
        variables = {**bucket.variables, "TICKETSOURCE_DATA_DIR": place}
        outcome = machine.sync(server, **variables)
        assert server.requests == []
    assert outcome.code == 2
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("ticketsource: ")
    assert place in line
    assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in line
