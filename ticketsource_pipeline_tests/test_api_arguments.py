"""Addresses and keys that cannot be used are refused when the client is made."""

from __future__ import annotations

import pytest

from ticketsource_pipeline.api import (
    NoLimit,
    TicketSourceClient,
)
from ticketsource_pipeline_tests.test_api_scripted_server import (
    KEY,
)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.ticketsource.io",
        "http://10.0.0.1",
        "ftp://api.ticketsource.io",
        "api.ticketsource.io",
        "https://",
        "https://user:secret@api.ticketsource.io",
        "https://api.ticketsource.io?key=secret",
        "https://api.ticketsource.io#secret",
        "https://api.ticketsource.io:port",
        "https://[bad",
        "",
    ],
)
def test_an_address_the_key_must_not_go_to_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="TICKETSOURCE_BASE_URL") as caught:
        TicketSourceClient(url, KEY, limiter=NoLimit())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["https://api.ticketsource.io", "http://localhost:80", "http://127.8.8.8", "http://[::1]:9"],
)
def test_https_and_this_machine_are_allowed(url: str) -> None:
    TicketSourceClient(url, KEY, limiter=NoLimit()).close()


@pytest.mark.parametrize("key", ["", "skl 1", "skl-1\n", "skl-é"])
def test_a_key_no_header_takes_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ValueError, match="TICKETSOURCE_API_KEY") as caught:
        TicketSourceClient("https://api.ticketsource.io", key, limiter=NoLimit())
    assert not key or key not in str(caught.value)
