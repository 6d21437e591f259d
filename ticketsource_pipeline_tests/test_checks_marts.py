"""The checks of the marts: each is failed by a mart that does not come to what it is made of."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ticketsource_pipeline.datasets import CUSTOMERS, MARTS
from ticketsource_pipeline.frames.customers import customers_frame
from ticketsource_pipeline.landing.marts import make_marts
from ticketsource_pipeline.sandbox import records
from ticketsource_pipeline_tests.test_checks_world import World, failed, run_checks
from ticketsource_pipeline_tests.test_store_writing import store_in

CHECKS = {
    "bookings.adds_up_to_booking_lines",
    "performance_sales.adds_up_to_booking_lines",
    "performance_categories.adds_up_to_seats",
    "daily_sales.adds_up_to_booking_lines",
    "refund_pairs.adds_up_to_booking_lines",
    "gift_aid_claims.adds_up_to_booking_lines",
    "reconciliation.adds_up_to_booking_lines",
    "reconciliation_months.adds_up_to_booking_lines",
    "customers.key_is_unique",
}


def test_marts_that_are_right_pass_and_each_that_is_wrong_is_named(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    World().fill(store)
    for month in store.recorded_months():
        record = store.month_record(month)
        assert record.published_content == record.content
    make_marts(store)
    customer = records.customer(
        "cst-1", first_name="A", last_name="B", created_at="2025-01-01T00:00Z"
    )
    store.write(CUSTOMERS, customers_frame([customer])[0])
    found = run_checks(store)
    assert failed(found) == set()
    assert all(found[name].metadata["looked_at"].value for name in CHECKS)
    for mart in (*MARTS, CUSTOMERS):
        frame = store.read(mart)
        assert len(frame)
        store.write(mart, pd.concat([frame, frame], ignore_index=True))
    found = run_checks(store)
    assert failed(found) == CHECKS
    for name in CHECKS - {"customers.key_is_unique"}:
        assert "in all, its source to" in str(found[name].description), name
