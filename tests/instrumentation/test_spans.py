"""Spans: parents, the copy in the application's traces, records by hand, and what never gets into a record."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import spanledger
from spanledger import records, testing

CANARIES = (
    "PROMPT-CANARY",
    "COMPLETION-CANARY",
    "HEADER-CANARY",
    "KEY-CANARY",
    "TOOL-CANARY",
    "ANSWER-HEADER-CANARY",
)


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """A real TracerProvider as the application's own, for one test."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "the-app"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return exporter


def post(server: Any) -> None:
    httpx2.post(f"{server.url}/openai/v1/chat/completions", json={"model": "m"})


def test_the_callers_span_is_the_parent_and_a_copy_is_in_its_trace(
    server: Any, make: Any, captured: Any, application: InMemorySpanExporter
) -> None:
    server.will(make.json(make.chat()))
    with trace.get_tracer("app").start_as_current_span("request") as parent:
        post(server)
    (call,) = captured.calls
    assert call["trace_id"] == f"{parent.get_span_context().trace_id:032x}"
    assert call["parent_span_id"] == f"{parent.get_span_context().span_id:016x}"
    copy, _ = application.get_finished_spans()
    assert copy.attributes is not None
    assert copy.attributes["spanledger.process"] == call["process"]
    assert copy.attributes["spanledger.sequence"] == call["sequence"]
    assert copy.attributes["gen_ai.usage.input_tokens"] == 31
    assert (copy.start_time, copy.end_time) == (call["start_time_unix_nano"], call["end_time_unix_nano"])
    assert copy.kind is trace.SpanKind.CLIENT
    assert call["service"] == "the-app"


def test_the_mirror_can_be_switched_off_and_follows_suppression(
    server: Any, make: Any, hosts: str, application: InMemorySpanExporter
) -> None:
    server.will(make.json(make.chat()))
    with testing.capture(mirror=False, provider_hosts=hosts) as captured:
        post(server)
    with testing.capture(provider_hosts=hosts) as more, suppress_instrumentation():
        post(server)
    assert application.get_finished_spans() == ()
    assert len(captured.calls) == len(more.calls) == 1


def test_record_writes_what_the_wire_cannot_see() -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 10, "output_tokens": 2, "x": 0.1}
    with testing.capture() as captured, spanledger.context(tenant="t", operation="nightly"):
        spanledger.record(
            provider="anthropic",
            model="claude",
            usage=usage,
            usage_family="anthropic_messages",
            batch=True,
            reported_cost=Decimal("0.0100"),
            duration_ms=250,
        )
        spanledger.record(
            provider="x_ai", model="grok", input_tokens=7, output_tokens=-1, reported_cost="nan"
        )
        spanledger.record(provider="x_ai", model="grok", error_type="Timeout", reported_cost=0.1)  # type: ignore[arg-type]
    first, second, third = captured.calls
    assert (first["input_tokens"], first["cache_read_tokens"], first["batch"]) == (15, 10, True)
    assert (first["reported_cost"], first["tenant"], first["operation"]) == ("0.0100", "t", "nightly")
    assert json.loads(first["usage_raw"]) == usage
    assert first["end_time_unix_nano"] - first["start_time_unix_nano"] == 250_000_000
    assert (second["input_tokens"], second["usage_status"], second.get("output_tokens")) == (
        7,
        "complete",
        None,
    )
    assert (third["usage_status"], third["status_code"]) == ("missing", "error")
    assert not {"reported_cost"} & (second.keys() | third.keys())
    spanledger.record(provider="p", model="m")  # not instrumented: nothing happens


def test_no_prompt_completion_or_header_value_is_ever_written(
    server: Any, make: Any, hosts: str, spool: Path
) -> None:
    spanledger.instrument(provider_hosts=hosts)
    request = {
        "model": "m",
        "stream": True,
        "messages": [{"role": "user", "content": "PROMPT-CANARY"}],
        "system": "PROMPT-CANARY",
        "user": "PROMPT-CANARY",
        "metadata": {"user_id": "PROMPT-CANARY"},
        "tools": [{"name": "TOOL-CANARY"}],
        "stop": ["PROMPT-CANARY"],
    }
    tool = {"function": {"name": "TOOL-CANARY", "arguments": '{"a":"TOOL-CANARY"}'}}
    answer = make.chat()
    answer["choices"][0]["message"]["tool_calls"] = [tool]
    answers = [
        make.json(answer),
        make.events(*make.chat_chunks({"prompt_tokens": 1})),
        make.events(*make.message_events()),
        make.json(
            {
                "output": [{"text": "COMPLETION-CANARY"}],
                "instructions": "PROMPT-CANARY",
                "usage": {"input_tokens": 1},
            }
        ),
        make.json(
            {
                "error": {
                    "message": "Invalid: PROMPT-CANARY",
                    "code": "no PROMPT-CANARY",
                    "param": "a PROMPT-CANARY",
                }
            },
            400,
        ),
        make.answer(b"COMPLETION-CANARY", 500, "text/plain"),
    ]
    for answer in answers:
        answer.headers |= {"x-request-id": "ANSWER-HEADER-CANARY", "set-cookie": "a=ANSWER-HEADER-CANARY"}
    server.will(*answers)
    headers = {"Authorization": "Bearer KEY-CANARY", "x-api-key": "KEY-CANARY", "x-other": "HEADER-CANARY"}
    families = ("openai/v1/chat/completions", "openai/v1/chat/completions", "anthropic/v1/messages")
    for path in (*families, "openai/v1/responses", "openai/v1/embeddings", "openai/v1/completions"):
        httpx.post(f"{server.url}/{path}?key=KEY-CANARY", json=request, headers=headers)
    spanledger.uninstrument()
    written = b"".join(path.read_bytes() for path in spool.iterdir())
    assert written.count(b'"kind":"span"') == 6
    assert [canary for canary in CANARIES if canary.encode() in written] == []


def test_the_record_format_is_the_golden_one() -> None:
    golden = (Path(__file__).parent / "golden" / "records_v1.jsonl").read_bytes().splitlines()
    resource = {"service.name": "svc", "deployment.environment.name": "prod", "team": "a"}
    writer = records.SpanLines("ab" * 16, "spanledger", "9.9.9", records.of_resource(resource))
    full = {name: _sample(name) for name in (*records.KEYS, "server.address", "server.port")}
    identity = {"spanledger.process": "ab" * 16, "spanledger.sequence": 7}
    lines = []
    for attributes in ({**full, **identity}, identity):
        span = records.FinishedSpan(
            "chat m", f"{0xABC:032x}", f"{0xDEF:016x}", None, 10, 20, False, attributes
        )
        lines.append(writer.line(span))
    lines.append(records.loss("ab" * 16, "svc", 30, "disk_full", 2))
    lines.append(records.Trailer("ab" * 16, "svc", 1, 7, 8, 2, 0, 9, [9], False, 40).encode())
    lines.append(records.Trailer("ab" * 16, None, 2, None, None, 0, 2, 9, [], True, 50).encode())
    assert [line[-1:] for line in lines] == [b"\n"] * 5
    assert [json.loads(line) for line in lines] == [json.loads(line) for line in golden]


@pytest.mark.parametrize("start", [1.5, "1", None])
def test_a_time_that_is_no_integer_is_refused(start: Any) -> None:
    span = records.FinishedSpan("m", "a", "b", None, start, 2, False, {"spanledger.sequence": 1})
    with pytest.raises((TypeError, ValueError)):
        records.SpanLines("p", "spanledger", "1", {}).line(span)


def _sample(name: str) -> str | int | bool:
    key = records.KEYS.get(name, name)
    if key in ("stream", "tier_assumed", "batch"):
        return True
    if key.endswith("_tokens") or key in ("http_status", "attempt", "server.port"):
        return len(key)
    return f"<{key}> é"
