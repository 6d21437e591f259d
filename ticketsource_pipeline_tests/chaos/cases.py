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
from ticketsource_pipeline_tests.chaos.moving_lists import MovingLists
from ticketsource_pipeline_tests.chaos.page_spoilers import (
    DOUBLING,
    LISTS,
    MOVING,
    STRANGE,
    trapping,
)
from ticketsource_pipeline_tests.chaos.playhouse import go_on, open_dates, yesterday
from ticketsource_pipeline_tests.chaos.record_spoilers import CONTENT, WRONG_VALUES, field_spoilt
from ticketsource_pipeline_tests.chaos.server import Trouble
from ticketsource_pipeline_tests.chaos.spoilers import PASSING, REFUSING, Fault

_BESIDE = Path(__file__).parents[3] / "shared" / "api" / "TicketSource-API.json"
DOCUMENT = Path(os.environ.get("TICKETSOURCE_OPENAPI", _BESIDE))
"""The vendor's OpenAPI document, which is not kept here."""


TRACELESS = frozenset({"row left out of a page", "no meta"})
"""A row left out of a page that has no numbers either: nothing says that it was ever there."""


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
    if {fault.name for fault in faults} >= TRACELESS:
        faults = [fault for fault in faults if fault.name not in TRACELESS]
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
    """Rows come, change and go while they are read: in the end the next sync has them right."""
    moving = MovingLists(stage.server, chance)
    play(stage, seed, [], reproduce=reproduce, moving=moving)


def _command(stage: Stage, chance: Random, seed: int, reproduce: str) -> None:
    """A case of another group, read by `ticketsource sync` itself."""
    group = chance.choice(
        [_passing, _lasting, _lasting, _mixed, _mixed, _content, _revoked, _lively]
    )
    stage.by_command = True
    try:
        group(stage, chance, seed, reproduce)
    finally:
        stage.by_command = False
    stage.counts[BY_COMMAND] += 1


GROUPS: dict[str, Callable[[Stage, Random, int, str], None]] = {
    "passing": _passing,
    "lasting": _lasting,
    "mixed": _mixed,
    "content": _content,
    "revoked": _revoked,
    "lively": _lively,
    "fields": _fields,
    "command": _command,
}
SHARES = {
    "passing": 18,
    "lasting": 20,
    "mixed": 12,
    "content": 10,
    "revoked": 2,
    "lively": 8,
    "command": 1,
}
FEW = {
    "passing": 8,
    "lasting": 8,
    "mixed": 5,
    "content": 4,
    "revoked": 1,
    "lively": 3,
    "command": 1,
}
"""How often each group comes in turn: in thousands of cases, and in a few dozen."""
BY_COMMAND = "cases through `ticketsource sync`"


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
