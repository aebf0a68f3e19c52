"""A Collector's files are loaded as they are, and a call that comes as record and as OTLP is billed once."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from google.protobuf.json_format import MessageToDict
from tests.warehouse.otlp.test_convert import document
from tests.warehouse.passes import Ledger
from tests.warehouse.records import chat, span, trailer

from spanledger_pipelines.ship.otlp import request


def otlp_line(*records: dict[str, Any]) -> str:
    """Records as a line of OTLP/JSON, ids in hex as the format has them."""
    found = MessageToDict(request(records))
    for resource_spans in found["resourceSpans"]:
        for scope_spans in resource_spans["scopeSpans"]:
            for one, record in zip(scope_spans["spans"], records, strict=True):
                one |= {"traceId": record["trace_id"].upper(), "spanId": record["span_id"]}
    return json.dumps(found)


def call(number: int) -> dict[str, Any]:
    """A call of ours with its ids."""
    ids = {"trace_id": f"{number:032x}", "span_id": f"{number:016x}"}
    made: dict[str, Any] = span(number, usage=chat(1000, 100), **ids, span_kind="client", name="c")
    return made


def put(ledger: Ledger, name: str, content: bytes) -> Path:
    """A file of bytes in the landing zone."""
    folder = ledger.settings.home.landing
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


def framed(*messages: bytes) -> bytes:
    """Messages as the Collector's file exporter writes them with compression."""
    packed = [zstandard.compress(message) for message in messages]
    return b"".join(len(one).to_bytes(4, "big") + one for one in packed)


LINES = f"{otlp_line(call(1))}\n{otlp_line(call(2), call(3))}\n"
FILES = {
    "traces.jsonl": LINES.encode(),
    "traces.jsonl.gz": gzip.compress(LINES[:200].encode()) + gzip.compress(LINES[200:].encode()),
    "traces.jsonl.zst": zstandard.compress(LINES.encode()),
    "traces.zst": framed(*(line.encode() for line in LINES.splitlines())),
}


@pytest.mark.parametrize("name", FILES)
def test_a_collectors_file_is_loaded_as_it_is_and_once(ledger: Ledger, name: str) -> None:
    put(ledger, name, FILES[name])
    first, second = ledger.load(), ledger.load()
    assert (first.files, first.spans, first.rejected, second.files) == (1, 3, 0, 0)
    (file,) = ledger.rows("select lines, spans, bytes from raw.files")
    assert file == {"lines": 3, "spans": 3, "bytes": len(FILES[name])}
    rows = ledger.rows("select process, sequence, tenant, usage_raw from raw.spans order by sequence")
    assert [row["sequence"] for row in rows] == [1, 2, 3]
    assert {row["tenant"] for row in rows} == {"acme-corp"}
    assert json.loads(rows[0]["usage_raw"]) == chat(1000, 100)


def test_a_call_that_comes_from_the_spool_and_over_otlp_is_billed_once(ledger: Ledger) -> None:
    ledger.land("spool.jsonl", [call(1), call(2), trailer([1, 2])])
    ledger.run()
    bill = "select calls, total_tokens, list_cost_usd from marts.daily_costs"
    (once,) = ledger.published_rows(bill)
    put(ledger, "traces.jsonl.gz", gzip.compress(f"{otlp_line(call(1), call(2))}\n".encode()))
    ledger.run()
    (twice,) = ledger.published_rows(bill)
    assert once == twice
    assert once["calls"] == 2
    rows = ledger.rows("select disposition, count(*) as n from staging.stg_calls group by all order by all")
    assert rows == [{"disposition": "billable", "n": 2}, {"disposition": "duplicate", "n": 2}]


def test_spans_of_others_are_billed_from_their_attributes(ledger: Ledger) -> None:
    attributes = {
        "gen_ai.system": "acme",
        "gen_ai.request.model": "a-1",
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.prompt_tokens": 1000,
        "gen_ai.usage.completion_tokens": 100,
        "spanledger.tenant.id": "acme-corp",
        "gen_ai.prompt": "a secret",
    }
    ledger.land("traces.jsonl", [document(attributes, resource={"service.name": "desk"})])
    ledger.run()
    (row,) = ledger.published_rows(
        "select tenant_id, calls, total_tokens, priced_calls from marts.daily_costs"
    )
    assert row == {"tenant_id": "acme-corp", "calls": 1, "total_tokens": 1100, "priced_calls": 1}
    assert "a secret" not in str(ledger.rows("select * from raw.spans"))


def test_lines_of_a_mixed_file_are_judged_one_by_one(ledger: Ledger) -> None:
    bad = document({}, spanId="zz")
    lines = [otlp_line(call(1)), json.dumps(call(2)), json.dumps(bad), '{"resourceSpans": [', '{"a": 1}', ""]
    put(ledger, "mixed.jsonl", "\n".join([*lines, '{"resourceSpans": []}']).encode())
    loaded = ledger.load()
    assert (loaded.spans, loaded.rejected) == (2, 3)
    rejects = ledger.rows("select line, reason from raw.rejects order by line")
    assert [row["reason"] for row in rejects] == ["no_identity", "not_json", "no_version"]


@pytest.mark.parametrize("name", ["traces.jsonl.gz", "traces.jsonl.zst", "traces.zst"])
def test_a_damaged_file_gives_what_it_has_and_says_so(ledger: Ledger, name: str) -> None:
    put(ledger, name, FILES[name][:-20])
    loaded = ledger.load()
    assert loaded.rejected >= 1
    assert "not_json" in loaded.problems[0]


def test_nothing_compressed_is_fine(ledger: Ledger) -> None:
    put(ledger, "empty.jsonl.gz", gzip.compress(b""))
    put(ledger, "empty.gz", b"")
    assert (ledger.load().files, ledger.load().files) == (2, 0)
