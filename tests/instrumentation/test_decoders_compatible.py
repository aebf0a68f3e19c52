"""Hosts that speak OpenAI's chat format with habits of their own; numbers of our own."""

from typing import Any

import pytest
from tests.instrumentation.answers import read

from spanledger import payload
from spanledger.providers.facts import Tokens


def chat(usage: dict[str, Any]) -> Tokens:
    return read("openai_chat", {"usage": usage})[1]


TRAPS = {
    "Grok on Azure keeps its cache outside of the prompt": (
        {
            "prompt_tokens": 7,
            "completion_tokens": 20,
            "total_tokens": 27,
            "prompt_tokens_details": {"cached_tokens": 163},
        },
        Tokens(input=170, output=20, cache_read=163),
    ),
    "the same, with a total that counts the cache": (
        {
            "prompt_tokens": 7,
            "completion_tokens": 20,
            "total_tokens": 190,
            "prompt_tokens_details": {"cached_tokens": 163},
        },
        Tokens(input=170, output=20, cache_read=163),
    ),
    "OpenRouter says of Gemini's cache that it was read and written": (
        {
            "prompt_tokens": 2168,
            "completion_tokens": 9,
            "total_tokens": 2177,
            "prompt_tokens_details": {"cached_tokens": 2161, "cache_write_tokens": 2161},
        },
        Tokens(input=2168, output=9, cache_read=2161, cache_write=0),
    ),
    "a cache that is half read and half written stays so": (
        {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 50, "cache_write_tokens": 50}},
        Tokens(input=100, cache_read=50, cache_write=50),
    ),
    "OpenRouter reasons more than it completes": (
        {
            "prompt_tokens": 5,
            "completion_tokens": 10,
            "total_tokens": 15,
            "completion_tokens_details": {"reasoning_tokens": 11},
        },
        Tokens(input=5, output=10, reasoning=10),
    ),
    "Gemini hides its thoughts in the total": (
        {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109},
        Tokens(input=35, output=74, reasoning=62),
    ),
    "xAI counts reasoning outside of the completion": (
        {
            "prompt_tokens": 30,
            "completion_tokens": 8,
            "total_tokens": 131,
            "completion_tokens_details": {"reasoning_tokens": 93},
        },
        Tokens(input=30, output=101, reasoning=93),
    ),
    "Mistral counts audio outside of the prompt": (
        {
            "prompt_tokens": 9,
            "completion_tokens": 248,
            "total_tokens": 632,
            "prompt_tokens_details": {"audio_tokens": 375},
        },
        Tokens(input=384, output=248),
    ),
    "Mistral's older answers name the audio's seconds only": (
        {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 61, "prompt_audio_seconds": 4},
        Tokens(input=59, output=2),
    ),
    "DeepSeek splits its prompt into hits and misses": (
        {"prompt_tokens": 50, "prompt_cache_hit_tokens": 30, "prompt_cache_miss_tokens": 20},
        Tokens(input=50, cache_read=30),
    ),
    "Together and Hugging Face put cached tokens at the top": (
        {"prompt_tokens": 50, "completion_tokens": 1, "total_tokens": 51, "cached_tokens": 32},
        Tokens(input=50, output=1, cache_read=32),
    ),
    "Perplexity's research cites and reasons outside of its totals": (
        {
            "prompt_tokens": 33,
            "completion_tokens": 700,
            "total_tokens": 733,
            "citation_tokens": 2000,
            "num_search_queries": 21,
            "reasoning_tokens": 7000,
        },
        Tokens(input=33, output=9700, reasoning=7000),
    ),
    "Writer writes its details in the singular": (
        {
            "prompt_tokens": 40,
            "completion_tokens": 30,
            "prompt_token_details": {"cached_tokens": 8},
            "completion_token_details": {"reasoning_tokens": 3},
        },
        Tokens(input=40, output=30, cache_read=8, reasoning=3),
    ),
    "a LiteLLM proxy in front of Anthropic names its cache twice": (
        {
            "prompt_tokens": 90,
            "completion_tokens": 3,
            "total_tokens": 93,
            "prompt_tokens_details": {"cached_tokens": 60},
            "cache_read_input_tokens": 60,
            "cache_creation_input_tokens": 20,
        },
        Tokens(input=90, output=3, cache_read=60, cache_write=20),
    ),
}


@pytest.mark.parametrize(("usage", "expected"), TRAPS.values(), ids=TRAPS)
def test_totals_that_do_not_add_up_are_understood(usage: dict[str, Any], expected: Tokens) -> None:
    assert chat(usage) == expected


def test_groq_streams_its_usage_under_a_name_of_its_own() -> None:
    usage = {"queue_time": 1, "prompt_tokens": 18, "completion_tokens": 7, "total_tokens": 25}
    chunk = {"choices": [{"finish_reason": "stop"}], "x_groq": {"id": "req_1", "usage": usage}}
    facts, tokens = read("openai_chat", {"id": "g", "model": "m", "choices": [{}]}, chunk)
    assert facts.usage == usage
    assert facts.final
    assert tokens == Tokens(input=18, output=7)


@pytest.mark.parametrize(
    ("family", "usage", "cost"),
    [
        ("openai_chat", b'{"prompt_tokens":3,"cost":0.00014850000000000000001}', "0.00014850000000000000001"),
        ("openai_chat", b'{"prompt_tokens":3,"cost":{"input_tokens_cost":0.1,"total_cost":0.105}}', "0.105"),
        ("openai_responses", b'{"input_tokens":3,"cost_in_usd_ticks":37756000}', "0.0037756000"),
        ("openai_embeddings", b'{"prompt_tokens":3,"cost":2e-7}', "0.0000002"),
        ("openai_chat", b'{"prompt_tokens":3,"cost":-1}', None),
        ("openai_chat", b'{"prompt_tokens":3,"cost_in_usd_ticks":"many"}', None),
    ],
)
def test_a_reported_cost_is_exact(family: str, usage: bytes, cost: str | None) -> None:
    facts, _ = read(family, payload.load(b'{"usage":' + usage + b"}"))
    assert facts.reported_cost == cost
    assert facts.reported_cost_currency == (None if cost is None else "USD")


def test_voyage_names_a_total_only() -> None:
    assert read("openai_embeddings", {"usage": {"total_tokens": 12}})[1] == Tokens(input=12)


def test_legacy_completions_are_read_like_chats() -> None:
    usage = {"prompt_tokens": 4, "completion_tokens": 16, "total_tokens": 20}
    facts, tokens = read("openai_chat", {"object": "text_completion", "choices": [], "usage": usage})
    assert tokens == Tokens(input=4, output=16)
    assert facts.final


def test_searches_of_a_response_are_counted_and_not_read() -> None:
    search = {"type": "web_search_call", "action": {"type": "search", "query": "secret"}}
    opened = {"type": "web_search_call", "action": {"type": "open_page", "url": "secret"}}
    body = {"status": "completed", "output": [search, opened, search, {"type": "file_search_call"}, 5]}
    facts, _ = read("openai_responses", body)
    assert facts.metadata == {
        "status": "completed",
        "web_search_calls": "2",
        "file_search_calls": "1",
    }
