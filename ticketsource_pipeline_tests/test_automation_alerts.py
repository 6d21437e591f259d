"""Alerts reach a chat's webhook, and tell it nothing that a chat should not know."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from ticketsource_pipeline.sandbox import Faults
from ticketsource_pipeline_tests.automating import (
    JULY,
    JUNE,
    Office,
)

VARIABLE = "TICKETSOURCE_ALERT_WEBHOOK"
FAILED_RUN, FAILED_CHECK = "run_failure_alert", "failed_check_alert"
SECRET_PATH = "/services/T0SECRET/B0SECRET"
MARKED = "Zzyzx-Marked"
KEY = "skl-sandbox-1"


@dataclass
class Webhook:
    """A chat's webhook on this machine."""

    status: int = 200
    url: str = ""
    length: int = 0
    posts: list[tuple[str, str, bytes]] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """The messages, each posted as a chat wants them."""
        texts = []
        for path, content_type, body in self.posts:
            assert path == SECRET_PATH
            assert content_type == "application/json"
            message = json.loads(body)
            assert list(message) == ["text"]
            texts.append(message["text"])
        return texts


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.posts.append((self.path, self.headers["Content-Type"], body))
            hook.passwords.extend(self.headers.get_all("Authorization", []))
            self.send_response(hook.status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", str(hook.length))
            self.end_headers()
            self.wfile.flush()
            if hook.length:
                # A body that never comes: until the other side has had enough.
                self.rfile.read(1)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.url = f"http://127.0.0.1:{server.server_port}{SECRET_PATH}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield hook
        server.shutdown()
        thread.join()


@pytest.fixture
def place(place: Office) -> Office:
    """The office of every test, with a marked person in each booking."""
    theatre = place.theatre
    for booking_id in list(theatre.bookings):
        seat = theatre.seats_of(booking_id)[0]["id"]
        theatre.edit_attendee(
            seat, touch_booking=True, last_name=MARKED, email=f"{MARKED}@example.org"
        )
    return place


@dataclass
class Watch:
    """A sensor on runs, its cursor kept between ticks."""

    place: Office
    name: str
    cursor: str | None = None

    def __post_init__(self) -> None:
        self.tick()

    def tick(self) -> SensorExecutionData:
        """Let it look once."""
        repository = self.place.defs.get_repository_def()
        sensor = repository.get_sensor_def(self.name)
        with dg.build_sensor_context(
            instance=self.place.instance,
            cursor=self.cursor,
            repository_def=repository,
            sensor_name=self.name,
        ) as context:
            seen = sensor.evaluate_tick(context)
        self.cursor = seen.cursor
        return seen


def fail_june(place: Office) -> None:
    place.server.faults = Faults(share_500=1.0, only_path="/dates/.*/bookings")
    assert not place.run_month(JUNE, open_only=True).success
    place.server.faults = Faults()


def break_money(place: Office) -> None:
    """Read a line of July whose parts do not add up; the name on the booking is marked."""
    booking = place.theatre.bookings_of(list(place.theatre.dates)[2])[0]
    booking["attributes"]["lines"][0]["amount"]["net"] = 1
    assert place.run_month(JULY, open_only=True).success


def assert_discreet(text: str) -> None:
    for secret in (MARKED, KEY, "Ann", "Traceback", "http"):
        assert secret not in text


def test_a_failed_run_is_told_once_with_its_month_and_the_kind_of_error(
    place: Office, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, webhook.url)
    watch = Watch(place, FAILED_RUN)
    fail_june(place)
    watch.tick()
    watch.tick()
    [text] = webhook.texts
    first, *more = text.splitlines()
    assert first.startswith(f"refresh_month of {JUNE} failed (run ")
    assert more == ["- raw: RetriesExhausted"]
    assert_discreet(text)


def test_an_alert_of_a_refused_key_does_not_hold_the_key(
    place: Office, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, webhook.url)
    watch = Watch(place, FAILED_RUN)
    place.server.key = "skl-another"
    assert not place.run("refresh_catalog").success
    watch.tick()
    [text] = webhook.texts
    assert text.splitlines()[0].startswith("refresh_catalog failed (run ")
    assert text.splitlines()[1:] == ["- catalog: Unauthorized"]
    assert_discreet(text)


def test_a_failed_check_that_is_an_error_is_told_and_names_the_check(
    place: Office, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, webhook.url)
    runs, checks = Watch(place, FAILED_RUN), Watch(place, FAILED_CHECK)
    break_money(place)
    runs.tick()
    checks.tick()
    checks.tick()
    [text] = webhook.texts
    first, *more = text.splitlines()
    assert first.startswith(f"refresh_month of {JULY} has failed checks (run ")
    assert more == ["- booking_lines.net_is_gross_less_fees"]
    assert_discreet(text)


def test_a_check_that_only_warns_is_not_told(
    place: Office, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, webhook.url)
    watch = Watch(place, FAILED_CHECK)
    booking = place.theatre.bookings_of(list(place.theatre.dates)[2])[0]["id"]
    seat = place.theatre.seats_of(booking)[0]["id"]
    place.theatre.edit_attendee(seat, touch_booking=True, email="no address")
    result = place.run_month(JULY, open_only=True)
    failed = [item for item in result.get_asset_check_evaluations() if not item.passed]
    assert [item.check_name for item in failed] == ["email_looks_like_one"]
    watch.tick()
    assert webhook.posts == []


def test_a_run_that_a_check_stopped_is_told_with_the_check(
    place: Office, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, webhook.url)
    watch = Watch(place, FAILED_RUN)
    file = next((place.machine.data / "raw_seats").rglob(f"{list(place.theatre.dates)[2]}.parquet"))
    other = next(iter(place.theatre.dates))
    file.with_name(f"{other}.parquet").write_bytes(file.read_bytes())
    assert not place.run_month(JULY, open_only=True).success
    watch.tick()
    [text] = webhook.texts
    assert "- raw_seats.key_is_unique" in text.splitlines()
    assert_discreet(text)


@pytest.mark.parametrize("name", [FAILED_RUN, FAILED_CHECK])
def test_without_the_variable_nobody_is_told_and_the_tick_says_so(place: Office, name: str) -> None:
    watch = Watch(place, name)
    fail_june(place) if name == FAILED_RUN else break_money(place)
    seen = watch.tick()
    assert seen.skip_message == f"{VARIABLE} is not set: nobody is told."


def test_an_alert_goes_past_proxies_without_a_password_and_waits_for_no_body(
    place: Office, webhook: Webhook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, webhook.url)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    webhook.length = 1_000_000_000
    watch = Watch(place, FAILED_RUN)
    fail_june(place)
    seen = watch.tick()
    assert [reaction.error for reaction in seen.dagster_run_reactions or []] == [None]
    assert len(webhook.texts) == 1
    assert webhook.passwords == []


@pytest.mark.parametrize("status", [404, 500, 302, None])
def test_a_webhook_that_does_not_take_the_alert_is_said_without_its_address(
    place: Office, webhook: Webhook, monkeypatch: pytest.MonkeyPatch, status: int | None
) -> None:
    closed = "http://127.0.0.1:9" + SECRET_PATH
    monkeypatch.setenv(VARIABLE, webhook.url if status else closed)
    webhook.status = status or 200
    watch = Watch(place, FAILED_RUN)
    fail_june(place)
    seen = watch.tick()
    reactions = seen.dagster_run_reactions or []
    errors = [reaction.error for reaction in reactions if reaction.error]
    assert len(errors) == 1
    told = errors[0].to_string() + str(seen)
    assert str(status) in told if status else "ConnectionError" in told
    assert "SECRET" not in told
    assert MARKED not in told
