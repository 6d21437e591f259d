"""The declarations: columns, types, order, keys and marks of personal data, as promised."""

from __future__ import annotations

import pyarrow as pa
import pytest

from ticketsource_pipeline.assets.specs import column_lineage, column_schema
from ticketsource_pipeline.datasets import DATASETS, Dataset

TEXT = pa.string()
MONEY = pa.decimal128(12, 2)
TIME = pa.timestamp("us", tz="UTC")
FLAG = pa.bool_()
CHANGED = {"created_at": TIME, "updated_at": TIME}


def texts(names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names.split(), TEXT)


PROMISED: dict[str, dict[str, pa.DataType]] = {
    "events": {
        **texts("event_id name reference description category genre"),
        **dict.fromkeys(("activated", "archived", "public"), FLAG),
        **CHANGED,
    },
    "venues": {
        **texts("venue_id event_id name address_line_1 address_line_2 address_line_3"),
        **texts("address_line_4 postcode telephone email"),
        **CHANGED,
    },
    "performances": {
        **texts("date_id event_id venue_id event_name venue_name performance_month"),
        "start": TIME,
        "start_text": TEXT,
        "doors_open": TIME,
        "end": TIME,
        "on_sale": FLAG,
        "on_sale_start": TIME,
        "on_sale_end": TIME,
        "public": FLAG,
        "cancelled": FLAG,
        **CHANGED,
    },
    "raw_bookings": {
        **texts("booking_id date_id event_id customer_id ref consent_third_party"),
        **dict.fromkeys(("consent_email", "consent_post", "consent_sms"), FLAG),
        "user_booked_by": TEXT,
        **CHANGED,
        "payload": TEXT,
        "fetched_at": TIME,
    },
    "raw_seats": {**texts("seat_id booking_id date_id payload"), "fetched_at": TIME},
    "booking_lines": {
        "booking_id": TEXT,
        "line_number": pa.int64(),
        **texts("date_id event_id ref line_type payment_method"),
        "is_refund": FLAG,
        **dict.fromkeys(("gross", "fee", "fee_vat", "net", "discount_automatic"), MONEY),
        "discount_code": TEXT,
        "discount_code_amount": MONEY,
        "gift_aid": FLAG,
        "difference": MONEY,
        **CHANGED,
    },
    "seats": {
        **texts("seat_id booking_id date_id event_id"),
        "is_booked": FLAG,
        "is_cancelled": FLAG,
        **texts("row seat price_category"),
        **CHANGED,
    },
    "attendees": texts(
        "seat_id booking_id date_id event_id title first_name last_name company_name"
        " company_title telephone email"
    ),
}
CATALOG = ("events", "venues", "performances")
KEYS = {
    "events": ("event_id",),
    "venues": ("venue_id", "event_id"),
    "performances": ("date_id",),
    "raw_bookings": ("booking_id",),
    "raw_seats": ("seat_id",),
    "booking_lines": ("booking_id", "line_number"),
    "seats": ("seat_id",),
    "attendees": ("seat_id",),
}
PERSONAL = {
    "raw_bookings": [
        "customer_id",
        "consent_third_party",
        "consent_email",
        "consent_post",
        "consent_sms",
        "user_booked_by",
        "payload",
    ],
    "raw_seats": ["payload"],
    "attendees": [
        "title",
        "first_name",
        "last_name",
        "company_name",
        "company_title",
        "telephone",
        "email",
    ],
}
EACH = pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)


def test_the_datasets_are_those_promised() -> None:
    assert list(DATASETS) == list(PROMISED)


@EACH
def test_columns_and_types_are_as_promised_and_in_that_order(dataset: Dataset) -> None:
    promised = PROMISED[dataset.name]
    more = ["payload"] if dataset.name in CATALOG else []
    assert dataset.schema.names == [*promised, *more]
    assert dataset.schema.types == [*promised.values(), *([TEXT] * len(more))]


@EACH
def test_keys_and_partitions_are_as_promised(dataset: Dataset) -> None:
    assert dataset.key == KEYS[dataset.name]
    assert dataset.partitioned is (dataset.name not in CATALOG)


@EACH
def test_personal_data_is_marked_where_it_is_and_nowhere_else(dataset: Dataset) -> None:
    marked = [column.name for column in dataset.columns if column.personal]
    assert marked == PERSONAL.get(dataset.name, [])
    assert dataset.personal is (dataset.name in PERSONAL)
    shown = {column.name for column in column_schema(dataset).columns if column.tags}
    assert shown == set(marked)


@EACH
def test_every_column_says_what_it_holds_in_a_sentence(dataset: Dataset) -> None:
    for column in dataset.columns:
        assert column.description.endswith("."), column.name
    assert dataset.description.endswith(".")


@EACH
def test_the_lineage_names_columns_there_are(dataset: Dataset) -> None:
    lineage = column_lineage(dataset)
    if dataset.name == "events":
        assert lineage is None
        return
    assert lineage is not None
    assert set(lineage.deps_by_column) <= set(dataset.schema.names)
    for sources in lineage.deps_by_column.values():
        for source in sources:
            assert source.column_name in DATASETS[source.asset_key.path[-1]].schema.names


def test_a_column_there_is_not_is_asked_for_in_vain() -> None:
    assert DATASETS["seats"].column("row").type.arrow == TEXT
    with pytest.raises(KeyError, match="seats has no column email"):
        DATASETS["seats"].column("email")
