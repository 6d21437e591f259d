"""The marts after real syncs: read by DuckDB, made anew when needed and left alone when not."""

from __future__ import annotations

import stat
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from ticketsource_pipeline.api import NoLimit, TicketSourceClient
from ticketsource_pipeline.automation.jobs import MARTS_JOB, MONTH_JOB, STORE_CHECKS_JOB
from ticketsource_pipeline.datasets import BOOKING_LINES, BOOKINGS, CUSTOMERS, DATASETS, MARTS
from ticketsource_pipeline.landing.customers import CustomersNotListed, land_customers
from ticketsource_pipeline.landing.privacy import settle
from ticketsource_pipeline.personal_data import AttendeeMode
from ticketsource_pipeline.sandbox import Faults, SandboxServer
from ticketsource_pipeline.store import Layout, ParquetStore
from ticketsource_pipeline.store.layout import SINGLE_FILE
from ticketsource_pipeline_tests.automating import office
from ticketsource_pipeline_tests.running import MARTS as NAMES
from ticketsource_pipeline_tests.running import (
    MONTHLY,
    WITH_REPORT,
    Machine,
    dates_of,
    next_month,
    small_theatre,
)
from ticketsource_pipeline_tests.test_store_writing import store_in


def sums(machine: Machine, dataset: str, *columns: str) -> tuple[int, ...]:
    """Sums of columns as DuckDB reads them, money in pence."""
    pattern = "*/*.parquet" if dataset in MONTHLY else "*.parquet"
    money = DATASETS[dataset].money_columns
    wanted = ", ".join(
        f"coalesce(cast(sum({name}) * {100 if name in money else 1} as bigint), 0)"
        for name in columns
    )
    query = f"select {wanted} from read_parquet('{machine.data / dataset}/{pattern}')"  # noqa: S608
    (found,) = duckdb.execute(query).fetchall()
    return found


def assert_adds_up(machine: Machine) -> None:
    gross_net = sums(machine, "booking_lines", "gross", "net")
    for mart in ("bookings", "performance_sales", "daily_sales", "reconciliation"):
        assert sums(machine, mart, "gross", "net") == gross_net
    assert sums(machine, "reconciliation_months", "gross", "net") == gross_net


def runs_of(machine: Machine, job: str) -> int:
    with machine.instance() as instance:
        return sum(run.job_name == job for run in instance.get_runs())


def test_a_sync_leaves_marts_that_duckdb_and_pandas_read_and_that_add_up(synced: Machine) -> None:
    assert_adds_up(synced)
    assert len(synced.rows("bookings")) == 20
    for mart in MARTS:
        folder = synced.data / mart.name
        assert [path.name for path in folder.iterdir()] == ["part-0.parquet"]
        read = pd.read_parquet(folder, dtype_backend="pyarrow")
        assert pa.Schema.from_pandas(read, preserve_index=False).types == mart.schema.types
    file = synced.data / "bookings" / "part-0.parquet"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert runs_of(synced, MARTS_JOB) == 1


def test_a_refund_reaches_every_mart(synced: Machine) -> None:
    theatre = small_theatre()
    (booking, *_) = theatre.bookings_of(dates_of(theatre, next_month())[0])
    theatre.refund_booking(booking["id"], keep_fee=True)
    with SandboxServer(theatre) as server:
        assert synced.sync_here(server).code == 0
    assert_adds_up(synced)
    (pair,) = synced.rows("refund_pairs")
    assert (pair["booking_id"], pair["kind"]) == (booking["id"], "fee kept")
    (refunded,) = [row for row in synced.rows("bookings") if row["refunded_gross"]]
    assert (refunded["booking_id"], refunded["status"]) == (booking["id"], "refunded")
    assert theatre.pence()["gross"] == sums(synced, "bookings", "gross")[0]


def test_a_new_name_of_an_event_reaches_the_marts_though_no_month_changed(synced: Machine) -> None:
    theatre = small_theatre()
    for event in theatre.events.values():
        event["attributes"]["name"] = "Renamed"
    before = synced.files()
    with SandboxServer(theatre) as server:
        assert synced.sync_here(server).code == 0
    assert {row["event_name"] for row in synced.rows("performance_sales")} == {"Renamed"}
    after = synced.files()
    changed = {name.partition("/")[0] for name in before if before[name] != after[name]}
    assert changed == {"events", "performances", "performance_sales", "daily_sales"}


def test_a_month_that_was_not_published_changes_no_mart(
    synced: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    theatre = small_theatre()
    first, second = dates_of(theatre, next_month())
    theatre.add_booking(first, 2, payment_method="CASH")
    before = synced.bytes_by_file()
    faults = Faults(share_500=1, only_path=f"/dates/{second}/")
    with SandboxServer(theatre, faults=faults) as server:
        assert synced.sync_here(server, TICKETSOURCE_MAX_RETRIES="0").code == 1
    # Made all the same, they are of what was published: the new booking is in raw data alone.
    with office(synced, theatre, monkeypatch) as place:
        (synced.data / "bookings" / "part-0.parquet").unlink()
        assert place.run(MARTS_JOB).success
    marts = [name for name in before if name.partition("/")[0] in NAMES]
    after = synced.bytes_by_file()
    changed = {name for name in marts if after[name] != before[name]}
    assert changed == {"reconciliation_months/part-0.parquet"}
    (month,) = [
        row
        for row in synced.rows("reconciliation_months")
        if row["performance_month"] == next_month()
    ]
    assert (month["raw_lines"], month["lines"]) == (11, 10)


def test_the_sensor_asks_for_the_marts_once_all_months_are_done(
    synced: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    theatre = small_theatre()
    with office(synced, theatre, monkeypatch, **WITH_REPORT) as place:
        assert place.look_at_marts().run_requests == []
        theatre.add_booking(dates_of(theatre, next_month())[0], 2)
        waiting = place.defs.resolve_job_def(MONTH_JOB)
        run = place.instance.create_run_for_job(waiting, tags={"dagster/partition": next_month()})
        assert place.run_month(next_month(), open_only=True).success
        assert place.look_at_marts().run_requests == []
        place.instance.delete_run(run.run_id)
        requests = [place.look_at_marts().run_requests for _ in range(2)]
        (first,), (second,) = (found or [] for found in requests)
        assert first.run_key == second.run_key
        assert place.run(MARTS_JOB).success
        assert place.look_at_marts().run_requests == []
    assert_adds_up(synced)


def test_the_sensor_has_the_marts_looked_at_once_a_day(
    synced: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    theatre = small_theatre()
    before = synced.files()
    with office(synced, theatre, monkeypatch, **WITH_REPORT) as place:
        assert len(place.look_at_marts(hours=23).run_requests or []) == 0
        assert len(place.look_at_marts(hours=25).run_requests or []) == 1
        # A run that hangs holds them up for six hours, not for ever.
        (synced.data / "daily_sales" / "part-0.parquet").unlink()
        place.instance.create_run_for_job(place.defs.resolve_job_def(MONTH_JOB))
        assert len(place.look_at_marts(hours=5).run_requests or []) == 0
        assert len(place.look_at_marts(hours=7).run_requests or []) == 1
        assert place.run(MARTS_JOB).success
    assert {name: content for name, (_, _, content) in before.items()} == synced.bytes_by_file()


def test_a_mart_a_penny_off_is_named_and_stale_marts_are_not_judged(
    synced: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ParquetStore(Layout.of(str(synced.data), synced.folder))
    bookings = store.read(BOOKINGS)
    amounts = bookings["gross"].tolist()
    amounts[0] += Decimal("0.01")
    # Of the same length as the right one: nothing but its check tells.
    store.remove(BOOKINGS, None, SINGLE_FILE)
    store.write(BOOKINGS, bookings.assign(gross=pd.Series(amounts, dtype=bookings["gross"].dtype)))
    with office(synced, small_theatre(), monkeypatch) as place:

        def failures() -> dict[str, str]:
            evaluations = place.run(MARTS_JOB).get_asset_check_evaluations()
            return {
                one.asset_key.to_user_string(): one.description or ""
                for one in evaluations
                if not one.passed
            }

        failed = failures()
        assert set(failed) == {"bookings"}
        assert "1 pence in total; gross comes to" in failed["bookings"]
        # What was published since proves nothing against marts that are still to be made anew.
        month = store.months(BOOKING_LINES)[0]
        record = store.month_record(month)
        store.write_month_record(replace(record, published_content="another"))
        result = place.run_check("bookings", "adds_up_to_booking_lines")
        assert result == "All 0 are right."


def test_customers_are_read_when_asked_for_and_only_then_and_shown_nowhere(
    synced: Machine,
) -> None:
    theatre = small_theatre()
    for customer in theatre.customers.values():
        customer["attributes"] |= {"first_name": "Marked", "email": "marked@example.org"}
    before = synced.files()
    with SandboxServer(theatre) as server:
        assert synced.sync_here(server).code == 0
        # Nothing changed: no mart was made, and nobody was asked for customers.
        assert synced.files() == before
        assert (runs_of(synced, MARTS_JOB), runs_of(synced, STORE_CHECKS_JOB)) == (1, 1)
        assert server.count("/customers") == 0
        outcome = synced.sync_here(server, "--customers")
        assert outcome.code == 0, outcome.stderr
        assert server.count("/customers") == 1
        (customer,) = synced.rows("customers")
        assert (customer["first_name"], customer["bookings"], customer["tickets"]) == (
            "Marked",
            20,
            40,
        )
        assert int(customer["spend"] * 100) == theatre.pence()["gross"]
        # What they booked follows the bookings without the API being asked again.
        theatre.add_booking(dates_of(theatre, next_month())[0], 1, price=100)
        assert synced.sync_here(server).code == 0
        assert server.count("/customers") == 1
    assert synced.rows("customers")[0]["bookings"] == 21
    file = synced.data / "customers" / "part-0.parquet"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    marked = (b"Marked", b"marked@", str(customer["customer_id"]).encode())
    for path in synced.home.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(word in content for word in marked), path


def test_an_api_that_lists_no_customers_fails_that_step_alone(synced: Machine) -> None:
    theatre = small_theatre()
    theatre.add_booking(dates_of(theatre, next_month())[0], 2)
    del theatre._lists["/customers"]
    with SandboxServer(theatre) as server:
        outcome = synced.sync_here(server, "--customers")
    assert outcome.code == 1
    assert "The customers could not be read: GET /customers answered 404" in outcome.stderr
    assert "TICKETSOURCE_API_KEY" in outcome.stderr
    assert outcome.summary["failed_checks"] == []
    assert len(synced.rows("booking_lines")) == 21
    assert_adds_up(synced)


def test_customers_stored_stay_when_refused_and_go_when_they_may_not_be_stored(
    tmp_path: Path,
) -> None:
    theatre = small_theatre()
    store = store_in(tmp_path)
    with (
        SandboxServer(theatre) as server,
        TicketSourceClient(server.url, server.key, limiter=NoLimit()) as client,
    ):
        assert len(land_customers(client, store, AttendeeMode.FULL).frame) == 1
        server.faults = Faults(forbidden_html=True)
        with pytest.raises(CustomersNotListed, match=r"GET /customers answered 403: "):
            land_customers(client, store, AttendeeMode.FULL)
        assert len(store.read(CUSTOMERS)) == 1
        server.clear()
        settle(store, AttendeeMode.OFF)
        landing = land_customers(client, store, AttendeeMode.OFF)
        assert server.requests == []
    assert (landing.pages, landing.written.rows) == (0, 0)
    assert store.read(CUSTOMERS).empty
