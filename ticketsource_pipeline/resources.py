"""The Dagster faces of the client and the store: what a user configures, and how they are made."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import dagster as dg
from pydantic import Field

from ticketsource_pipeline.api import (
    Meter,
    NoLimit,
    RateLimiter,
    SharedRateLimit,
    TicketSourceClient,
)
from ticketsource_pipeline.landing.rules import RefreshRules
from ticketsource_pipeline.personal_data import AttendeeMode
from ticketsource_pipeline.settings import Auth, Settings, SettingsError, dagster_home
from ticketsource_pipeline.store import Layout, ParquetStore, StoreError

API_KEY = dg.EnvVar("TICKETSOURCE_API_KEY")


class AsSetResource(dg.ConfigurableResource):
    """A resource that takes its values from the settings alone.

    Dagster lets whoever reaches the UI configure a run's resources anew: another base_url would
    have the key sent there, another data_dir the data.
    """

    as_set: ClassVar[Mapping[str, Any]] = {}

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Refuse a run whose configuration says other than the settings.

        Raises:
            SettingsError: when it does; the values are not repeated.
        """
        del context
        for name, value in self.as_set.items():
            allowed = value.get_value() if isinstance(value, dg.EnvVar) else value
            if getattr(self, name) != allowed:
                raise SettingsError(
                    f"This run's configuration changes {name} of a resource: take `resources` out"
                    " of it. Only the TICKETSOURCE_ variables set it, since the key is sent and"
                    " data is put where they say."
                )


_Resource = TypeVar("_Resource", bound=AsSetResource)


def _as_set(kind: type[_Resource], values: Mapping[str, Any]) -> _Resource:
    """A resource of that kind whose values no run may change."""
    members = {"as_set": values, "__module__": kind.__module__, "__doc__": kind.__doc__}
    return type(kind.__name__, (kind,), members)(**values)


class ParquetStoreResource(AsSetResource):
    """The data directory the datasets lie in."""

    data_dir: str = Field(description="A folder, or an fsspec address such as s3://bucket/prefix.")

    def open(self) -> ParquetStore:
        """Return the store, made sure that it can be written.

        Raises:
            StoreError: when it cannot be written.
        """
        try:
            store = self.look()
            store.prepare()
        except StoreError:
            raise
        except Exception as error:  # Each object store's library has errors of its own.
            raise StoreError(
                f"Cannot use {self.data_dir} (TICKETSOURCE_DATA_DIR): {error}"
            ) from error
        return store

    def look(self) -> ParquetStore:
        """Return the store as it is, for reading."""
        machine_folder = Path(dagster_home()) / "ticketsource"
        return ParquetStore(Layout.of(self.data_dir, machine_folder))


class TicketSourceResource(AsSetResource):
    """The TicketSource API of one account."""

    base_url: str = Field(description="The API's root address.")
    api_key: str = Field(description="The account's secret key (skl-...).", repr=False)
    account: str = Field(description="What the data directory is said to hold: whose data.")
    auth: str = Field(description="bearer, or basic with the key as user name.")
    requests_per_minute: int = Field(description="Ceiling over all runs; 0 for none.")
    max_concurrency: int = Field(description="Requests in flight at most.")
    page_size: int = Field(description="Rows a page, 1 to 100.")
    timeout_seconds: float = Field(description="Seconds without a byte before giving up.")
    max_retries: int = Field(description="Tries after the first, per request.")
    refund_window_days: int = Field(description="Days a performance stays open after its end.")
    seat_max_age_days: int = Field(description="Days stored seats of it may be reused; 0: never.")
    attendees: str = Field(description="What is stored of people: off, pseudonymous or full.")

    @contextlib.contextmanager
    def client(self, store: ParquetStore, meter: Meter) -> Iterator[TicketSourceClient]:
        """Yield a client that shares the request ceiling with all runs on the same store.

        Args:
            store: the data directory; the ceiling is counted beside it.
            meter: counts the requests.
        """
        auth: Auth = "basic" if self.auth == "basic" else "bearer"
        client = TicketSourceClient(
            self.base_url,
            self.api_key,
            auth=auth,
            limiter=self._limiter(store),
            max_in_flight=self.max_concurrency,
            page_size=self.page_size,
            timeout_seconds=self.timeout_seconds,
            max_retries=self.max_retries,
            meter=meter,
        )
        try:
            yield client
        finally:
            client.close()

    @property
    def refund_window(self) -> timedelta:
        """How long after its end a performance stays open."""
        return timedelta(days=self.refund_window_days)

    @property
    def seat_max_age(self) -> timedelta:
        """How old the stored seats of an open performance may be."""
        return timedelta(days=self.seat_max_age_days)

    @property
    def attendee_mode(self) -> AttendeeMode:
        """How much is stored of people."""
        return AttendeeMode(self.attendees)

    def rules(self, *, since: datetime, full: bool, open_only: bool) -> RefreshRules:
        """Return the rules of what is read again.

        Args:
            since: when the run began, aware UTC.
            full: whether to reuse nothing.
            open_only: whether to leave closed performances alone.
        """
        return RefreshRules(
            since=since,
            full=full,
            open_only=open_only,
            refund_window=self.refund_window,
            seat_max_age=self.seat_max_age,
            attendees=self.attendee_mode,
        )

    def _limiter(self, store: ParquetStore) -> RateLimiter:
        if self.requests_per_minute == 0:
            return NoLimit()
        folder = store.layout.shared
        folder.mkdir(parents=True, exist_ok=True)
        return SharedRateLimit(self.requests_per_minute, folder / "requests.sqlite")


def resources(settings: Settings) -> dict[str, AsSetResource]:
    """Return the resources of all assets, by name, as the settings say.

    The key is named, not held: Dagster reads the variable when a run needs it, and shows and
    stores its name only. A run's own configuration cannot change any of them.
    """
    return {
        "ticketsource": _as_set(
            TicketSourceResource,
            {
                "base_url": settings.base_url,
                "api_key": API_KEY,
                "account": settings.account,
                "auth": settings.auth,
                "requests_per_minute": settings.requests_per_minute,
                "max_concurrency": settings.max_concurrency,
                "page_size": settings.page_size,
                "timeout_seconds": settings.timeout_seconds,
                "max_retries": settings.max_retries,
                "refund_window_days": settings.refund_window_days,
                "seat_max_age_days": settings.seat_max_age_days,
                "attendees": settings.attendees,
            },
        ),
        "store": _as_set(ParquetStoreResource, {"data_dir": settings.data_dir}),
    }
