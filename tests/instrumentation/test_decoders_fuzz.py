"""Any bytes in any pieces: no decoder raises, the pieces do not matter, and what is kept is bounded."""

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.instrumentation.answers import frame

from spanledger import scanner
from spanledger.providers import FAMILIES
from spanledger.providers.facts import Facts

TYPES = [None, "text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream"]
LINES = st.sampled_from(
    [
        b'data: {"id":"a","model":"m","usage":{"prompt_tokens":3,"completion_tokens":1}}\n',
        b'{"usageMetadata":{"promptTokenCount":3},"candidates":[{"finishReason":"STOP"}]}\n',
        b'{"done":true,"eval_count":5}\n',
        b'data: {"type":"message_start","message":{"usage":{"input_tokens":2}}}\r\n\r\n',
        b'[{"usageMetadata":{"promptTokenCount":1}},\n',
        frame(json.dumps({"usage": {"inputTokens": 4}}).encode(), event_type="metadata"),
        b"event: x\n",
        b"\n",
        b": ping\n",
    ]
)
BODIES = st.lists(LINES | st.binary(max_size=40), max_size=8).map(b"".join)


def scan(family: str, kind: str | None, body: bytes, size: int) -> Facts:
    facts = Facts()
    reading = scanner.reader(FAMILIES[family], facts, kind)
    for start in range(0, len(body), size):
        reading.feed(body[start : start + size])
    reading.end()
    FAMILIES[facts.family or family].count(facts.usage or {})
    return facts


@given(st.sampled_from(sorted(FAMILIES)), st.sampled_from(TYPES), BODIES, st.integers(1, 50))
@settings(max_examples=100, deadline=None)
def test_the_pieces_do_not_matter(family: str, kind: str | None, body: bytes, size: int) -> None:
    assert scan(family, kind, body, size) == scan(family, kind, body, len(body) or 1)


@pytest.mark.parametrize("pattern", [b"x", b"[1,", b'data: {"usage":'])
def test_what_is_kept_of_an_endless_answer_is_bounded(pattern: bytes) -> None:
    facts = Facts()
    reading = scanner.reader(FAMILIES["openai_chat"], facts, "application/x-ndjson")
    piece = pattern * (65_536 // len(pattern))
    tracemalloc.start()
    for _ in range(150):
        reading.feed(piece)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < scanner.DOCUMENT_LIMIT + (1 << 21)
