"""The sensor asks for a run when something is new, once for the same news, and the schedule for one an hour."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from spanledger_pipelines.definitions import JOB, build_definitions
from spanledger_pipelines.resources import Warehouse
from spanledger_pipelines.running import run_once
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


def tick(home: Path) -> dg.SensorEvaluationContext | object:
    """What the sensor answers."""
    sensor = build_definitions(str(home), uncommitted=True).resolve_sensor_def("something_new")
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


def test_the_schedule_runs_the_same_job_every_hour() -> None:
    schedule = build_definitions().resolve_schedule_def("every_hour")
    assert schedule.job_name == JOB
    assert schedule.cron_schedule == "17 * * * *"
