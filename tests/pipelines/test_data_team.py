"""In a data team's own deployment: own paths from YAML, beside own assets, days as partitions, failures in words."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from tests.warehouse.harness import query
from tests.warehouse.records import NOON, chat, span, write_records
from tests.warehouse.seeds import SeedsRepository, price, seed_texts

from spanledger_pipelines.assets.days import CAUSE_TAG, newest_day
from spanledger_pipelines.assets.descriptions import asset_key
from spanledger_pipelines.assets.publication import PUBLISHED
from spanledger_pipelines.definitions import JOB, build_definitions
from spanledger_pipelines.resources import Warehouse
from spanledger_warehouse.database import connect
from spanledger_warehouse.models import discover
from spanledger_warehouse.reading.published import open_published

SEEDS = seed_texts(price("input", "3"), price("output", "15"))
OWN = '''
import dagster as dg


@dg.asset(deps=[dg.AssetKey(["published", "spanledger"])])
def invoice_lines() -> None:
    """An asset of the team's own."""
'''
COMPONENT = """
type: spanledger_pipelines.components.SpanledgerComponent
attributes:
  home: data/llm-costs
  landing: drop/otel
  seeds_source: prices
  owners: [team:finops]
"""
PASS = {"partition_key": newest_day(), "tags": {CAUSE_TAG: "test"}}
LAST = {
    "dagster/asset_partition_range_start": "2026-03-11",
    "dagster/asset_partition_range_end": "2026-03-12",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as `create-dagster` lays it out, with the component and an asset of its own."""
    for name in ("SPANLEDGER_HOME", "SPANLEDGER_SEEDS", "SPANLEDGER_LANDING", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "acme_data"\n'
    )
    defs = tmp_path / "acme_data" / "defs"
    (defs / "llm_costs").mkdir(parents=True)
    (tmp_path / "acme_data" / "__init__.py").touch()
    (defs / "__init__.py").touch()
    (defs / "llm_costs" / "defs.yaml").write_text(COMPONENT)
    (defs / "invoices.py").write_text(OWN)
    SeedsRepository(tmp_path / "prices").commit(SEEDS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] == "acme_data"]:
        del sys.modules[name]


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")  # of what Dagster calls itself
def test_the_component_brings_the_warehouse_into_a_project_with_its_own_paths(project):
    write_records(project / "drop" / "otel" / "a.jsonl", [span(1, usage=chat(100, 10))])
    defs = dg.load_from_defs_folder(path_within_project=project / "acme_data")
    graph = defs.resolve_asset_graph()
    assert set(graph.get(dg.AssetKey("invoice_lines")).parent_keys) == {PUBLISHED}
    assert list(graph.get(asset_key("marts.daily_costs")).owners) == ["team:finops"]
    job = defs.resolve_job_def(JOB)
    assert dg.AssetKey("invoice_lines") not in job.asset_layer.executable_asset_keys
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance, **PASS).success
    with open_published(project / "data" / "llm-costs" / "published" / "spanledger.duckdb") as connection:
        assert query(connection, "select tenant_id, calls from marts.daily_costs") == [
            {"tenant_id": "acme-corp", "calls": 1}
        ]


@pytest.fixture(scope="module")
def _deployed_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deployed")
    SeedsRepository(folder / "seeds").commit(SEEDS)
    landed = [span(day + 1, ended=NOON + timedelta(days=day), usage=chat(100, 10)) for day in range(3)]
    write_records(folder / "home" / "landing" / "a.jsonl", landed)
    (folder / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(folder / "dagster")) as instance:
        job = build_definitions(warehouse=warehouse_in(folder)).resolve_job_def(JOB)
        assert job.execute_in_process(instance=instance, **PASS).success
    return folder


@pytest.fixture
def deployment(_deployed_once, tmp_path, monkeypatch):
    """The definitions over three days of calls that one run has built, in an instance that keeps what happened."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    folder = tmp_path / "deployed"
    shutil.copytree(_deployed_once, folder, symlinks=True)
    warehouse = warehouse_in(folder)
    with dg.DagsterInstance.local_temp(str(folder / "dagster")) as instance:
        yield instance, build_definitions(warehouse=warehouse).resolve_job_def(JOB), warehouse


def warehouse_in(folder):
    return Warehouse(home=str(folder / "home"), seeds_source=str(folder / "seeds"))


def seeds_of(warehouse):
    repository = SeedsRepository.__new__(SeedsRepository)
    repository.root = Path(warehouse.seeds_source)
    return repository


def metadata(instance, name):
    key = PUBLISHED if name == "published" else asset_key(name)
    found = instance.get_latest_materialization_event(key).asset_materialization.metadata
    return {name: value.value for name, value in found.items()}


def test_days_are_partitions_and_a_range_of_them_is_built_by_one_run(deployment):
    instance, job, warehouse = deployment
    key, days = asset_key("marts.daily_costs"), {"2026-03-10", "2026-03-11", "2026-03-12"}
    for table in (key, asset_key("raw.spans")):
        assert instance.get_materialized_partitions(table) == days | {newest_day()}
    first = metadata(instance, "marts.daily_costs")
    assert (first["days_rebuilt"], first["dagster/row_count"]) == (3, 3)
    assert first["contracted_cost_usd"] == "0.001350000000"
    with connect(warehouse.settings()) as connection:
        connection.execute("delete from marts.daily_costs where day > date '2026-03-10'")
    assert job.execute_in_process(instance=instance, tags=LAST, asset_selection=[key]).success
    assert instance.get_runs_count() == 2
    again = metadata(instance, "marts.daily_costs")
    assert (again["first_day"], again["last_day"]) == ("2026-03-11", "2026-03-12")
    assert (again["days_rebuilt"], again["dagster/row_count"]) == (2, 3)
    assert again["contracted_cost_usd"] == "0.000900000000"
    # Only this mart was built: the days wait for the others, and are not published as if they had been.
    with pytest.raises(dg.Failure, match="2 days wait to be built again, first 2026-03-11"):
        job.execute_in_process(instance=instance, asset_selection=[PUBLISHED], **PASS)


def test_publishing_without_news_says_that_the_version_is_not_new(deployment):
    instance, job, _ = deployment
    first = metadata(instance, "published")
    assert job.execute_in_process(instance=instance, asset_selection=[PUBLISHED], **PASS).success
    again = metadata(instance, "published")
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert again["version"] == first["version"]


def test_one_run_may_price_from_another_ref(deployment):
    instance, job, warehouse = deployment
    repository = seeds_of(warehouse)
    repository._git("checkout", "--quiet", "-b", "proposal")
    proposed = repository.commit(
        seed_texts(price("input", "3"), price("output", "15"), price("request", "0.01"))
    )
    config = {"ops": {"load_seeds": {"config": {"ref": "proposal"}}}}
    assert job.execute_in_process(
        instance=instance, run_config=config, asset_selection=seed_tables(job), **PASS
    ).success
    assert metadata(instance, "pricing.seeds")["seeds_commit"] == proposed


def seed_tables(job):
    keys = job.asset_layer.executable_asset_keys
    return [key for key in keys if key.path[0] == "pricing" and discover()[".".join(key.path)].is_loaded]


def test_a_fault_in_the_seeds_fails_the_step_with_file_and_line_and_is_not_tried_again(deployment):
    instance, job, warehouse = deployment
    seeds_of(warehouse).commit(seed_texts(price("input", "3"), price("output", "1O")))
    file = warehouse.settings().home.published_file
    before = file.read_bytes()
    result = job.execute_in_process(
        instance=instance, raise_on_error=False, asset_selection=[*seed_tables(job), PUBLISHED], **PASS
    )
    [failed] = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    assert failed.step_key == "load_seeds"
    assert "prices/acme.csv:3" in failed.step_failure_data.user_failure_data.description
    assert [event for event in result.all_events if event.event_type_value == "STEP_RESTARTED"] == []
    assert file.read_bytes() == before


def test_a_database_that_is_in_use_is_tried_again(deployment):
    _, _, warehouse = deployment
    file = warehouse.settings().home.warehouse_file
    program = (
        f"import duckdb, sys; c = duckdb.connect({str(file)!r}); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(dg.Failure, match="in use by another process") as caught, warehouse.open("x"):
            raise AssertionError("it was open")
        assert caught.value.allow_retries
        holder.stdin.close()
