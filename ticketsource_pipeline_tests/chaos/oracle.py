"""What must be in the files: worked out from the records served, without the package's frames.

Only which column comes from which field is taken from the declarations; how a field is read is told
here a second time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ticketsource_pipeline.datasets import DATASETS, Column, ColumnType, Dataset
from ticketsource_pipeline.sandbox import Theatre
from ticketsource_pipeline.sandbox.records import linked_id

SALES = ("booking_lines", "seats", "attendees")
RAW = ("raw_bookings", "raw_seats")
CATALOG = ("events", "venues", "performances")
NAMES = (*CATALOG, *RAW, *SALES)
Rows = dict[str, dict[str, Any]]
"""Rows by what tells them apart."""

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.A)


def exact(text: str) -> Any:
    """JSON with its numbers as they are written, NaN and the infinities as their names."""
    return json.loads(text, parse_float=Decimal, parse_constant=str)


@dataclass
class Expected:
    """The rows there must be, and the fields among them that cannot be read.

    Attributes:
        rows: by dataset, the rows by key.
        unreadable: dataset, record id and field of each.
    """

    rows: dict[str, Rows] = field(default_factory=lambda: {name: {} for name in NAMES})
    unreadable: set[tuple[str, str, str]] = field(default_factory=set)

    def month(self, dataset: str, month: str) -> Rows:
        """The rows of a month."""
        return {
            key: row for key, row in self.rows[dataset].items() if row["performance_month"] == month
        }

    def row(
        self, name: str, record: Any, given: dict[str, Any], record_id: str = ""
    ) -> dict[str, Any]:
        """A row of a dataset from a record; notes what cannot be read."""
        dataset = DATASETS[name]
        row = dict(given)
        for column in dataset.columns:
            if column.name in given or column.name == "fetched_at":
                continue
            if column.name == "payload":
                row["payload"] = record
                continue
            value = _follow(column, record)
            cell = _cell(column, value)
            if cell is UNREADABLE:
                row[column.name] = None
                self.unreadable.add((name, record_id or record["id"], str(column.source)))
            else:
                row[column.name] = cell
        return row


def expected(
    theatre: Theatre,
    spoilt: Mapping[str, list[Any]],
    partitions: set[str],
    before: Expected | None = None,
) -> Expected:
    """What a perfect reading of a theatre holds, some of its records as they were served.

    Args:
        theatre: the theatre.
        spoilt: by id, the versions of a record that were served instead of it.
        partitions: the months there are.
        before: what was held before: a performance whose start cannot be read stays in its month.
    """
    whole = Expected()
    filed = before.rows["performances"] if before else {}

    def served(record: Any) -> Any:
        versions = spoilt.get(record["id"])
        return versions[-1] if versions else exact(json.dumps(record))

    names: dict[str, Any] = {}
    for event in theatre.events.values():
        row = whole.row("events", served(event), {})
        names[event["id"]] = row["name"]
        whole.rows["events"][event["id"]] = row
    for venue in theatre.venues.values():
        row = whole.row("venues", served(venue), {"event_id": linked_id(venue, "event")})
        names[venue["id"]] = row["name"]
        whole.rows["venues"][venue["id"]] = row
    for date in theatre.dates.values():
        event_id = linked_id(date, "event")
        record = served(date)
        attributes = record.get("attributes")
        start = attributes.get("start") if isinstance(attributes, dict) else None
        start = start if isinstance(start, str) and start else None
        written = re.match(r"(\d{4}-(?:0[1-9]|1[0-2]))-\d\d(?:\D|$)", start or "", re.A)
        month = written[1] if written else filed.get(date["id"], {}).get("performance_month")
        given = {
            "event_id": event_id,
            "start_text": start if encodable(start or "") else None,
            "performance_month": month,
            "event_name": names[event_id],
        }
        row = whole.row("performances", record, given)
        row["venue_name"] = names.get(row["venue_id"])
        whole.rows["performances"][date["id"]] = row
        if month and month in partitions:
            of = {"date_id": date["id"], "event_id": event_id, "performance_month": month}
            _performance(theatre, whole, of, served)
    return whole


def _performance(theatre: Theatre, whole: Expected, of: dict[str, Any], served: Any) -> None:
    for plain in theatre.bookings_of(of["date_id"]):
        booking, booking_id = served(plain), plain["id"]
        row = whole.row("raw_bookings", booking, of)
        whole.rows["raw_bookings"][booking_id] = row
        attributes = booking.get("attributes")
        lines = attributes.get("lines") if isinstance(attributes, dict) else None
        if not isinstance(lines, list):
            whole.unreadable.add(("booking_lines", booking_id, "attributes.lines"))
            lines = []
        for number, line in enumerate(lines, start=1):
            given = {**of, "booking_id": booking_id, "line_number": number, "ref": row["ref"]}
            made = whole.row("booking_lines", line, given, booking_id)
            parts = [made[name] for name in ("gross", "fee", "fee_vat", "net")]
            made["difference"] = None
            if None not in parts:
                made["difference"] = parts[0] - parts[1] - parts[2] - parts[3]
                if abs(made["difference"]) >= 10**10:
                    made["difference"] = None
                    whole.unreadable.add(("booking_lines", booking_id, "difference"))
            whole.rows["booking_lines"][f"{booking_id} {number}"] = made
        for plain_seat in theatre.seats_of(booking_id):
            seat = served(plain_seat)
            given = {**of, "booking_id": booking_id}
            seat_id = plain_seat["id"]
            bare = {key: value for key, value in given.items() if key != "event_id"}
            whole.rows["raw_seats"][seat_id] = whole.row("raw_seats", seat, bare)
            whole.rows["seats"][seat_id] = whole.row("seats", seat, given)
            attendee = whole.row("attendees", seat, given)
            if any(attendee[column.name] for column in DATASETS["attendees"].columns[4:]):
                whole.rows["attendees"][seat_id] = attendee


UNREADABLE = object()
_ABSENT = object()


def encodable(text: str) -> bool:
    """Whether a file can hold a text."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _follow(column: Column, record: Any) -> Any:
    if column.source is None:
        return None
    for key in column.source.split("."):
        if record is None or record is _ABSENT:
            return record
        if not isinstance(record, dict):
            return UNREADABLE
        record = record.get(key, _ABSENT)
    return record


def _cell(column: Column, value: Any) -> Any:
    if column.source is None or value is UNREADABLE:
        return None if column.source is None else value
    if value is None or value is _ABSENT:
        return UNREADABLE if column.required else None
    match column.type:
        case ColumnType.FLAG:
            return value if isinstance(value, bool) else UNREADABLE
        case ColumnType.MONEY:
            return _amount(value)
        case ColumnType.TIME:
            return None if value == "" and not column.required else _moment(value)
        case _:
            return _text(column, value)


def _text(column: Column, value: Any) -> Any:
    if column.accepts_integer and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not encodable(value):
        return UNREADABLE
    if not value:
        return None
    if column.link:
        path = re.split(r"[?#]", re.sub(r"^[a-z]+://[^/]*", "", value))[0]
        pattern = f"{column.link}-[A-Za-z0-9]{{1,96}}"
        ids = [part for part in path.split("/") if re.fullmatch(pattern, part)]
        return ids[-1] if ids else UNREADABLE
    return value


def _amount(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return UNREADABLE
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return UNREADABLE
    if not amount.is_finite() or amount.copy_abs() >= 10**10:
        return UNREADABLE
    rounded = amount.quantize(Decimal("0.01"))
    if abs(amount - rounded) > Decimal("1e-9"):
        return UNREADABLE
    return rounded


def _moment(value: Any) -> Any:
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        return UNREADABLE
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return UNREADABLE


def stored(data: Path, dataset: Dataset) -> list[dict[str, Any]]:
    """The rows of a dataset as pyarrow reads its files, payloads as JSON."""
    rows = []
    # File by file, as Arrow takes longer over a folder than over all that is in this one.
    for path in sorted((data / dataset.name).rglob("[!.]*.parquet")):
        with pq.ParquetFile(path) as file:
            month = re.fullmatch("performance_month=(.*)", path.parent.name)
            of = {"performance_month": month[1]} if month else {}
            rows += [row | of for row in file.read(use_threads=False).to_pylist()]
    for row in rows:
        row.pop("fetched_at", None)
        if "payload" in row:
            row["payload"] = exact(row["payload"])
    return rows


def key_of(dataset: Dataset, row: Mapping[str, Any]) -> str:
    """What tells a row from the others."""
    if dataset.name == "booking_lines":
        return f"{row['booking_id']} {row['line_number']}"
    return str(row[dataset.key[-1] if dataset.name != "venues" else "venue_id"])


def differences(data: Path, whole: Expected) -> Iterator[str]:
    """Say in what the files differ from what they must hold."""
    for dataset in (DATASETS[name] for name in NAMES):
        rows = stored(data, dataset)
        by_key = {key_of(dataset, row): row for row in rows}
        if len(by_key) != len(rows):
            yield f"{dataset.name}: {len(rows)} rows of {len(by_key)} keys"
        wanted = whole.rows[dataset.name]
        for key in sorted(wanted.keys() | by_key.keys()):
            is_one, ought = by_key.get(key), wanted.get(key)
            if is_one is None or ought is None:
                yield f"{dataset.name}: {key} is {'missing' if ought else 'one too many'}"
                continue
            names = is_one.keys() | ought.keys()
            wrong = [name for name in names if is_one.get(name) != ought.get(name)]
            if wrong:
                yield f"{dataset.name}: {key}: " + ", ".join(
                    f"{name} is {is_one.get(name)!r:.200}, not {ought.get(name)!r:.200}"
                    for name in sorted(wrong)
                )
