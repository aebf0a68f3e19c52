"""Providers with formats of their own: Gemini, Cohere, Ollama, images, audio; numbers of our own."""

import json
from typing import Any

import pytest
from tests.instrumentation.answers import read, scan, sse

from spanledger.providers.facts import NumberText, Tokens

GEMINI = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 60,
    "candidatesTokenCount": 20,
    "thoughtsTokenCount": 30,
    "toolUsePromptTokenCount": 7,
    "totalTokenCount": 157,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 100}],
}


def gemini(usage: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    candidate = {"content": {"parts": [{"text": "secret"}]}, **({"finishReason": reason} if reason else {})}
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": "gemini-x-001",
        "responseId": "r1",
    }


def test_gemini_counts_thoughts_outside_its_candidates_and_tools_outside_its_prompt() -> None:
    facts, tokens = scan("gemini", json.dumps(gemini(GEMINI, "STOP"), indent=1).encode(), "application/json")
    assert tokens == Tokens(input=107, output=50, cache_read=60, reasoning=30)
    assert tokens.input is not None
    assert tokens.output is not None
    assert tokens.input + tokens.output == GEMINI["totalTokenCount"]
    assert facts.usage == GEMINI
    assert (facts.response_model, facts.response_id, facts.final) == ("gemini-x-001", "r1", True)


RUNNING = {"promptTokenCount": 9, "cachedContentTokenCount": 4, "totalTokenCount": 90}
LAST = {"promptTokenCount": 8, "candidatesTokenCount": 5, "totalTokenCount": 13}


@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json; charset=UTF-8", None])
def test_geminis_last_chunk_wins_whole(as_array: bool, content_type: str | None) -> None:
    chunks = [gemini(RUNNING), gemini(RUNNING), gemini(LAST, "MAX_TOKENS")]
    body = json.dumps(chunks, indent=1).encode() if as_array else sse(*chunks)
    facts, tokens = scan("gemini", body, content_type)
    assert facts.usage == LAST
    assert tokens == Tokens(input=8, output=5)
    assert (facts.final, facts.finish_reasons) == (True, ["MAX_TOKENS"])


@pytest.mark.parametrize("as_array", [False, True])
def test_a_gemini_stream_that_breaks_off_leaves_a_running_figure(as_array: bool) -> None:
    chunks = [gemini(RUNNING), gemini(RUNNING), gemini(LAST, "STOP")]
    body = json.dumps(chunks).encode() if as_array else sse(*chunks)
    facts, _ = scan("gemini", body[: body.index(b"STOP")])
    assert facts.usage == RUNNING
    assert not facts.final


def test_a_blocked_gemini_prompt_has_no_output() -> None:
    body = {
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {"promptTokenCount": 6, "totalTokenCount": 6},
    }
    facts, tokens = read("gemini", body)
    assert tokens == Tokens(input=6, output=0)
    assert facts.finish_reasons == ["SAFETY"]


def test_geminis_tier_traffic_and_searches_are_noted() -> None:
    body = gemini({"promptTokenCount": 1, "trafficType": "ON_DEMAND"}, "STOP")
    body["candidates"][0]["groundingMetadata"] = {"webSearchQueries": ["secret one", "secret two"]}
    facts, _ = read("gemini", body)
    assert facts.service_tier == "ON_DEMAND"
    assert facts.metadata == {"web_search_queries": "2"}


def test_gemini_embeddings_have_no_output() -> None:
    assert read("gemini", {"usageMetadata": {"promptTokenCount": 4}})[1] == Tokens(input=4)


def test_a_google_error_gives_its_status() -> None:
    error = {"error": {"code": 429, "message": "You said secret", "status": "RESOURCE_EXHAUSTED"}}
    for body in (error, [error]):
        facts, _ = scan("gemini", json.dumps(body).encode(), "application/json")
        assert facts.error_type == "RESOURCE_EXHAUSTED"
        assert facts.usage is None


def test_vertex_sums_the_statistics_of_its_predictions() -> None:
    predictions = [{"embeddings": {"statistics": {"token_count": n}, "values": [0.5] * 9}} for n in (3, 4)]
    body = json.dumps({"predictions": predictions, "metadata": {"billableCharacterCount": 31}}).encode()
    facts, tokens = scan("vertex_predict", body)
    assert facts.usage == {"token_count": 7, "billableCharacterCount": 31}
    assert tokens == Tokens(input=7)
    assert scan("vertex_predict", b'{"predictions":[{}, 5]}')[0].usage is None


COHERE = {
    "billed_units": {"input_tokens": 7, "output_tokens": 88},
    "tokens": {"input_tokens": 69, "output_tokens": 89},
}


def test_cohere_bills_billed_units() -> None:
    facts, tokens = read(
        "cohere", {"id": "c", "finish_reason": "COMPLETE", "usage": COHERE, "message": {"role": "x"}}
    )
    assert tokens == Tokens(input=7, output=88)
    assert facts.usage == COHERE
    assert facts.final


def test_cohere_v1_leaves_its_warnings_behind() -> None:
    meta = COHERE | {"api_version": {"version": "1"}, "warnings": ["You wrote secret"]}
    ended = {
        "event_type": "stream-end",
        "finish_reason": "COMPLETE",
        "response": {"meta": meta, "text": "secret"},
    }
    started = {"event_type": "stream-start", "generation_id": "g1"}
    body = b"\n".join(json.dumps(event).encode() for event in (started, {"text": "secret"}, ended))
    for content_type in ("application/stream+json", None):
        facts, tokens = scan("cohere", body, content_type)
        assert facts.usage == COHERE
        assert tokens == Tokens(input=7, output=88)
        assert facts.response_id == "g1"


def test_cohere_v2_ends_its_stream_with_the_message() -> None:
    body = sse(
        {"type": "message-start", "id": "m1"},
        {"type": "content-delta", "delta": {"message": {"content": {"text": "secret"}}}},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": COHERE}},
    )
    facts, _ = scan("cohere", body, "text/event-stream")
    assert (facts.usage, facts.response_id, facts.finish_reasons) == (COHERE, "m1", ["COMPLETE"])


def test_reranking_bills_searches_and_no_tokens() -> None:
    facts, tokens = read("cohere", {"results": [], "meta": {"billed_units": {"search_units": 2}}})
    assert facts.usage == {"billed_units": {"search_units": 2}}
    assert tokens == Tokens(input=0, output=0)


@pytest.mark.parametrize("content_type", ["application/x-ndjson", None])
def test_ollamas_last_line_counts(content_type: str | None) -> None:
    last = {"model": "l", "done": True, "done_reason": "stop", "prompt_eval_count": 17, "eval_count": 5}
    lines = [{"model": "l", "message": {"content": "secret"}, "done": False}] * 12
    lines.append(last | {"context": [1] * 9000, "total_duration": 99})
    body = b"\n".join(json.dumps(line).encode() for line in lines) + b"\n"
    facts, tokens = scan("ollama", body, content_type, size=4096)
    assert facts.usage == {"prompt_eval_count": 17, "eval_count": 5, "total_duration": 99}
    assert (tokens, facts.final) == (Tokens(input=17, output=5), True)


def test_ollamas_cached_prompt_stays_unknown() -> None:
    assert read("ollama", {"done": True, "eval_count": 5})[1] == Tokens(output=5)


def test_images_in_a_document_and_in_a_stream() -> None:
    usage = {"input_tokens": 50, "output_tokens": 196, "total_tokens": 246}
    done = {"type": "image_generation.completed", "b64_json": "A" * 50_000, "usage": usage}
    partial = {"type": "image_generation.partial_image", "b64_json": "A" * 50_000}
    streamed, tokens = scan("openai_images", sse(partial, partial, done), "text/event-stream", 4096)
    assert (streamed.usage, tokens) == (usage, Tokens(input=50, output=196))
    document, _ = read("openai_images", {"data": [{"b64_json": "A"}] * 2, "usage": usage})
    assert document.usage == usage
    assert document.metadata == {"images": "2"}
    assert read("openai_images", {"data": [{"url": "u"}]})[0].usage is None


def test_transcriptions_are_billed_in_tokens_or_seconds() -> None:
    usage = {
        "type": "tokens",
        "input_tokens": 14,
        "input_token_details": {"audio_tokens": 14},
        "output_tokens": 4,
    }
    assert read("openai_audio", {"text": "secret", "usage": usage})[1] == Tokens(input=14, output=4)
    by_time = {"type": "duration", "seconds": NumberText("8.47")}
    facts, tokens = read("openai_audio", {"usage": by_time})
    assert (facts.usage, tokens) == (by_time, Tokens())
    done = {"type": "transcript.text.done", "text": "secret", "usage": usage}
    assert scan("openai_audio", sse(done), "text/event-stream")[0].usage == usage


def test_a_transcript_of_mistral_is_counted_like_a_chat() -> None:
    usage = {"prompt_audio_seconds": 3, "prompt_tokens": 4, "completion_tokens": 10, "total_tokens": 54}
    facts, tokens = read("openai_audio", {"usage": usage})
    assert facts.family == "openai_chat"
    assert tokens == Tokens(input=44, output=10)


INTERACTION = {
    "total_input_tokens": 40,
    "total_cached_tokens": 10,
    "total_output_tokens": 20,
    "total_thought_tokens": 5,
    "total_tool_use_tokens": 7,
    "total_tokens": 72,
    "input_tokens_by_modality": [{"modality": "text", "tokens": 40}],
}


def test_interactions_count_thoughts_and_tools_apart() -> None:
    body = {
        "id": "v1_a",
        "model": "gemini-x",
        "status": "completed",
        "usage": INTERACTION,
        "object": "interaction",
    }
    facts, tokens = read("gemini_interactions", {**body, "service_tier": "flex"})
    assert tokens == Tokens(input=47, output=25, cache_read=10, reasoning=5)
    assert (facts.response_id, facts.response_model, facts.final) == ("v1_a", "gemini-x", True)
    assert (facts.service_tier, facts.finish_reasons) == ("flex", ["completed"])
    inside = read("gemini_interactions", {**body, "usage": {**INTERACTION, "total_tokens": 65}})[1]
    assert inside.input == 40


@pytest.mark.parametrize("whole", [True, False])
def test_an_interactions_stream_ends_with_its_usage(whole: bool) -> None:
    head = {"id": "v1_a", "model": "gemini-x", "object": "interaction"}
    events: list[dict[str, Any]] = [
        {"event_type": "interaction.created", "interaction": {**head, "status": "in_progress"}},
        {"event_type": "interaction.status_update", "interaction_id": "v1_a", "status": "in_progress"},
        *[{"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "secret"}}] * 12,
        {
            "event_type": "interaction.completed",
            "interaction": {**head, "status": "completed", "usage": INTERACTION},
        },
    ]
    facts, tokens = scan("gemini_interactions", sse(*events[: None if whole else -1]), "text/event-stream")
    assert facts.response_model == "gemini-x"
    assert (facts.final, tokens.input) == ((True, 47) if whole else (None, None))
    assert "usage_missing" not in facts.metadata


def test_an_agent_is_its_own_model_and_works_in_the_background() -> None:
    facts, _ = read(
        "gemini_interactions", {"id": "v1_b", "agent": "deep-research-x", "status": "in_progress"}
    )
    assert facts.response_model == "deep-research-x"
    assert facts.metadata["usage_missing"] == "background"
    facts, _ = read(
        "gemini_interactions", {"error": {"code": "quota", "message": "secret"}, "event_type": "error"}
    )
    assert facts.error_type == "quota"


def test_imagen_is_billed_by_the_image_that_came() -> None:
    predictions = [{"bytesBase64Encoded": "AAAA"}, {"gcsUri": "gs://secret"}, {"raiFilteredReason": "secret"}]
    facts, tokens = read("vertex_predict", {"predictions": predictions})
    assert facts.usage == {"generated_images": 2}
    assert tokens == Tokens()


def test_xai_counts_its_own_tools_and_sources() -> None:
    usage = {
        "input_tokens": 9,
        "output_tokens": 4,
        "num_sources_used": 3,
        "server_side_tool_usage_details": {"web_search_calls": 2, "x_search_calls": 1},
        "cost_in_usd_ticks": 12_345_678_901,
    }
    facts, tokens = read("openai_responses", {"id": "r", "status": "completed", "usage": usage})
    assert facts.usage == usage
    assert facts.reported_cost == "1.2345678901"
    assert tokens == Tokens(input=9, output=4)
    live = {"prompt_tokens": 9, "completion_tokens": 4, "num_sources_used": 3}
    assert read("openai_chat", {"choices": [], "usage": live})[0].usage == live


def test_mistral_names_its_tier_beside_the_counts() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "service_tier": "batch"}
    assert read("openai_chat", {"choices": [], "usage": usage})[0].service_tier == "batch"
    facts, _ = read("openai_chat", {"choices": [], "usage": usage, "service_tier": "default"})
    assert facts.service_tier == "default"
