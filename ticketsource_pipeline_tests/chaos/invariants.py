"""What must hold after a case: who was asked, what was said, and what lies in the files."""

from __future__ import annotations

import traceback
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, Protocol

from ticketsource_pipeline.api import ApiError
from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.store import StoreError
from ticketsource_pipeline_tests.chaos import oracle
from ticketsource_pipeline_tests.chaos.moving_lists import MovingLists
from ticketsource_pipeline_tests.chaos.place import Place, Report, ToldError
from ticketsource_pipeline_tests.chaos.playhouse import PERSON
from ticketsource_pipeline_tests.running import KEY


class Fail(Protocol):
    """Raises that something does not hold."""

    def __call__(self, what: str, *more: str) -> None:
        """Say what, and a line each of what shows it."""


def look_at_words(report: Report, fail: Fail) -> None:
    for error in report.errors.values():
        if not isinstance(error, ApiError | StoreError | ToldError) or len(str(error)) < 20:
            fail(f"an error that does not say what happened: {error!r}")
        trace = "".join(traceback.format_exception(error))
        for secret in (KEY, PERSON):
            if secret in trace or secret in repr(error):
                fail(f"an error that holds {secret}", trace)
    for words in report.words:
        if PERSON in words:
            fail("a check that names somebody", words)


def look_at_months(
    place: Place, before: oracle.Expected, after: oracle.Expected, report: Report, fail: Fail
) -> None:
    """Each month's sales are yesterday's or today's, whole; those that failed are yesterday's."""
    stored = {name: oracle.stored(place.data, DATASETS[name]) for name in oracle.SALES}
    months = {row["performance_month"] for rows in stored.values() for row in rows}
    for dataset in (DATASETS[name] for name in oracle.SALES):
        keys = [oracle.key_of(dataset, row) for row in stored[dataset.name]]
        if len(keys) != len(set(keys)) and not tells_doubles(report):
            fail(f"{dataset.name} holds rows twice", *report.words)
    everything = {*months, *_months(before), *_months(after)}
    homes = {key: row["performance_month"] for key, row in after.rows["performances"].items()}
    for month in everything:
        found = {
            name: {
                oracle.key_of(DATASETS[name], row): row
                for row in stored[name]
                if row["performance_month"] == month
            }
            for name in oracle.SALES
        }
        old = {name: before.month(name, month) for name in oracle.SALES}
        new = {name: after.month(name, month) for name in oracle.SALES}
        # Where a performance leaves a month, its rows go before it is read where it went.
        rest = {
            name: {key: row for key, row in rows.items() if homes.get(row["date_id"]) == month}
            for name, rows in old.items()
        }
        touched = month in report.errors or month in report.blocked or "" in report.errors
        allowed = [old, rest] if touched else [old, rest, new]
        if found not in allowed and not tells_doubles(report):
            sizes = _sizes(found, old, new)
            fail(f"{month} is neither yesterday's nor today's", *sizes, *report.words)


def tells_doubles(report: Report) -> bool:
    """Whether a check says that one record is in two months, where only a lying API can put it."""
    return any(check == "key_is_unique_over_all_months" for _, check in report.failures)


def _sizes(*sales: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [str({name: sorted(rows) for name, rows in item.items()}) for item in sales]


def _months(whole: oracle.Expected) -> set[str]:
    return {row["performance_month"] for name in oracle.SALES for row in whole.rows[name].values()}


def look_at_catalog(
    place: Place, before: oracle.Expected, after: oracle.Expected, report: Report, fail: Fail
) -> None:
    """The catalogue is yesterday's when it could not be read, and else today's."""
    whole = before if "" in report.errors else after
    for name in oracle.CATALOG:
        rows = oracle.stored(place.data, DATASETS[name])
        if {oracle.key_of(DATASETS[name], row): row for row in rows} != whole.rows[name]:
            fail(f"{name} is not of the last catalogue that was read", *report.words)


def look_at_checks(after: oracle.Expected, report: Report, fail: Fail) -> None:
    """Just the fields that cannot be read are named by the checks on them.

    Where many records are told as one, one of them is named as the example.
    """
    named: dict[tuple[str, str], set[str]] = defaultdict(set)
    grouped: Counter[tuple[str, str]] = Counter()
    for (dataset, check), failures in report.failures.items():
        for failure in failures if check == "fields_are_readable" else ():
            field = dataset, failure.what.split(" ")[0]
            named[field].add(str(failure.record_id))
            grouped[field] += failure.records - 1
    wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
    for dataset, record_id, name in after.unreadable:
        # A seat's ids and times are read once for the raw data and once for the sales.
        if dataset != "raw_seats":
            wanted[dataset, name].add(record_id)
    for field in named.keys() | wanted.keys():
        missing, invented = wanted[field] - named[field], named[field] - wanted[field]
        if invented or len(missing) > grouped[field]:
            fail(
                f"the checks do not name just what cannot be read in {field}",
                f"not named: {sorted(missing)}",
                f"named, though readable: {sorted(invented)}",
            )


def look_at_lists(place: Place, moving: MovingLists, report: Report, fail: Fail) -> None:
    """Each list stored is as it was at one moment of the reading, and no mixture of two.

    A list of a reading that failed may be yesterday's too. A booking that went to another date may
    have been in neither list when it was read.
    """
    owners = {
        "venues": ("/events/{}/venues", "event_id"),
        "performances": ("/events/{}/dates", "event_id"),
        "raw_bookings": ("/dates/{}/bookings", "date_id"),
        "booking_lines": ("/dates/{}/bookings", "date_id"),
        "raw_seats": ("/bookings/{}/seats", "booking_id"),
        "seats": ("/bookings/{}/seats", "booking_id"),
    }
    keys = {"performances": "date_id", "raw_bookings": "booking_id", "booking_lines": "booking_id"}
    keys |= {"venues": "venue_id", "raw_seats": "seat_id", "seats": "seat_id"}
    moments = moving.moments if not report.failed else [moving.yesterday, *moving.moments]
    events = {row["event_id"] for row in oracle.stored(place.data, DATASETS["events"])}
    if events not in [moment["/events"] for moment in moments]:
        fail("the events are of no moment", *report.words)
    for name, (pattern, owner) in owners.items():
        found: dict[str, set[str]] = defaultdict(set)
        for row in oracle.stored(place.data, DATASETS[name]):
            found[pattern.format(row[owner])].add(row[keys[name]])
        for path, ids in found.items():
            if ids not in [moment.get(path, frozenset()) for moment in moments]:
                fail(f"{name} hold of {path} what is of no moment", str(ids), *report.words)
        # What had rows at every moment was there to be read.
        always = set.intersection(
            *({path for path in moment if moment[path]} for moment in moments)
        )
        for path in always - found.keys() - {f"/bookings/{key}/seats" for key in moving.exchanged}:
            if path.endswith(pattern.rpartition("}")[2]):
                fail(f"{name} hold nothing of {path}", *report.words)
