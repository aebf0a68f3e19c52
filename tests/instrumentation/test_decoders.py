"""Each family: provider bytes in, facts out, with numbers of our own."""

from typing import Any

import pytest

from spanledger import payload
from spanledger.providers import FAMILIES
from spanledger.providers.facts import Facts, NumberText, Tokens, count, dump, money


def read(family: str, *bodies: dict[str, Any]) -> tuple[Facts, Tokens]:
    facts = Facts()
    for body in bodies:
        FAMILIES[family].read(facts, body)
    return facts, FAMILIES[family].count(facts.usage or {})


def test_chat_counts_are_inclusive_and_its_parts_are_named() -> None:
    usage = {
        "prompt_tokens": 900,
        "completion_tokens": 120,
        "total_tokens": 1020,
        "prompt_tokens_details": {"cached_tokens": 512, "cache_write_tokens": 64, "audio_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 80},
    }
    choices = [{"finish_reason": "length"}, {"finish_reason": "stop"}]
    facts, tokens = read("openai_chat", {"id": "c1", "model": "m1", "choices": choices, "usage": usage})
    assert tokens == Tokens(input=900, output=120, cache_read=512, cache_write=64, reasoning=80)
    assert facts.usage == usage
    assert (facts.response_id, facts.response_model, facts.finish_reasons) == ("c1", "m1", ["length", "stop"])
    assert facts.final


def test_deepseek_names_its_cache_hits_elsewhere() -> None:
    usage = {"prompt_tokens": 50, "prompt_cache_hit_tokens": 30, "prompt_cache_miss_tokens": 20}
    assert read("openai_chat", {"usage": usage})[1] == Tokens(input=50, cache_read=30)


def test_running_usage_is_final_only_when_the_answer_is() -> None:
    running = {"choices": [{"finish_reason": None}], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}
    last = {"choices": [{"finish_reason": "stop"}], "usage": {"prompt_tokens": 5, "completion_tokens": 9}}
    assert not read("openai_chat", running)[0].final
    facts, tokens = read("openai_chat", running, last)
    assert facts.final
    assert tokens.output == 9


def test_openrouter_cost_is_exact_to_the_last_digit() -> None:
    body = b'{"usage":{"prompt_tokens":3,"cost":0.00014850000000000000001,"is_byok":false,"x":1e-7},"provider":"Up"}'
    facts, _ = read("openai_chat", payload.load(body))
    assert facts.reported_cost == "0.00014850000000000000001"
    assert facts.reported_cost_currency == "USD"
    assert (
        dump(facts.usage) == '{"prompt_tokens":3,"cost":0.00014850000000000000001,"is_byok":false,"x":1e-7}'
    )
    assert facts.metadata["provider"] == "Up"


def test_responses_document() -> None:
    usage = {
        "input_tokens": 70,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 4},
        "output_tokens": 33,
        "output_tokens_details": {"reasoning_tokens": 21},
        "total_tokens": 103,
    }
    body = {"id": "resp_1", "model": "m", "status": "completed", "service_tier": "flex", "usage": usage}
    facts, tokens = read("openai_responses", body)
    assert tokens == Tokens(input=70, output=33, cache_read=60, cache_write=4, reasoning=21)
    assert facts.service_tier == "flex"
    assert facts.finish_reasons == ["completed"]
    assert facts.final


def test_responses_stream_ends_incomplete_with_its_reason() -> None:
    created = {
        "type": "response.created",
        "response": {"id": "resp_2", "model": "m", "status": "in_progress"},
    }
    ended = {
        "id": "resp_2",
        "model": "m",
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "usage": {"input_tokens": 8, "output_tokens": 16},
    }
    facts, tokens = read("openai_responses", created, {"type": "response.incomplete", "response": ended})
    assert facts.finish_reasons == ["max_output_tokens"]
    assert tokens == Tokens(input=8, output=16)
    assert facts.final


def test_a_background_response_has_no_usage_and_says_why() -> None:
    facts, _ = read("openai_responses", {"id": "r", "status": "queued", "background": True, "usage": None})
    assert facts.usage is None
    assert facts.metadata["usage_missing"] == "background"


def test_embeddings() -> None:
    facts, tokens = read("openai_embeddings", {"model": "e", "data": [], "usage": {"prompt_tokens": 12}})
    assert tokens == Tokens(input=12)
    assert facts.final


def test_anthropic_input_includes_the_cache() -> None:
    usage = {
        "input_tokens": 11,
        "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 200,
        "cache_creation": {"ephemeral_5m_input_tokens": 150, "ephemeral_1h_input_tokens": 50},
        "output_tokens": 90,
        "output_tokens_details": {"thinking_tokens": 60},
        "service_tier": "priority",
        "speed": "fast",
        "inference_geo": "eu",
    }
    body = {"type": "message", "id": "msg_1", "model": "claude", "stop_reason": "tool_use", "usage": usage}
    facts, tokens = read("anthropic_messages", body)
    assert tokens == Tokens(input=1211, output=90, cache_read=1000, cache_write=200, reasoning=60)
    assert (facts.service_tier, facts.speed, facts.region) == ("priority", "fast", "eu")
    assert facts.usage == usage


def test_anthropic_stream_lays_the_delta_over_the_start(make: Any) -> None:
    facts, tokens = read("anthropic_messages", *make.message_events())
    assert facts.usage is not None
    assert facts.usage["input_tokens"] == 25
    assert facts.usage["cache_read_input_tokens"] == 300  # a null in the delta takes nothing away
    assert tokens == Tokens(input=395, output=41, cache_read=300, cache_write=70)
    assert facts.final


def test_anthropic_stream_cut_before_its_delta_is_not_final(make: Any) -> None:
    facts, tokens = read("anthropic_messages", *make.message_events(3))
    assert not facts.final
    assert tokens.output == 1


@pytest.mark.parametrize("value", [True, False, 5.7, -1, "12", None, [], {}, 2**63, NumberText("5.0")])
def test_what_is_no_count_is_left_out(value: Any) -> None:
    assert count(value) is None
    assert read("openai_chat", {"usage": {"prompt_tokens": value, "completion_tokens": 2}})[1] == Tokens(
        output=2
    )


def test_half_an_anthropic_total_is_no_total() -> None:
    assert (
        read("anthropic_messages", {"usage": {"input_tokens": 5, "cache_read_input_tokens": "x"}})[1].input
        is None
    )


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("0.10", "0.10"),
        ("1e-7", "0.0000001"),
        ("1.5E2", "150"),
        ("-1.0", None),
        ("1e999999999", None),
        ("1e-999999999", None),
        ("nonsense", None),
    ],
)
def test_money_is_plain_decimal_text(written: str, plain: str | None) -> None:
    assert money(NumberText(written)) == plain


def test_money_takes_whole_numbers_but_no_floats_or_texts() -> None:
    assert money(0) == "0"
    assert [money(value) for value in (0.1, True, "1", None)] == [None] * 4


def test_a_sentence_is_not_an_error_code() -> None:
    facts, _ = read("openai_chat", {"error": {"code": "you said: hello", "type": "invalid_request_error"}})
    assert facts.error_type == "invalid_request_error"
    assert "error_code" not in facts.metadata
