"""The rules as Dagster's asset checks: one step a layer, each rule a check of its dataset."""

from collections.abc import Iterator, Sequence

import dagster as dg

from ticketsource_pipeline.checks.rule import Effect, Failure, Finding, Rule, View, shown
from ticketsource_pipeline.checks.rules import (
    CATALOG_RULES,
    CUSTOMER_RULES,
    MART_RULES,
    RAW_RULES,
    SALES_RULES,
    STORE_RULES,
)
from ticketsource_pipeline.clock import utc_now
from ticketsource_pipeline.resources import ParquetStoreResource


def asset_checks(partitions: dg.MonthlyPartitionsDefinition) -> list[dg.AssetChecksDefinition]:
    """Return the checks of all datasets.

    In a run of one month they look at that month; launched by themselves they look at every month
    there is.

    Args:
        partitions: the months.
    """
    return [
        _layer_checks("catalog_checks", CATALOG_RULES, partitions),
        _layer_checks("raw_checks", RAW_RULES, partitions),
        _layer_checks("sales_checks", SALES_RULES, partitions),
        _layer_checks("store_checks", STORE_RULES, partitions),
        _layer_checks("marts_checks", MART_RULES, partitions),
        _layer_checks("customers_checks", CUSTOMER_RULES, partitions),
    ]


def _layer_checks(
    name: str, rules: Sequence[Rule], partitions: dg.MonthlyPartitionsDefinition
) -> dg.AssetChecksDefinition:
    by_key = {dg.AssetCheckKey(dg.AssetKey(rule.dataset.name), rule.name): rule for rule in rules}

    @dg.multi_asset_check(
        name=name,
        specs=[_spec(rule) for rule in rules],
        can_subset=True,
        description="Looks at the stored Parquet and says what is not as it must be.",
    )
    def checks(
        context: dg.AssetCheckExecutionContext, store: ParquetStoreResource
    ) -> Iterator[dg.AssetCheckResult]:
        step = context.op_execution_context
        view = View(
            store=store.look(),
            chosen=(step.partition_key,) if step.has_partition_key else None,
            partitions=tuple(partitions.get_partition_keys(current_time=utc_now())),
        )
        month = step.partition_key if step.has_partition_key else None
        for key in step.selected_asset_check_keys:
            yield _result(by_key[key], by_key[key].evaluate(view), month)

    return checks


def _spec(rule: Rule) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name=rule.name,
        asset=rule.dataset.name,
        description=rule.description,
        blocking=rule.effect is Effect.BLOCK,
        additional_deps=[dataset.name for dataset in rule.also_reads],
    )


def _result(rule: Rule, finding: Finding, month: str | None) -> dg.AssetCheckResult:
    warn = rule.effect is Effect.WARN
    metadata: dict[str, dg.MetadataValue] = {
        "looked_at": dg.MetadataValue.int(finding.looked_at),
        "failures": dg.MetadataValue.int(finding.count),
    }
    if month is not None:
        metadata["month"] = dg.MetadataValue.text(month)
    if finding.pence is not None:
        metadata["difference_pence"] = dg.MetadataValue.int(finding.pence)
    if finding.failures:
        metadata["first_failures"] = _table(shown(finding.failures))
    return dg.AssetCheckResult(
        asset_key=rule.dataset.name,
        check_name=rule.name,
        passed=finding.passed,
        severity=dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR,
        # Dagster shows the latest result of a check, whatever the month: so the month is named.
        description=f"{month}: {finding.summary}" if month else finding.summary,
        metadata=metadata,
    )


def _table(failures: Sequence[Failure]) -> dg.TableMetadataValue:
    columns = ("date_id", "ref", "record_id", "line_number", "what", "records")
    records = [
        dg.TableRecord({name: getattr(failure, name) for name in columns}) for failure in failures
    ]
    types = {"line_number": "int", "records": "int"}
    schema = dg.TableSchema(
        columns=[dg.TableColumn(name, types.get(name, "string")) for name in columns]
    )
    return dg.MetadataValue.table(records, schema)
