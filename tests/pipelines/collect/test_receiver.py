"""The receiver over real sockets: what exporters send is on disk before they are told so."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import grpc
import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace.export import SpanExportResult
from tests.pipelines.collect.receivers import Receiver, ended_spans, receiver, request


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory):
    with receiver(tmp_path_factory.mktemp("receiver") / "home", grpc=True) as started:
        yield started


def _inputs(running: Receiver) -> list[int]:
    return [record["input_tokens"] for record in running.records() if "input_tokens" in record]


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate])
def test_the_http_exporter_is_understood_in_each_of_its_encodings(running: Receiver, compression) -> None:
    before = len(running.records())
    exporter = HttpExporter(f"{running.url}/v1/traces", compression=compression)
    assert exporter.export(ended_spans(7)) is SpanExportResult.SUCCESS
    exporter.shutdown()
    arrived = running.records()[before:]
    assert [record["input_tokens"] for record in arrived] == [1, 2, 3, 4, 5, 6, 7]
    assert {(record["service"], record["tenant"], record["scope"]) for record in arrived} == {
        ("desk", "acme", "tests")
    }


@pytest.mark.parametrize(
    "compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate]
)
def test_the_grpc_exporter_is_understood_in_each_of_its_encodings(running: Receiver, compression) -> None:
    before = len(running.records())
    exporter = GrpcExporter(running.grpc, insecure=True, compression=compression)
    assert exporter.export(ended_spans(7)) is SpanExportResult.SUCCESS
    exporter.shutdown()
    assert sorted(_inputs(running)[before:]) == [1, 2, 3, 4, 5, 6, 7]


def test_json_is_understood_and_answered_in_json(running: Receiver) -> None:
    span = {"traceId": "AB" * 16, "spanId": "CD" * 8, "name": "j"}
    span |= {"startTimeUnixNano": "1773144000000000000", "endTimeUnixNano": 1773144000000000001}
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}], "unknown": True}
    answer = running.post(
        gzip.compress(json.dumps(body).encode()), "application/json", content_encoding="gzip"
    )
    assert (answer.status_code, answer.json()) == (200, {})
    assert [record["trace_id"] for record in running.records() if record.get("name") == "j"] == ["ab" * 16]


def test_an_empty_request_is_fine(running: Receiver) -> None:
    assert running.post(b"").status_code == 200


def test_a_bad_span_is_refused_by_itself_and_kept_for_the_quarantine(running: Receiver) -> None:
    message = request(3, first=500)
    message.resource_spans[0].scope_spans[0].spans[1].trace_id = b""
    answer = running.post(message.SerializeToString())
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_spans) == (200, 1)
    assert "1 spans refused: no valid ids" in partial.error_message
    assert {500, 502} <= set(_inputs(running))
    (kept,) = [r for r in running.records() if r["kind"] == "refused" and r["reason"] == "no_identity"]
    assert kept["record"]["input_tokens"] == 501


def test_a_span_that_cannot_be_read_does_not_take_the_others_along(running: Receiver) -> None:
    body = request(3, first=600, broken="MARK").SerializeToString()
    at = body.index(b"MARK", body.index(b"MARK") + 1)
    answer = running.post(body[:at] + b"\xff\xff\xff\xff" + body[at + 4 :])
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_spans) == (200, 1)
    assert {600, 602} <= set(_inputs(running))
    assert 601 not in _inputs(running)
    assert next(r for r in running.records() if r.get("input_tokens") == 602)["service"] == "desk"


@pytest.mark.parametrize(
    ("status", "body", "kind", "headers", "said"),
    [
        (415, b"x", "text/plain", {}, "send application/x-protobuf"),
        (415, b"x", "application/x-protobuf", {"content_encoding": "br"}, "'br' is not supported"),
        (415, b"x", "application/x-protobuf", {"content_encoding": "gzip, gzip"}, "not supported"),
        (
            400,
            b"not gzip",
            "application/x-protobuf",
            {"content_encoding": "gzip"},
            "compressed data cannot be read",
        ),
        (
            400,
            gzip.compress(b"", mtime=0)[:-4],
            "application/x-protobuf",
            {"content_encoding": "gzip"},
            "end too early",
        ),
        (400, b"\x0a\xff", "application/x-protobuf", {}, "cut off"),
        (400, b"\xff" * 40, "application/x-protobuf", {}, "cut off or too long"),
        (400, b"{", "application/json", {}, "not JSON"),
        (400, b"[]", "application/json", {}, "not an object"),
        (400, b"[" * 100_000, "application/json", {}, "nested too deep"),
        (404, b"", "application/x-protobuf", {"path": "/v1/logs"}, "only traces"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(
    running: Receiver, status, body, kind, headers, said
) -> None:
    answer = running.post(body, kind, **headers)
    words = (
        Status.FromString(answer.content).message
        if kind == "application/x-protobuf"
        else answer.json()["message"]
    )
    assert answer.status_code == status
    assert said in words


def test_health_and_metrics_say_how_it_is(running: Receiver) -> None:
    running.post(request(2, first=900).SerializeToString())
    assert running.get("/health").json() == {"status": "ok"}
    text = running.get("/metrics").text
    assert 'spanledger_requests_total{answer="200",transport="http"}' in text
    assert 'spanledger_spans_total{source="anybody"}' in text
    assert "spanledger_storage_ok 1" in text
    assert "spanledger_requests_in_flight 0" in text


def test_a_file_is_sealed_by_age_and_by_an_orderly_end(tmp_path: Path) -> None:
    with receiver(tmp_path / "home", "--seal-seconds", "0.2") as running:
        running.post(request(1).SerializeToString())
        folder = running.landing / "collect"
        deadline = time.monotonic() + 10
        while not list(folder.glob("*.jsonl")) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert [path.suffix for path in folder.iterdir()] == [".jsonl"]
        running.post(request(1, first=2).SerializeToString())
        assert running.stop() == 0
    assert [path.suffix for path in folder.iterdir()] == [".jsonl", ".jsonl"]
    assert sorted(_inputs(running)) == [1, 2]


def test_a_full_disk_is_told_to_the_sender_and_to_the_health_check(tmp_path: Path) -> None:
    with receiver(tmp_path / "home") as running:
        folder = running.landing / "collect"
        folder.rmdir()
        folder.write_text("in the way of the folder")
        answer = running.post(request(1).SerializeToString())
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "nothing was taken: cannot write to" in Status.FromString(answer.content).message
        assert running.get("/health").status_code == 503
        folder.unlink()
        assert running.post(request(1).SerializeToString()).status_code == 200
        assert running.get("/health").status_code == 200
        assert _inputs(running) == [1]


def test_a_slow_sender_holds_no_other_up(running: Receiver) -> None:
    def dribble():
        yield request(1, first=950).SerializeToString()[:10]
        assert running.get("/health").status_code == 200
        yield request(1, first=950).SerializeToString()[10:]

    headers = {"content-type": "application/x-protobuf"}
    answer = httpx.post(f"{running.url}/v1/traces", content=dribble(), headers=headers, trust_env=False)
    assert answer.status_code == 200
    assert 950 in _inputs(running)
