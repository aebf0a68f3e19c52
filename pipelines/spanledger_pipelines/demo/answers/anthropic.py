"""Anthropic's answers: messages (streamed and not) with cache reads and writes, and its errors."""

from __future__ import annotations

from collections.abc import Iterator

from spanledger_pipelines.demo.answers import Json, prompt_text, request_digest, words
from spanledger_pipelines.demo.work_order import WorkOrder


def message(request: Json) -> Json:
    """The body of a message that was not streamed."""
    order = WorkOrder.from_prompt(prompt_text(request))
    return _envelope(request) | {
        "content": [{"type": "text", "text": "".join(words(order.call))}],
        "stop_reason": "end_turn",
        "usage": usage(order, order.completion_tokens),
    }


def message_events(request: Json) -> Iterator[Json]:
    """The events of a streamed message: input usage comes first, and the last event completes the output."""
    order = WorkOrder.from_prompt(prompt_text(request))
    opening: Json = {"content": [], "stop_reason": None, "usage": usage(order, 1)}
    yield {"type": "message_start", "message": _envelope(request) | opening}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    yield {"type": "ping"}
    for word in words(order.call):
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
    yield {"type": "content_block_stop", "index": 0}
    cumulative = {
        "input_tokens": order.input,
        "cache_creation_input_tokens": order.cache_write_5m + order.cache_write_1h,
        "cache_read_input_tokens": order.cache_read,
        "output_tokens": order.completion_tokens,
    }
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": cumulative}
    yield {"type": "message_stop"}


def usage(order: WorkOrder, output_tokens: int) -> Json:
    """Anthropic's usage object: `input_tokens` leaves the cache out."""
    return {
        "input_tokens": order.input,
        "cache_creation_input_tokens": order.cache_write_5m + order.cache_write_1h,
        "cache_read_input_tokens": order.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": order.cache_write_5m,
            "ephemeral_1h_input_tokens": order.cache_write_1h,
        },
        "output_tokens": output_tokens,
        "service_tier": "standard",
        "inference_geo": "not_available",
    }


def server_error(request: Json) -> Json:
    """The body that comes with status 500."""
    return _error(request, "api_error", "Internal server error")


def rate_limit_error(request: Json) -> Json:
    """The body that comes with status 429."""
    text = "This request would exceed your organization's rate limit of 30,000 input tokens per minute."
    return _error(request, "rate_limit_error", text)


def _error(request: Json, kind: str, text: str) -> Json:
    error = {"type": kind, "message": text}
    return {"type": "error", "error": error, "request_id": f"req_{request_digest(request)[:24]}"}


def _envelope(request: Json) -> Json:
    return {
        "model": request["model"],
        "id": f"msg_{request_digest(request)[:24]}",
        "type": "message",
        "role": "assistant",
        "stop_sequence": None,
    }
