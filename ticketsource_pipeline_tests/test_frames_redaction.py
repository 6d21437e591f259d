"""What is kept of a person in a record: nothing, a token, or all; and nothing of one forgotten."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketsource_pipeline.datasets import DATASETS, RAW_BOOKINGS, RAW_SEATS, Record
from ticketsource_pipeline.frames.pseudonyms import Pseudonyms
from ticketsource_pipeline.frames.redaction import Redaction
from ticketsource_pipeline.personal_data import AttendeeMode, Personal
from ticketsource_pipeline_tests.test_frames_samples import a_booking, a_line, a_seat

KEY = Pseudonyms(bytes(range(32)))
OFF = Redaction(AttendeeMode.OFF)
PSEUDONYMOUS = Redaction(AttendeeMode.PSEUDONYMOUS, KEY)
FULL = Redaction(AttendeeMode.FULL)
MARK = "Zq7"

_MARKED = st.recursive(
    st.builds(lambda text: f"{MARK}{text}@example.org", st.text(max_size=5)),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2)
        | st.dictionaries(st.sampled_from(["note", "x y", MARK]), inner, min_size=1, max_size=2)
    ),
    max_leaves=3,
)
_ATTENDEE = st.dictionaries(
    st.sampled_from(["title", "first_name", "last_name", "company", "telephone", "email", "diet"])
    | st.just(f"{MARK} key"),
    _MARKED | st.dictionaries(st.sampled_from(["name", "title", "head"]), _MARKED),
)


def marked_seat(attendee: Any, more: Any) -> dict[str, Any]:
    return {**a_seat(attendee=attendee, wish=more), "guardian": more}


def marked_booking(personal: Any, more: Any) -> dict[str, Any]:
    line = a_line(20, 1.3, 0.26, 18.44, donation={"gift_aid": True, "declaration": more})
    booking = a_booking("bkg-B1", line, user_booked_by=personal, contact=more)
    booking["attributes"]["consent"] = {"third_party": personal, "email": more, "post": True}
    booking["links"]["customer"] = f"https://api.ticketsource.io/customers/cst-C1?of={MARK}"
    return booking


def leaves(value: Any, *path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, *path, key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, *path, "[]")
    else:
        yield ".".join(path), value


def plain_leaves(record: dict[str, Any], kind: Record, *above: str) -> list[tuple[str, Any]]:
    """The leaves of a record at paths that are declared and say nothing of a person."""
    columns = [
        column
        for dataset in DATASETS.values()
        if dataset.record.name == kind.name
        for column in dataset.sourced_columns
    ]
    paths = {column.source for column in columns if not column.personal} | set(kind.other_fields)
    prefix = ".".join(above)
    found = [
        (path, value)
        for path, value in leaves(record)
        if path.removeprefix(f"{prefix}.") in paths and path.startswith(prefix)
    ]
    for path, part in kind.parts.items():
        found += plain_leaves(record, part, *above, *path.split("."), "[]")
    return found


@given(attendee=_ATTENDEE | _MARKED, more=_MARKED)
def test_no_leaf_of_a_person_survives_and_the_rest_is_untouched(attendee: Any, more: Any) -> None:
    seat, booking = marked_seat(attendee, more), marked_booking(attendee, more)
    before = copy.deepcopy((seat, booking))
    for redaction in (OFF, PSEUDONYMOUS):
        kept_seat, kept_booking = redaction.seat(seat), redaction.booking(booking)
        assert MARK.lower() not in repr((kept_seat, kept_booking)).lower()
        assert redaction.seat(kept_seat) == kept_seat
        assert redaction.booking(kept_booking) == kept_booking
        seat_kind, booking_kind = RAW_SEATS.record, RAW_BOOKINGS.record
        assert plain_leaves(kept_seat, seat_kind) == plain_leaves(seat, seat_kind)
        assert plain_leaves(kept_booking, booking_kind) == plain_leaves(booking, booking_kind)
        assert len(plain_leaves(kept_booking, booking_kind)) == 20
    assert FULL.seat(seat) is seat
    assert FULL.booking(booking) is booking
    assert (seat, booking) == before


@given(value=st.text(), kind=st.sampled_from(["first_name", "email", "telephone"]))
def test_a_value_that_is_off_is_off_whatever_was_done_before(value: str, kind: str) -> None:
    seat = a_seat(attendee={kind: value})
    tokens = PSEUDONYMOUS.seat(seat)
    assert PSEUDONYMOUS.seat(tokens) == tokens
    assert OFF.seat(tokens) == OFF.seat(seat)
    assert OFF.seat(seat)["attributes"]["attendee"] == {kind: None}


def test_tokens_stand_for_who_somebody_is_and_free_words_go() -> None:
    attendee = {
        "title": "Dr",
        "first_name": "Ann",
        "last_name": "",
        "company": {"name": "Acme", "title": "Treasurer"},
        "telephone": 1666000000,
        "email": "ann@example.org",
        "diet": "nuts",
    }
    kept = PSEUDONYMOUS.seat(a_seat(attendee=attendee))["attributes"]["attendee"]
    assert {name for name, value in leaves(kept) if value is None} == {
        "title",
        "company.title",
        "diet",
    }
    assert kept["last_name"] == ""
    for value in (kept["first_name"], kept["company"]["name"], kept["telephone"]):
        assert re.fullmatch(r"p-[0-9a-f]{32}", value)
    assert re.fullmatch(r"[0-9a-f]{32}@pseudonym\.invalid", kept["email"])


@pytest.mark.parametrize(
    ("kind", "one", "same", "other"),
    [
        (Personal.EMAIL, "Ann@Example.ORG ", "\tann@example.org", "anne@example.org"),
        (Personal.EMAIL, "STRASSE@example.org", "straße@example.org", "strase@example.org"),
        (Personal.TELEPHONE, "+44 (1666) 000-000", "+441666000000", "01666000000"),
        (Personal.TELEPHONE, "01666000000", "01666 000000", 1666000000),
        (Personal.NAME, "Zoë", "ZOE\u0308", "Zoe"),
        (Personal.COMPANY, "Acme  Ltd", "acme ltd", "acme"),
    ],
)
def test_the_same_person_written_otherwise_has_the_same_token(
    kind: Personal, one: str, same: str, other: Any
) -> None:
    assert KEY.token(kind, one) == KEY.token(kind, same) != KEY.token(kind, other)
    assert KEY.mark(kind, KEY.token(kind, one)) == KEY.mark(kind, one)
    another_key = Pseudonyms(bytes(32))
    assert another_key.token(kind, one) != KEY.token(kind, one)
    assert not another_key.is_token(str(KEY.token(kind, one)))


def test_what_only_looks_like_a_token_gets_one() -> None:
    lookalike = "p-" + "0123456789abcdef" * 2
    assert KEY.token(Personal.NAME, lookalike) not in (lookalike, None)


@pytest.mark.parametrize("value", [None, True, 1.5, ["a"], {"a": "b"}, " \t"])
def test_what_is_no_text_has_no_token(value: Any) -> None:
    assert KEY.token(Personal.NAME, value) is None
    assert KEY.mark(Personal.EMAIL, value) is None


def test_a_customers_id_stays_where_data_is_pseudonymous_and_nothing_else_of_the_link() -> None:
    booking = a_booking()
    assert PSEUDONYMOUS.booking(booking)["links"] == booking["links"]
    for link, kept in (
        ("https://ann@api.example/customers/cst-C1", "/customers/cst-C1"),
        ("https://api.example/customers/cst-C1?name=Ann", "/customers/cst-C1"),
        ("https://api.example/customers/ann", None),
        (["cst-C1"], None),
    ):
        booking["links"]["customer"] = link
        assert PSEUDONYMOUS.booking(booking)["links"]["customer"] == kept
        assert OFF.booking(booking)["links"]["customer"] is None


@pytest.mark.parametrize("mode", AttendeeMode)
def test_a_forgotten_attendee_leaves_a_seat_without_a_name_in_every_mode(
    mode: AttendeeMode,
) -> None:
    mark = str(KEY.mark(Personal.EMAIL, "ann@example.org"))
    redaction = Redaction(mode, KEY, frozenset({mark}))
    hers = {"first_name": "Ann", "email": " ANN@example.org", "diet": "nuts"}
    others = {"first_name": "Bob", "email": "bob@example.org"}
    seat = redaction.seat(a_seat(attendee=hers))
    assert seat["attributes"]["attendee"] == dict.fromkeys(hers)
    assert seat["attributes"]["price_category"] == "Adult"
    untouched = a_seat(attendee=others)
    assert redaction.seat(untouched) == Redaction(mode, KEY).seat(untouched)


@pytest.mark.parametrize("mode", AttendeeMode)
def test_a_forgotten_customer_leaves_a_booking_with_its_money_alone(mode: AttendeeMode) -> None:
    mark = str(KEY.mark(Personal.CUSTOMER, "cst-C1"))
    redaction = Redaction(mode, KEY, frozenset({mark}))
    booking = redaction.booking(a_booking(user_booked_by="Carys", mood="sad"))
    attributes = booking["attributes"]
    assert booking["links"]["customer"] is None
    assert {*attributes["consent"].values(), attributes["user_booked_by"], attributes["mood"]} == {
        None
    }
    assert attributes["lines"] == a_booking()["attributes"]["lines"]
    assert redaction.booking(booking) == booking
    other = a_booking()
    other["links"]["customer"] = "https://api.ticketsource.io/customers/cst-C2"
    assert redaction.booking(other) == Redaction(mode, KEY).booking(other)


def test_a_record_of_another_shape_keeps_nothing_where_a_person_could_be() -> None:
    for redaction in (OFF, PSEUDONYMOUS):
        odd = {**a_seat(), "attributes": ["Ann"]}
        assert redaction.seat(odd)["attributes"] is None
        assert redaction.seat(a_seat(attendee="Ann"))["attributes"]["attendee"] is None
        assert redaction.booking(a_booking(lines="Ann"))["attributes"]["lines"] is None
        assert redaction.booking(a_booking(ref={"of": "Ann"}))["attributes"]["ref"] is None
