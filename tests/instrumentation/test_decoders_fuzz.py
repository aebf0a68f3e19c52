"""Any bytes in any pieces: no decoder raises, the pieces do not matter, and what is kept is bounded."""

import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.instrumentation.answers import frame

from spanledger import payload, providers, scanner
from spanledger.providers import FAMILIES
from spanledger.providers.facts import MAX_USAGE, Facts
from spanledger.response import response_attributes

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


# Every word that a decoder looks for, with values that no provider would send.
WORDS = sorted(
    {
        word
        for module in Path(providers.__file__).parent.glob("*.py")
        for word in re.findall(r'"([A-Za-z_][\w.-]{1,60})"', module.read_text(encoding="utf-8"))
    }
)
HOSTILE: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 2**63, 10**30, 5.7, 1e300, "", "12", "x" * 300, [], {}]
)
VALUES = st.recursive(
    HOSTILE | st.integers(0, 50) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=25,
)


@given(
    st.sampled_from(sorted(FAMILIES)), st.lists(st.dictionaries(st.sampled_from(WORDS), VALUES), max_size=4)
)
@settings(max_examples=150, deadline=None)
def test_no_decoder_raises_or_counts_what_is_no_count(family: str, events: list[dict[str, Any]]) -> None:
    facts = Facts()
    body = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    reading = scanner.reader(FAMILIES[family], facts, "text/event-stream")
    reading.feed(body)
    reading.end()
    for event in events:
        FAMILIES[family].read(facts, payload.load(json.dumps(event).encode()))
    tokens = FAMILIES[facts.family or family].count(facts.usage or {})
    assert all(number is None or type(number) is int for number in tokens)
    assert all(number is None or number >= 0 for number in tokens)
    values = response_attributes(facts, FAMILIES[family])
    assert all(type(value) in (str, int, bool, tuple) for value in values.values())
    assert all(len(value) <= MAX_USAGE for value in values.values() if type(value) is str)


@pytest.mark.parametrize("kind", [*TYPES, "application/json"])
@pytest.mark.parametrize(
    "pattern",
    [b"x", b"[1,", b'"', b'\\"', b'{"a":"', b'"ab",', b"[]", b'data: {"usage":', b"\0\0\0\x10\0\0\0\0"],
)
def test_what_is_kept_of_an_endless_answer_is_bounded(pattern: bytes, kind: str | None) -> None:
    reading = scanner.reader(FAMILIES["openai_chat"], Facts(), kind)
    piece = pattern * (65_536 // len(pattern))
    reading.feed(b"{" if kind == "application/json" else b"")
    tracemalloc.start()
    for _ in range(150):
        reading.feed(piece)
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < scanner.DOCUMENT_LIMIT + (1 << 21)
    assert most < 4 * scanner.DOCUMENT_LIMIT


TEXTS = st.text(alphabet='ab"\\é\n{[,', max_size=40) | st.sampled_from(
    ["x" * 20_000, '\\"' * 9_000, "y" * 8_000]
)


@given(st.lists(st.tuples(TEXTS, st.integers(0, 400)), max_size=8), st.integers(0, 40_000))
@settings(max_examples=300, deadline=None)
@example([('["', 0)], 32)  # cut in the middle of an escape
def test_eliding_empties_long_texts_and_keeps_all_else(given: list[tuple[str, int]], place: int) -> None:
    value = {"id": "r", "all": [{"text": text, "more": ["a"] * more} for text, more in given], "end": 7}
    body = json.dumps(value).encode()
    shortened = payload.elide(payload.elide(body[:place]) + body[place:])
    found = json.loads(shortened)
    assert (found["id"], found["end"]) == ("r", 7)
    for item, (text, more) in zip(found["all"], given, strict=True):
        assert item["more"] == ["a"] * more
        assert text.endswith(item["text"])
        assert item["text"] == text or len(json.dumps(text)) > payload.LONG
    assert len(shortened) < len(body) + 1
