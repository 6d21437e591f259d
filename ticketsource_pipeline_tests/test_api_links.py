"""Ids are taken from paths by parsing, and nothing that is not an id gets into a path."""

import pytest

from ticketsource_pipeline.api import InvalidResponse, checked_id, id_from_link


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://api.ticketsource.io/dates/dat-41wq7kmW7YxRp2ov", "dat-41wq7kmW7YxRp2ov"),
        ("https://api.ticketsource.io/dates/dat-41wq/bookings?page=2", "dat-41wq"),
        ("/dates/dat-1", "dat-1"),
        ("https://evil.example/v9/dates/dat-1/#top", "dat-1"),
        ("https://api.ticketsource.io/dates?of=/dates/dat-1", None),
        ("https://api.ticketsource.io/events/evt-1", None),
        ("https://api.ticketsource.io/dates/dat-1%2f..", None),
        ("https://api.ticketsource.io/dates/dat-1\n", "dat-1"),
        ("https://api.ticketsource.io/dates/dat-é", None),
        ("https://[bad/dates/dat-1", None),
        ("", None),
        (None, None),
        (7, None),
        ({"href": "/dates/dat-1"}, None),
    ],
)
def test_the_id_in_the_path_of_a_link_is_found(link: object, expected: str | None) -> None:
    assert id_from_link(link, "dat") == expected


def test_the_customer_of_a_booking_is_found_in_its_link() -> None:
    assert id_from_link("https://api.ticketsource.io/customers/cst-9/bookings", "cst") == "cst-9"


@pytest.mark.parametrize(
    "value",
    ["../events", "bkg-1/../x", "bkg-1%2fx", "bkg-1?x=1", "bkg-", "bkg-1\n", "dat-1", "", None, 5],
)
def test_what_is_no_id_never_gets_into_a_path(value: object) -> None:
    with pytest.raises(InvalidResponse) as caught:
        checked_id(value, "bkg", "/dates/dat-1/bookings")
    assert caught.value.path == "/dates/dat-1/bookings"


def test_an_id_that_no_file_name_holds_never_gets_into_a_path() -> None:
    assert checked_id("bkg-" + "1" * 100, "bkg")
    with pytest.raises(InvalidResponse):
        checked_id("bkg-" + "1" * 101, "bkg")


def test_an_id_is_returned_unchanged() -> None:
    assert checked_id("bkg-xZVrM6valQGb3gPq", "bkg") == "bkg-xZVrM6valQGb3gPq"
