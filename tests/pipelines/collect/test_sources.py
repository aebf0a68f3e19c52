"""Tokens: who may send, for which tenants; a file that says it wrong is refused with the place and the cure."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace.export import SpanExportResult
from tests.pipelines.collect.receivers import (
    Receiver,
    command_line,
    ended_spans,
    environment,
    receiver,
    request,
)
from tests.warehouse.records import span, text_of

from spanledger_pipelines.collect.sources import digest, new_token, read
from spanledger_warehouse.errors import ConfigurationError

BOUND, FREE = "sl_bound", "sl_free"
TOKENS = f"""
[sources.shop]
token_sha256 = "{digest(BOUND)}"
tenants = ["acme", "globex"]
default_tenant = "acme"

[sources.platform]
token_sha256 = "{digest(FREE)}"
tenants = ["*"]
"""
TENANT = "spanledger.tenant.id"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    folder = tmp_path_factory.mktemp("sources")
    (folder / "tokens.toml").write_text(TOKENS)
    with receiver(folder / "home", "--tokens", str(folder / "tokens.toml"), grpc=True) as started:
        yield started


def _post(running: Receiver, message, token: str) -> httpx.Response:
    return running.post(message.SerializeToString(), authorization=f"Bearer {token}")


@pytest.mark.parametrize(
    "header", [{}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {BOUND}"}]
)
def test_without_a_known_token_nothing_is_taken(running: Receiver, header) -> None:
    answer = running.post(request(1, first=10).SerializeToString(), **header)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "token" in Status.FromString(answer.content).message
    assert all(record.get("input_tokens") != 10 for record in running.records())


def test_grpc_asks_for_the_token_too(running: Receiver) -> None:
    with grpc.insecure_channel(running.grpc) as channel:
        export = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        with pytest.raises(grpc.RpcError) as refused:
            export(b"")
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert export(b"", metadata=(("authorization", f"Bearer {BOUND}"),)) == b""


def test_an_exporter_sends_its_token_as_a_header(running: Receiver) -> None:
    exporter = HttpExporter(f"{running.url}/v1/traces", headers={"authorization": f"Bearer {BOUND}"})
    assert exporter.export(ended_spans(1)) is SpanExportResult.SUCCESS
    exporter.shutdown()


def test_a_bound_sender_speaks_for_its_tenants_only(running: Receiver) -> None:
    message = request(1, first=20, **{TENANT: "globex"})
    message.MergeFrom(request(1, first=21, **{TENANT: "initech"}))
    message.MergeFrom(request(1, first=22))
    partial = ExportTraceServiceResponse.FromString(_post(running, message, BOUND).content).partial_success
    assert partial.rejected_spans == 1
    assert partial.error_message == "1 spans refused: tenant 'initech' is not one of source 'shop'"
    tenants = {
        r["input_tokens"]: r["tenant"] for r in running.records() if r.get("input_tokens") in {20, 21, 22}
    }
    assert tenants == {20: "globex", 22: "acme"}


def test_a_tenant_of_the_resource_is_bound_as_well(running: Receiver) -> None:
    message = request(1, first=30)
    message.resource_spans[0].resource.attributes.add(key=TENANT).value.string_value = "initech"
    partial = ExportTraceServiceResponse.FromString(_post(running, message, BOUND).content).partial_success
    assert partial.rejected_spans == 1


def test_a_free_sender_speaks_for_any_tenant(running: Receiver) -> None:
    assert _post(running, request(1, first=40, **{TENANT: "initech"}), FREE).content == b""


SEGMENT = text_of([span(1, tenant="acme"), span(2, tenant=None)])


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (SEGMENT, 200, "new"),
        (SEGMENT + '{"torn":', 200, "new"),
        (text_of([span(3, tenant="initech")]), 403, "line 1 of the segment is of tenant 'initech'"),
        (SEGMENT + '{"v":1,"kind":"span","tenant":"initech","tenant":"acme"}\n', 400, "a key stands twice"),
        (SEGMENT + '{"x":' + "[" * 99_999 + "\n", 400, "line 3 of the segment is not a record"),
        (SEGMENT + "{\n", 400, "line 3 of the segment is not a record"),
    ],
)
def test_segments_are_bound_line_by_line(running: Receiver, content: str, status: int, said: str) -> None:
    headers = {"path": "/v1/segments", "authorization": f"Bearer {BOUND}"}
    answer = running.post(content.encode(), "application/x-ndjson", **headers)
    assert answer.status_code == status
    assert said in answer.text


def test_a_token_is_revoked_while_the_receiver_runs(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    file.write_text(TOKENS)
    with receiver(tmp_path / "home", "--tokens", str(file)) as running:
        assert _post(running, request(1), BOUND).status_code == 200
        partial = file.with_suffix(".new")
        partial.write_text(TOKENS.replace(digest(BOUND), "0" * 64))
        partial.replace(file)
        deadline = time.monotonic() + 10
        while _post(running, request(1), BOUND).status_code == 200 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert _post(running, request(1), BOUND).status_code == 401
        file.write_text("half an edit [")
        os.utime(file)
        time.sleep(1.2)
        assert _post(running, request(1), FREE).status_code == 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "admits nobody"),
        ("[sources", "cannot be read"),
        ("[sources.a]\ntoken_sha256 = 'x'\ntenants = ['*']", "not 64 lower-case hex digits"),
        (f"[sources.a]\ntoken_sha256 = '{digest('x')}'", "tenants is not a list of names"),
        (f"[sources.a]\ntoken = 'x'\ntoken_sha256 = '{digest('x')}'", "may hold default_tenant, tenants"),
        (TOKENS.replace('"acme"\n', '"other"\n'), "default_tenant 'other' is not one of its tenants"),
        (TOKENS.replace(digest(FREE), digest(BOUND)), "share a token"),
    ],
)
def test_a_wrong_token_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "tokens.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=said.replace("[", r"\[")):
        read(tmp_path / "tokens.toml")


def test_a_new_token_is_admitted_by_the_lines_printed_with_it(tmp_path: Path) -> None:
    token, lines = new_token("checkout")
    (tmp_path / "tokens.toml").write_text(lines)
    assert read(tmp_path / "tokens.toml")[digest(token)].name == "checkout"
    assert token not in lines


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line("collect", *arguments), capture_output=True, text=True, env=environment(), check=False
    )


def test_the_command_prints_a_token_and_refuses_to_be_open_to_the_world(tmp_path: Path) -> None:
    printed = _run("--new-token", "checkout")
    assert printed.returncode == 0
    assert "[sources.checkout]" in printed.stdout
    opened = _run("--home", str(tmp_path), "--host", "0.0.0.0")
    assert opened.returncode == 2
    assert "no --tokens FILE says who may send" in opened.stderr
    missing = _run("--home", str(tmp_path), "--tokens", str(tmp_path / "none.toml"))
    assert missing.returncode == 2
    assert "none.toml cannot be read" in missing.stderr


def test_a_port_that_is_taken_is_said_in_words(running: Receiver, tmp_path: Path) -> None:
    taken = _run("--home", str(tmp_path), "--http-port", str(running.http_port), "--grpc-port", "-1")
    assert taken.returncode == 2
    assert f"HTTP cannot listen on 127.0.0.1:{running.http_port}" in taken.stderr
    assert json.dumps(running.get("/health").json()) == '{"status": "ok"}'
