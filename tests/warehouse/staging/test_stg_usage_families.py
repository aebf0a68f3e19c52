"""Each usage family's decoding: which key is which unit, and what the totals include."""

import pytest
from tests.warehouse.harness import run_model
from tests.warehouse.staging.usage import VIEWS, decode, raw_span, texts

CHAT = {
    "prompt_tokens": 1000,
    "completion_tokens": 300,
    "total_tokens": 1300,
    "prompt_tokens_details": {"cached_tokens": 600, "audio_tokens": 50, "image_tokens": 7},
    "completion_tokens_details": {"reasoning_tokens": 120, "audio_tokens": 30, "image_tokens": 9},
}


def test_openai_chat_counts_cache_audio_images_and_reasoning_inside_the_totals():
    assert decode("openai_chat", CHAT) == {
        "in": 1000,
        "out": 300,
        "input": 343,
        "cache_read": 600,
        "input_audio": 50,
        "input_image": 7,
        "output": 141,
        "reasoning": 120,
        "output_audio": 30,
        "output_image": 9,
    }


def test_openai_chat_of_a_gateway_names_cache_hits_and_writes_its_own_way():
    hits = {"prompt_tokens": 10, "completion_tokens": 1, "prompt_cache_hit_tokens": 8}
    assert decode("openai_chat", hits) == {"in": 10, "out": 1, "input": 2, "cache_read": 8, "output": 1}
    writes = {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cache_write_tokens": 4}}
    assert decode("openai_chat", writes) == {"in": 10, "out": 1, "input": 6, "cache_write_5m": 4, "output": 1}


@pytest.mark.parametrize(
    ("family", "inputs", "outputs", "details"),
    [
        ("openai_chat", "prompt_tokens", "completion_tokens", "prompt_tokens_details"),
        ("openai_responses", "input_tokens", "output_tokens", "input_tokens_details"),
    ],
)
def test_cache_writes_that_are_split_by_their_time_to_live_are_counted_once(family, inputs, outputs, details):
    split = {"ttl_30m_tokens": 30, "ttl_12h_tokens": 10}
    usage = {
        inputs: 100,
        outputs: 5,
        details: {"cache_write_tokens": 40, "cache_write_tokens_details": split},
    }
    expected = {"in": 100, "out": 5, "input": 60, "cache_write_30m": 30, "cache_write_12h": 10, "output": 5}
    assert decode(family, usage) == expected


def test_cache_writes_beyond_the_stated_split_keep_their_own_unit():
    split = {"ttl_30m_tokens": 30}
    details = {"cache_write_tokens": 40, "cache_write_tokens_details": split}
    usage = {"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": details}
    found = decode("openai_chat", usage)
    assert found == {
        "in": 100,
        "out": 5,
        "input": 60,
        "cache_write_30m": 30,
        "cache_write_5m": 10,
        "output": 5,
    }


def test_openai_responses_counts_cache_and_reasoning_inside_the_totals():
    usage = {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 40},
        "output_tokens": 50,
        "output_tokens_details": {"reasoning_tokens": 20},
        "total_tokens": 150,
    }
    expected = {"in": 100, "out": 50, "input": 60, "cache_read": 40, "output": 30, "reasoning": 20}
    assert decode("openai_responses", usage) == expected


def test_openai_embeddings_have_input_only():
    assert decode("openai_embeddings", {"prompt_tokens": 8, "total_tokens": 8}) == {
        "in": 8,
        "out": 0,
        "input": 8,
    }


def test_anthropic_input_excludes_cache_reads_and_writes():
    usage = {
        "input_tokens": 100,
        "cache_read_input_tokens": 2000,
        "cache_creation_input_tokens": 500,
        "output_tokens": 30,
    }
    expected = {"in": 2600, "out": 30, "input": 100, "cache_read": 2000, "cache_write_5m": 500, "output": 30}
    assert decode("anthropic_messages", usage) == expected


def anthropic(written: object, **split: object) -> dict[str, object]:
    usage: dict[str, object] = {
        "input_tokens": 10,
        "output_tokens": 1,
        "cache_creation_input_tokens": written,
    }
    return usage | ({"cache_creation": split} if split else {})


ANTHROPIC_WRITES = {
    "five minutes and an hour": (
        anthropic(500, ephemeral_5m_input_tokens=200, ephemeral_1h_input_tokens=300),
        {"in": 510, "cache_write_5m": 200, "cache_write_1h": 300},
    ),
    "an hour only": (
        anthropic(300, ephemeral_5m_input_tokens=0, ephemeral_1h_input_tokens=300),
        {"in": 310, "cache_write_1h": 300},
    ),
    "a split without a total": (
        anthropic(None, ephemeral_5m_input_tokens=2, ephemeral_1h_input_tokens=3),
        {"in": 15, "cache_write_5m": 2, "cache_write_1h": 3},
    ),
    "a time to live of a newer release": (
        anthropic(
            500, ephemeral_5m_input_tokens=0, ephemeral_1h_input_tokens=300, ephemeral_24h_input_tokens=200
        ),
        {"in": 510, "cache_write_5m": 200, "cache_write_1h": 300},
    ),
    "one half of the split only": (
        anthropic(500, ephemeral_1h_input_tokens=300),
        {"in": 510, "cache_write_5m": 200, "cache_write_1h": 300},
    ),
    "an empty split": (anthropic(7) | {"cache_creation": None}, {"in": 17, "cache_write_5m": 7}),
}


@pytest.mark.parametrize(("usage", "expected"), ANTHROPIC_WRITES.values(), ids=ANTHROPIC_WRITES)
def test_anthropic_cache_writes_are_split_by_time_to_live_and_none_is_dropped(usage, expected):
    assert decode("anthropic_messages", usage) == {"out": 1, "input": 10, "output": 1} | expected


def test_anthropic_cache_writes_that_exceed_their_own_total_are_an_issue():
    usage = anthropic(100, ephemeral_5m_input_tokens=100, ephemeral_1h_input_tokens=100)
    assert decode("anthropic_messages", usage) == {"issue": "cache_write_tokens=-100"}


def test_anthropic_thinking_and_searches_have_units_of_their_own():
    usage = {
        "input_tokens": 10,
        "output_tokens": 100,
        "output_tokens_details": {"thinking_tokens": 60},
        "server_tool_use": {"web_search_requests": 3},
    }
    expected = {"in": 10, "out": 100, "input": 10, "output": 40, "reasoning": 60, "web_search": 3}
    assert decode("anthropic_messages", usage) == expected


def test_numbers_are_read_as_the_text_that_was_sent():
    usage = '{"prompt_tokens": 5.7, "completion_tokens": true, "total_tokens": 12345678901234567890}'
    assert texts("openai_chat", usage) == {
        "input": "5.7",
        "output": "true",
        "total": "12345678901234567890",
    }


@pytest.mark.parametrize("family", VIEWS)
@pytest.mark.parametrize("usage", ["[]", "5", "null", "{}", '{"unknown": 1}'])
def test_a_usage_object_without_known_keys_counts_nothing(family, usage):
    assert not [value for value in texts(family, usage).values() if value != "0"]


@pytest.mark.parametrize("family", VIEWS)
def test_a_family_reads_only_its_own_sound_usage_objects(family):
    rows = [
        raw_span(family, {"prompt_tokens": 1}, line=1),
        raw_span(family, '{"torn', line=2),
        raw_span("another", {"prompt_tokens": 1}, line=3),
        raw_span(family, None, line=4),
    ]
    assert [row["line"] for row in run_model(VIEWS[family], {"raw.spans": rows})] == [1]


def test_every_span_of_ours_without_a_known_usage_object_is_read_from_its_attributes():
    counts = {
        "input_tokens_text": "9",
        "output_tokens_text": "4",
        "cache_read_tokens_text": "3",
        "cache_write_tokens_text": "2",
        "reasoning_tokens_text": "1",
        "scope": "spanledger",
    }
    rows = [
        raw_span("openai_chat", {"prompt_tokens": 1}, line=1, **counts),
        raw_span("openai_chat", '{"torn', line=2, **counts),
        raw_span("mars", {"prompt_tokens": 1}, line=3, **counts),
        raw_span(None, None, line=4, **counts),
        raw_span(None, {"prompt_tokens": 1}, line=5, **counts),
        raw_span(None, None, line=6, **counts | {"scope": "other"}),
    ]
    found = run_model("staging.stg_usage__span_attributes", {"raw.spans": rows})
    assert [row["line"] for row in found] == [2, 3, 4, 5]
    columns = ("input_text", "output_text", "cache_read_text", "cache_write_text", "reasoning_text")
    assert [found[0][column] for column in columns] == ["9", "4", "3", "2", "1"]
