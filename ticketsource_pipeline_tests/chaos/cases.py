"""The generated cases of the fault campaign: each is named by its group and a number."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from ticketsource_pipeline.sandbox import Theatre
from ticketsource_pipeline_tests.chaos import campaign
from ticketsource_pipeline_tests.chaos.campaign import Stage, play, troubles_of
from ticketsource_pipeline_tests.chaos.page_spoilers import (
    DOUBLING,
    LISTS,
    MOVING,
    STRANGE,
    trapping,
)
from ticketsource_pipeline_tests.chaos.playhouse import book, go_on, open_dates, yesterday
from ticketsource_pipeline_tests.chaos.record_spoilers import CONTENT, WRONG_VALUES, field_spoilt
from ticketsource_pipeline_tests.chaos.server import Trouble
from ticketsource_pipeline_tests.chaos.spoilers import PASSING, REFUSING, Fault

_BESIDE = Path(__file__).parents[3] / "shared" / "api" / "TicketSource-API.json"
DOCUMENT = Path(os.environ.get("TICKETSOURCE_OPENAPI", _BESIDE))
"""The vendor's OpenAPI document, which is not kept here."""


def _passing(stage: Stage, chance: Random, seed: int, reproduce: str) -> None:
    """One trouble that passes before the tries are used up."""
    fault = chance.choice([*PASSING, *(f for f in [*LISTS, *trapping(stage.trap.url)] if f.passes)])
    play(
        stage,
        seed,
        troubles_of([fault], chance, lasting=False),
        reproduce=reproduce,
        must_succeed=True,
        moves=chance.random() < 0.3,
        slow=fault.slow,
    )


def _lasting(stage: Stage, chance: Random, seed: int, reproduce: str) -> None:
    """One trouble of any kind, that stays or passes."""
    fault = chance.choice(_every_fault(stage))
    play(
        stage,
        seed,
        troubles_of([fault], chance, lasting=chance.random() < 0.7),
        reproduce=reproduce,
        moves=chance.random() < 0.3,
        slow=fault.slow,
    )


def _mixed(stage: Stage, chance: Random, seed: int, reproduce: str) -> None:
    """Two to four troubles at once."""
    # Which of several forms of a record was the last that counted, only the client knows.
    known = [fault for fault in _every_fault(stage) if not fault.slow and not fault.alters]
    faults = chance.sample(known, 4)
    faults = faults[: chance.randint(2, 4)]
    troubles = [
        trouble
        for fault in faults
        for trouble in troubles_of([fault], chance, lasting=chance.random() < 0.2)
    ]
    play(stage, seed, troubles, reproduce=reproduce, moves=chance.random() < 0.3)


def _content(stage: Stage, chance: Random, seed: int, reproduce: str) -> None:
    """Records with values as few write them, and all checks."""
    faults = [chance.choice(CONTENT)]
    play(
        stage,
        seed,
        troubles_of(faults, chance, lasting=chance.random() < 0.7),
        reproduce=reproduce,
        all_checks=True,
    )


def _revoked(stage: Stage, chance: Random, seed: int, reproduce: str) -> None:
    """The key is refused from a request on."""
    number = chance.randint(1, 20)

    def revoke(request: int) -> None:
        if request == number:
            stage.server.key = "skl-another"

    play(stage, seed, [], reproduce=reproduce, on_request=revoke, named="key revoked")


def _fields(stage: Stage, chance: Random, seed: int, reproduce: str) -> None:
    """One field of the vendor's document with a wrong value in one record, and all checks."""
    kind, path = chance.choice(documented_fields())
    # The day that passes is decided by the seed alone, so it can be looked at beforehand.
    theatre = yesterday()
    go_on(theatre, Random(seed))  # noqa: S311
    records: dict[str, Any] = getattr(theatre, kind)
    of_one_date = kind in {"bookings", "seats"}
    listed = [key for key in records if not of_one_date or _is_open(theatre, key)]
    record_id = chance.choice(listed)
    try:
        places = list(_places(records[record_id], path))
    except (KeyError, TypeError):
        places = [path]
    where = chance.choice(places or [path[:1]])
    spoil = field_spoilt(record_id, where, chance.choice(WRONG_VALUES))
    trouble = Trouble(f"field of {kind}", spoil, campaign.LIST_PATHS[kind])
    play(stage, seed, [trouble], reproduce=reproduce, all_checks=True)


def _lively(stage: Stage, chance: Random, seed: int, reproduce: str) -> None:
    """Bookings come and go while they are read: in the end the next sync has them right."""
    number = chance.randint(2, 16)

    def happen(request: int) -> None:
        if request == number:
            _while_reading(stage.server.theatre, chance)

    play(stage, seed, [], reproduce=reproduce, on_request=happen, named="lists move", lively=True)


def _while_reading(theatre: Theatre, chance: Random) -> None:
    dates = [date_id for date_id in open_dates(theatre) if theatre.bookings_of(date_id)]
    date_id = chance.choice(dates)
    match chance.randrange(5):
        case 0 | 1:
            booking_id = book(theatre, date_id, 60)
            if chance.random() < 0.5:
                theatre.move_to_front(f"/dates/{date_id}/bookings", booking_id)
        case 2:
            theatre.delete_booking(chance.choice(theatre.bookings_of(date_id))["id"])
        case 3:
            theatre.delete_date(date_id)
        case _:
            theatre.delete_booking(theatre.bookings_of(date_id)[0]["id"])
            book(theatre, date_id, 61)


GROUPS: dict[str, Callable[[Stage, Random, int, str], None]] = {
    "passing": _passing,
    "lasting": _lasting,
    "mixed": _mixed,
    "content": _content,
    "revoked": _revoked,
    "lively": _lively,
    "fields": _fields,
}
SHARES = {"passing": 9, "lasting": 10, "mixed": 6, "content": 5, "revoked": 1, "lively": 3}


def play_case(stage: Stage, name: str) -> None:
    """Play the case of a name such as `passing-17`.

    Raises:
        Broken: when something does not hold that must.
    """
    group, _, number = name.partition("-")
    reproduce = (
        f"CHAOS_CASE={name} .venv/bin/python -m pytest -k one_case"
        " ticketsource_pipeline_tests/chaos/test_faults.py"
    )
    chance = Random(name)  # noqa: S311
    GROUPS[group](stage, chance, chance.randrange(10**9), f"{reproduce} (seed {number})")


def _every_fault(stage: Stage) -> list[Fault]:
    return [
        *PASSING,
        *LISTS,
        *MOVING,
        *REFUSING,
        *STRANGE,
        *DOUBLING,
        *trapping(stage.trap.url),
    ]


def documented_fields() -> list[tuple[str, tuple[str, ...]]]:
    """Every field of the vendor's document: of which list, and its path; `*` for any of a list."""
    schemas = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]["schemas"]
    kinds = {"Event": "events", "Venue": "venues", "Date": "dates", "Booking": "bookings"}
    kinds["Seat"] = "seats"
    return [
        (kind, path) for name, kind in kinds.items() for path in _paths(schemas[name], ()) if path
    ]


def _paths(schema: dict[str, Any], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield above
    for name, below in schema.get("properties", {}).items():
        yield from _paths(below, (*above, name))
    if "items" in schema:
        yield from _paths(schema["items"], (*above, "*"))


def _places(record: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The places of a record that a path names."""
    if "*" not in path:
        yield path
        return
    cut = path.index("*")
    parent = record
    for key in path[:cut]:
        parent = parent[key]
    for number, item in enumerate(parent):
        for rest in _places(item, path[cut + 1 :]) if path[cut + 1 :] else [()]:
            yield (*path[:cut], str(number), *rest)


def _is_open(theatre: Theatre, record_id: str) -> bool:
    record = (
        theatre.bookings.get(record_id)
        or theatre.bookings[theatre.seats[record_id]["links"]["booking"].rpartition("/")[2]]
    )
    return record["links"]["date"].rpartition("/")[2] in open_dates(theatre)
