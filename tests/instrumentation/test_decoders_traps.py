"""The traps of the providers' answers that no other file here has: streamed and not, numbers of our own."""

import json
from typing import Any

import pytest
from tests.instrumentation.answers import frame, read, scan, sse

from spanledger.providers.facts import Tokens

CHUNK = {"id": "c1", "object": "chat.completion.chunk", "model": "m-1"}


def chunk(text: str, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {**CHUNK, "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}], **more}


def test_rejected_predictions_are_inside_the_completion() -> None:
    details = {"accepted_prediction_tokens": 4, "rejected_prediction_tokens": 6, "reasoning_tokens": 2}
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 20,
        "total_tokens": 29,
        "completion_tokens_details": details,
    }
    facts, tokens = read("openai_chat", {"choices": [], "usage": usage})
    assert tokens == Tokens(input=9, output=20, reasoning=2)
    assert facts.usage == usage


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 40, "completion_tokens": 6, "total_tokens": 46, "cached_tokens": 32},
        {"prompt_tokens": 40, "completion_tokens": 6, "total_tokens": 46, "num_cached_tokens": 32},
        {"prompt_tokens": 40, "completion_tokens": 6, "prompt_token_details": {"cached_tokens": 32}},
    ],
    ids=["Together, Hugging Face", "Mistral", "Writer"],
)
def test_a_cache_is_found_wherever_it_is_named(usage: dict[str, Any]) -> None:
    assert read("openai_chat", {"choices": [], "usage": usage})[1] == Tokens(
        input=40, output=6, cache_read=32
    )


@pytest.mark.parametrize("ending", ["chunk with a choice", "chunk without one"])
def test_usage_may_come_with_the_last_words(ending: str) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
    last = [chunk("", "stop", usage=usage)]
    if ending == "chunk without one":
        last = [chunk("", "stop"), {**CHUNK, "choices": [], "usage": usage}]
    facts, tokens = scan("openai_chat", sse(*[chunk("secret")] * 12, *last) + b"data: [DONE]\n\n")
    assert (facts.final, tokens) == (True, Tokens(input=9, output=4))


def test_openrouter_talks_before_it_answers_and_says_what_it_paid() -> None:
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 4,
        "total_tokens": 13,
        "cost": 0.00012,
        "is_byok": True,
        "cost_details": {"upstream_inference_cost": 0.0031, "upstream_inference_prompt_cost": 0.001},
        "server_tool_use_details": {"web_search_requests": 1},
    }
    body = b": OPENROUTER PROCESSING\n\n" * 3 + sse(
        chunk("secret", provider="Upstream"), chunk("", "stop", usage=usage)
    )
    facts, tokens = scan("openai_chat", body, "text/event-stream")
    assert (facts.reported_cost, facts.metadata["provider"]) == ("0.00012", "Upstream")
    assert tokens == Tokens(input=9, output=4)
    assert facts.usage is not None
    assert set(facts.usage) == set(usage)


def test_azure_opens_with_filters_and_without_a_model() -> None:
    opening = {
        "choices": [],
        "id": "",
        "model": "",
        "object": "",
        "prompt_filter_results": [{"prompt_index": 0}],
    }
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
    body = sse(
        opening, chunk("secret"), chunk("", "content_filter"), {**CHUNK, "choices": [], "usage": usage}
    )
    facts, tokens = scan("openai_chat", body, "text/event-stream")
    assert (facts.response_model, facts.response_id) == ("m-1", "c1")
    assert (facts.finish_reasons, tokens.input, facts.final) == (["content_filter"], 9, True)


def test_a_stream_that_began_well_may_end_in_an_error() -> None:
    error = {"error": {"message": "secret", "type": "invalid_request_error", "code": "tool_use_failed"}}
    facts, _ = scan("openai_chat", sse(*[chunk("secret")] * 12, error), "text/event-stream")
    assert (facts.error_type, facts.usage, facts.final) == ("tool_use_failed", None, None)


@pytest.mark.parametrize("kind", ["response.completed", "response.incomplete", "response.failed"])
def test_every_end_of_a_response_has_its_usage(kind: str) -> None:
    status = kind.partition(".")[2]
    usage = {
        "input_tokens": 90,
        "input_tokens_details": {
            "cached_tokens": 10,
            "cache_write_tokens": 60,
            "cache_write_tokens_details": {"ttl_30m_tokens": 20, "ttl_12h_tokens": 30},
        },
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 3},
    }
    response = {"id": "r", "model": "m-1", "status": status, "usage": usage}
    if kind == "response.failed":
        response["error"] = {"code": "server_error", "message": "secret"}
    created = {"type": "response.created", "response": {"id": "r", "model": "m-1", "status": "in_progress"}}
    deltas = [{"type": "response.output_text.delta", "delta": 'secret "usage"'}] * 12
    facts, tokens = scan("openai_responses", sse(created, *deltas, {"type": kind, "response": response}))
    assert tokens == Tokens(input=90, output=4, cache_read=10, cache_write=60, reasoning=3)
    assert facts.usage == usage
    assert (facts.final, facts.finish_reasons) == (True, [status])
    assert (facts.error_type == "server_error") is (kind == "response.failed")


@pytest.mark.parametrize("streamed", [False, True])
def test_anthropics_iterations_stay_as_they_are_beside_totals_without_them(streamed: bool) -> None:
    iterations = [
        {"type": "compaction", "input_tokens": 5000, "output_tokens": 12},
        {"type": "advisor_message", "model": "claude-other", "input_tokens": 70, "output_tokens": 8},
        {"type": "message", "input_tokens": 22, "output_tokens": 9},
    ]
    tools = {"web_search_requests": 2, "web_fetch_requests": 1}
    usage = {"input_tokens": 22, "output_tokens": 9, "server_tool_use": tools, "iterations": iterations}
    message = {"type": "message", "id": "msg", "model": "claude-x", "content": [], "stop_reason": "end_turn"}
    if streamed:
        start = {
            **message,
            "stop_reason": None,
            "usage": {"input_tokens": 3, "output_tokens": 1, "speed": "fast"},
        }
        events = [
            {"type": "message_start", "message": start},
            *[{"type": "content_block_delta", "delta": {"type": "text_delta", "text": "secret"}}] * 12,
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
            {"type": "message_stop"},
        ]
        facts, tokens = scan("anthropic_messages", sse(*events), "text/event-stream")
        assert facts.speed == "fast"
    else:
        facts, tokens = read("anthropic_messages", {**message, "usage": usage})
    assert tokens == Tokens(input=22, output=9)
    assert facts.usage is not None
    assert (facts.usage["iterations"], facts.usage["server_tool_use"]) == (iterations, tools)
    assert facts.final is True


def test_thinking_is_inside_the_output_of_a_message() -> None:
    usage = {"input_tokens": 2, "output_tokens": 90, "output_tokens_details": {"thinking_tokens": 80}}
    tokens = read("anthropic_messages", {"type": "message", "usage": usage})[1]
    assert tokens == Tokens(input=2, output=90, reasoning=80)


def test_the_tier_that_served_is_read_wherever_it_is_named() -> None:
    gemini = {"candidates": [], "usageMetadata": {"promptTokenCount": 1, "serviceTier": "flex"}}
    assert read("gemini", gemini)[0].service_tier == "flex"
    usage = {"inputTokens": 1, "outputTokens": 1}
    converse = {"stopReason": "end_turn", "usage": usage, "serviceTier": {"type": "priority"}}
    facts, _ = read("bedrock_converse", {**converse, "performanceConfig": {"latency": "optimized"}})
    assert (facts.service_tier, facts.speed) == ("priority", "optimized")
    body = frame(json.dumps({"metadata": {"usage": usage, "serviceTier": {"type": "flex"}}}).encode())
    assert scan("bedrock_converse", body, "application/vnd.amazon.eventstream")[0].service_tier == "flex"
    groq = {"choices": [], "service_tier": "on_demand", "usage": {"prompt_tokens": 1}}
    assert read("openai_chat", groq)[0].service_tier == "on_demand"


def test_images_of_both_kinds_are_inside_the_totals() -> None:
    usage = {
        "input_tokens": 50,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
        "output_tokens": 200,
        "output_tokens_details": {"image_tokens": 196, "text_tokens": 4},
        "total_tokens": 250,
    }
    facts, tokens = read("openai_images", {"data": [{}], "usage": usage})
    assert tokens == Tokens(input=50, output=200)
    assert facts.usage == usage
