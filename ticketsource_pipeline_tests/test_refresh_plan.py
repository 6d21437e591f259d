"""Which months are read, why, and in which order; and which performances changed month."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ticketsource_pipeline.frames.sales import CODE_VERSION
from ticketsource_pipeline.refresh.moves import Move, moves_of_month
from ticketsource_pipeline.refresh.openness import Performance
from ticketsource_pipeline.refresh.plan import MonthPlan, month_plan, month_plans
from ticketsource_pipeline.store import MonthRecord, PerformanceRecord

NOW = datetime(2025, 6, 15, tzinfo=UTC)
WINDOW = timedelta(days=60)
MONTHS = ("2025-03", "2025-04", "2025-05", "2025-06", "2025-07")


def performance(date_id: str, month: str | None, *, closed: bool = False) -> Performance:
    end = NOW - timedelta(days=100) if closed else NOW + timedelta(days=10)
    return Performance(
        date_id=date_id,
        event_id="evt-E1",
        month=month,
        starts_at=end,
        ends_at=end,
        cancelled=False,
    )


def record(month: str, *whole: Performance, begun: tuple[str, ...] = ()) -> MonthRecord:
    """A month whose performances were read an hour ago and whose sales are published."""
    known = {
        item.date_id: replace(
            PerformanceRecord.begun(),
            listed_at=NOW - timedelta(hours=1),
            content=item.date_id,
            catalog=item.fingerprint,
        )
        for item in whole
    }
    known.update({date_id: PerformanceRecord.begun() for date_id in begun})
    made = MonthRecord(month, known)
    return replace(made, published_content=made.content, published_by=CODE_VERSION)


def plan(known: MonthRecord, *performances: Performance) -> MonthPlan:
    return month_plan(known.month, performances, known, now=NOW, refund_window=WINDOW)


def test_a_month_nobody_read_is_never_read_whole() -> None:
    new = performance("dat-1", "2025-06")
    made = plan(MonthRecord("2025-06"), new)
    assert (made.reason, made.due, made.settled, made.left) == ("never read whole", (new,), (), ())


def test_a_month_with_one_performance_begun_is_never_read_whole() -> None:
    items = [performance(f"dat-{number}", "2025-06", closed=True) for number in (1, 2)]
    made = plan(record("2025-06", items[0], begun=("dat-2",)), *items)
    assert made.reason == "never read whole"
    assert (made.due, made.settled) == ((items[1],), (items[0],))


def test_a_month_with_an_open_performance_is_open() -> None:
    running, over = performance("dat-1", "2025-06"), performance("dat-2", "2025-06", closed=True)
    made = plan(record("2025-06", running, over), running, over)
    assert (made.reason, made.due, made.settled) == ("open", (running,), (over,))
    assert made.is_needed


def test_a_month_whose_performances_are_closed_and_published_need_not_be_read() -> None:
    over = performance("dat-1", "2025-03", closed=True)
    made = plan(record("2025-03", over), over)
    assert (made.reason, made.is_needed, made.settled) == ("", False, (over,))


def test_a_month_that_was_read_and_not_published_is_not_published() -> None:
    over = performance("dat-1", "2025-03", closed=True)
    known = record("2025-03", over)
    for unpublished in (
        replace(known, published_content=None),
        replace(known, published_content="older rows"),
        replace(known, published_by="other code"),
    ):
        assert plan(unpublished, over).reason == "not published"


def test_a_month_that_a_performance_left_says_so_before_all_else() -> None:
    running = performance("dat-1", "2025-06")
    made = plan(record("2025-06", running, performance("dat-2", "2025-06")), running)
    assert (made.reason, made.left) == ("performances left", ("dat-2",))
    emptied = plan(record("2025-06", running))
    assert (emptied.reason, emptied.left) == ("performances left", ("dat-1",))


def test_a_month_without_performances_that_never_had_any_need_not_be_read() -> None:
    assert not plan(MonthRecord("2025-03")).is_needed


def test_months_that_performances_left_come_first_and_the_others_in_order() -> None:
    stay = [performance("dat-3", "2025-03"), performance("dat-5", "2025-05")]
    moved = performance("dat-7", "2025-04")
    records = {
        "2025-03": record("2025-03", stay[0]),
        "2025-07": record("2025-07", moved),
        "2025-06": record("2025-06", performance("dat-6", "2025-06")),
    }
    plans = month_plans([moved, *stay], records, now=NOW, refund_window=WINDOW)
    assert [item.month for item in plans] == ["2025-06", "2025-07", "2025-03", "2025-04", "2025-05"]


def test_a_performance_without_a_month_is_in_no_plan() -> None:
    lost = performance("dat-1", None)
    assert month_plans([lost], {}, now=NOW, refund_window=WINDOW) == []


PLACES = st.dictionaries(
    st.sampled_from([f"dat-{number}" for number in range(8)]),
    st.tuples(st.sampled_from(MONTHS), st.booleans()),
)


@settings(deadline=None)
@given(PLACES, PLACES)
def test_every_performance_is_in_one_plan_and_every_left_one_in_its_old_month(
    before: dict[str, tuple[str, bool]], after: dict[str, tuple[str, bool]]
) -> None:
    records = {
        month: record(
            month,
            *(performance(key, month) for key, (home, _) in before.items() if home == month),
        )
        for month in {home for home, _ in before.values()}
    }
    catalog = [performance(key, month, closed=closed) for key, (month, closed) in after.items()]
    plans = month_plans(catalog, records, now=NOW, refund_window=WINDOW)
    planned = [item.date_id for made in plans for item in (*made.due, *made.settled)]
    assert sorted(planned) == sorted(after)
    left = {(made.month, key) for made in plans for key in made.left}
    assert left == {
        (home, key)
        for key, (home, _) in before.items()
        if key not in after or after[key][0] != home
    }
    needed = [bool(made.left) for made in plans]
    assert needed == sorted(needed, reverse=True)
    assert all(made.is_needed for made in plans if made.left or made.due)


def test_a_performance_that_changed_month_moves_from_the_old_one_to_the_new() -> None:
    catalog = [performance("dat-1", "2025-04"), performance("dat-2", "2025-03")]
    stored = {"2025-03": ["dat-1", "dat-2"]}
    move = Move("dat-1", "2025-03", "2025-04")
    assert moves_of_month("2025-03", catalog, stored, MONTHS) == [move]
    assert moves_of_month("2025-04", catalog, stored, MONTHS) == [move]
    assert moves_of_month("2025-05", catalog, stored, MONTHS) == []
    assert move.months == ("2025-03", "2025-04")


def test_a_performance_that_left_the_catalogue_or_the_partitions_moves_nowhere() -> None:
    catalog = [performance("dat-1", "2031-01"), performance("dat-2", None)]
    stored = {"2025-03": ["dat-1", "dat-2", "dat-3"]}
    moves = moves_of_month("2025-03", catalog, stored, MONTHS)
    assert moves == [Move(key, "2025-03", None) for key in ("dat-1", "dat-2", "dat-3")]
    assert moves[0].months == ("2025-03",)


def test_no_performance_leaves_its_own_month_because_the_clock_knows_no_such_month() -> None:
    catalog = [performance("dat-1", "2025-03")]
    assert moves_of_month("2025-03", catalog, {"2025-03": ["dat-1"]}, ["1970-01"]) == []


@settings(deadline=None)
@given(PLACES, PLACES)
def test_after_all_moves_every_stored_performance_is_where_the_catalogue_has_it(
    before: dict[str, tuple[str, bool]], after: dict[str, tuple[str, bool]]
) -> None:
    catalog = [performance(key, month) for key, (month, _) in after.items()]
    stored: dict[str, list[str]] = {}
    for key, (home, _) in before.items():
        stored.setdefault(home, []).append(key)
    for month in MONTHS:
        for move in moves_of_month(month, catalog, stored, MONTHS):
            stored[move.from_month].remove(move.date_id)
            if move.to_month:
                stored.setdefault(move.to_month, []).append(move.date_id)
    places = {key: month for month, keys in stored.items() for key in keys}
    assert places == {key: after[key][0] for key in before if key in after}
