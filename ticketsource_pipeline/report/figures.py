"""What the report tells, as plain values: whole numbers, whole pence, days."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256


@dataclass(frozen=True)
class Money:
    """Sums over some lines, in whole pence; refunds are taken off, and told in `refunded`.

    Attributes:
        gross: what was paid.
        fees: the booking fees with their VAT.
        net: what is the theatre's.
        refunded: the refunds' part of the gross: zero, or negative.
    """

    gross: int
    fees: int
    net: int
    refunded: int


@dataclass(frozen=True)
class Curve:
    """How an event sold, by days before the performance each sale was for.

    Attributes:
        days: the days before, the earliest first; a sale after the performance's day is of day 0.
        tickets: how many tickets were sold up to and with each of the days.
        gross: the gross up to and with each of the days, in pence, refunds when they were made.
        tickets_without_day: tickets whose sale or performance has no readable time.
        gross_without_day: the gross of such lines, in pence.
    """

    days: Sequence[int] = ()
    tickets: Sequence[int] = ()
    gross: Sequence[int] = ()
    tickets_without_day: int = 0
    gross_without_day: int = 0

    def tickets_by(self, day: int) -> int:
        """Return how many tickets were sold so many days before or earlier."""
        return _up_to(self.days, self.tickets, day)

    def gross_by(self, day: int) -> int:
        """Return what was taken so many days before or earlier, in pence."""
        return _up_to(self.days, self.gross, day)


@dataclass(frozen=True)
class Event:
    """An event's sales over all its performances."""

    event_id: str
    name: str
    first_day: date | None
    last_day: date | None
    performances: int
    cancelled: int
    tickets: int
    ticket_gross: int
    money: Money
    curve: Curve


@dataclass(frozen=True)
class Month:
    """The sales of all performances of a month (`YYYY-MM`)."""

    month: str
    performances: int
    tickets: int
    money: Money


@dataclass(frozen=True)
class Category:
    """The seats of a price category; its name is none where the API gives none."""

    name: str | None
    booked: int
    cancelled: int


@dataclass(frozen=True)
class RefundMonth:
    """The refunds made in a month (`YYYY-MM`, London's; none where the time is unreadable).

    Attributes:
        month: the month.
        refunds: how many refund lines.
        gross: their gross by kind, in pence, negative.
    """

    month: str | None
    refunds: int
    gross: Mapping[str, int]


@dataclass(frozen=True)
class Payment:
    """What was paid by a payment method, or for a type of line; none where the API gives none."""

    name: str | None
    lines: int
    refund_lines: int
    money: Money


@dataclass(frozen=True)
class Donations:
    """The donations of a UK tax month, in whole pence, refunds taken off."""

    tax_year: str | None
    first_day: date | None
    last_day: date | None
    claimable: int
    declined: int
    unknown: int
    refunded: int
    total: int


@dataclass(frozen=True)
class FailedCheck:
    """A check whose latest result is that something is wrong.

    Attributes:
        dataset: what it guards.
        check: its name.
        month: the month it looked at; none where it looks at everything.
        warning: whether it only warns.
        summary: what it found, in a line without personal data.
    """

    dataset: str
    check: str
    month: str | None
    warning: bool
    summary: str

    def __str__(self) -> str:
        """Say which one, as `ticketsource sync` does."""
        name = f"{self.dataset}.{self.check}"
        return f"{name} ({self.month})" if self.month else name


@dataclass(frozen=True)
class Checks:
    """What is known of the latest results of all checks.

    Attributes:
        passed: how many results are well; a check of a month counts once for each month.
        failed: those that are not.
        never: how many checks have no result here.
    """

    passed: int
    failed: Sequence[FailedCheck]
    never: int

    @property
    def known(self) -> bool:
        """Whether anything was checked here at all."""
        return bool(self.passed or self.failed)


@dataclass(frozen=True)
class Figures:
    """Everything the report tells but the moment at which it was made."""

    account: str
    bookings: int
    events: Sequence[Event]
    months: Sequence[Month]
    categories: Sequence[Category]
    refunds: Sequence[RefundMonth]
    methods: Sequence[Payment]
    types: Sequence[Payment]
    donations: Sequence[Donations]
    checks: Checks

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell of."""
        return not self.events

    @property
    def performances(self) -> int:
        """How many performances there are, cancelled ones too."""
        return sum(event.performances for event in self.events)

    @property
    def cancelled(self) -> int:
        """How many of them are cancelled."""
        return sum(event.cancelled for event in self.events)

    @property
    def tickets(self) -> int:
        """How many tickets are sold and not given up."""
        return sum(event.tickets for event in self.events)

    @property
    def money(self) -> Money:
        """The sums of everything."""
        return add_up([event.money for event in self.events])

    @property
    def first_day(self) -> date | None:
        """The day of the first performance."""
        return min((event.first_day for event in self.events if event.first_day), default=None)

    @property
    def last_day(self) -> date | None:
        """The day of the last performance."""
        return max((event.last_day for event in self.events if event.last_day), default=None)

    def fingerprint(self, made_with: str) -> str:
        """Return what is the same whenever the report would say the same.

        Args:
            made_with: whatever else decides how the page looks, such as versions.
        """
        text = json.dumps(asdict(self), default=str, sort_keys=True)
        return sha256(f"{made_with}\n{text}".encode()).hexdigest()[:24]


def add_up(sums: Sequence[Money]) -> Money:
    """Return the sums of several added up."""
    return Money(
        gross=sum(one.gross for one in sums),
        fees=sum(one.fees for one in sums),
        net=sum(one.net for one in sums),
        refunded=sum(one.refunded for one in sums),
    )


def _up_to(days: Sequence[int], values: Sequence[int], day: int) -> int:
    return next((value for at, value in zip(days[::-1], values[::-1], strict=True) if at >= day), 0)
