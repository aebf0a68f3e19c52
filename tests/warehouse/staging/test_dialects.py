"""Given a span as each instrumentation writes it: its dialect, its facts, whether its input contains the cache."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from tests.warehouse.staging.traces import Span, Staging, ids
from tests.warehouse.staging.usage import UNITS

from spanledger.records import KEYS
from spanledger_warehouse.otlp import dialects, json_lines

README = Path(__file__).parents[3] / "warehouse" / "README.md"


class Case(NamedTuple):
    """A span, and what staging has to make of it."""

    scope: str
    attributes: dict[str, Any]
    dialect: str
    semantics: str
    units: dict[str, int]
    name: str = "chat"
    facts: Mapping[str, Any] = MappingProxyType({})


def usage(**counts: Any) -> dict[str, Any]:
    """`gen_ai.usage.*` attributes; two underscores stand for a dot."""
    return {f"gen_ai.usage.{name.replace('__', '.')}": count for name, count in counts.items()}


MODEL = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-x"}
OLD = {"gen_ai.system": "openai", "gen_ai.request.model": "gpt-x"}
ANTHROPIC = {"gen_ai.system": "anthropic", "gen_ai.request.model": "claude-x"}
BEDROCK = {"gen_ai.system": "aws.bedrock", "gen_ai.request.model": "claude-x"}
LLM = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-x", "llm.system": "openai"}

CASES = {
    "official, new names": Case(
        "opentelemetry.instrumentation.genai.openai",
        MODEL
        | usage(input_tokens=100, output_tokens=20, cache_read__input_tokens=30, cache_write__input_tokens=10)
        | usage(reasoning__output_tokens=5)
        | {"gen_ai.response.model": "gpt-x-1", "gen_ai.response.id": "r1"},
        "otel_genai",
        "inclusive",
        {"input": 60, "cache_read": 30, "cache_write_5m": 10, "output": 15, "reasoning": 5},
        facts={"provider": "openai", "response_model": "gpt-x-1", "response_id": "r1", "model_id": "gpt-x-1"},
    ),
    "official, cache_creation": Case(
        "opentelemetry.instrumentation.genai.anthropic",
        MODEL | usage(input_tokens=100, output_tokens=2, cache_creation__input_tokens=40),
        "otel_genai",
        "inclusive",
        {"input": 60, "cache_write_5m": 40, "output": 2},
    ),
    "official, bedrock": Case(
        "opentelemetry.instrumentation.genai.bedrock",
        BEDROCK | usage(input_tokens=3, output_tokens=2, cache_read__input_tokens=1),
        "otel_genai",
        "exclusive",
        {"input": 3, "cache_read": 1, "output": 2},
        facts={"provider": "aws.bedrock"},
    ),
    "official, old names": Case(
        "opentelemetry.instrumentation.openai_v2",
        OLD | {"gen_ai.operation.name": "chat"} | usage(prompt_tokens=7, completion_tokens=2),
        "otel_genai",
        "inclusive",
        {"input": 7, "output": 2},
        facts={"provider": "openai", "request_model": "gpt-x"},
    ),
    "contrib botocore": Case(
        "opentelemetry.instrumentation.botocore.bedrock-runtime",
        BEDROCK | usage(input_tokens=10, output_tokens=2, cache_read__input_tokens=4),
        "botocore",
        "exclusive",
        {"input": 10, "cache_read": 4, "output": 2},
    ),
    "OpenLLMetry, anthropic": Case(
        "opentelemetry.instrumentation.anthropic",
        ANTHROPIC
        | {"llm.request.type": "completion", "llm.usage.total_tokens": 12}
        | usage(input_tokens=10, output_tokens=2, cache_read_input_tokens=4, cache_creation_input_tokens=3),
        "traceloop",
        "inclusive",
        {"input": 3, "cache_read": 4, "cache_write_5m": 3, "output": 2},
    ),
    "OpenLLMetry, bedrock": Case(
        "opentelemetry.instrumentation.bedrock",
        BEDROCK
        | {"llm.request.type": "chat", "gen_ai.usage.total_tokens": 12}
        | usage(input_tokens=10, output_tokens=2, cache_read__input_tokens=4),
        "traceloop",
        "exclusive",
        {"input": 10, "cache_read": 4, "output": 2},
    ),
    "OpenLLMetry, google without its thoughts": Case(
        "opentelemetry.instrumentation.google_generativeai",
        {"gen_ai.system": "Google", "gen_ai.request.model": "gemini-x", "llm.request.type": "chat"}
        | {"llm.usage.total_tokens": 109}
        | usage(input_tokens=35, output_tokens=12),
        "traceloop",
        "inclusive",
        {"input": 35, "output": 12, "reasoning": 62},
    ),
    "OpenLLMetry, reasoning": Case(
        "opentelemetry.instrumentation.openai",
        OLD | {"llm.request.type": "chat"} | usage(input_tokens=10, output_tokens=9, reasoning_tokens=7),
        "traceloop",
        "inclusive",
        {"input": 10, "output": 2, "reasoning": 7},
        facts={"provider": "openai"},
    ),
    "OpenInference, openai": Case(
        "openinference.instrumentation.openai",
        LLM
        | {"llm.token_count.prompt": 100, "llm.token_count.completion": 20, "llm.token_count.total": 120}
        | {
            "llm.token_count.prompt_details.cache_read": 60,
            "llm.token_count.completion_details.reasoning": 8,
            "llm.cost.total": 0.5,
        },
        "openinference",
        "inclusive",
        {"input": 40, "cache_read": 60, "output": 12, "reasoning": 8},
        facts={"provider": "openai", "request_model": "gpt-x", "reported_cost_currency": "USD"},
    ),
    "OpenInference, bedrock": Case(
        "openinference.instrumentation.bedrock",
        LLM
        | {"llm.system": "aws", "llm.token_count.prompt": 10, "llm.token_count.completion": 1}
        | {"llm.token_count.prompt_details.cache_write": 5},
        "openinference",
        "exclusive",
        {"input": 10, "cache_write_5m": 5, "output": 1},
    ),
    "OpenInference, embedding by hand": Case(
        "my.app",
        {"openinference.span.kind": "EMBEDDING", "embedding.model_name": "e-1", "llm.token_count.prompt": 9},
        "openinference",
        "inclusive",
        {"input": 9},
        facts={"request_model": "e-1", "provider": "unknown"},
    ),
    "Vercel 4": Case(
        "ai",
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.model.id": "gpt-x",
            "ai.model.provider": "openai.chat",
        }
        | {"ai.usage.promptTokens": 11, "ai.usage.completionTokens": 3, "ai.response.id": "r2"},
        "vercel_ai",
        "inclusive",
        {"input": 11, "output": 3},
        facts={"provider": "openai", "request_model": "gpt-x", "response_id": "r2"},
    ),
    "Vercel 5 and 6": Case(
        "ai",
        {
            "ai.operationId": "ai.streamText.doStream",
            "ai.model.id": "gpt-x",
            "ai.model.provider": "openai.responses",
        }
        | {"ai.usage.inputTokens": 50, "ai.usage.outputTokens": 9, "ai.usage.totalTokens": 59}
        | {"ai.usage.cachedInputTokens": 20, "ai.usage.reasoningTokens": 4}
        | usage(input_tokens=50, output_tokens=9)
        | {"ai.telemetry.functionId": "summarize", "ai.telemetry.metadata.tenantId": "acme"},
        "vercel_ai",
        "inclusive",
        {"input": 30, "cache_read": 20, "output": 5, "reasoning": 4},
        facts={"operation": "summarize", "tenant_id": "acme"},
    ),
    "Vercel, writes of both lifetimes": Case(
        "ai",
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.model.id": "claude-x",
            "ai.usage.inputTokens": 100,
        }
        | {"ai.model.provider": "anthropic.messages", "ai.usage.outputTokens": 9}
        | {
            "ai.response.providerMetadata": '{"anthropic":{"usage":{"input_tokens":10,"cache_read_input_tokens":20,'
            '"cache_creation_input_tokens":70,"cache_creation":{"ephemeral_5m_input_tokens":30,'
            '"ephemeral_1h_input_tokens":40}}}}'
        },
        "vercel_ai",
        "inclusive",
        {"input": 10, "cache_read": 20, "cache_write_5m": 30, "cache_write_1h": 40, "output": 9},
        facts={"provider": "anthropic"},
    ),
    "Vercel 7": Case(
        "gen_ai",
        MODEL | usage(input_tokens=50, output_tokens=9, cache_read__input_tokens=5),
        "vercel_ai",
        "inclusive",
        {"input": 45, "cache_read": 5, "output": 9},
    ),
    "Langfuse": Case(
        "langfuse-sdk",
        {"langfuse.observation.type": "generation", "langfuse.observation.model.name": "claude-x"}
        | {
            "langfuse.observation.usage_details": '{"input":10,"output":4,"input_cached_tokens":6,'
            '"output_reasoning_tokens":3,"total":23}',
            "langfuse.observation.cost_details": '{"input":0.1,"total":0.25}',
        },
        "langfuse",
        "exclusive",
        {"input": 10, "cache_read": 6, "output": 4, "reasoning": 3},
        facts={"request_model": "claude-x", "reported_cost_currency": "USD"},
    ),
    "Langfuse, usage as OpenAI sends it": Case(
        "langfuse-sdk",
        {"langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-x"}
        | {
            "langfuse.observation.usage_details": '{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,'
            '"prompt_tokens_details":{"cached_tokens":6},"completion_tokens_details":{"reasoning_tokens":1}}'
        },
        "langfuse",
        "inclusive",
        {"input": 4, "cache_read": 6, "output": 3, "reasoning": 1},
    ),
    "pydantic-ai": Case(
        "pydantic-ai",
        MODEL
        | usage(input_tokens=20, output_tokens=6, cache_read__input_tokens=8, details__cache_read_tokens=8)
        | usage(details__reasoning_tokens=2)
        | {"operation.cost": 0.001},
        "pydantic_ai",
        "inclusive",
        {"input": 12, "cache_read": 8, "output": 4, "reasoning": 2},
        facts={"reported_cost_currency": "USD"},
    ),
    "LiteLLM": Case(
        "litellm",
        OLD
        | usage(prompt_tokens=30, completion_tokens=3, total_tokens=33)
        | {"gen_ai.cost.total_cost": "0.002"},
        "litellm",
        "inclusive",
        {"input": 30, "output": 3},
        name="litellm_request",
        facts={"reported_cost_currency": "USD"},
    ),
    "OpenLIT, openai": Case(
        "openlit.otel.tracing",
        MODEL
        | usage(input_tokens=10, output_tokens=3, total_tokens=13, cache_read__input_tokens=4, cost=0.1),
        "openlit",
        "inclusive",
        {"input": 6, "cache_read": 4, "output": 3},
        facts={"reported_cost_currency": "USD"},
    ),
    "OpenLIT, anthropic": Case(
        "openlit.otel.tracing",
        ANTHROPIC | usage(input_tokens=10, output_tokens=3, cache_creation__input_tokens=4),
        "openlit",
        "exclusive",
        {"input": 10, "cache_write_5m": 4, "output": 3},
    ),
    "Strands": Case(
        "strands.telemetry.tracer",
        {
            "gen_ai.system": "strands-agents",
            "gen_ai.request.model": "claude-x",
            "gen_ai.operation.name": "chat",
        }
        | usage(input_tokens=10, prompt_tokens=10, output_tokens=2, completion_tokens=2, total_tokens=12)
        | usage(cache_read_input_tokens=3, cache_write_input_tokens=1),
        "strands",
        "inclusive",
        {"input": 6, "cache_read": 3, "cache_write_5m": 1, "output": 2},
    ),
    "Google ADK": Case(
        "gcp.vertex.agent",
        {"gen_ai.system": "gcp.vertex.agent", "gen_ai.request.model": "gemini-x"}
        | usage(input_tokens=40, output_tokens=12, cache_read__input_tokens=4, reasoning__output_tokens=5),
        "google_adk",
        "inclusive",
        {"input": 36, "cache_read": 4, "output": 7, "reasoning": 5},
        name="call_llm",
    ),
    "Claude Code": Case(
        "com.anthropic.claude_code.tracing",
        {"model": "claude-x", "input_tokens": "2", "output_tokens": 7, "cache_read_tokens": 84562}
        | {"cache_creation_tokens": 7096},
        "claude_code",
        "exclusive",
        {"input": 2, "cache_read": 84562, "cache_write_5m": 7096, "output": 7},
        name="claude_code.llm_request",
        facts={"provider": "anthropic", "request_model": "claude-x"},
    ),
    "Datadog-style keys": Case(
        "ddtrace",
        ANTHROPIC
        | usage(input_tokens=10, output_tokens=3, cache_read_input_tokens=4, cache_write_input_tokens=1)
        | usage(reasoning_output_tokens=1, total_tokens=13),
        "datadog",
        "inclusive",
        {"input": 5, "cache_read": 4, "cache_write_5m": 1, "output": 2, "reasoning": 1},
    ),
    "an unknown emitter whose total says that the cache is outside": Case(
        "someone",
        MODEL | usage(input_tokens=10, output_tokens=3, cache_read__input_tokens=4, total_tokens=17),
        "gen_ai",
        "exclusive",
        {"input": 10, "cache_read": 4, "output": 3},
    ),
    "an unknown emitter with more cache than input": Case(
        "someone",
        MODEL | usage(input_tokens=3, output_tokens=3, cache_read__input_tokens=4),
        "gen_ai",
        "exclusive",
        {"input": 3, "cache_read": 4, "output": 3},
    ),
    "an unknown emitter that leaves it open": Case(
        "someone",
        MODEL | usage(input_tokens=10, output_tokens=3, cache_read__input_tokens=10),
        "gen_ai",
        "assumed",
        {"cache_read": 10, "output": 3},
    ),
    "no scope at all": Case(
        "",
        OLD | usage(prompt_tokens=1, completion_tokens=1),
        "gen_ai",
        "inclusive",
        {"input": 1, "output": 1},
    ),
}

# Never priced, never dropped, named in the issue.
IMPOSSIBLE = ["-1", 5.7, True, 1_000_000_001, "NaN", "twelve", -3, [1]]


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staging]:
    """All cases in one warehouse, each a trace of its own."""
    staging = Staging(tmp_path_factory.mktemp("dialects"))
    spans = [
        Span(f"case {name}", None, case.attributes, case.scope, case.name, trace=f"case {name}")
        for name, case in CASES.items()
    ]
    spans += [
        Span(
            f"{name} {value!r}", None, _spoiled(case, value), case.scope, case.name, trace=f"{name} {value!r}"
        )
        for name, case in CASES.items()
        for value in IMPOSSIBLE
    ]
    staging.land(spans)
    staging.run()
    yield staging
    staging.connection.close()


def _spoiled(case: Case, value: Any) -> dict[str, Any]:
    """The case with its count of output tokens replaced (of input tokens where it has none)."""
    names = {*dialects.attributes_of("output"), *dialects.attributes_of("input")}
    found = {name for name in names if name in case.attributes}
    attributes = dict.fromkeys(found, value)
    if not found:
        attributes = {"langfuse.observation.usage_details": '{"input": 10, "output": -4}'}
    return case.attributes | attributes


@pytest.mark.parametrize("name", CASES)
def test_a_span_of_each_dialect_is_understood(staged: Staging, name: str) -> None:
    case = CASES[name]
    [row] = staged.calls(where=f"span_id = '{ids('case ' + name, 16)}'")
    assert row["usage_issue"] is None
    found = {unit: row[f"{unit}_quantity"] for unit in UNITS if row[f"{unit}_quantity"]} | row["other_units"]
    assert (row["dialect"], row["usage_semantics"], found) == (case.dialect, case.semantics, case.units)
    assert row["total_tokens"] == sum(case.units.values())
    assert {key: row[key] for key in case.facts} == dict(case.facts)
    assert row["disposition"] == "billable"


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("value", IMPOSSIBLE, ids=repr)
def test_an_impossible_count_is_kept_and_named_and_gives_no_unit(
    staged: Staging, name: str, value: Any
) -> None:
    [row] = staged.calls(where=f"span_id = '{ids(f'{name} {value!r}', 16)}'")
    assert row["usage_issue"]
    assert (row["usage_status"], row["disposition"]) == ("missing", "billable")
    assert [row[f"{unit}_quantity"] for unit in UNITS if row[f"{unit}_quantity"] is not None] == []
    assert (row["total_tokens"], row["other_units"]) == (None, {})


def test_every_dialect_has_a_case_and_stands_in_the_readme() -> None:
    assert {case.dialect for case in CASES.values()} == set(dialects.dialects())
    text = README.read_text(encoding="utf-8")
    for name, about in dialects.dialects().items():
        assert f"| `{name}` | {about} |" in text


def test_every_attribute_that_a_dialect_reads_survives_the_converter() -> None:
    for name, in_json in dialects.attributes_read().items():
        given = '{"a": 1}' if in_json else "x"
        assert staged_attribute(name, given) is not None, name


def staged_attribute(name: str, value: str) -> Any:
    """What the converter makes of one attribute."""
    [record] = json_lines.records({"resourceSpans": [Span("a", None, {name: value}).resource_spans()]})
    return record.get(KEYS.get(name, ""), record.get("attributes", {}).get(name))


def test_a_rule_that_nothing_reads_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dialects.csv").write_text("dialect,rule,value\nx,about,X\nx,inputs,a.b\n")
    monkeypatch.setattr(dialects.resources, "files", lambda package: tmp_path)
    dialects.table.cache_clear()
    with pytest.raises(ValueError, match=r"dialects.csv:3: 'inputs' is none of"):
        dialects.table()
    dialects.table.cache_clear()


def test_every_line_of_the_table_is_written_once() -> None:
    path = Path(dialects.__file__).with_name("dialects.csv")
    rows = [tuple(row) for row in csv.reader(path.read_text(encoding="utf-8").splitlines())]
    assert len(rows) == len(set(rows))
