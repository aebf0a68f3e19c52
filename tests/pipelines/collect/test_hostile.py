"""Bombs, garbage and forged tenants: memory stays under a ceiling, answers stay in words, the receiver stays up."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.rpc.status_pb2 import Status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.pipelines.collect.receivers import Receiver, receiver, request

from spanledger_pipelines.collect import bodies, decoding, wire
from spanledger_pipelines.collect.limits import Limits, RefusedError
from spanledger_pipelines.collect.sources import ANYBODY

# The receiver itself takes about 75 MiB; the largest honest request about as much again.
CEILING_MIB = 400
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def empty_spans(count: int) -> bytes:
    """So many spans, of two bytes each."""
    return _field(1, _field(2, b"\x12\x00" * count))


def span_of(content: bytes) -> bytes:
    return _field(1, _field(2, _field(2, content)))


BOMBS = {
    "ten million empty spans": empty_spans(10_000_000),
    "empty attributes": span_of(b"\x4a\x00" * 10_000_000),
    "empty events": span_of(b"\x5a\x00" * 10_000_000),
    "empty links": span_of(b"\x6a\x00" * 10_000_000),
    "empty scopes": _field(1, b"\x12\x00" * 10_000_000),
    "empty resources": b"\x0a\x00" * 10_000_000,
    "resource attributes": _field(1, _field(1, b"\x0a\x00" * 10_000_000)),
    "items of a list": span_of(_field(9, _field(2, _field(5, b"\x0a\x00" * 10_000_000)))),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with receiver(tmp_path_factory.mktemp("hostile") / "home", grpc=True) as started:
        yield started
        assert started.peak_mib() < CEILING_MIB
        assert started.get("/health").status_code == 200


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_of_empty_messages_is_refused_before_it_is_parsed(running: Receiver, name: str) -> None:
    body = gzip.compress(BOMBS[name])
    assert len(body) < 30_000
    answer = running.post(body, content_encoding="gzip")
    assert answer.status_code == 413
    assert "send smaller batches, or raise --max-" in Status.FromString(answer.content).message
    assert running.peak_mib() < CEILING_MIB


def test_many_bombs_at_once_take_no_more_than_one(running: Receiver) -> None:
    body = gzip.compress(BOMBS["items of a list"])
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: running.post(body, content_encoding="gzip"), range(64)))
    assert {answer.status_code for answer in answers} == {413}
    assert running.peak_mib() < CEILING_MIB


def test_grpc_inflates_under_the_same_caps(running: Receiver) -> None:
    with grpc.insecure_channel(running.grpc, compression=grpc.Compression.Gzip) as channel:
        for body in (empty_spans(10_000_000), b"\x7a" + _varint(1 << 30) + bytes(1 << 26)):
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary(EXPORT)(body)
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert "pass the limit" in refused.value.details()
    assert running.peak_mib() < CEILING_MIB


def test_a_gzip_bomb_is_left_at_the_cap_in_one_member_or_in_many(running: Receiver) -> None:
    megabytes = gzip.compress(bytes(64 << 20))
    for body in (megabytes, gzip.compress(bytes(1 << 20)) * 100, zlib.compress(bytes(64 << 20))):
        encoding = "gzip" if body.startswith(b"\x1f") else "deflate"
        assert running.post(body, content_encoding=encoding).status_code == 413
    assert running.peak_mib() < CEILING_MIB


def test_more_members_than_anybody_writes_are_refused() -> None:
    with pytest.raises(RefusedError, match="10,000 compressed members"):
        bodies.inflate(gzip.compress(b"") * 10_001, "gzip", 1 << 20)


def test_all_members_of_a_gzip_body_count(running: Receiver) -> None:
    whole = request(20, first=7000).SerializeToString()
    body = gzip.compress(whole[:100]) + gzip.compress(whole[100:])
    assert running.post(body, content_encoding="gzip").status_code == 200
    assert {7000, 7019} <= {record.get("input_tokens") for record in running.records()}


def test_a_body_over_the_cap_is_refused_by_its_length_and_by_its_bytes(running: Receiver) -> None:
    assert running.post(bytes((16 << 20) + 1)).status_code == 413

    def chunks():
        for _ in range(20):
            yield bytes(1 << 20)

    assert running.post(chunks()).status_code == 413  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "body",
    [
        '{"resourceSpans":[' + "{}," * 3_000_000 + "{}]}",
        '{"resourceSpans":[{"scopeSpans":[{"spans":[' + "{}," * 100_000 + "{}]}]}]}",
        "[" * 3_000_000,
        '{"resourceSpans":' * 90_000,
    ],
    ids=["resources", "spans", "lists", "depth"],
)
def test_json_bombs_are_refused(running: Receiver, body: str) -> None:
    answer = running.post(gzip.compress(body.encode()), "application/json", content_encoding="gzip")
    assert answer.status_code in {400, 413}
    assert running.peak_mib() < CEILING_MIB


def _refused(work: object, *arguments: object) -> int:
    try:
        work(*arguments)  # type: ignore[operator]
    except RefusedError as refusal:
        return refusal.status
    return 200


LIMITS = Limits(spans=50, attributes=40, inflated_bytes=100_000)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_damage_to_a_body_makes_the_converter_raise_or_take_too_much(data: st.DataObject) -> None:
    whole = request(3, broken="text", deep="x").SerializeToString()
    body = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "repeat"])):
            case "flip":
                body[at] = data.draw(st.integers(0, 255))
            case "cut":
                del body[at : at + data.draw(st.integers(1, 20))]
            case "insert":
                body[at:at] = data.draw(st.binary(max_size=8))
            case _:
                body[at:at] = body[at : at + 50]
        if not body:
            return
    try:
        converted = decoding.from_protobuf(bytes(body), ANYBODY, LIMITS)
    except RefusedError as refusal:
        if refusal.status not in {400, 413}:
            raise
        return
    for line in converted.lines:
        assert json.loads(line)["kind"] in {"span", "refused"}
        assert line.count(b"\n") == 1


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate", "x-gzip", "br", "zstd"]))
def test_no_bytes_make_it_raise_anything_but_a_refusal(body: bytes, encoding: str) -> None:
    assert _refused(bodies.inflate, body, encoding, 1000) in {200, 400, 413, 415}
    assert _refused(decoding.from_protobuf, body, ANYBODY, LIMITS) in {200, 400, 413}
    assert _refused(decoding.from_json, body, ANYBODY, LIMITS) in {200, 400, 413}


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 60), st.integers(0, 30))
def test_spans_are_counted_on_the_wire_as_they_are(spans: int, attributes: int) -> None:
    message = ExportTraceServiceRequest()
    scope = message.resource_spans.add().scope_spans.add()
    for _ in range(spans):
        span = scope.spans.add()
        for _ in range(attributes):
            span.attributes.add(key="k").value.string_value = "v"
    body = message.SerializeToString()
    limits = Limits(spans=50, attributes=600)
    status = _refused(wire.check, body, limits)
    # Two more are counted: the resource's and the scope's lists.
    too_many = spans > 50 or (spans * attributes + 2 > 600 and len(body) > 1200)
    assert status == (413 if too_many else 200)


def test_a_forged_length_reads_nothing_beyond_its_message() -> None:
    assert _refused(wire.check, _field(1, b"\x12\x7f\x12\x00"), LIMITS) == 400
    assert _refused(wire.check, b"\x0b" * 10, LIMITS) == 400


def test_garbage_over_the_socket_leaves_the_receiver_up(running: Receiver) -> None:
    for body in (b"\x00" * 1000, b"\x0a" * 999, bytes(range(256)) * 40, b"\x1f\x8b" * 50):
        assert running.post(body).status_code == 400
        assert running.post(body, content_encoding="gzip").status_code == 400
        assert running.post(body, "application/json").status_code == 400
