"""A small published file, made by the warehouse's own steps from a few records and today's seeds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from spanledger_warehouse import checks, runs
from spanledger_warehouse.database import connect
from spanledger_warehouse.looking import read_configured_seeds, utc_now
from spanledger_warehouse.settings import load_settings

PROCESS = "feedfacefeedfacefeedfacefeedface"
FIRST = datetime(2026, 8, 20, 12, tzinfo=UTC)
SEEDS = Path(__file__).resolve().parents[3] / "pricing_seeds"


def span(
    sequence: int, *, day: int = 0, usage: dict[str, object] | None = None, **changed: object
) -> dict[str, object]:
    """One span record of gpt-5.6-sol, `day` days after the first."""
    start = int((FIRST + timedelta(days=day, seconds=sequence)).timestamp()) * 1_000_000_000
    record: dict[str, object] = {
        "v": 1,
        "kind": "span",
        "process": PROCESS,
        "sequence": sequence,
        "trace_id": f"{sequence:032x}",
        "span_id": f"{sequence:016x}",
        "scope": "spanledger",
        "name": "chat",
        "span_kind": "client",
        "start_time_unix_nano": start,
        "end_time_unix_nano": start + 1_500_000_000,
        "status_code": "unset",
        "service": "support-desk",
        "environment": "test",
        "tenant": "acme",
        "operation": "analyze_edge_case",
        "gen_ai_operation": "chat",
        "provider": "openai",
        "request_model": "gpt-5.6-sol",
        "response_model": "gpt-5.6-sol",
        "response_id": f"chatcmpl-{sequence}",
        "attempt": 1,
        "http_status": 200,
        "usage_family": "openai_chat",
        "usage_status": "complete" if usage else "missing",
    }
    if usage:
        record["usage_raw"] = json.dumps(usage)
        record["input_tokens"], record["output_tokens"] = usage["prompt_tokens"], usage["completion_tokens"]
    return record | changed


def chat(prompt: int, completion: int, cached: int = 0, reasoning: int = 0) -> dict[str, object]:
    """OpenAI's usage object."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


RECORDS = (
    span(1, usage=chat(1000, 500, cached=200, reasoning=300)),  # the day before the price change
    span(2, day=1, usage=chat(1000, 500, cached=200, reasoning=300)),  # and the day of it
    span(3, day=1, tenant="globex", operation="match_pattern", usage=chat(300_000, 10)),  # above the tier
    span(4, day=1, tenant="globex", request_model="in-house", response_model="in-house", usage=chat(70, 7)),
    span(5, day=1, error_type="500", http_status=500, status_code="error"),
    span(12, day=1),  # answered, but nobody said with which usage
)


@pytest.fixture(scope="session")
def published_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    settings = load_settings(home, environ={"SPANLEDGER_SEEDS": str(SEEDS)})
    settings.home.landing.mkdir(parents=True)
    lines = "".join(json.dumps(record) + "\n" for record in RECORDS)
    (settings.home.landing / "calls.jsonl").write_text(lines, encoding="utf-8")
    seeds = read_configured_seeds(settings, uncommitted=True)
    now, run_id = utc_now(), "run-of-the-test"
    with connect(settings) as connection:
        runs.start_run(connection, run_id, now)
        runs.load_landing(connection, settings, run_id=run_id, now=now)
        runs.load_seeds(connection, seeds, run_id=run_id, now=now)
        for model in runs.models_in_order():
            runs.build_model(connection, model, run_id=run_id, now=now)
        for check in checks.discover().values():
            runs.check(connection, check, run_id=run_id, now=now)
        return runs.publish_run(connection, settings, run_id=run_id, now=now)


@pytest.fixture(scope="session")
def process() -> str:
    """The first part of every call id in the published file."""
    return PROCESS
