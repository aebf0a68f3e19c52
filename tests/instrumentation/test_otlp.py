"""The stock exporter as a further sink, and as the only one; a collector that is away holds nobody."""

import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import spanledger

URL = "https://api.openai.com/v1/chat/completions"
BODY = {"id": "c", "model": "m", "choices": [], "usage": {"prompt_tokens": 3}}


def call() -> None:
    with httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=BODY))) as http:
        assert http.post(URL, json={"model": "m"}).status_code == 200


def exported(server: Any) -> list[Any]:
    spans = []
    for path, _, body in server.requests:
        assert path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            spans += [span for scope in resource.scope_spans for span in scope.spans]
    return spans


@pytest.mark.parametrize(("otlp", "spooled"), [("also", 2), ("only", 0)])
def test_spans_go_where_the_environment_says(
    server: Any,
    make: Any,
    monkeypatch: pytest.MonkeyPatch,
    records: Any,
    spool: Path,
    otlp: str,
    spooled: int,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
    server.will(make.answer(b"", content_type="application/x-protobuf"))
    spanledger.instrument(otlp=otlp, tenant="acme")
    call()
    call()
    spanledger.uninstrument()
    spans = exported(server)
    attributes = [{a.key: a.value for a in span.attributes} for span in spans]
    assert [a["spanledger.sequence"].int_value for a in attributes] == [1, 2]
    assert {a["spanledger.tenant.id"].string_value for a in attributes} == {"acme"}
    assert len(records()) == spooled
    if spooled:
        assert [span.span_id.hex() for span in spans] == [record["span_id"] for record in records()]


def test_a_collector_that_is_away_holds_nobody(monkeypatch: pytest.MonkeyPatch, records: Any) -> None:
    monkeypatch.setattr("spanledger.otlp._PATIENCE", 0.2)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    spanledger.instrument(otlp="also")
    started = time.perf_counter()
    call()
    spanledger.uninstrument()
    assert time.perf_counter() - started < 5
    assert len(records()) == 1


def test_without_an_endpoint_the_spool_serves_and_the_log_says_so(caplog: Any, records: Any) -> None:
    spanledger.instrument(otlp="only")
    call()
    spanledger.uninstrument()
    assert "OTEL_EXPORTER_OTLP_ENDPOINT is not" in caplog.text
    assert len(records()) == 1
