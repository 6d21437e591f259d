"""Bookings and seats as they came: payloads, digests, when they were first fetched, refs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import simplejson
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketsource_pipeline.frames.payload import payload_digest, payload_record, payload_text
from ticketsource_pipeline.frames.raw import raw_bookings_frame, raw_bookings_report
from ticketsource_pipeline_tests.test_frames_samples import (
    FETCHED,
    a_booking,
    a_line,
    a_seat,
    cells,
    raw_bookings,
    raw_seats,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_booking_is_a_row_with_its_ids_consent_and_json() -> None:
    frame, report = raw_bookings(a_booking())
    row = cells(frame)
    assert simplejson.loads(row.pop("payload")) == a_booking()
    assert row == {
        "booking_id": "bkg-B1",
        "date_id": "dat-D1",
        "event_id": "evt-E1",
        "customer_id": "cst-C1",
        "ref": "REF001",
        "consent_third_party": None,
        "consent_email": True,
        "consent_post": False,
        "consent_sms": None,
        "user_booked_by": None,
        "created_at": datetime(2025, 2, 1, 10, tzinfo=UTC),
        "updated_at": datetime(2025, 2, 1, 10, tzinfo=UTC),
        "fetched_at": FETCHED,
    }
    assert report.problems == []


def test_a_seat_is_a_row_with_its_json_and_when_it_was_fetched() -> None:
    row = cells(raw_seats(a_seat()))
    assert simplejson.loads(row.pop("payload")) == a_seat()
    assert row == {
        "seat_id": "sea-S1",
        "booking_id": "bkg-B1",
        "date_id": "dat-D1",
        "fetched_at": FETCHED,
    }


def test_text_keeps_its_accents_and_signs() -> None:
    name = "Zoë Ó Súilleabháin 李 🎭"
    row = cells(raw_bookings(a_booking(user_booked_by=name))[0])
    assert row["user_booked_by"] == name
    assert name in row["payload"]


def test_a_booking_that_is_still_the_same_keeps_when_it_was_first_fetched() -> None:
    later = FETCHED + timedelta(days=3)
    same, changed, new = a_booking("bkg-A"), a_booking("bkg-B"), a_booking("bkg-C")
    stored = {
        "bkg-A": (payload_text(same), FETCHED),
        "bkg-B": (payload_text({**changed, "old": 1}), FETCHED),
    }
    frame, _ = raw_bookings_frame(
        [same, changed, new],
        date_id="dat-D1",
        event_id="evt-E1",
        fetched_at=later,
        stored=stored,
    )
    assert frame["fetched_at"].tolist() == [FETCHED, later, later]


def test_a_bad_field_is_named_with_its_booking_date_and_ref() -> None:
    frame, report = raw_bookings(a_booking(consent={"email": "yes"}))
    assert cells(frame)["consent_email"] is None
    (problem,) = report.problems
    assert str(problem) == (
        "raw_bookings: bkg-B1: attributes.consent.email is text, true or false is expected"
    )
    assert (problem.place.date_id, problem.place.ref) == ("dat-D1", "REF001")


@pytest.mark.parametrize("ref", ["Jane Marked", "a" * 21, "", None, 12, ["REF"], "REF\ud800"])
def test_what_does_not_look_like_a_ref_is_not_shown_as_one(ref: Any) -> None:
    _, report = raw_bookings(a_booking(ref=ref, created_at="soon"))
    assert {problem.place.ref for problem in report.problems} == {None}


def test_a_link_that_names_no_customer_is_null_and_named() -> None:
    booking = a_booking()
    booking["links"]["customer"] = "https://api.ticketsource.io/people/jane"
    frame, report = raw_bookings(booking)
    assert cells(frame)["customer_id"] is None
    assert [problem.message for problem in report.problems] == ["is a link without an id cst-..."]


def test_stored_bookings_are_found_at_fault_as_they_were_when_read() -> None:
    frame, report = raw_bookings(
        a_booking(created_at="soon", mood=1), a_booking("bkg-B2", ref=None)
    )
    stored = raw_bookings_report(frame)
    assert stored.problems == report.problems
    assert len(stored.problems) == 2
    assert stored.unknown_fields == {"attributes.mood": 1}


def test_no_bookings_and_no_seats_give_empty_frames() -> None:
    assert len(raw_bookings()[0]) == 0
    assert len(raw_seats()) == 0


def test_a_payload_keeps_amounts_as_they_were_written() -> None:
    line = a_line(Decimal("12.50"), Decimal("0.54000000000000004"), 0, 1)
    text = payload_text(a_booking("bkg-B1", line))
    assert '"gross":12.50,' in text
    assert '"fee":0.54000000000000004,' in text
    assert payload_text(payload_record(text)) == text


@settings(deadline=None)
@given(st.dictionaries(st.text(st.characters(codec=None)), JSON))
def test_a_payload_is_utf_8_text_that_gives_the_record_back(record: dict[str, Any]) -> None:
    record = simplejson.loads(simplejson.dumps(record, use_decimal=True), use_decimal=True)
    text = payload_text(record)
    assert text.encode().decode() == text
    assert payload_record(text) == record
    assert payload_text(payload_record(text)) == text


@settings(deadline=None)
@given(st.dictionaries(st.text(), JSON, min_size=2), st.randoms(use_true_random=False))
def test_a_digest_does_not_depend_on_the_order_of_keys(record: dict[str, Any], random: Any) -> None:
    items = list(record.items())
    random.shuffle(items)
    again = dict(items)
    assert payload_digest(payload_text(again)) == payload_digest(payload_text(record))
    other = {**record, "one more": "field"}
    assert payload_digest(payload_text(other)) != payload_digest(payload_text(record))


def test_a_booking_with_half_a_character_is_kept_as_it_came() -> None:
    booking = a_booking(user_booked_by="Jo \ud83d")
    frame, report = raw_bookings(booking)
    assert cells(frame)["user_booked_by"] is None
    assert payload_record(frame["payload"][0])["attributes"]["user_booked_by"] == "Jo \ud83d"
    assert [problem.field for problem in report.problems] == ["attributes.user_booked_by"]
