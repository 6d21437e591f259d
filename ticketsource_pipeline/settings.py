"""The settings of a user, read from the environment: nothing else in the project reads it.

A bad value is refused here with a `SettingsError` that names the variable, the value (never the
key) and what is allowed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from ticketsource_pipeline.addresses import api_root, is_safe_for_secrets
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.personal_data import AttendeeMode

LIVE_API = "https://api.ticketsource.io"
SANDBOX_KEY_PREFIX = "skl-sandbox-"
MONTHS_AHEAD = 24
"""How many months after this one are kept data for."""

DATA_SCHEMES = ("s3", "gs", "gcs", "az", "abfs", "file")

Auth = Literal["bearer", "basic"]
Value = TypeVar("Value")


class SettingsError(ValueError):
    """A setting that cannot be used; the message names the variable and what is allowed."""


@dataclass(frozen=True)
class Settings:
    """Everything a user can set, checked; times in seconds or days as the names say."""

    api_key: str | None = field(repr=False)
    base_url: str
    data_dir: str
    first_month: str
    requests_per_minute: int
    max_concurrency: int
    page_size: int
    timeout_seconds: float
    max_retries: int
    refund_window_days: int
    seat_max_age_days: int
    auth: Auth
    attendees: AttendeeMode
    report: bool

    @property
    def is_sandbox(self) -> bool:
        """Whether the key is one of the bundled sandbox's."""
        return (self.api_key or "").startswith(SANDBOX_KEY_PREFIX)

    @property
    def account(self) -> str:
        """What the data is of: the API's root, or the sandbox by name, whatever its port."""
        key = self.api_key or ""
        if key.startswith(SANDBOX_KEY_PREFIX):
            return f"the bundled sandbox, season {key.removeprefix(SANDBOX_KEY_PREFIX)}"
        return self.base_url

    def required_api_key(self) -> str:
        """Return the key.

        Raises:
            SettingsError: when no key is set.
        """
        if self.api_key is None:
            raise SettingsError(
                "TICKETSOURCE_API_KEY is not set: put your TicketSource secret key (skl-...) in it"
                " to read your account, or try `make run`, which needs none."
            )
        return self.api_key


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings found in the environment.

    Args:
        environment: the variables to read; the process's own when not given.

    Raises:
        SettingsError: when a value is not allowed.
    """
    env = os.environ if environment is None else environment
    api_key = _api_key(env)
    alert_webhook(env)
    is_sandbox = (api_key or "").startswith(SANDBOX_KEY_PREFIX)
    default_data = "data/sandbox" if is_sandbox else "data/live"
    return Settings(
        api_key=api_key,
        base_url=_read(env, "TICKETSOURCE_BASE_URL", LIVE_API, api_root),
        data_dir=_read(env, "TICKETSOURCE_DATA_DIR", default_data, _data_dir),
        first_month=_read(env, "TICKETSOURCE_FIRST_MONTH", "2019-01", _first_month),
        requests_per_minute=_whole(env, "TICKETSOURCE_REQUESTS_PER_MINUTE", 240, 0, 1_000_000),
        max_concurrency=_whole(env, "TICKETSOURCE_MAX_CONCURRENCY", 8, 1, 256),
        page_size=_whole(env, "TICKETSOURCE_PAGE_SIZE", 100, 1, 100),
        timeout_seconds=_read(env, "TICKETSOURCE_TIMEOUT", "30", _timeout),
        max_retries=_whole(env, "TICKETSOURCE_MAX_RETRIES", 6, 0, 100),
        refund_window_days=_whole(env, "TICKETSOURCE_REFUND_WINDOW_DAYS", 60, 0, 36_500),
        seat_max_age_days=_whole(env, "TICKETSOURCE_SEAT_MAX_AGE_DAYS", 7, 0, 36_500),
        auth=_read(env, "TICKETSOURCE_AUTH", "bearer", _auth),
        attendees=_read(env, "TICKETSOURCE_ATTENDEES", AttendeeMode.FULL, _attendees),
        report=_read(env, "TICKETSOURCE_REPORT", "on", _switch),
    )


def alert_webhook(environment: Mapping[str, str] | None = None) -> str | None:
    """Return the address alerts are posted to, `TICKETSOURCE_ALERT_WEBHOOK`; none when not set.

    Raises:
        SettingsError: when it is no https:// address (http:// for this machine only); it is not
            repeated, as such an address is a secret.
    """
    env = os.environ if environment is None else environment
    text = env.get("TICKETSOURCE_ALERT_WEBHOOK", "").strip()
    if not text:
        return None
    if not is_safe_for_secrets(text):
        raise SettingsError(
            "TICKETSOURCE_ALERT_WEBHOOK is no https:// address (http:// for this machine only)."
        )
    return text


def month(text: str) -> str:
    """Return a calendar month written `YYYY-MM`, unchanged.

    Raises:
        ValueError: when the text is anything else; the message says what is allowed.
    """
    if not re.fullmatch(r"(19|20|21)\d\d-(0[1-9]|1[0-2])", text, re.ASCII):
        raise ValueError("a month written YYYY-MM, such as 2024-09")
    return text


def _first_month(text: str) -> str:
    now = utc_now()
    years, number = divmod(now.year * 12 + now.month - 1 + MONTHS_AHEAD, 12)
    last = f"{years}-{number + 1:02d}"
    if month(text) > last:
        raise ValueError(f"a month that data is kept for, {last} at the latest")
    return text


def dagster_home() -> Path:
    """Return the folder Dagster keeps its runs in: `DAGSTER_HOME`, else `.dagster_home` here."""
    return Path(os.environ.get("DAGSTER_HOME") or ".dagster_home").absolute()


def _read(env: Mapping[str, str], name: str, default: str, parse: Callable[[str], Value]) -> Value:
    text = env.get(name, "").strip() or default
    try:
        return parse(text)
    except ValueError as error:
        # A password or the key itself may have come into the wrong variable.
        shown = re.sub(r"skl-[!-~]+", "skl-***", re.sub(r"//.*@", "//***@", text))
        raise SettingsError(f"{name} is {shown!r}: allowed is {error}.") from None


def _whole(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    def parse(text: str) -> int:
        if re.fullmatch(r"\d{1,9}", text, re.ASCII) and least <= int(text) <= most:
            return int(text)
        raise ValueError(f"a whole number from {least} to {most}")

    return _read(env, name, str(default), parse)


def _api_key(env: Mapping[str, str]) -> str | None:
    # Not stripped: Dagster's runs read the variable themselves, as it is.
    key = env.get("TICKETSOURCE_API_KEY", "")
    if not key.strip():
        return None
    if not re.fullmatch(r"[\x21-\x7e]+", key) or ":" in key:
        raise SettingsError(
            "TICKETSOURCE_API_KEY holds a character no key has (a space, a colon or a letter"
            " outside ASCII): copy it again from your TicketSource account (it starts skl-)."
        )
    return key


def _data_dir(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    # Some libraries take `http:/host` and chains of `::` for addresses too.
    is_odd = "::" in text or (not separator and re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", text))
    is_foreign = separator and (scheme not in DATA_SCHEMES or not rest or "@" in rest)
    is_of_host = scheme == "file" and not rest.startswith("/")
    if is_odd or is_foreign or (separator and is_of_host):
        schemes = ", ".join(f"{scheme}://" for scheme in DATA_SCHEMES)
        raise ValueError(f"a folder or an address that starts with one of {schemes}")
    return text.rstrip("/") or "/"


def _timeout(text: str) -> float:
    if re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text, re.ASCII) and 0 < float(text) <= 3600:
        return float(text)
    raise ValueError("a number of seconds above 0 and at most 3600")


def _auth(text: str) -> Auth:
    if text == "bearer":
        return "bearer"
    if text == "basic":
        return "basic"
    raise ValueError("bearer or basic")


def _attendees(text: str) -> AttendeeMode:
    try:
        return AttendeeMode(text)
    except ValueError:
        raise ValueError("off, pseudonymous or full") from None


def _switch(text: str) -> bool:
    if text not in {"on", "off"}:
        raise ValueError("on or off")
    return text == "on"


def use_sandbox(url: str, key: str) -> None:
    """Set this process's environment to the bundled sandbox and its own data directory.

    Args:
        url: where the sandbox listens.
        key: the sandbox's key.
    """
    os.environ["TICKETSOURCE_BASE_URL"] = url
    os.environ["TICKETSOURCE_API_KEY"] = key
    os.environ["TICKETSOURCE_DATA_DIR"] = "data/sandbox"
    # The stand-in on this machine has no account whose limit could be used up.
    os.environ["TICKETSOURCE_REQUESTS_PER_MINUTE"] = "0"


def environment_of_dagster(home: str) -> dict[str, str]:
    """Return this process's environment for a Dagster process with that home."""
    return {**os.environ, "DAGSTER_HOME": home}
