"""The scanner and the JSON reader: any chunking gives the same result, nothing raises, memory is bounded."""

import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanledger import payload, scanner
from spanledger.hooks.decompression import decompressor
from spanledger.providers import FAMILIES
from spanledger.providers.facts import Facts

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
WORDS = st.sampled_from(
    [
        "usage",
        "choices",
        "type",
        "message",
        "response",
        "error",
        "id",
        "model",
        "delta",
        "input_tokens",
        "cost",
    ]
)
BODIES = st.recursive(
    ANYTHING,
    lambda inner: st.dictionaries(WORDS, inner, max_size=6) | st.lists(inner, max_size=3),
    max_leaves=10,
)


def scan(family: str, pieces: list[bytes], lines: bool | None = None) -> Facts:
    facts = Facts()
    reading = scanner.BodyScanner(FAMILIES[family], facts, lines)
    for piece in pieces:
        reading.feed(piece)
    reading.end()
    return facts


def cut(data: bytes, places: list[int]) -> list[bytes]:
    at = sorted({place % (len(data) + 1) for place in places})
    return [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True)]


@given(st.sampled_from(sorted(FAMILIES)), st.lists(BODIES, max_size=4))
@settings(max_examples=100, deadline=None)
def test_no_decoder_raises(family: str, bodies: list[Any]) -> None:
    facts = Facts()
    for body in bodies:
        if type(body) is dict:
            FAMILIES[family].read(facts, body)
    FAMILIES[family].count(facts.usage or {})


@given(st.sampled_from(sorted(FAMILIES)), st.lists(st.binary(max_size=60), max_size=5))
@settings(max_examples=100, deadline=None)
def test_garbage_is_read_without_an_error(family: str, pieces: list[bytes]) -> None:
    scan(family, pieces)


@given(st.lists(st.integers(0, 10_000), max_size=30), st.sampled_from([b"\n", b"\r\n"]))
@settings(max_examples=100, deadline=None)
def test_any_chunking_of_a_stream_gives_the_same_facts(places: list[int], end: bytes) -> None:
    usage = {"prompt_tokens": 41, "completion_tokens": 7}
    events = [
        b": PROCESSING",
        b'data: {"id":"","model":"","choices":[]}',
        *(b'data: {"id":"c","model":"m","choices":[{"finish_reason":null}],"usage":null}' for _ in range(9)),
        b'data: {"id":"c","choices":[{"finish_reason":"stop"}]}',
        b"data: " + json.dumps({"id": "c", "choices": [], "usage": usage}).encode(),
        b"data: [DONE]",
    ]
    body = b"".join(event + end + end for event in events)
    facts = scan("openai_chat", cut(body, places), lines=True)
    assert (facts.usage, facts.finish_reasons, facts.response_model, facts.final) == (
        usage,
        ["stop"],
        "m",
        True,
    )


@given(st.lists(st.integers(0, 60_000), max_size=12), st.text(alphabet='ab"\\é\n', max_size=30))
@settings(max_examples=25, deadline=None)
def test_long_texts_do_not_matter_wherever_they_are_cut(places: list[int], seed: str) -> None:
    content = (seed + '"\\') * 1200
    body = json.dumps({"id": "r", "output": content, "model": "m", "usage": {"input_tokens": 4}}).encode()
    whole = scan("openai_responses", [body])
    assert whole.usage == {"input_tokens": 4}
    assert scan("openai_responses", cut(body, places)) == whole


def test_a_line_beyond_all_bounds_costs_its_own_usage_only() -> None:
    many = b'{"usage":{"prompt_tokens":1},"a":[' + b'"x",' * 400_000 + b'"x"]}'
    good = b'{"model":"m","choices":[],"usage":{"prompt_tokens":2}}'
    pieces = cut(b"data: " + many + b"\ndata: " + good + b"\n", list(range(0, 1_700_000, 50_000)))
    facts = scan("openai_chat", pieces, lines=True)
    assert facts.usage == {"prompt_tokens": 2}


def test_a_megabyte_image_inside_the_closing_event_is_stepped_over() -> None:
    response = {"id": "r", "output": "A" * 3_000_000, "status": "completed", "usage": {"input_tokens": 9}}
    body = b"data: " + json.dumps({"type": "response.completed", "response": response}).encode() + b"\n\n"
    assert scan("openai_responses", cut(body, list(range(0, len(body), 16_384)))).usage == {"input_tokens": 9}


def test_embeddings_as_number_lists_are_stepped_over() -> None:
    vectors = [{"object": "embedding", "embedding": [0.25] * 20_000, "index": i} for i in range(3)]
    body = json.dumps({"data": vectors, "model": "e[1", "usage": {"prompt_tokens": 6}}).encode()
    assert len(payload.elide(body)) < 1_000
    assert payload.load(body)["model"] == "e[1"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"9" * 5000])
def test_what_is_no_json_is_none(body: bytes) -> None:
    assert payload.load(body) is None or body == b"9" * 5000


@given(st.binary(max_size=3000), st.lists(st.integers(0, 4000), max_size=8), st.sampled_from([31, 15, -15]))
@settings(max_examples=60, deadline=None)
def test_compressed_bytes_come_out_whole(data: bytes, places: list[int], window: int) -> None:
    maker = zlib.compressobj(wbits=window)
    compressed = maker.compress(data) + maker.flush()
    out: list[bytes] = []
    feed = decompressor("gzip" if window == 31 else "deflate", out.append)
    assert feed is not None
    for piece in cut(compressed, places):
        feed(piece)
    assert b"".join(out) == data


def test_an_unknown_encoding_is_said_to_be_unreadable() -> None:
    assert decompressor("rot13", print) is None
