"""The declarations: columns, types, order, keys and marks of personal data, as promised."""

from __future__ import annotations

import pyarrow as pa
import pytest

from ticketsource_pipeline.assets.specs import column_lineage, column_schema
from ticketsource_pipeline.datasets import DATASETS, Dataset
from ticketsource_pipeline_tests.running import CATALOG, MONTHLY

TEXT = pa.string()
MONEY = pa.decimal128(12, 2)
TIME = pa.timestamp("us", tz="UTC")
FLAG = pa.bool_()
NUMBER = pa.int64()
DAY = pa.date32()
CHANGED = {"created_at": TIME, "updated_at": TIME}


def texts(names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names.split(), TEXT)


CONSENTS = ("consent_email", "consent_post", "consent_sms")
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
        **dict.fromkeys(CONSENTS, FLAG),
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
    "bookings": {
        **texts("booking_id ref date_id event_id performance_month customer_id"),
        "tickets": NUMBER,
        **dict.fromkeys(("gross", "fees", "net", "refunded_gross"), MONEY),
        **dict.fromkeys(("donation", "gift_aid_donation"), MONEY),
        **dict.fromkeys(("first_change_at", "last_change_at"), TIME),
        "consent_third_party": TEXT,
        **dict.fromkeys(CONSENTS, FLAG),
        "status": TEXT,
    },
    "performance_sales": {
        **texts("date_id event_id event_name venue_name performance_month"),
        "start": TIME,
        "cancelled": FLAG,
        **dict.fromkeys(("bookings", "seats_booked", "seats_cancelled"), NUMBER),
        **dict.fromkeys(("gross", "fee", "fee_vat", "net"), MONEY),
        **dict.fromkeys(("refunded_gross", "refunded_net", "ticket_gross", "donations"), MONEY),
        "average_ticket": MONEY,
        **dict.fromkeys(("first_sale_at", "last_sale_at"), TIME),
        "days_on_sale": NUMBER,
    },
    "performance_categories": {
        **texts("date_id event_id performance_month price_category"),
        **dict.fromkeys(("seats_booked", "seats_cancelled"), NUMBER),
    },
    "daily_sales": {
        **texts("event_id event_name"),
        "sale_day": DAY,
        **dict.fromkeys(("tickets", "tickets_cancelled"), NUMBER),
        **dict.fromkeys(("gross", "net", "refunded_gross", "refunded_net"), MONEY),
        "cumulative_tickets": NUMBER,
        **dict.fromkeys(("cumulative_gross", "cumulative_net"), MONEY),
    },
    "refund_pairs": {
        "booking_id": TEXT,
        **dict.fromkeys(("refund_line_number", "pair_number"), NUMBER),
        **texts("date_id event_id performance_month ref line_type payment_method kind"),
        "sale_line_number": NUMBER,
        **dict.fromkeys(("gross", "fee", "fee_vat", "net"), MONEY),
        **dict.fromkeys(("sale_gross", "sale_fees", "sale_gross_left"), MONEY),
        "gift_aid": FLAG,
        **dict.fromkeys(("sale_created_at", "refund_created_at"), TIME),
    },
    "gift_aid_claims": {
        "tax_year": TEXT,
        "tax_month": NUMBER,
        **dict.fromkeys(("first_day", "last_day"), DAY),
        **dict.fromkeys(("donation_lines", "refund_lines"), NUMBER),
        **dict.fromkeys(("gift_aid_yes", "gift_aid_no", "gift_aid_unknown"), MONEY),
        **dict.fromkeys(("refunded_gross", "donations"), MONEY),
    },
    "reconciliation": {
        **texts("performance_month line_type payment_method"),
        **dict.fromkeys(("lines", "refund_lines"), NUMBER),
        **dict.fromkeys(("gross", "fee", "fee_vat", "net", "difference"), MONEY),
        "refunded_gross": MONEY,
    },
    "reconciliation_months": {
        "performance_month": TEXT,
        **dict.fromkeys(("performances", "bookings", "raw_lines", "lines"), NUMBER),
        **dict.fromkeys(("gross", "net", "difference"), MONEY),
        **dict.fromkeys(("ticket_lines", "seats_booked", "seats_cancelled"), NUMBER),
        **dict.fromkeys(("bookings_without_seats", "bookings_without_tickets"), NUMBER),
        "unmatched_refunds": NUMBER,
        "unmatched_gross": MONEY,
        "cancelled_performances_holding": NUMBER,
        "cancelled_gross_held": MONEY,
    },
    "customers": {
        **texts("customer_id first_name last_name email telephone"),
        **texts("address_line_1 address_line_2 address_line_3 address_line_4 postcode"),
        "membership_id": TEXT,
        **dict.fromkeys(("membership_start", "membership_end"), TIME),
        **dict.fromkeys(CONSENTS, FLAG),
        **CHANGED,
        **dict.fromkeys(("bookings", "tickets"), NUMBER),
        "spend": MONEY,
        **dict.fromkeys(("first_booking_at", "last_booking_at"), TIME),
    },
}
KEYS = {
    "events": ("event_id",),
    "venues": ("venue_id", "event_id"),
    "performances": ("date_id",),
    "raw_bookings": ("booking_id",),
    "raw_seats": ("seat_id",),
    "booking_lines": ("booking_id", "line_number"),
    "seats": ("seat_id",),
    "attendees": ("seat_id",),
    "bookings": ("booking_id",),
    "performance_sales": ("date_id",),
    "performance_categories": ("date_id", "price_category"),
    "daily_sales": ("event_id", "sale_day"),
    "refund_pairs": ("booking_id", "refund_line_number", "pair_number"),
    "gift_aid_claims": ("first_day",),
    "reconciliation": ("performance_month", "line_type", "payment_method"),
    "reconciliation_months": ("performance_month",),
    "customers": ("customer_id",),
}
PERSONAL = {
    "raw_bookings": [
        "customer_id",
        "consent_third_party",
        *CONSENTS,
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
    "bookings": [
        "customer_id",
        "consent_third_party",
        *CONSENTS,
    ],
    "customers": [
        "customer_id",
        "first_name",
        "last_name",
        "email",
        "telephone",
        "address_line_1",
        "address_line_2",
        "address_line_3",
        "address_line_4",
        "postcode",
        "membership_id",
        *CONSENTS,
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
    assert dataset.partitioned is (dataset.name in MONTHLY)


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
