"""Events, venues and performances as frames: what each cell holds, and what is said of bad ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
import simplejson

from ticketsource_pipeline.datasets import DATASETS, EVENTS, PERFORMANCES, VENUES
from ticketsource_pipeline.frames.catalog import events_frame, stored_report, venues_frame
from ticketsource_pipeline_tests.test_frames_samples import (
    a_date,
    a_venue,
    an_event,
    catalog_frames,
    cells,
)


def performances(*dates: Any) -> pd.DataFrame:
    return catalog_frames([an_event()], [a_venue()], list(dates))[2]


def test_an_event_is_a_row_with_its_texts_flags_and_times() -> None:
    row = cells(events_frame([an_event()])[0])
    assert simplejson.loads(row.pop("payload")) == an_event()
    assert row == {
        "event_id": "evt-E1",
        "name": "Twelfth Night",
        "reference": None,
        "description": "A comedy",
        "category": "Theatre",
        "genre": None,
        "activated": True,
        "archived": False,
        "public": True,
        "created_at": datetime(2025, 1, 1, 9, tzinfo=UTC),
        "updated_at": None,
    }


def test_a_venue_is_a_row_with_the_event_it_was_listed_for() -> None:
    row = cells(venues_frame([("evt-E1", a_venue())])[0])
    assert row["venue_id"] == "ven-V1"
    assert row["event_id"] == "evt-E1"
    assert [row[f"address_line_{number}"] for number in range(1, 5)] == [
        "1 High Street",
        None,
        None,
        "Tetbury",
    ]
    assert (row["postcode"], row["telephone"]) == ("GL8 8AA", "01666 000000")


def test_a_venue_that_two_events_share_has_a_row_for_each() -> None:
    frame, report = venues_frame([("evt-E1", a_venue()), ("evt-E2", a_venue())])
    assert frame[["venue_id", "event_id"]].to_numpy().tolist() == [
        ["ven-V1", "evt-E1"],
        ["ven-V1", "evt-E2"],
    ]
    assert report.problems == []


def test_a_telephone_number_written_as_a_number_is_its_digits() -> None:
    venue = a_venue(boxoffice={"telephone": 1666000000, "email": None})
    frame, report = venues_frame([("evt-E1", venue)])
    assert frame["telephone"].tolist() == ["1666000000"]
    assert report.problems == []


def test_a_performance_has_its_month_its_text_and_the_names_of_event_and_venue() -> None:
    row = cells(performances(a_date()))
    row.pop("payload")
    assert row == {
        "date_id": "dat-D1",
        "event_id": "evt-E1",
        "venue_id": "ven-V1",
        "event_name": "Twelfth Night",
        "venue_name": "Town Hall",
        "performance_month": "2025-03",
        "start": datetime(2025, 3, 10, 19, 30, tzinfo=UTC),
        "start_text": "2025-03-10T19:30:00+00:00",
        "doors_open": datetime(2025, 3, 10, 19, tzinfo=UTC),
        "end": datetime(2025, 3, 10, 22, tzinfo=UTC),
        "on_sale": True,
        "on_sale_start": datetime(2025, 1, 2, 9, tzinfo=UTC),
        "on_sale_end": datetime(2025, 3, 10, 19, 30, tzinfo=UTC),
        "public": True,
        "cancelled": False,
        "created_at": datetime(2025, 1, 1, 9, tzinfo=UTC),
        "updated_at": None,
    }


@pytest.mark.parametrize(
    ("start", "month"),
    [
        ("2025-08-01T00:30:00+01:00", "2025-08"),
        ("2025-07-31T23:30:00-05:00", "2025-07"),
        ("2025-03-30T01:30:00+00:00", "2025-03"),
        ("9999-12-31T23:00:00+00:00", "9999-12"),
        ("2025-09-31T19:00:00+00:00", "2025-09"),
        ("autumn", None),
        ("", None),
        (None, None),
        (20250801, None),
    ],
)
def test_the_month_is_read_from_the_text_of_the_start(start: Any, month: str | None) -> None:
    row = cells(performances(a_date(start=start)))
    assert row["performance_month"] == month
    assert row["start_text"] == (start if isinstance(start, str) and start else None)


def test_an_event_without_a_name_leaves_its_performances_without_one() -> None:
    _, _, frame, report = catalog_frames([an_event(name=None)], [a_venue()], [a_date()])
    assert cells(frame)["event_name"] is None
    assert [str(problem) for problem in report.problems] == [
        "events: evt-E1: attributes.name is null"
    ]


def test_a_performance_without_a_known_venue_is_kept_with_its_venue_null() -> None:
    unlinked = a_date("dat-D2")
    del unlinked["links"]["venue"]
    elsewhere = a_date("dat-D3")
    elsewhere["links"]["venue"] = "https://api.ticketsource.io/venues/ven-V9"
    odd = a_date("dat-D4")
    odd["links"]["venue"] = "https://api.ticketsource.io/halls/12"
    _, _, frame, report = catalog_frames([an_event()], [a_venue()], [unlinked, elsewhere, odd])
    assert [cells(frame, row)["venue_id"] for row in range(3)] == [None, "ven-V9", None]
    assert frame["venue_name"].isna().all()
    assert [str(problem) for problem in report.problems] == [
        "performances: dat-D4: links.venue is a link without an id ven-..."
    ]


def test_an_event_listed_twice_gives_two_rows_for_a_check_to_find() -> None:
    assert events_frame([an_event(), an_event()])[0]["event_id"].tolist() == ["evt-E1", "evt-E1"]


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"name": ["A"]}, "attributes.name is a list, text is expected"),
        ({"created_at": ""}, "attributes.created_at is empty"),
        ({"archived": "no"}, "attributes.archived is text, true or false is expected"),
        ({"archived": 1}, "attributes.archived is a number, true or false is expected"),
        ({"genre": 7}, "attributes.genre is a number, text is expected"),
        ({"created_at": None}, "attributes.created_at is null"),
        ({"created_at": "soon"}, "attributes.created_at is not a time written as ISO 8601"),
        ({"created_at": True}, "attributes.created_at is a flag, a time is expected"),
        ({"genre": "\ud800"}, "attributes.genre is text that no encoding can hold"),
    ],
)
def test_a_bad_field_is_null_and_named_with_its_record(
    attributes: dict[str, Any], message: str
) -> None:
    frame, report = events_frame([an_event(**attributes)])
    assert cells(frame)[next(iter(attributes))] is None
    assert [str(problem) for problem in report.problems] == [f"events: evt-E1: {message}"]


def test_a_start_with_half_a_character_is_named_and_the_performance_kept() -> None:
    date = a_date(start="2025-03-10T19:30\ud83d")
    _, _, frame, report = catalog_frames([an_event()], [a_venue()], [date])
    row = cells(frame)
    assert (row["date_id"], row["performance_month"]) == ("dat-D1", "2025-03")
    assert (row["start"], row["start_text"]) == (None, None)
    assert [problem.field for problem in report.problems] == ["attributes.start"]


def test_a_missing_required_field_and_missing_attributes_are_named() -> None:
    bare = {"id": "evt-E2"}
    shapeless = {"id": "evt-E3", "attributes": "none", "links": []}
    frame, report = events_frame([bare, shapeless])
    assert frame["event_id"].tolist() == ["evt-E2", "evt-E3"]
    said = [str(problem) for problem in report.problems]
    assert "events: evt-E2: attributes.name is missing" in said
    assert "events: evt-E3: attributes.name lies below text, an object is expected" in said


def test_fields_nobody_declared_are_counted_and_kept_in_the_payload() -> None:
    event = an_event(mood="merry")
    event["seating"] = {"plan": 3}
    frame, report = events_frame([event, event])
    assert report.unknown_fields == {"attributes.mood": 2, "seating": 2}
    assert simplejson.loads(frame["payload"][0])["seating"] == {"plan": 3}
    assert report.problems == []


def test_a_stored_catalogue_is_found_at_fault_as_it_was_when_read() -> None:
    events = [an_event(name=None, mood="merry")]
    venues = [a_venue(address="none")]
    dates = [a_date(start="soon", cancelled="no")]
    event_frame, venue_frame, date_frame, report = catalog_frames(events, venues, dates)
    stored = [
        stored_report(dataset, frame)
        for dataset, frame in ((EVENTS, event_frame), (VENUES, venue_frame))
    ]
    stored.append(stored_report(PERFORMANCES, date_frame))
    assert [found.problems for found in stored] == [
        [problem for problem in report.problems if problem.dataset == name]
        for name in ("events", "venues", "performances")
    ]
    assert all(found.problems for found in stored)
    assert stored[0].unknown_fields == {"attributes.mood": 1}


def test_no_records_give_an_empty_frame_with_every_column_typed() -> None:
    frames = catalog_frames([], [], [])[:3]
    for name, frame in zip(("events", "venues", "performances"), frames, strict=True):
        schema = DATASETS[name].schema
        assert frame.columns.tolist() == schema.names
        assert [dtype.pyarrow_dtype for dtype in frame.dtypes] == schema.types
