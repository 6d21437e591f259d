"""The sales report after a real sync, opened in a real browser without network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser

from ticketsource_pipeline.sandbox import SandboxServer
from ticketsource_pipeline_tests.reporting import (
    MARK,
    NAMES,
    chromium,
    hostile_theatre,
    opened,
)
from ticketsource_pipeline_tests.running import MONTHLY, WITH_REPORT, Machine, Once

CHARTS = {"months", "curve", "categories", "refunds", "methods", "donations"}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
DARK = {"color_scheme": "dark", "viewport": {"width": 1200, "height": 900}}


@pytest.fixture(scope="module")
def reported(made_once: Once) -> Machine:
    def fill(folder: Path) -> None:
        with SandboxServer(hostile_theatre()) as server:
            outcome = Machine(folder).sync_here(server, **WITH_REPORT)
        assert outcome.code == 0, outcome.stderr

    return Machine(made_once("reported", fill))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def report_of(machine: Machine) -> Path:
    return machine.data / "reports" / "sales-report.html"


def asked(machine: Machine, columns: str, dataset: str, more: str = "") -> list[tuple[Any, ...]]:
    """What DuckDB reads of a dataset."""
    pattern = "*/*.parquet" if dataset in MONTHLY else "*.parquet"
    source = f"read_parquet('{machine.data / dataset}/{pattern}')"
    return duckdb.execute(f"select {columns} from {source} {more}").fetchall()  # noqa: S608


def pounds(pence: int) -> str:
    return f"{'-' if pence < 0 else ''}£{abs(pence) // 100:,}.{abs(pence) % 100:02d}"


def sums(*columns: str) -> str:
    return ", ".join(f"cast(sum({column}) * 100 as bigint)" for column in columns)


MONEY = sums("gross", "fee + fee_vat", "net")


def refunded(machine: Machine, by: str) -> dict[Any, int]:
    column = sums("gross")
    return dict(asked(machine, f"{by}, {column}", "booking_lines", "where is_refund group by all"))


def test_every_figure_is_that_of_the_parquet_to_the_penny(
    reported: Machine, browser: Browser
) -> None:
    with opened(browser, report_of(reported)) as seen:
        facts = seen.page.eval_on_selector_all(
            ".facts div", "all => all.map(one => [...one.children].map(cell => cell.textContent))"
        )
        tables = {
            name: seen.table(name)
            for name in (
                *("events", "months", "curve-tickets", "curve-gross", "categories", "refunds"),
                *("methods", "types", "donations"),
            )
        }
    ((gross, fees, net),) = asked(reported, MONEY, "booking_lines")
    back = sum(refunded(reported, "1").values())
    ((seats,),) = asked(reported, "count(*)", "seats", "where is_booked and not is_cancelled")
    ((bookings,),) = asked(reported, "count(distinct booking_id)", "booking_lines")
    told = dict(facts)
    assert told["gross"] == pounds(gross)
    assert told["net"] == pounds(net)
    assert told["booking fees with VAT"] == pounds(fees)
    assert told["refunded, off the gross"] == pounds(back)
    assert back < 0
    assert (told["tickets"], told["bookings"]) == (f"{seats:,}", f"{bookings:,}")
    assert (told["events"], told["performances"]) == (str(len(NAMES)), str(len(NAMES)))

    whole = [pounds(gross), pounds(fees), pounds(net), pounds(back)]
    names = dict(asked(reported, "event_id, name", "events"))
    events = {
        names[event]: [pounds(one) for one in amounts]
        for event, *amounts in asked(reported, f"event_id, {MONEY}", "booking_lines", "group by 1")
    }
    given_back = refunded(reported, "event_id")
    for name, *cells in tables["events"][:-1]:
        (event,) = [key for key, value in names.items() if value == name]
        assert cells[4:] == [*events[name], pounds(given_back.get(event, 0))]
    assert tables["events"][-1][-4:] == whole
    assert tables["months"][-1][-4:] == whole
    for name, column in (("methods", "payment_method"), ("types", "line_type")):
        found = asked(reported, f"{column}, {MONEY}", "booking_lines", "group by 1")
        assert {row[0]: row[3:6] for row in tables[name][:-1]} == {
            value: [pounds(one) for one in amounts] for value, *amounts in found
        }
        assert tables[name][-1][3:7] == whole
    assert tables["refunds"][-1][-1] == pounds(back)
    categories = asked(
        reported,
        "price_category, count(*)",
        "seats",
        "where is_booked and not is_cancelled group by 1",
    )
    assert {row[0]: row[1] for row in tables["categories"][:-1]} == {
        name: f"{count:,}" for name, count in categories
    }
    ((given,),) = asked(reported, sums("gross"), "booking_lines", "where line_type = 'DONATION'")
    assert tables["donations"][-1][-1] == pounds(given)

    # The curve, counted here as SQL counts days: of the performance's day and the sale's.
    days = f"""
        join read_parquet('{reported.data}/performances/*.parquet') as dates using (date_id)
        where date_diff('day', (sales.created_at at time zone 'Europe/London')::date,
            (dates.start at time zone 'Europe/London')::date) >= 28
    """
    ((early,),) = asked(
        reported, "count(*)", "seats", f"as sales {days} and is_booked and not is_cancelled"
    )
    assert 0 < early < seats
    assert tables["curve-tickets"][-1][3] == f"{early:,}"
    assert tables["curve-tickets"][-1][-1] == f"{seats:,}"
    assert tables["curve-gross"][-1][-1] == pounds(gross)


@pytest.mark.parametrize("options", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_it_is_drawn_fetches_nothing_and_breaks_no_rule_of_accessibility(
    reported: Machine, browser: Browser, options: dict[str, Any]
) -> None:
    path = report_of(reported)
    with opened(browser, path, **options) as seen:
        page = seen.page
        drawn = page.eval_on_selector_all(
            ".chart",
            "all => all.map(one => [one.dataset.chart, one.querySelectorAll('svg path').length,"
            " one.getBoundingClientRect().height])",
        )
        assert {name for name, _, _ in drawn} == CHARTS
        assert all(paths > 3 and height > 50 for _, paths, height in drawn), drawn
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for summary in page.query_selector_all("summary"):
            summary.click()
        assert seen.breaches() == []
        page.emulate_media(media="print", color_scheme="light")
        page.set_viewport_size({"width": 700, "height": 1000})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        assert seen.complaints == []
        assert seen.requests == [path.as_uri()]


def test_names_are_text_wherever_they_stand(reported: Machine, browser: Browser) -> None:
    with opened(browser, report_of(reported)) as seen:
        page = seen.page
        assert {row[0] for row in seen.table("events")[:-1]} == set(NAMES)
        assert set(page.locator(".legend bdi").all_text_contents()) >= set(NAMES)
        alternatives = page.eval_on_selector_all(
            ".chart", "all => all.map(one => one.getAttribute('aria-label'))"
        )
        assert [name for name in NAMES if name not in " ".join(alternatives)] == []
        assert page.locator("script").count() == 2
        assert page.locator("img").count() == 0
        assert page.locator("table b").count() == 0


def test_details_open_from_the_keyboard(reported: Machine, browser: Browser) -> None:
    with opened(browser, report_of(reported)) as seen:
        page = seen.page
        assert page.locator("#table-months").is_hidden()
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.tagName") == "SUMMARY":
                break
        page.keyboard.press("Enter")
        assert page.locator("#table-months").is_visible()


def test_it_is_small_and_names_nobody(reported: Machine) -> None:
    content = report_of(reported).read_bytes()
    assert len(content) < 3_000_000
    assert MARK.encode() not in content
    ((customer,), *_) = asked(reported, "customer_id", "bookings")
    assert customer.encode() not in content
    assert report_of(reported).stat().st_mode & 0o777 == 0o666 & ~_umask(reported)
    copies = [path for path in report_of(reported).parent.iterdir() if "-20" in path.name]
    assert [path.read_bytes() for path in copies] == [content]


def _umask(machine: Machine) -> int:
    """The bits that the umask takes away, as a dataset without personal data shows them."""
    return 0o666 & ~(machine.data / "events" / "part-0.parquet").stat().st_mode


def test_asset_shows_the_main_chart_and_table(reported: Machine) -> None:
    import dagster as dg  # noqa: PLC0415

    with reported.instance() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("sales_report"))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    table, chart = metadata["sales_by_event"], metadata["sales_curve"]
    assert isinstance(table, dg.TableMetadataValue)
    assert len(table.records) == len(NAMES) + 1
    assert isinstance(chart, dg.MarkdownMetadataValue)
    assert "](data:image/svg+xml;base64," in str(chart.value)
    assert "(javascript:" not in str(chart.value)
    assert metadata["path"].value == str(report_of(reported))
    assert metadata["tickets"].value == int(str(table.records[-1].data["Tickets"]))
