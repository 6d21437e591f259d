"""The faults of a list: pages whose numbers, links, ids or rows are not what they should be."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, TypeGuard

from ticketsource_pipeline_tests.chaos.oracle import exact
from ticketsource_pipeline_tests.chaos.server import Exchange, Spoiler
from ticketsource_pipeline_tests.chaos.spoilers import Fault


def on_page(change: Callable[[Exchange, dict[str, Any], Random], object]) -> Spoiler:
    """Return a spoiler of a page: its JSON changes in place, or what is returned is put there."""

    def spoil(exchange: Exchange, chance: Random) -> None:
        if exchange.status != 200:
            return
        try:
            envelope = exchange.envelope()
        except ValueError:
            envelope = None
        if not _is_page(envelope):
            # Another trouble was here before.
            return
        other = change(exchange, envelope, chance)
        exchange.put(envelope if other is None else other)

    return spoil


def _is_page(envelope: Any) -> TypeGuard[dict[str, Any]]:
    return (
        isinstance(envelope, dict)
        and all(isinstance(envelope.get(name), dict) for name in ("meta", "links"))
        and isinstance(envelope.get("data"), list)
        and all(isinstance(row, dict) and "id" in row for row in envelope["data"])
    )


WRONG_NUMBERS: list[Any] = ["7", "1.0", 1.5, -1, 0, 10**18, None, [], {}, "", "x", True, 1e308]


def _wrong_meta(_exchange: Exchange, envelope: dict[str, Any], chance: Random) -> None:
    meta = envelope["meta"]
    for name in chance.sample(["current_page", "per_page", "from", "to"], chance.randint(1, 2)):
        wrong = chance.choice(WRONG_NUMBERS)
        meta[name] = meta[name] + 1 if wrong == "7" and meta[name] else wrong
        if chance.random() < 0.15:
            del meta[name]


def _meta_as_text(_exchange: Exchange, envelope: dict[str, Any], _chance: Random) -> None:
    envelope["meta"] = {
        key: value if value is None else str(value) for key, value in envelope["meta"].items()
    }


def _no_meta(_exchange: Exchange, envelope: dict[str, Any], chance: Random) -> None:
    del envelope["meta"]
    if chance.random() < 0.5:
        envelope["meta"] = chance.choice([None, [], {}, [1], "meta", 7])


def _wrong_links(_exchange: Exchange, envelope: dict[str, Any], chance: Random) -> None:
    envelope["links"] = chance.choice([None, [], {}, [1], "links", 7, {"next": 1}, {"next": {}}])


def _wrong_envelope(_exchange: Exchange, envelope: dict[str, Any], chance: Random) -> Any:
    match chance.randrange(6):
        case 0:
            return chance.choice([[], None, 7, "data", [envelope], {}])
        case 1:
            envelope["data"] = chance.choice([None, {}, "rows", 7, [None], [[]], ["x"], [7]])
        case 2:
            envelope["errors"] = [{"status": 500}]
            del envelope["data"]
        case 3:
            return {"data": envelope}
        case 4:
            return {key.upper(): value for key, value in envelope.items()}
        case _:
            envelope["data"] = dict(enumerate(envelope["data"]))
    return None


def _empty_with_next(exchange: Exchange, envelope: dict[str, Any], chance: Random) -> None:
    envelope["data"] = []
    envelope["links"]["next"] = f"https://api.ticketsource.io{exchange.path}?page=2"
    if chance.random() < 0.5:
        envelope["meta"]["from"] = envelope["meta"]["to"] = None


def _always_next(exchange: Exchange, envelope: dict[str, Any], _chance: Random) -> None:
    envelope["links"]["next"] = f"https://api.ticketsource.io{exchange.path}?page=2"


def _same_page_for_ever(exchange: Exchange, envelope: dict[str, Any], _chance: Random) -> None:
    """Every page is full, says all the right numbers, and more is always to come."""
    if not envelope["data"]:
        return
    page, size = int(exchange.query["page"]), int(exchange.query["per_page"])
    rows = []
    for number in range(size):
        row = json.loads(json.dumps(envelope["data"][0]))
        row["id"] = f"{row['id'][:4]}{page}x{size}x{number}"
        rows.append(row)
    envelope["data"] = rows
    first = (page - 1) * size + 1
    envelope["meta"].update({"from": first, "to": first + size - 1})
    _always_next(exchange, envelope, _chance)


def _row_left_out(_exchange: Exchange, envelope: dict[str, Any], chance: Random) -> None:
    if envelope["data"]:
        envelope["data"].pop(chance.randrange(len(envelope["data"])))


def _rows_swapped(_exchange: Exchange, envelope: dict[str, Any], chance: Random) -> None:
    chance.shuffle(envelope["data"])


def _row_twice(_exchange: Exchange, envelope: dict[str, Any], chance: Random) -> None:
    if envelope["data"]:
        rows = envelope["data"]
        rows[chance.randrange(len(rows))] = json.loads(json.dumps(chance.choice(rows)))


WRONG_IDS: list[Any] = [
    "../../etc/passwd", "..", ".", "bkg-../x", "bkg-a%2fb", "bkg-a?x=1", "bkg-a#b", "bkg-a\x00b",
    "bkg-", "bkg", "", "bkg-\u00e4", "bkg-\u0661", "bkg-a\n", " bkg-a", "BKG-a", "bkg-a/seats",
    "bkg-" + "a" * 300, "bkg-" + "a" * 70_000, None, 7, True, [], {}, ["bkg-a"], 1e308,
    "http://127.0.0.1/", "bkg-a;b", "bkg-a b", "bkg-\ud800", "CON", "bkg-a.parquet", "part-0",
]  # fmt: skip


def _wrong_id(exchange: Exchange, envelope: dict[str, Any], chance: Random) -> None:
    if not envelope["data"]:
        return
    row = chance.choice(envelope["data"])
    wrong = chance.choice(WRONG_IDS)
    if isinstance(wrong, str):
        wrong = wrong.replace("bkg", str(row["id"])[:3])
    if chance.random() < 0.1:
        del row["id"]
    else:
        row["id"] = wrong


def _wrong_link(exchange: Exchange, envelope: dict[str, Any], chance: Random) -> None:
    if not envelope["data"]:
        return
    row = chance.choice(envelope["data"])
    owner = {"bookings": "date", "seats": "booking"}[exchange.kind]
    wrong = chance.choice(WRONG_IDS)
    row["links"][owner] = (
        f"https://api.ticketsource.io/x/{wrong}" if chance.random() < 0.7 else wrong
    )
    # A link that is null says nothing against the record, which is kept as it is.
    exchange.spoilt[row["id"]] = exact(json.dumps(row))


LISTS = [
    Fault("wrong meta", on_page(_wrong_meta), passes=True),
    Fault("meta as text", on_page(_meta_as_text), passes=True),
    Fault("no meta", on_page(_no_meta)),
    Fault("wrong links", on_page(_wrong_links)),
    Fault("wrong envelope", on_page(_wrong_envelope)),
    Fault("empty page with next", on_page(_empty_with_next), passes=True),
    Fault("next on every page", on_page(_always_next), passes=True),
    Fault("pages for ever", on_page(_same_page_for_ever)),
    Fault("row twice", on_page(_row_twice)),
]
MOVING = [
    Fault("row left out of a page", on_page(_row_left_out)),
    Fault("rows of a page in another order", on_page(_rows_swapped)),
]
STRANGE = [
    Fault("wrong id", on_page(_wrong_id)),
    Fault("wrong link", on_page(_wrong_link), paths=("bookings", "seats"), alters=True),
]


def _record_of_another(exchange: Exchange, envelope: dict[str, Any], chance: Random) -> None:
    """A record that belongs elsewhere is listed here too, and does not say where it belongs."""
    here = {row["id"] for row in envelope["data"]}
    records = exchange.theatre.bookings if exchange.kind == "bookings" else exchange.theatre.seats
    others = [record for key, record in records.items() if key not in here]
    if not envelope["data"] or not others:
        return
    row = json.loads(json.dumps(chance.choice(others)))
    del row["links"][{"bookings": "date", "seats": "booking"}[exchange.kind]]
    envelope["data"][-1] = row
    exchange.astray.add(row["id"])


DOUBLING = [
    Fault("record of another owner", on_page(_record_of_another), paths=("bookings", "seats"))
]


def trapping(url: str) -> list[Fault]:
    """Faults that would send the client elsewhere.

    Args:
        url: an address that nobody may ask.
    """

    def foreign_next(exchange: Exchange, envelope: dict[str, Any], _chance: Random) -> None:
        envelope["links"] = {
            name: link and f"{url}{exchange.path}?page=2"
            for name, link in envelope["links"].items()
        }

    def foreign_links(exchange: Exchange, envelope: dict[str, Any], _chance: Random) -> None:
        for row in envelope["data"]:
            row["links"] = {
                name: link.replace("https://api.ticketsource.io", url)
                for name, link in row["links"].items()
            }
            exchange.spoilt[row["id"]] = exact(json.dumps(row))

    def redirect(exchange: Exchange, chance: Random) -> None:
        exchange.status = chance.choice([301, 302, 303, 307, 308, 300, 304])
        place = chance.choice([url, "//" + url[7:], "/", ""]) + exchange.path
        exchange.headers = [("Location", place), ("Refresh", f"0; url={url}")]

    return [
        Fault("next on another host", on_page(foreign_next), passes=True),
        Fault("links to another host", on_page(foreign_links), alters=True),
        Fault("redirect", redirect),
    ]
