"""Events, venues and performances as frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ticketsource_pipeline.datasets import EVENTS, PERFORMANCES, VENUES, Dataset
from ticketsource_pipeline.frames.extract import (
    is_encodable,
    note_novelties,
    typed_frame,
    typed_row,
)
from ticketsource_pipeline.frames.payload import payload_record, payload_text
from ticketsource_pipeline.frames.report import Place, Report
from ticketsource_pipeline.times import month_written

Records = Iterable[Mapping[str, Any]]


def events_frame(events: Records) -> tuple[pd.DataFrame, Report]:
    """Return one row per event of `/events`, and what was wrong with them."""
    report = Report()
    rows = [_catalog_row(EVENTS, event, {}, report) for event in events]
    return typed_frame(EVENTS, rows), report


def venues_frame(venues: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[pd.DataFrame, Report]:
    """Return one row per venue of an event, and what was wrong with them.

    Args:
        venues: each venue of `/events/{id}/venues` with the id of that event.
    """
    report = Report()
    rows = [
        _catalog_row(VENUES, venue, {"event_id": event_id}, report) for event_id, venue in venues
    ]
    return typed_frame(VENUES, rows), report


def performances_frame(
    dates: Iterable[tuple[str, Mapping[str, Any]]],
    events: pd.DataFrame,
    venues: pd.DataFrame,
    months_before: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, Report]:
    """Return one row per performance with its month and the names of its event and venue.

    The month is the one written in `start`, whatever the offset: the API's times may be wall-clock
    times, and a performance at 00:30 belongs to the month its own theatre would say. A performance
    whose `start` can no longer be read stays where it was, lest its sales leave the data.

    Args:
        dates: each Date of `/events/{id}/dates` with the id of that event.
        events: the frame of events.
        venues: the frame of venues.
        months_before: by date id, the month a performance was filed under before.
    """
    report = Report()
    before = months_before or {}
    event_names = dict(zip(events["event_id"], events["name"], strict=True))
    venue_names = dict(zip(venues["venue_id"], venues["name"], strict=True))
    rows = []
    for event_id, date in dates:
        start_text = _start_text(date)
        row = _catalog_row(
            PERFORMANCES,
            date,
            {
                "event_id": event_id,
                "event_name": _known(event_names.get(event_id)),
                "start_text": start_text if is_encodable(start_text or "") else None,
                "performance_month": month_written(start_text) or before.get(str(date["id"])),
            },
            report,
        )
        row["venue_name"] = _known(venue_names.get(row["venue_id"]))
        rows.append(row)
    return typed_frame(PERFORMANCES, rows), report


def stored_report(dataset: Dataset, stored: pd.DataFrame) -> Report:
    """Return what is wrong with the records of a stored catalogue dataset, from their payloads."""
    report = Report()
    for text in stored["payload"]:
        _catalog_row(dataset, payload_record(text), {}, report)
    return report


def _catalog_row(
    dataset: Dataset, record: Mapping[str, Any], given: Mapping[str, Any], report: Report
) -> dict[str, Any]:
    place = Place(record_id=str(record["id"]))
    note_novelties(record, dataset.record, place, report)
    values = {**given, "payload": payload_text(dict(record))}
    return typed_row(dataset, record, values, place, report)


def _start_text(date: Mapping[str, Any]) -> str | None:
    attributes = date.get("attributes")
    text = attributes.get("start") if isinstance(attributes, dict) else None
    return text if isinstance(text, str) and text else None


def _known(name: Any) -> str | None:
    return name if isinstance(name, str) else None
