"""The faults of a record: numbers, texts and fields as few would write them."""

from __future__ import annotations

import json
import re
from decimal import InvalidOperation
from random import Random
from typing import Any

from ticketsource_pipeline_tests.chaos.oracle import exact
from ticketsource_pipeline_tests.chaos.page_spoilers import on_page
from ticketsource_pipeline_tests.chaos.playhouse import PERSON
from ticketsource_pipeline_tests.chaos.server import Exchange, Spoiler
from ticketsource_pipeline_tests.chaos.spoilers import Fault

_AMOUNT = re.compile(rb'("(?:gross|fee|fee_vat|net|automatic)": )-?[0-9.]+')
NUMBERS = [
    b"1e308", b"-1e308", b"1" + b"0" * 400, b"-0", b"-0.0", b"1E+2", b"12e-1", b"1.5e1",
    b"0.54000000000000004", b"1e-400", b"1e400", b"1e9999999999999999999",
    b"1e-9999999999999999999",
    b"1e999999999999999999", b"1e-999999999999999999", b"NaN", b"Infinity", b"-Infinity",
    b"1" + b"0" * 5000, b"0." + b"1" * 5000, b"9999999999.99", b"10000000000", b"1.005",
    b"99999999999999999999999999999999999999.5", b"0.0000000001", b'"1e308"', b'"1.50"',
    b'"\\ud800"',
]  # fmt: skip


def _strange_number(exchange: Exchange, chance: Random) -> None:
    """One amount of a booking is a number as few write it; the record served is noted."""
    places = list(_AMOUNT.finditer(exchange.body))
    if exchange.status != 200 or not places:
        return
    place = chance.choice(places)
    number = chance.choice(NUMBERS)
    _put_text(exchange, place.start(), place.end(), place[1] + number)


def _put_text(exchange: Exchange, start: int, end: int, text: bytes) -> None:
    """Put text in the body, and note the records that are now other ones."""
    before = {row["id"]: row for row in exact(exchange.body.decode())["data"]}
    exchange.body = exchange.body[:start] + text + exchange.body[end:]
    try:
        rows = exact(exchange.body.decode())["data"]
    except (ValueError, InvalidOperation, RecursionError):
        return
    exchange.spoilt.update({row["id"]: row for row in rows if row != before.get(row["id"])})


_TEXT = re.compile(rb'("(?:name|ref|description|line_type|price_category|first_name)": )"[^"]*"')
TEXTS = [
    b'"\\ud800"', b'"a\\udfffb"', b'"\\ude00\\ud83d"', b'"\\ud83d\\ude00"', b'"\\u0000"',
    b'"\\ufeff"',
    b'"' + b"x" * 100_000 + b'"',
    b'"\\u202e\\u2028"', b'"=cmd()"', b'""', b'"null"', b'"\\\\ud800"',
    b"[" * 300 + b"]" * 300, b"[" * 860 + b"]" * 860, b"[" * 930 + b"]" * 930,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 700 + b"1" + b"}" * 700,
    b'"\\u0001\\u001f\\u007f"',
]  # fmt: skip


def _strange_text(exchange: Exchange, chance: Random) -> None:
    places = list(_TEXT.finditer(exchange.body))
    if exchange.status != 200 or not places:
        return
    place = chance.choice(places)
    _put_text(exchange, place.start(), place.end(), place[1] + chance.choice(TEXTS))


_PAIR = re.compile(rb'"(gross|is_refund|ref|created_at|id|attributes|seat)": ')


def _same_key_twice(exchange: Exchange, chance: Random) -> None:
    """A key comes twice in an object; what comes last counts, as everywhere."""
    places = list(_PAIR.finditer(exchange.body))
    if exchange.status == 200 and places:
        place = chance.choice(places)
        _put_text(exchange, place.start(), place.start(), place[0] + b'"first", ')


CONTENT = [
    Fault("strange number", _strange_number, paths=("bookings",)),
    Fault("strange text", _strange_text),
    Fault("same key twice", _same_key_twice),
]
WRONG_VALUES: list[Any] = [
    None, "", "x", 7, -1.5, True, [], {}, [{}], {"a": 1}, 1e308, "2024-13-45T99:99:99+00:00",
    "12.50", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "\ud800", "2024-03-05",
    PERSON, [None], "https://api.ticketsource.io/customers/cst-\u00e4", -(10**20), "absent",
]  # fmt: skip


def field_spoilt(record_id: str, path: tuple[str, ...], value: Any) -> Spoiler:
    """A spoiler that gives one record another value in one field, wherever it is listed.

    Args:
        record_id: the record.
        path: the field; a number is a place in a list.
        value: the value; `absent` takes the field away.
    """

    def change(exchange: Exchange, envelope: dict[str, Any], _chance: Random) -> None:
        for row in envelope["data"]:
            if row["id"] == record_id:
                _put(row, path, value)
                if row.get("id") == record_id:
                    exchange.spoilt[record_id] = exact(json.dumps(row))

    return on_page(change)


def _put(record: Any, path: tuple[str, ...], value: Any) -> None:
    parent = record
    for key in path[:-1]:
        parent = parent[int(key)] if isinstance(parent, list) else parent.setdefault(key, {})
    if isinstance(parent, list):
        parent[int(path[-1])] = value
    elif value == "absent":
        parent.pop(path[-1], None)
    else:
        parent[path[-1]] = value
