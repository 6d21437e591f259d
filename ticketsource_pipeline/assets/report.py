"""The sales report's asset: a page for people, made of the marts and of what the checks found."""

from collections.abc import Sequence

import dagster as dg

from ticketsource_pipeline.assets.check_results import latest_checks
from ticketsource_pipeline.assets.specs import MONTH_FRESHNESS, OWNER
from ticketsource_pipeline.datasets import BOOKING_LINES, EVENTS, PERFORMANCES, SEATS
from ticketsource_pipeline.landing.report import make_report
from ticketsource_pipeline.report.figures import Figures
from ticketsource_pipeline.report.gather import MARTS_READ
from ticketsource_pipeline.report.looks import CODE_VERSION
from ticketsource_pipeline.resources import ParquetStoreResource

SALES_REPORT = "sales_report"
_READ = (*MARTS_READ, EVENTS, PERFORMANCES, SEATS, BOOKING_LINES)


def report_asset(account: str, checks: Sequence[dg.AssetCheckKey]) -> dg.AssetsDefinition:
    """Return the asset of the sales report.

    Args:
        account: whose sales they are.
        checks: the checks whose latest results the report tells.
    """

    @dg.asset(
        name=SALES_REPORT,
        deps=[dataset.name for dataset in _READ],
        description=(
            "The sales report: one HTML file for people, with season overview, sales curves,"
            " seats, refunds, payments, Gift Aid and failed checks; no personal data."
        ),
        group_name="report",
        owners=[OWNER],
        kinds={"html", "altair"},
        tags={"layer": "report", "personal_data": "no"},
        code_version=CODE_VERSION,
        freshness_policy=MONTH_FRESHNESS,
        metadata={"account": account},
        # The checks of the same run come first: the report tells their results.
        op_tags={"dagster/priority": "-1"},
    )
    def sales_report(
        context: dg.AssetExecutionContext, store: ParquetStoreResource
    ) -> dg.MaterializeResult:
        opened = store.open()
        found = latest_checks(context.instance, checks, opened.recorded_months())
        landing = make_report(opened, account, found)
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(str(landing.path)),
                "bytes": landing.size,
                "file_changed": landing.changed,
                **_told(landing.figures),
            }
        )

    return sales_report


def _told(figures: Figures) -> dict[str, dg.MetadataValue]:
    # What draws the charts is loaded only where a report is made: it is large.
    from ticketsource_pipeline.report.metadata import main_chart, main_table  # noqa: PLC0415

    money = figures.money
    head, rows = main_table(figures)
    schema = dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in head])
    numbers = {
        "events": len(figures.events),
        "performances": figures.performances,
        "tickets": figures.tickets,
        "gross_pence": money.gross,
        "net_pence": money.net,
        "failed_checks": len(figures.checks.failed),
    }
    return {
        **{name: dg.MetadataValue.int(value) for name, value in numbers.items()},
        "sales_by_event": dg.MetadataValue.table([dg.TableRecord(row) for row in rows], schema),
        "sales_curve": dg.MetadataValue.md(main_chart(figures)),
    }
