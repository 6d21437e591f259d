"""The environment: defaults, what each variable allows, and what is said of a bad value."""

from __future__ import annotations

import inspect
import os
import pickle
import re
from pathlib import Path

import pytest
import requests
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3.util import parse_url

from ticketsource_pipeline.addresses import is_loopback
from ticketsource_pipeline.personal_data import AttendeeMode
from ticketsource_pipeline.settings import (
    Settings,
    SettingsError,
    alert_webhook,
    dagster_home,
    environment_of_dagster,
    read_settings,
    use_sandbox,
)

KEY = "skl-0123456789abcdef"
SANDBOX_KEY = "skl-sandbox-7"


def refusal(**variables: str) -> str:
    with pytest.raises(SettingsError) as refused:
        read_settings({f"TICKETSOURCE_{name}": value for name, value in variables.items()})
    return str(refused.value)


def read(**variables: str) -> Settings:
    return read_settings({f"TICKETSOURCE_{name}": value for name, value in variables.items()})


def test_an_empty_environment_gives_the_defaults() -> None:
    assert read_settings({}) == Settings(
        api_key=None,
        base_url="https://api.ticketsource.io",
        data_dir="data/live",
        first_month="2019-01",
        requests_per_minute=240,
        max_concurrency=8,
        page_size=100,
        timeout_seconds=30.0,
        max_retries=6,
        refund_window_days=60,
        seat_max_age_days=7,
        auth="bearer",
        attendees=AttendeeMode.FULL,
        report=True,
    )


def test_empty_and_blank_variables_are_as_if_not_set() -> None:
    names = ("API_KEY", "BASE_URL", "DATA_DIR", "FIRST_MONTH", "PAGE_SIZE", "TIMEOUT", "AUTH")
    names += ("REPORT",)
    assert read(**dict.fromkeys(names, " ")) == read_settings({})


def test_every_variable_is_read() -> None:
    assert read(
        API_KEY=KEY,
        BASE_URL="https://api.example.org/v1/",
        DATA_DIR="s3://bucket/prefix/",
        FIRST_MONTH="2024-09",
        REQUESTS_PER_MINUTE="0",
        MAX_CONCURRENCY="1",
        PAGE_SIZE="1",
        TIMEOUT="0.5",
        MAX_RETRIES="0",
        REFUND_WINDOW_DAYS="0",
        SEAT_MAX_AGE_DAYS="0",
        AUTH="basic",
        ATTENDEES="off",
        REPORT="off",
    ) == Settings(
        api_key=KEY,
        base_url="https://api.example.org/v1",
        data_dir="s3://bucket/prefix",
        first_month="2024-09",
        requests_per_minute=0,
        max_concurrency=1,
        page_size=1,
        timeout_seconds=0.5,
        max_retries=0,
        refund_window_days=0,
        seat_max_age_days=0,
        auth="basic",
        attendees=AttendeeMode.OFF,
        report=False,
    )


def test_every_variable_is_in_the_example_with_its_default() -> None:
    example = (Path(__file__).parents[1] / ".env.example").read_text("utf-8")
    written = re.findall(r"^#?(TICKETSOURCE_[A-Z_]+)=(\S+)$", example, re.MULTILINE)
    source = Path(inspect.getfile(Settings)).read_text("utf-8")
    assert {name for name, _ in written} == set(re.findall(r"\"(TICKETSOURCE_[A-Z_]+)\"", source))
    needed = {"TICKETSOURCE_API_KEY": KEY, "TICKETSOURCE_ALERT_WEBHOOK": ""}
    assert read_settings(dict(written) | needed) == read_settings(needed)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("REQUESTS_PER_MINUTE", "-1", "a whole number from 0 to 1000000"),
        ("REQUESTS_PER_MINUTE", "four", "a whole number from 0 to 1000000"),
        ("MAX_CONCURRENCY", "0", "a whole number from 1 to 256"),
        ("MAX_CONCURRENCY", "257", "a whole number from 1 to 256"),
        ("PAGE_SIZE", "0", "a whole number from 1 to 100"),
        ("PAGE_SIZE", "101", "a whole number from 1 to 100"),
        ("PAGE_SIZE", "10.0", "a whole number from 1 to 100"),
        ("PAGE_SIZE", "\u0661\u0660", "a whole number from 1 to 100"),
        ("MAX_RETRIES", "-1", "a whole number from 0 to 100"),
        ("REFUND_WINDOW_DAYS", "60 days", "a whole number from 0 to 36500"),
        ("SEAT_MAX_AGE_DAYS", "1e3", "a whole number from 0 to 36500"),
        ("TIMEOUT", "0", "a number of seconds above 0 and at most 3600"),
        ("TIMEOUT", "-3", "a number of seconds above 0 and at most 3600"),
        ("TIMEOUT", "inf", "a number of seconds above 0 and at most 3600"),
        ("TIMEOUT", "3601", "a number of seconds above 0 and at most 3600"),
        ("FIRST_MONTH", "2024-13", "a month written YYYY-MM"),
        ("FIRST_MONTH", "2024-09-01", "a month written YYYY-MM"),
        ("FIRST_MONTH", "1850-01", "a month written YYYY-MM"),
        ("AUTH", "digest", "bearer or basic"),
        ("ATTENDEES", "OFF", "off, pseudonymous or full"),
        ("ATTENDEES", "none", "off, pseudonymous or full"),
        ("REPORT", "Off", "on or off"),
        ("REPORT", "0", "on or off"),
        ("DATA_DIR", "ftp://host/data", "a folder or an address that starts with one of s3://"),
        ("DATA_DIR", "http:/host/data", "a folder or an address that starts with one of s3://"),
        ("DATA_DIR", "memory:/data", "a folder or an address that starts with one of s3://"),
        ("DATA_DIR", "s3:/bucket/x", "a folder or an address that starts with one of s3://"),
        ("DATA_DIR", "s3://b/x::file:///x", "a folder or an address that starts with one of s3://"),
        ("DATA_DIR", "zip::s3://b/x", "a folder or an address that starts with one of s3://"),
        ("DATA_DIR", "file://host/data", "a folder or an address that starts with one of s3://"),
        ("DATA_DIR", "s3://", "a folder or an address that starts with one of s3://"),
    ],
)
def test_a_bad_value_is_refused_with_its_variable_and_what_is_allowed(
    name: str, value: str, allowed: str
) -> None:
    said = refusal(**{name: value})
    assert said.startswith(f"TICKETSOURCE_{name} is {value!r}: allowed is {allowed}")


@pytest.mark.parametrize(
    "address",
    [
        "http://api.ticketsource.io",
        "http://192.168.1.4",
        "http://127.0.0.1.example.org",
        "http://127.0.0.1.evil.example:80",
        "http://127.0.0.1.",
        "http://localhost.",
        "http://localhost.example.org",
        "http://localhost@evil.example",
        "http://127.0.0.1:80@evil.example",
        "http://localhost%2eevil.example",
        "http://localhost;evil.example",
        "http://2130706433",
        "http://0x7f000001",
        "http://017700000001",
        "http://127.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://[::1]evil.example",
        "http://[::1].evil.example:80",
        "http://[::ffff:1.2.3.4]",
        "http://[fe80::1%25lo]",
        "http:/127.0.0.1",
        "http:///127.0.0.1",
        "http://127.0.0.1&evil.example",
        "http://127。0。0。1",
        "https://api.ticketsоurce.io",  # noqa: RUF001 - a Cyrillic letter
        "ftp://api.ticketsource.io",
        "api.ticketsource.io",
        "https://",
        "https://:443",
        "https://host:99999",
        "https://host:0",
        "https://user@api.ticketsource.io",
        "https://@api.ticketsource.io",
        "https://:word@api.ticketsource.io",
        "https://api.ticketsource.io?key=1",
        "https://api.ticketsource.io?",
        "https://api.ticketsource.io#part",
        "https://api.ticketsource.io#",
        "https://api.ticket source.io",
        "https://api.ticketsource\n.io",
        "https://api.ticketsource.io\\@example.org",
        "https://[::1",
    ],
)
def test_an_address_the_key_must_not_go_to_is_refused(address: str) -> None:
    said = refusal(BASE_URL=address)
    assert said.startswith("TICKETSOURCE_BASE_URL is ")
    assert "allowed is an https:// address without user, query or fragment" in said


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:8080", "https://host:8443/v1"],
)
def test_plain_http_is_for_this_machine_only(address: str) -> None:
    assert read(BASE_URL=address).base_url == address


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.8.9.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("", False)],  # noqa: S104
)
def test_loopback_is_this_machine_and_nothing_else(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("key", [" skl-a b ", "skl:1", "skl-é", "skl-\x00", "skl-a\r", " skl-a"])
def test_a_key_with_a_character_no_key_has_is_refused_without_being_shown(key: str) -> None:
    said = refusal(API_KEY=key)
    assert said.startswith("TICKETSOURCE_API_KEY holds a character no key has")
    assert key not in said
    assert "skl-a" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAGE_SIZE", KEY),
        ("BASE_URL", f"https://{KEY}@api.ticketsource.io"),
        ("BASE_URL", f"https://{KEY}:x/y@api.ticketsource.io"),
        ("BASE_URL", f"https://api.ticketsource.io?key={KEY}"),
        ("DATA_DIR", f"s3://{KEY}:word@bucket/x"),
        ("AUTH", f"Bearer {KEY}"),
    ],
)
def test_a_key_in_the_wrong_variable_is_not_shown_either(name: str, value: str) -> None:
    for environment in ({name: value}, {name: value, "API_KEY": KEY}):
        said = refusal(**environment)
        assert said.startswith(f"TICKETSOURCE_{name} is ")
        assert KEY not in said
        assert KEY[4:] not in said


def test_a_password_in_an_address_is_not_shown() -> None:
    for word in ("hunter2", "hun/ter2", "hun@ter2"):
        assert word not in refusal(BASE_URL=f"https://user:{word}@api.ticketsource.io")
        assert "ter2" not in refusal(DATA_DIR=f"s3://user:{word}@bucket/x")


def test_the_key_is_not_in_the_repr_of_the_settings() -> None:
    settings = read(API_KEY=KEY)
    assert settings.api_key == KEY
    assert KEY not in repr(settings)
    assert KEY not in f"{settings}"
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301


def test_a_missing_key_is_asked_for_by_name_when_it_is_needed() -> None:
    with pytest.raises(SettingsError, match="TICKETSOURCE_API_KEY is not set"):
        read_settings({}).required_api_key()
    assert read(API_KEY=KEY).required_api_key() == KEY


def test_the_sandbox_is_an_account_of_its_own_whatever_its_port() -> None:
    accounts = {
        read(API_KEY=SANDBOX_KEY, BASE_URL=f"http://127.0.0.1:{port}").account
        for port in (8001, 8002)
    }
    assert accounts == {"the bundled sandbox, season 7"}
    assert read(API_KEY=SANDBOX_KEY).data_dir == "data/sandbox"
    assert read(API_KEY=SANDBOX_KEY).is_sandbox
    assert read(API_KEY=KEY).account == "https://api.ticketsource.io"
    assert not read(API_KEY=KEY).is_sandbox


def test_a_first_month_with_no_partition_at_all_is_refused() -> None:
    with time_machine.travel("2025-03-31T12:00:00+00:00", tick=False):
        assert read(FIRST_MONTH="2027-03").first_month == "2027-03"
        assert "TICKETSOURCE_FIRST_MONTH is '2027-04': allowed is" in refusal(FIRST_MONTH="2027-04")


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\x00"), min_size=1))
def test_any_text_in_any_variable_is_read_or_refused_by_name(text: str) -> None:
    for name in ("BASE_URL", "DATA_DIR", "FIRST_MONTH", "PAGE_SIZE", "TIMEOUT", "AUTH", "API_KEY"):
        try:
            read(**{name: text})
        except SettingsError as refused:
            assert str(refused).startswith(f"TICKETSOURCE_{name} ")


_PARTS = ("[", "]", "::1", "127.0.0.1", "localhost", "evil.example", ":", "80", ".", "/", "%", ";")


@given(st.lists(st.sampled_from(_PARTS), min_size=1, max_size=5).map("".join))
def test_a_plain_address_that_is_allowed_is_connected_to_on_this_machine(rest: str) -> None:
    try:
        address = read(BASE_URL=f"http://{rest}").base_url
    except SettingsError:
        return
    prepared = requests.Request("GET", f"{address}/events").prepare()
    assert is_loopback((parse_url(prepared.url or "").host or "").strip("[]"))


def test_the_process_can_be_turned_to_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASE_URL", "API_KEY", "DATA_DIR", "REQUESTS_PER_MINUTE"):
        monkeypatch.setenv(f"TICKETSOURCE_{name}", "1")
    use_sandbox("http://127.0.0.1:5000", SANDBOX_KEY)
    settings = read_settings()
    assert (settings.base_url, settings.api_key) == ("http://127.0.0.1:5000", SANDBOX_KEY)
    assert (settings.data_dir, settings.requests_per_minute) == ("data/sandbox", 0)


def test_dagsters_home_is_the_variable_or_a_folder_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    assert dagster_home() == tmp_path
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.chdir(tmp_path)
    assert dagster_home() == tmp_path / ".dagster_home"
    assert environment_of_dagster("/elsewhere") == {**os.environ, "DAGSTER_HOME": "/elsewhere"}


@pytest.mark.parametrize("address", ["https://hooks.example.org/T0/secret", "http://127.0.0.1:9/x"])
def test_a_webhook_may_be_https_or_on_this_machine(address: str) -> None:
    assert alert_webhook({"TICKETSOURCE_ALERT_WEBHOOK": f" {address} "}) == address
    assert alert_webhook({}) is None


@pytest.mark.parametrize(
    "address", ["http://hooks.example.org/secret", "secret", "https://[secret"]
)
def test_another_webhook_is_refused_without_being_shown(address: str) -> None:
    with pytest.raises(SettingsError, match="TICKETSOURCE_ALERT_WEBHOOK is no https") as refused:
        read_settings({"TICKETSOURCE_ALERT_WEBHOOK": address})
    assert "TICKETSOURCE_ALERT_WEBHOOK" in str(refused.value)
    assert "secret" not in str(refused.value)
