"""What a failing check does to a month: a penny hides nothing, an unread page publishes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ticketsource_pipeline.datasets import BOOKING_LINES, RAW_BOOKINGS, RAW_SEATS
from ticketsource_pipeline.definitions import definitions
from ticketsource_pipeline.resources import ParquetStoreResource
from ticketsource_pipeline.sandbox import SandboxServer, Theatre
from ticketsource_pipeline.settings import read_settings
from ticketsource_pipeline.store import ParquetStore
from ticketsource_pipeline_tests.test_checks_world import MARK, SILENT, rewrite

MONTH = "2024-03"
SALES = ("booking_lines", "seats", "attendees")
NET = "booking_lines.net_is_gross_less_fees"


@dataclass
class Office:
    """A theatre of one closed performance, the server that serves it and the data read of it."""

    theatre: Theatre
    date_id: str
    booking_ids: list[str]
    defs: dg.Definitions
    instance: dg.DagsterInstance
    data: Path
    store: ParquetStore

    def run(self, job: str, month: str | None = None, **config: Any) -> dg.ExecuteInProcessResult:
        ops = {"ops": {"raw": {"config": config}}} if config else {}
        return self.defs.resolve_job_def(job).execute_in_process(
            run_config={**SILENT, **ops},
            instance=self.instance,
            partition_key=month,
            raise_on_error=False,
        )

    def sync(self) -> dg.ExecuteInProcessResult:
        assert self.run("refresh_catalog").success
        return self.run("refresh_month", MONTH)

    def sales_bytes(self) -> dict[str, bytes]:
        files = [path for name in SALES for path in (self.data / name).rglob("*.parquet")]
        return {str(path.relative_to(self.data)): path.read_bytes() for path in files}


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    theatre = Theatre.empty()
    date_id = theatre.add_date(theatre.add_event("Opera"), f"{MONTH}-09T19:30:00+00:00")
    names = {"first_name": f"{MARK} Ann", "last_name": MARK, "email": f"{MARK}@example.org"}
    booking_ids = [theatre.add_booking(date_id, 2, attendee=names) for _ in range(3)]
    with SandboxServer(theatre) as server, dg.DagsterInstance.ephemeral() as instance:
        variables = {
            "TICKETSOURCE_API_KEY": server.key,
            "TICKETSOURCE_BASE_URL": server.url,
            "TICKETSOURCE_DATA_DIR": str(tmp_path / "data"),
            "TICKETSOURCE_REQUESTS_PER_MINUTE": "0",
            "DAGSTER_HOME": str(tmp_path),
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield Office(
            theatre,
            date_id,
            booking_ids,
            definitions(read_settings()),
            instance,
            tmp_path / "data",
            ParquetStoreResource(data_dir=str(tmp_path / "data")).look(),
        )


def failed(result: dg.ExecuteInProcessResult) -> set[str]:
    return {
        f"{finding.asset_key.to_user_string()}.{finding.check_name}"
        for finding in result.get_asset_check_evaluations()
        if not finding.passed
    }


def test_a_month_that_is_right_passes_and_is_published(office: Office) -> None:
    result = office.sync()
    assert result.success
    assert failed(result) == set()
    assert len(pd.read_parquet(office.data / "booking_lines")) == 3
    assert len(pd.read_parquet(office.data / "attendees")) == 6
    assert office.run("check_store").success


def test_a_performance_nobody_booked_has_files_of_the_same_schema(office: Office) -> None:
    event_id = next(iter(office.theatre.events))
    empty = office.theatre.add_date(event_id, f"{MONTH}-12T19:30:00+00:00")
    for _ in range(2):
        result = office.sync()
        assert result.success
        assert failed(result) == set()
    for dataset in (RAW_BOOKINGS, RAW_SEATS):
        folder = office.data / dataset.name / f"performance_month={MONTH}"
        for name in (empty, office.date_id):
            schema = pq.read_schema(folder / f"{name}.parquet").remove_metadata()
            assert schema == dataset.schema


def test_half_a_character_and_a_sum_beyond_all_sense_stop_no_month(office: Office) -> None:
    odd = office.theatre.bookings[office.booking_ids[0]]["attributes"]
    odd["user_booked_by"] = f"{MARK} \ud83d"
    odd["lines"][0]["amount"]["gross"] = 1e300
    result = office.sync()
    assert result.success
    assert failed(result) == {
        "raw_bookings.fields_are_readable",
        "booking_lines.fields_are_readable",
        NET,
    }
    assert len(pd.read_parquet(office.data / "booking_lines")) == 3
    again = office.sync()
    assert again.success
    assert len(pd.read_parquet(office.data / "raw_bookings")) == 3


def test_a_line_a_penny_off_is_published_and_named(office: Office) -> None:
    lines = office.theatre.bookings[office.booking_ids[1]]["attributes"]["lines"]
    lines[0]["amount"]["net"] = round(lines[0]["amount"]["net"] - 0.01, 2)
    result = office.sync()
    assert result.success
    assert failed(result) == {NET}
    published = pd.read_parquet(office.data / "booking_lines").set_index("booking_id")
    assert {key: int(value * 100) for key, value in published["difference"].items()} == {
        booking_id: int(booking_id == office.booking_ids[1]) for booking_id in office.booking_ids
    }
    (finding,) = [item for item in result.get_asset_check_evaluations() if not item.passed]
    assert finding.severity is dg.AssetCheckSeverity.ERROR
    assert finding.metadata["difference_pence"].value == 1
    assert office.date_id in str(finding.metadata["first_failures"])


def test_a_raw_month_with_a_hole_is_not_published_and_the_old_sales_stay(office: Office) -> None:
    assert office.sync().success
    before = office.sales_bytes()
    assert len(before) == 3
    rewrite(
        office.store,
        RAW_BOOKINGS,
        MONTH,
        name=office.date_id,
        rows=lambda frame: frame.iloc[1:],
    )
    record = office.store.month_record(MONTH)
    office.store.write_month_record(replace(record, published_by="older code"))
    result = office.run("refresh_month", MONTH, open_only=True)
    assert not result.success
    assert "raw_bookings.ledger_is_complete" in failed(result)
    assert office.sales_bytes() == before
    assert "sales" not in {event.step_key for event in result.get_step_success_events()}

    # The same run publishes as soon as what blocks it is gone.
    again = office.run("refresh_month", MONTH)
    assert again.success
    assert failed(again) == set()
    assert office.store.month_record(MONTH).published_by != "older code"


def test_without_the_block_the_smaller_month_would_have_been_published(office: Office) -> None:
    assert office.sync().success
    keep = office.booking_ids[1:]
    rewrite(
        office.store,
        RAW_BOOKINGS,
        MONTH,
        name=office.date_id,
        rows=lambda frame: frame[frame["booking_id"].isin(keep)],
        notes=lambda _: {"pages": [[1, 100, 1, 2, 2]]},
    )
    rewrite(
        office.store,
        RAW_SEATS,
        MONTH,
        name=office.date_id,
        rows=lambda frame: frame[frame["booking_id"].isin(keep)],
    )
    record = office.store.month_record(MONTH)
    office.store.write_month_record(replace(record, published_by="older code"))
    before = office.sales_bytes()
    result = office.run("refresh_month", MONTH, open_only=True)
    assert not result.success
    (told,) = [item.step_failure_data.error for item in result.get_step_failure_events()]
    assert told is not None
    assert f"{office.date_id}.parquet is not as it was written" in str(told)
    assert office.sales_bytes() == before

    # The record of before there were manifests does not know how the files were written.
    known = replace(record.performances[office.date_id], files={})
    old = replace(record, published_by="older code").with_performance(office.date_id, known)
    office.store.write_month_record(old)
    assert office.run("refresh_month", MONTH, open_only=True).success
    lines = office.store.read(BOOKING_LINES)
    assert lines["booking_id"].tolist() == keep


def test_a_booking_in_two_months_is_found_over_all_months_only(office: Office) -> None:
    assert office.sync().success
    for dataset in (RAW_BOOKINGS, RAW_SEATS):
        stored = office.store.read_file(dataset, MONTH, office.date_id)
        assert stored is not None
        office.store.write(dataset, stored.frame, month="2024-04", name=office.date_id)
    assert failed(office.run("refresh_month", MONTH)) == set()
    assert failed(office.run("check_store")) == {
        "raw_bookings.key_is_unique_over_all_months",
        "raw_seats.key_is_unique_over_all_months",
    }


def test_nothing_dagster_is_told_names_a_person(office: Office) -> None:
    results = [office.run("refresh_catalog"), office.run("refresh_month", MONTH)]
    assert any(MARK in str(value) for value in office.store.read(RAW_SEATS)["payload"])
    for result in results:
        assert result.success
        logs = office.instance.all_logs(result.run_id)
        assert logs
        for entry in logs:
            assert MARK.lower() not in entry.to_json().lower()
