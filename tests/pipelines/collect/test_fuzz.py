"""Whatever a request holds, the application answers it in words, and what it takes is records that can be read."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.pipelines.collect.receivers import records_of

from spanledger_pipelines.collect import decoding
from spanledger_pipelines.collect.http_app import application
from spanledger_pipelines.collect.limits import Limits, RefusedError
from spanledger_pipelines.collect.receiver import Receiver
from spanledger_pipelines.collect.sources import ANYBODY, Source, Sources

LIMITS = Limits(spans=20, attributes=60, inflated_bytes=50_000, segment_bytes=50_000, body_bytes=50_000)
SHOP = Source("shop", frozenset({"acme"}), "acme")

KEYS = st.sampled_from(
    (
        *(
            "resourceSpans",
            "scopeSpans",
            "spans",
            "resource",
            "scope",
            "attributes",
            "events",
            "links",
            "status",
        ),
        *("key", "value", "stringValue", "intValue", "doubleValue", "boolValue", "bytesValue", "arrayValue"),
        *("kvlistValue", "values", "traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano"),
        *("endTimeUnixNano", "spanledger.tenant.id", "spanledger.process", "spanledger.sequence", "tenant"),
    )
)
SPAN_KEYS = ("traceId", "spanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano", "attributes")
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["ab" * 16, "cd" * 8, "1773144000000000000", "acme", "initech", "\ud800", "NaN", 10**400]
    )
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
SPAN = st.fixed_dictionaries({}, optional=dict.fromkeys(SPAN_KEYS, VALUES))
DOCUMENTS = VALUES | st.lists(SPAN, max_size=4).map(
    lambda spans: {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
)


def as_json(value: Any) -> bytes:
    """As Python writes it: with NaN, and lone surrogates as escapes."""
    return json.dumps(value).encode()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DOCUMENTS, st.sampled_from([ANYBODY, SHOP]))
def test_any_json_is_converted_or_refused(document: Any, source: Source) -> None:
    try:
        converted = decoding.from_json(as_json(document), source, LIMITS)
    except RefusedError:
        return
    records = [json.loads(line) for line in converted.lines]
    assert {record["kind"] for record in records} <= {"span", "refused"}
    assert [record["kind"] for record in records].count("span") == converted.spans
    assert len(records) - converted.spans == sum(converted.refused.values())
    taken = {record.get("tenant") for record in records if record["kind"] == "span"}
    assert source is ANYBODY or taken <= {"acme"}


ENCODINGS = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "GZIP ": gzip.compress,
    "br": bytes,
    "gzip, gzip": gzip.compress,
}
TYPES = st.sampled_from(
    ["application/x-protobuf", "application/json; charset=utf-8", "application/x-ndjson", "text/plain", ""]
)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = Receiver(tmp_path_factory.mktemp("fuzz") / "landing", Sources(None), LIMITS)
    yield made
    made.close()


async def ask(receiver: Receiver, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    transport = httpx.ASGITransport(application(receiver))
    async with httpx.AsyncClient(transport=transport, base_url="http://collect") as client:
        return await client.post(path, content=body, headers=headers)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["/v1/traces", "/v1/segments", "/v1/logs", "/v1/traces/", "/"]),
    st.binary(max_size=200) | DOCUMENTS.map(as_json) | st.just(bytes(60_000)),
    TYPES,
    st.sampled_from(list(ENCODINGS)),
    st.text("0123456789abcdefx ", max_size=70),
    st.integers(0, 3),
)
def test_any_request_is_answered_and_the_receiver_stays_well(
    receiver: Receiver, path: str, body: bytes, kind: str, encoding: str, sha256: str, cut: int
) -> None:
    packed = ENCODINGS[encoding](body)
    packed = packed[: len(packed) - cut]
    headers = {"content-type": kind, "content-encoding": encoding, "spanledger-sha256": sha256}
    answer = asyncio.run(ask(receiver, path, packed, headers))
    assert answer.status_code in {200, 307, 400, 404, 413, 415}
    # What is in the landing zone can be read, to its last line.
    records_of(receiver._committer.folder)
    assert receiver.failure is None
    assert "spanledger_requests_in_flight 0" in receiver.metrics_text()
