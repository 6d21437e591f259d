"""Forgetting a person: whom the command line names, and what came of it in words."""

from __future__ import annotations

import json
import re
import sys

import click
from rich.console import Console

from ticketsource_pipeline.cli.stored import stored_data
from ticketsource_pipeline.cli.summary import counted
from ticketsource_pipeline.identifiers import is_id
from ticketsource_pipeline.landing.forgetting import Removal, forget
from ticketsource_pipeline.personal_data import Personal
from ticketsource_pipeline.settings import Settings, SettingsError

FROM_INPUT = "-"


def run_forget(
    settings: Settings, *, email: str | None, customer: str | None, as_json: bool, console: Console
) -> None:
    """Remove a person from the data directory and say how much that was, never who.

    Args:
        settings: the user's settings; no key is needed.
        email: the e-mail address, or `-` to read it from the standard input.
        customer: the customer's id.
        as_json: whether to say it as one line of JSON.
        console: where it is said.

    Raises:
        SettingsError: when not just one person is named, or there is no data.
        StoreError: when the data cannot be read or written.
    """
    kind, value = _person(email, customer)
    store = stored_data(settings)
    removal = forget(store, kind, value)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "found": removal.found,
                    "bookings": removal.bookings,
                    "seats": removal.seats,
                    "customers": removal.customers,
                    "months": len(removal.months),
                }
            )
        )
    else:
        _say(removal, console)
        if removal.may_leave_bookings:
            console.print(
                "No list of customers is stored, so nothing tells whether bookings were made with"
                " this address: forget that customer too (--customer cst-...), or read the list"
                " (`ticketsource sync --customers`).",
                soft_wrap=True,
                highlight=False,
                markup=False,
            )


def _person(email: str | None, customer: str | None) -> tuple[Personal, str]:
    """Whom the options name; what they hold is never repeated."""
    if (email is None) == (customer is None):
        raise SettingsError("forget needs one of --email ADDRESS (or --email -) and --customer ID.")
    if customer is not None:
        if not is_id(customer.strip(), "cst"):
            raise SettingsError("--customer is no customer's id: allowed is cst- and what follows.")
        return Personal.CUSTOMER, customer.strip()
    address = sys.stdin.readline() if email == FROM_INPUT else email or ""
    if not re.fullmatch(r"\s*[^\s@]+@[^\s@]+\s*", address):
        raise SettingsError("--email is no e-mail address: allowed is one address, name@domain.")
    return Personal.EMAIL, address


def _say(removal: Removal, console: Console) -> None:
    rows = removal.bookings + removal.seats + removal.customers
    if removal.goes_on and not rows:
        found = "What a removal that was interrupted had left is gone too."
    elif removal.found:
        found = (
            f"Removed from {counted(removal.bookings, 'booking')},"
            f" {counted(removal.seats, 'seat')} and {counted(removal.customers, 'row')} of the"
            " list of customers; lines, seats and money stay."
        )
    else:
        found = "Nobody was found: nothing that is stored has changed."
    console.print(
        f"{found} Later readings keep this person out. Not reached: backups, earlier versions in an"
        " object store, copies made elsewhere, and TicketSource itself.",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
