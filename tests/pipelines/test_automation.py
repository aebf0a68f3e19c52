"""Sensors ask for a run when something is new, once for the same news; a schedule and conditions as well."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from tests.warehouse.seeds import SeedsRepository, price, seed_texts

from spanledger_pipelines.assets.days import CAUSE_TAG
from spanledger_pipelines.assets.descriptions import DAYS, asset_key
from spanledger_pipelines.definitions import JOB, build_definitions
from spanledger_pipelines.resources import Warehouse
from spanledger_pipelines.running import run_once
from spanledger_warehouse.models import discover
from spanledger_warehouse.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
SPAN = {
    "v": 1,
    "kind": "span",
    "process": "ab" * 16,
    "sequence": 1,
    "scope": "spanledger",
    "start_time_unix_nano": 1_787_128_474_509_000_000,
    "end_time_unix_nano": 1_787_128_474_522_000_000,
    "tenant": "acme",
    "provider": "openai",
    "response_model": "gpt-4o-mini",
    "usage_family": "openai_chat",
    "usage_raw": '{"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}',
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that prices from the seeds of this checkout, committed or not."""
    monkeypatch.setenv("SPANLEDGER_SEEDS", str(ROOT / "pricing_seeds"))
    folder = tmp_path / "home"
    (folder / "landing").mkdir(parents=True)
    return folder


def tick(home: Path, name: str = "new_landing_files") -> dg.SensorEvaluationContext | object:
    """What a sensor answers."""
    sensor = build_definitions(str(home), uncommitted=True).resolve_sensor_def(name)
    warehouse = Warehouse(home=str(home), uncommitted=True)
    return sensor(dg.build_sensor_context(resources={"warehouse": warehouse}))


def land(home: Path, name: str, sequence: int) -> None:
    (home / "landing" / name).write_text(json.dumps({**SPAN, "sequence": sequence}) + "\n", encoding="utf-8")


def test_new_files_ask_for_a_run_once(home: Path) -> None:
    land(home, "a.jsonl", 1)
    first, second = tick(home), tick(home)
    assert isinstance(first, dg.RunRequest)
    assert isinstance(second, dg.RunRequest)
    assert first.run_key == second.run_key
    land(home, "b.jsonl", 2)
    third = tick(home)
    assert isinstance(third, dg.RunRequest)
    assert third.run_key != first.run_key


def test_after_a_run_there_is_nothing_to_ask_for_until_a_file_comes(home: Path) -> None:
    land(home, "a.jsonl", 1)
    summary = run_once(load_settings(home), uncommitted=True)
    assert summary.spans == 1
    assert isinstance(tick(home), dg.SkipReason)
    land(home, "b.jsonl", 2)
    assert isinstance(tick(home), dg.RunRequest)


def test_seeds_that_cannot_be_read_are_said_and_ask_for_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(home, "a.jsonl", 1)
    monkeypatch.setenv("SPANLEDGER_SEEDS", str(home / "nowhere"))
    answer = tick(home)
    assert isinstance(answer, dg.SkipReason)
    assert "nowhere" in str(answer.skip_message)


def test_a_new_seeds_commit_asks_for_a_run_once(home: Path, tmp_path: Path) -> None:
    repository = SeedsRepository(tmp_path / "seeds")
    first = repository.commit(seed_texts(price("input", "3"), price("output", "15")))
    land(home, "a.jsonl", 1)
    settings = replace(load_settings(home), seeds_source=repository.root)
    run_once(settings)
    warehouse = Warehouse.of(settings)
    context = dg.build_sensor_context(resources={"warehouse": warehouse})
    sensor = build_definitions(warehouse=warehouse).resolve_sensor_def("new_seed_commits")
    answer = sensor(context)
    assert isinstance(answer, dg.SkipReason)
    assert first[:12] in str(answer.skip_message)
    second = repository.commit(seed_texts(price("input", "4", note="dearer"), price("output", "15")))
    asked = [sensor(context), sensor(context)]
    assert {request.run_key for request in asked} == {asked[0].run_key}
    assert asked[0].tags["spanledger/seeds_commit"] == second[:12]
    land(home, "b.jsonl", 2)  # the run for the file reads the prices too: one run, not two
    assert isinstance(sensor(context), dg.SkipReason)


def test_seeds_that_cannot_be_read_are_said_by_both_sensors(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANLEDGER_SEEDS", str(home / "nowhere"))
    for name in ("new_landing_files", "new_seed_commits"):
        assert "nowhere" in str(tick(home, name).skip_message)


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")  # of what Dagster calls itself
def test_conditions_follow_the_sources_in_one_go(tmp_path: Path) -> None:
    definitions = build_definitions(str(tmp_path))
    graph, today = definitions.resolve_asset_graph(), DAYS.get_last_partition_key()
    sources = {asset_key(name) for name, model in discover().items() if model.is_loaded} - {
        asset_key("marts.restatements")
    }
    with dg.DagsterInstance.ephemeral() as instance:
        before = dg.evaluate_automation_conditions(definitions, instance)
        assert before.total_requested == 0
        for key in sources:
            instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=today))
        asked = dg.evaluate_automation_conditions(definitions, instance, cursor=before.cursor)
    requested = {key for key in graph.get_all_asset_keys() if asked.get_num_requested(key)}
    assert requested >= set(graph.get_all_asset_keys()) - sources
    assert {tuple(asked.get_requested_partitions(key)) for key in requested} == {(today,)}


def test_the_schedule_runs_the_same_job_every_hour() -> None:
    schedule = build_definitions().resolve_schedule_def("every_hour")
    assert schedule.job_name == JOB
    assert schedule.cron_schedule == "17 * * * *"
    asked = schedule()
    assert (asked.partition_key, asked.tags[CAUSE_TAG]) == (DAYS.get_last_partition_key(), "schedule")
