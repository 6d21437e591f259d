"""What Dagster is told: every asset, check and job by name, and how each asset presents itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from ticketsource_pipeline.assets.specs import OWNER
from ticketsource_pipeline.datasets import DATASETS
from ticketsource_pipeline.definitions import definitions
from ticketsource_pipeline.settings import read_settings
from ticketsource_pipeline_tests.running import MARTS

ROOT = Path(__file__).parents[1]
KEY = "skl-0123456789abcdef"
SPECS = {
    spec.key.to_user_string(): spec
    for spec in definitions(read_settings({})).resolve_all_asset_specs()
}

ASSETS = {
    "events": set(),
    "venues": {"events"},
    "performances": {"events", "venues"},
    "raw_bookings": {"performances"},
    "raw_seats": {"raw_bookings"},
    "booking_lines": {"raw_bookings"},
    "seats": {"raw_seats", "performances"},
    "attendees": {"raw_seats", "performances"},
    "bookings": {"booking_lines", "seats", "raw_bookings"},
    "performance_sales": {"performances", "booking_lines", "seats"},
    "performance_categories": {"seats"},
    "daily_sales": {"booking_lines", "seats", "performances"},
    "refund_pairs": {"booking_lines"},
    "gift_aid_claims": {"booking_lines", "refund_pairs"},
    "reconciliation": {"booking_lines"},
    "reconciliation_months": {
        "booking_lines",
        "seats",
        "raw_bookings",
        "refund_pairs",
        "performance_sales",
    },
    "customers": {"bookings"},
    "sales_report": {
        "booking_lines",
        "events",
        "gift_aid_claims",
        "performance_categories",
        "performance_sales",
        "performances",
        "reconciliation",
        "refund_pairs",
        "seats",
    },
}
MADE_OF_LINES = set(MARTS) - {"performance_categories"}
CHECKS = {
    "events": {"key_is_unique", "fields_are_readable", "no_new_fields"},
    "venues": {"key_is_unique", "fields_are_readable", "no_new_fields"},
    "performances": {
        "every_event_was_read",
        "fields_are_readable",
        "inside_the_partition_range",
        "key_is_unique",
        "no_new_fields",
    },
    "raw_bookings": {
        "bookings_have_lines",
        "fields_are_readable",
        "key_is_unique",
        "key_is_unique_over_all_months",
        "ledger_is_complete",
        "no_new_fields",
        "no_new_values",
    },
    "raw_seats": {
        "every_booking_was_asked",
        "key_is_unique",
        "key_is_unique_over_all_months",
        "no_new_fields",
        "no_new_values",
    },
    "booking_lines": {
        "every_raw_line_is_there",
        "fields_are_readable",
        "key_is_unique",
        "net_is_gross_less_fees",
        "no_new_fields",
        "no_new_values",
        "refunds_are_negative",
        "refunds_within_takings",
    },
    "seats": {
        "belongs_to_a_booking",
        "fields_are_readable",
        "key_is_unique",
        "tickets_have_seats",
    },
    "attendees": {
        "belongs_to_a_seat",
        "email_looks_like_one",
        "fields_are_readable",
        "key_is_unique",
    },
    **{mart: {"adds_up_to_booking_lines"} for mart in MADE_OF_LINES},
    "performance_categories": {"adds_up_to_seats"},
    "customers": {"key_is_unique"},
}
JOBS = {
    "refresh_catalog": {"events", "venues", "performances"},
    "refresh_month": {"raw_bookings", "raw_seats", "booking_lines", "seats", "attendees"},
    "check_store": set(),
    "refresh_marts": {*MARTS, "sales_report"},
    "refresh_customers": {"customers"},
}


def checks_of(keys: set[dg.AssetCheckKey]) -> dict[str, set[str]]:
    named: dict[str, set[str]] = {}
    for key in keys:
        named.setdefault(key.asset_key.to_user_string(), set()).add(key.name)
    return named


def test_the_assets_the_checks_and_the_jobs_are_these() -> None:
    repository = definitions(read_settings({})).get_repository_def()
    graph = repository.asset_graph
    parents = {
        node.key.to_user_string(): {key.to_user_string() for key in node.parent_keys}
        for node in graph.asset_nodes
    }
    assert parents == ASSETS
    assert checks_of(set(graph.asset_check_keys)) == CHECKS
    jobs = {
        job.name: {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
        for job in repository.get_all_jobs()
        if not job.name.startswith("__")
    }
    assert jobs == JOBS


def test_each_job_runs_the_checks_of_its_assets_but_those_over_all_months() -> None:
    defs = definitions(read_settings({}))
    over_all = "key_is_unique_over_all_months"
    for name, assets in JOBS.items():
        layer = defs.resolve_job_def(name).asset_layer
        found = checks_of(set(layer.asset_graph.asset_check_keys))
        store_wide = {"raw_bookings": {over_all}, "raw_seats": {over_all}}
        expected = {asset: CHECKS[asset] - {over_all} for asset in assets if asset in CHECKS}
        if name in {"check_store", "refresh_marts"}:
            expected |= store_wide
        assert found == expected


@pytest.mark.parametrize("name", DATASETS)
def test_every_asset_says_what_it_is_whose_it_is_and_what_its_columns_hold(name: str) -> None:
    spec, dataset = SPECS[name], DATASETS[name]
    assert spec.description is not None
    assert dataset.description in spec.description
    said = "personal data." if dataset.personal else "no personal data."
    assert spec.description.endswith(f"; {said}")
    assert spec.group_name == dataset.layer
    assert {"parquet", "pandas"} <= spec.kinds
    assert ("ticketsource" in spec.kinds) is (dataset.layer not in {"sales", "marts"})
    assert list(spec.owners) == [OWNER]
    assert spec.tags["layer"] == dataset.layer
    assert spec.tags["personal_data"] == ("yes" if dataset.personal else "no")
    assert spec.code_version
    assert spec.metadata["account"] == "https://api.ticketsource.io"
    schema = spec.metadata["dagster/column_schema"]
    assert isinstance(schema, dg.TableSchema)
    assert [column.name for column in schema.columns] == dataset.schema.names
    assert [column.type for column in schema.columns] == [
        str(kind) for kind in dataset.schema.types
    ]
    assert all(column.description for column in schema.columns)
    keys = [column.name for column in schema.columns if not column.constraints.nullable]
    assert sorted(keys) == sorted(dataset.key)


@pytest.mark.parametrize("name", DATASETS)
def test_datasets_by_month_are_partitioned_from_the_first_month(name: str) -> None:
    partitions = SPECS[name].partitions_def
    if not DATASETS[name].partitioned:
        assert partitions is None
        return
    assert isinstance(partitions, dg.MonthlyPartitionsDefinition)
    assert partitions.get_first_partition_key() == "2019-01"


def test_the_first_month_and_the_account_follow_the_settings() -> None:
    settings = read_settings(
        {"TICKETSOURCE_FIRST_MONTH": "2024-09", "TICKETSOURCE_API_KEY": "skl-sandbox-3"}
    )
    for spec in definitions(settings).resolve_all_asset_specs():
        assert spec.metadata["account"] == "the bundled sandbox, season 3"
        if spec.partitions_def is not None:
            keys = spec.partitions_def.get_partition_keys()
            assert keys[0] == "2024-09"


def test_the_key_is_named_in_the_resources_and_not_held() -> None:
    defs = definitions(read_settings({"TICKETSOURCE_API_KEY": KEY}))
    assert defs.resources is not None
    resource = defs.resources["ticketsource"]
    assert KEY not in repr(resource)
    repository = defs.get_repository_def()
    shown = repr(repository.get_env_vars_by_top_level_resource())
    assert "TICKETSOURCE_API_KEY" in shown
    assert KEY not in shown


def validated(tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    command = [
        str(Path(sys.executable).with_name("dagster")),
        *("definitions", "validate", "-m", "ticketsource_pipeline.definitions"),
    ]
    environment = {
        **kept,
        "DAGSTER_HOME": str(tmp_path),
        "PYTHONWARNINGS": "default",
        "PYTHONDONTWRITEBYTECODE": "1",
        **variables,
    }
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )


def test_dagster_finds_the_definitions_valid_and_warns_of_nothing_of_ours(tmp_path: Path) -> None:
    ended = validated(tmp_path)
    output = ended.stdout + ended.stderr
    assert ended.returncode == 0, output
    assert "All code locations passed validation" in output
    warned = [line for line in output.splitlines() if "Warning" in line]
    ours = [line for line in warned if str(ROOT / "ticketsource_pipeline") in line]
    assert ours == []
    # What Dagster says of its own command is not about what it loads.
    about = [line for line in warned if not line.startswith(str(Path(sys.prefix)))]
    assert about == []


def test_a_bad_setting_fails_the_loading_with_its_reason(tmp_path: Path) -> None:
    ended = validated(tmp_path, TICKETSOURCE_PAGE_SIZE="101", TICKETSOURCE_API_KEY=KEY)
    output = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert "TICKETSOURCE_PAGE_SIZE is '101': allowed is a whole number from 1 to 100." in output
    assert KEY not in output


def test_imports_point_down_the_way_of_the_data() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
    assert "0 broken" in ended.stdout
