"""The Dagster definitions: one asset a model, its columns and lineage, its checks; errors block what comes after."""

from __future__ import annotations

import dagster as dg
import pytest

from spanledger_pipelines.assets.descriptions import DAYS, asset_key
from spanledger_pipelines.assets.publication import PUBLISHED
from spanledger_pipelines.definitions import JOB, build_definitions, defs
from spanledger_pipelines.resources import Warehouse
from spanledger_warehouse import checks, runs
from spanledger_warehouse.lineage import column_lineage
from spanledger_warehouse.models import column_docs, discover
from spanledger_warehouse.publish import published_models
from spanledger_warehouse.settings import load_settings

GRAPH = defs.resolve_asset_graph()
MODELS = sorted(discover())


def node(name: str):
    """The asset of a model."""
    return GRAPH.get(asset_key(name))


def test_the_definitions_load_and_hold_together():
    dg.Definitions.validate_loadable(build_definitions("somewhere"))


def test_there_is_one_asset_a_model_and_the_publication():
    expected = {asset_key(name) for name in MODELS} | {PUBLISHED, dg.AssetKey(["archive", "records"])}
    assert set(GRAPH.get_all_asset_keys()) == expected


@pytest.mark.parametrize("name", MODELS)
def test_an_asset_describes_its_table(name):
    asset, model = node(name), discover()[name]
    assert model.description in asset.description
    assert asset.group_name == model.schema
    assert asset.metadata["grain"] == ", ".join(model.grain)


@pytest.mark.parametrize("name", MODELS)
def test_an_asset_shows_its_columns_with_their_meaning(name):
    schema = node(name).metadata["dagster/column_schema"]
    assert [column.name for column in schema.columns] == list(column_lineage()[name])
    docs = column_docs(name)
    assert [column.name for column in schema.columns if column.description != docs[column.name]] == []


def test_an_asset_shows_where_its_columns_come_from():
    lineage = node("marts.calls").metadata["dagster/column_lineage"]
    [source] = lineage.deps_by_column["source_file"]
    assert (source.asset_key, source.column_name) == (asset_key("raw.files"), "path")
    costs = lineage.deps_by_column["list_cost_usd"]
    assert asset_key("ledger.published_costs") in {found.asset_key for found in costs}


@pytest.mark.parametrize("name", [name for name, model in discover().items() if not model.is_loaded])
def test_an_asset_comes_after_what_its_sql_reads(name):
    assert {asset_key(upstream) for upstream in discover()[name].upstream} <= node(name).parent_keys


def test_seeds_are_read_after_the_spans_and_the_report_comes_after_every_mart():
    assert asset_key("raw.spans") in node("pricing.prices").parent_keys
    marts = {asset_key(name) for name in MODELS if name.startswith("marts.")} - {
        asset_key("marts.data_quality")
    }
    assert marts <= node("marts.data_quality").parent_keys
    published = GRAPH.get(PUBLISHED)
    assert {asset_key(model.full_name) for model in published_models()} <= published.parent_keys


@pytest.mark.parametrize("check", checks.discover().values(), ids=checks.discover())
def test_a_check_is_attached_to_its_table_and_blocks_if_money_would_be_wrong(check):
    key = dg.AssetCheckKey(asset_key(check.table), check.name)
    [spec] = [spec for found in defs.asset_checks or () for spec in found.check_specs if spec.key == key]
    assert spec.blocking is (check.severity == "error")
    assert check.what_to_do in spec.description


def test_every_asset_is_partitioned_by_day_and_a_backfill_is_one_run():
    for key in GRAPH.get_all_asset_keys():
        assert GRAPH.get(key).partitions_def == DAYS, key
        assert GRAPH.get(key).backfill_policy.policy_type.name == "SINGLE_RUN", key


def test_every_asset_has_an_owner_and_a_condition_and_what_comes_and_goes_out_has_to_be_fresh():
    for key in GRAPH.get_all_asset_keys():
        found = GRAPH.get(key)
        assert list(found.owners) == ["team:llm-costs"], key
        assert found.automation_condition is not None, key
    assert GRAPH.get(PUBLISHED).freshness_policy is not None
    assert node("raw.spans").freshness_policy is not None


def test_owners_may_be_the_deployments_own():
    graph = build_definitions("somewhere", owners=["team:finops"]).resolve_asset_graph()
    assert {tuple(graph.get(key).owners) for key in graph.get_all_asset_keys()} == {("team:finops",)}


def test_the_identities_are_errors():
    blocking = {name for name, check in checks.discover().items() if check.is_blocking}
    assert blocking >= {
        "costs_add_up",
        "lines_add_up",
        "spans_are_accounted_for",
        "lines_of_files_are_accounted_for",
        "units_sum_to_totals",
        "statuses_are_complete",
        "calls_are_billed_once",
    }


def test_the_job_takes_everything_in_one_process():
    job = defs.resolve_job_def(JOB)
    assert job.executor_def is dg.in_process_executor
    assert set(job.asset_layer.executable_asset_keys) == set(GRAPH.get_all_asset_keys())
    built = {asset_key(model.full_name) for model in runs.models_in_order()}
    assert built <= set(GRAPH.get_all_asset_keys())


def test_a_warehouse_of_settings_sees_what_they_say(tmp_path):
    environment = {
        "SPANLEDGER_HOME": str(tmp_path / "home"),
        "SPANLEDGER_LANDING": str(tmp_path / "drop"),
        "SPANLEDGER_SEEDS": str(tmp_path / "seeds"),
        "SPANLEDGER_SEEDS_REF": "v2",
        "SPANLEDGER_MEMORY_LIMIT": "1GB",
    }
    settings = load_settings(environ=environment)
    assert Warehouse.of(settings).settings() == settings
