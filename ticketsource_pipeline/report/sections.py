"""All sections of the page, in order."""

from __future__ import annotations

from ticketsource_pipeline.report import words
from ticketsource_pipeline.report.figures import Figures
from ticketsource_pipeline.report.money_sections import (
    donations_section,
    methods_section,
    refunds_section,
)
from ticketsource_pipeline.report.parts import Section, Table
from ticketsource_pipeline.report.sales_sections import (
    categories_section,
    curves_section,
    overview_section,
)


def sections(figures: Figures) -> list[Section]:
    """Return the parts of the page, in order."""
    if figures.empty:
        nothing = "There is no performance yet: once there is one, its sales are told here."
        return [Section("overview", "Season overview", [nothing]), _checks(figures)]
    return [
        overview_section(figures),
        curves_section(figures),
        categories_section(figures),
        refunds_section(figures),
        methods_section(figures),
        donations_section(figures),
        _checks(figures),
    ]


def _checks(figures: Figures) -> Section:
    title, checks = "What failed the checks", figures.checks
    if not checks.known:
        return Section(
            "checks", title, ["Not checked here: this Dagster instance has no result of a check."]
        )
    never = f" {words.counted(checks.never, 'check')} never ran here." if checks.never else ""
    if not checks.failed:
        return Section(
            "checks",
            title,
            [f"Nothing: all {words.counted(checks.passed, 'result')} are well.{never}"],
        )
    errors = sum(not one.warning for one in checks.failed)
    told = (
        f"{words.counted(errors, 'error')} and"
        f" {words.counted(len(checks.failed) - errors, 'warning')}, from the latest result of each"
        f" check of each month; {words.number(checks.passed)} are well.{never}"
    )
    table = Table(
        "checks",
        "Checks that failed, errors first",
        ("Dataset", "Check", "Month", "Severity", "What was found"),
        [
            (
                one.dataset,
                one.check,
                words.month(one.month) if one.month else "all",
                "warning" if one.warning else "error",
                one.summary,
            )
            for one in checks.failed
        ],
        texts=5,
    )
    return Section("checks", title, [told], tables=[table])
