"""Providers with traps of their own: what they send, and the disjoint units it becomes; numbers of our own."""

from typing import Any

import pytest
from tests.warehouse.harness import run_model
from tests.warehouse.staging.usage import VIEWS, decode, raw_span, summary

UNITS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "xAI counts the tools that it ran, and bills no sources beside them": (
        "openai_responses",
        {
            "input_tokens": 9,
            "output_tokens": 4,
            "num_sources_used": 3,
            "server_side_tool_usage_details": {"web_search_calls": 2, "x_search_calls": 1},
        },
        {"in": 9, "out": 4, "input": 9, "output": 4, "web_search": 2, "x_search": 1},
    ),
    "xAI's chat names its tools too": (
        "openai_chat",
        {
            "prompt_tokens": 9,
            "completion_tokens": 4,
            "total_tokens": 13,
            "num_sources_used": 3,
            "server_side_tool_usage_details": {"web_search_calls": 0, "x_search_calls": 5},
        },
        {"in": 9, "out": 4, "input": 9, "output": 4, "x_search": 5},
    ),
    "xAI's live search bills the sources that it used": (
        "openai_chat",
        {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, "num_sources_used": 3},
        {"in": 9, "out": 4, "input": 9, "output": 4, "search_source": 3},
    ),
    "Grok on Azure keeps its cache outside of the prompt": (
        "openai_chat",
        {
            "prompt_tokens": 7,
            "completion_tokens": 20,
            "total_tokens": 27,
            "prompt_tokens_details": {"cached_tokens": 163},
        },
        {"in": 170, "out": 20, "input": 7, "cache_read": 163, "output": 20},
    ),
    "OpenRouter calls Gemini's cache read and written": (
        "openai_chat",
        {
            "prompt_tokens": 2168,
            "completion_tokens": 9,
            "total_tokens": 2177,
            "prompt_tokens_details": {"cached_tokens": 2161, "cache_write_tokens": 2161},
        },
        {"in": 2168, "out": 9, "input": 7, "cache_read": 2161, "output": 9},
    ),
    "OpenRouter reasons more than it completes": (
        "openai_chat",
        {
            "prompt_tokens": 5,
            "completion_tokens": 10,
            "total_tokens": 15,
            "completion_tokens_details": {"reasoning_tokens": 11},
        },
        {"in": 5, "out": 10, "input": 5, "reasoning": 10},
    ),
    "Gemini hides its thoughts in the total": (
        "openai_chat",
        {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109},
        {"in": 35, "out": 74, "input": 35, "output": 12, "reasoning": 62},
    ),
    "Mistral counts audio outside of the prompt": (
        "openai_chat",
        {
            "prompt_tokens": 9,
            "completion_tokens": 248,
            "total_tokens": 632,
            "prompt_tokens_details": {"audio_tokens": 375},
        },
        {"in": 384, "out": 248, "input": 9, "input_audio": 375, "output": 248},
    ),
    "Perplexity's research cites and reasons outside of its totals": (
        "openai_chat",
        {
            "prompt_tokens": 33,
            "completion_tokens": 700,
            "total_tokens": 733,
            "citation_tokens": 2000,
            "num_search_queries": 21,
            "reasoning_tokens": 7000,
        },
        {
            "in": 33,
            "out": 9700,
            "input": 33,
            "output": 700,
            "reasoning": 7000,
            "citation": 2000,
            "web_search": 21,
        },
    ),
    "Gemini": (
        "gemini",
        {
            "promptTokenCount": 100,
            "toolUsePromptTokenCount": 7,
            "cachedContentTokenCount": 60,
            "candidatesTokenCount": 20,
            "thoughtsTokenCount": 30,
            "totalTokenCount": 157,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 50},
                {"modality": "AUDIO", "tokenCount": 30},
                {"modality": "IMAGE", "tokenCount": 12},
                {"modality": "VIDEO", "tokenCount": 8},
            ],
            "cacheTokensDetails": [
                {"modality": "TEXT", "tokenCount": 35},
                {"modality": "AUDIO", "tokenCount": 25},
            ],
            "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 15}],
        },
        {
            "in": 107,
            "out": 50,
            "input": 22,
            "cache_read": 35,
            "cache_read_audio": 25,
            "input_audio": 5,
            "input_image": 12,
            "input_video": 8,
            "output": 5,
            "output_image": 15,
            "reasoning": 30,
        },
    ),
    "Gemini that was blocked": (
        "gemini",
        {"promptTokenCount": 6, "totalTokenCount": 6},
        {"in": 6, "out": 0, "input": 6},
    ),
    "Gemini that thought and said nothing": (
        "gemini",
        {"promptTokenCount": 6, "thoughtsTokenCount": 4, "totalTokenCount": 10},
        {"in": 6, "out": 4, "input": 6, "reasoning": 4},
    ),
    "Gemini whose total is another": (
        "gemini",
        {"promptTokenCount": 6, "candidatesTokenCount": 4, "totalTokenCount": 11},
        {"issue": "total_tokens=11 but input and output sum to 10"},
    ),
    "Gemini embeddings": ("gemini", {"promptTokenCount": 4}, {"in": 4, "out": 0, "input": 4}),
    "an interaction": (
        "gemini_interactions",
        {
            "total_input_tokens": 100,
            "total_cached_tokens": 60,
            "total_output_tokens": 20,
            "total_thought_tokens": 30,
            "total_tool_use_tokens": 7,
            "total_tokens": 157,
            "input_tokens_by_modality": [
                {"modality": "text", "tokens": 50},
                {"modality": "audio", "tokens": 30},
                {"modality": "image", "tokens": 12},
                {"modality": "video", "tokens": 8},
            ],
            "cached_tokens_by_modality": [
                {"modality": "text", "tokens": 35},
                {"modality": "audio", "tokens": 25},
            ],
            "output_tokens_by_modality": [{"modality": "image", "tokens": 15}],
            "grounding_tool_count": [
                {"type": "google_search", "count": 2},
                {"type": "google_maps", "count": 9},
            ],
        },
        {
            "in": 107,
            "out": 50,
            "input": 22,
            "cache_read": 35,
            "cache_read_audio": 25,
            "input_audio": 5,
            "input_image": 12,
            "input_video": 8,
            "output": 5,
            "output_image": 15,
            "reasoning": 30,
            "web_search": 2,
        },
    ),
    "an interaction whose tools are in its input": (
        "gemini_interactions",
        {"total_input_tokens": 9, "total_tool_use_tokens": 5, "total_output_tokens": 4, "total_tokens": 13},
        {"in": 9, "out": 4, "input": 9, "output": 4},
    ),
    "an interaction that only thought": (
        "gemini_interactions",
        {"total_input_tokens": 9, "total_thought_tokens": 4},
        {"in": 9, "out": 4, "input": 9, "reasoning": 4},
    ),
    "Imagen's images": ("vertex_predict", {"generated_images": 3}, {"in": 0, "out": 0, "generated_image": 3}),
    "Vertex embeddings": (
        "vertex_predict",
        {"token_count": 12, "billableCharacterCount": 62},
        {"in": 12, "out": 0, "input": 12},
    ),
    "Cohere bills billed units": (
        "cohere",
        {
            "billed_units": {"input_tokens": 7, "output_tokens": 88},
            "tokens": {"input_tokens": 69, "output_tokens": 89},
        },
        {"in": 7, "out": 88, "input": 7, "output": 88},
    ),
    "Cohere puts documents in order": (
        "cohere",
        {"billed_units": {"search_units": 2}},
        {"in": 0, "out": 0, "rerank_query": 2},
    ),
    "Ollama": (
        "ollama",
        {"prompt_eval_count": 17, "eval_count": 5, "eval_duration": 9},
        {"in": 17, "out": 5, "input": 17, "output": 5},
    ),
    "Ollama's cached prompt is unknown": ("ollama", {"eval_count": 5}, {"in": None, "out": 5, "output": 5}),
    "Converse": (
        "bedrock_converse",
        {
            "inputTokens": 10,
            "outputTokens": 5,
            "totalTokens": 155,
            "cacheReadInputTokens": 100,
            "cacheReadInputTokenCount": 100,
            "cacheWriteInputTokens": 40,
            "cacheDetails": [{"ttl": "1h", "inputTokens": 30}, {"ttl": "5m", "inputTokens": 10}],
        },
        {
            "in": 150,
            "out": 5,
            "input": 10,
            "cache_read": 100,
            "cache_write_5m": 10,
            "cache_write_1h": 30,
            "output": 5,
        },
    ),
    "Bedrock's own figures": (
        "bedrock_invoke",
        {"inputTokenCount": 12, "cacheReadInputTokenCount": 3, "outputTokenCount": 34, "firstByteLatency": 1},
        {"in": 15, "out": 34, "input": 12, "cache_read": 3, "output": 34},
    ),
    "Titan in whole fractions": (
        "bedrock_invoke",
        '{"inputTextTokenCount":28.0,"results":[{"tokenCount":197.0},{"tokenCount":3}]}',
        {"in": 28, "out": 200, "input": 28, "output": 200},
    ),
    "Llama": (
        "bedrock_invoke",
        {"prompt_token_count": 8, "generation_token_count": 35},
        {"in": 8, "out": 35, "input": 8, "output": 35},
    ),
    "images": (
        "openai_images",
        {
            "input_tokens": 50,
            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
            "output_tokens": 196,
            "total_tokens": 246,
        },
        {"in": 50, "out": 196, "input": 10, "input_image": 40, "output_image": 196},
    ),
    "images by the piece": (
        "openai_images",
        {"generated_images": 2},
        {"in": 0, "out": 0, "generated_image": 2},
    ),
    "speech by the character": (
        "openai_audio",
        {"input_characters": 120},
        {"in": 0, "out": 0, "input_character": 120},
    ),
    "a transcript in tokens": (
        "openai_audio",
        {"input_tokens": 14, "input_token_details": {"audio_tokens": 12}, "output_tokens": 4},
        {"in": 14, "out": 4, "input": 2, "input_audio": 12, "output": 4},
    ),
    "a transcript by the begun second": (
        "openai_audio",
        {"type": "duration", "seconds": 8.47},
        {"in": 0, "out": 0, "input_audio_second": 9},
    ),
    "Voyage names a total only": (
        "openai_embeddings",
        {"total_tokens": 12},
        {"in": 12, "out": 0, "input": 12},
    ),
}


@pytest.mark.parametrize(("family", "usage", "expected"), UNITS.values(), ids=UNITS)
def test_units_are_disjoint_and_sum_to_the_total(family, usage, expected):
    assert decode(family, usage) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [("gemini-2.5-flash", {"grounded_prompt": 1}), ("gemini-3-pro", {"web_search": 3})],
)
def test_gemini_bills_grounded_prompts_and_later_searches(model, expected):
    span = raw_span(
        "gemini",
        {"promptTokenCount": 6, "candidatesTokenCount": 4},
        response_model=model,
        response_metadata='{"web_search_queries":"3"}',
    )
    [read] = run_model(VIEWS["gemini"], {"raw.spans": [span]})
    [row] = run_model("staging.stg_usage", {VIEWS["gemini"]: [read]})
    assert summary(row) == {"in": 6, "out": 4, "input": 6, "output": 4} | expected


ITERATIONS = "staging.stg_usage__anthropic_iterations"
MESSAGE = {"type": "message", "input_tokens": 220, "output_tokens": 8}


def parts(usage: dict[str, Any]) -> list[tuple[Any, ...]]:
    read = run_model(ITERATIONS, {"raw.spans": [raw_span("anthropic_messages", usage)]})
    rows = run_model("staging.stg_usage", {ITERATIONS: read}) if read else []
    return [(row["part"], row["part_model"], summary(row)) for row in rows]


def test_compaction_and_an_advisor_are_parts_on_models_of_their_own():
    compaction = {
        "type": "compaction",
        "input_tokens": 55196,
        "output_tokens": 125,
        "cache_creation_input_tokens": 70,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 70},
    }
    advisor = {
        "type": "advisor_message",
        "model": "claude-opus-x",
        "input_tokens": 30,
        "cache_read_input_tokens": 12,
        "output_tokens": 4,
    }
    usage = {"input_tokens": 220, "output_tokens": 8, "iterations": [MESSAGE, compaction, advisor]}
    assert parts(usage) == [
        (
            1,
            None,
            {"in": 55266, "out": 125, "input": 55196, "cache_write_1h": 70, "output": 125},
        ),
        (2, "claude-opus-x", {"in": 42, "out": 4, "input": 30, "cache_read": 12, "output": 4}),
    ]
    assert decode("anthropic_messages", usage) == {"in": 220, "out": 8, "input": 220, "output": 8}


def test_a_fallback_is_a_part_only_where_the_totals_leave_it_out():
    fallback = {"type": "fallback_message", "model": "claude-b", "input_tokens": 100, "output_tokens": 5}
    outside = {"input_tokens": 220, "output_tokens": 8, "iterations": [MESSAGE, fallback]}
    inside = {"input_tokens": 320, "output_tokens": 13, "iterations": [MESSAGE, fallback]}
    assert parts(outside) == [(1, "claude-b", {"in": 100, "out": 5, "input": 100, "output": 5})]
    assert parts(inside) == []


@pytest.mark.parametrize("iterations", [None, [], [MESSAGE], [MESSAGE, MESSAGE]])
def test_iterations_of_the_message_itself_are_no_parts(iterations):
    total = 2 if iterations == [MESSAGE, MESSAGE] else 1
    assert parts({"input_tokens": 220 * total, "output_tokens": 8 * total, "iterations": iterations}) == []
