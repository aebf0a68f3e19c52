"""OpenAI's answers: chat completions (streamed and not), embeddings, and its rate-limit error."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator

from spanledger_pipelines.demo.answers import CREATED, Json, prompt_text, request_digest, words
from spanledger_pipelines.demo.work_order import WorkOrder

# OpenAI answers an alias with the snapshot that served it.
SNAPSHOTS = {"gpt-4o": "gpt-4o-2024-08-06", "gpt-4o-mini": "gpt-4o-mini-2024-07-18"}


def chat(request: Json) -> Json:
    """The body of a chat completion that was not streamed."""
    order = WorkOrder.from_prompt(prompt_text(request))
    content = "".join(words(order.call))
    message: Json = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    return _envelope(request, "chat.completion") | {
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": chat_usage(order),
    }


def chat_chunks(request: Json) -> Iterator[Json]:
    """The chunks of a streamed chat completion; usage comes last, and only when the caller asked for it."""
    order = WorkOrder.from_prompt(prompt_text(request))
    with_usage = bool((request.get("stream_options") or {}).get("include_usage"))
    envelope = _envelope(request, "chat.completion.chunk") | ({"usage": None} if with_usage else {})
    deltas: list[Json] = [{"role": "assistant", "content": "", "refusal": None}]
    deltas += [{"content": word} for word in words(order.call)]
    for delta in deltas:
        yield envelope | {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]}
    yield envelope | {"choices": [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}]}
    if with_usage:
        yield envelope | {"choices": [], "usage": chat_usage(order)}


def chat_usage(order: WorkOrder) -> Json:
    """OpenAI's usage object: cached tokens are part of the prompt, reasoning is part of the completion."""
    return {
        "prompt_tokens": order.prompt_tokens,
        "completion_tokens": order.completion_tokens,
        "total_tokens": order.prompt_tokens + order.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": order.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": order.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def embeddings(request: Json) -> Json:
    """The body of an embeddings answer, in the encoding the caller asked for."""
    order = WorkOrder.from_prompt(prompt_text(request))
    inputs = request["input"] if isinstance(request["input"], list) else [request["input"]]
    vector: object = [0.25, -0.5, 0.125, 0.0]
    if request.get("encoding_format") == "base64":
        vector = base64.b64encode(struct.pack("<4f", 0.25, -0.5, 0.125, 0.0)).decode()
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": vector} for index in range(len(inputs))
        ],
        "model": request["model"],
        "usage": {"prompt_tokens": order.prompt_tokens, "total_tokens": order.prompt_tokens},
    }


def rate_limit_error(request: Json) -> Json:
    """The body that comes with status 429."""
    message = (
        f"Rate limit reached for {request['model']} in organization org-demo on tokens per min (TPM): "
        "Limit 30000, Used 29937, Requested 385. Please try again in 20ms. "
        "Visit https://platform.openai.com/account/rate-limits to learn more."
    )
    return {"error": {"message": message, "type": "tokens", "param": None, "code": "rate_limit_exceeded"}}


def server_error(request: Json) -> Json:
    """The body that comes with status 500."""
    message = (
        "The server had an error while processing your request. Sorry about that! "
        f"(request {request_digest(request)[:8]})"
    )
    return {"error": {"message": message, "type": "server_error", "param": None, "code": None}}


def _envelope(request: Json, kind: str) -> Json:
    model = request["model"]
    return {
        "id": f"chatcmpl-{request_digest(request)[:29]}",
        "object": kind,
        "created": CREATED,
        "model": SNAPSHOTS.get(model, model),
        "service_tier": "default",
        "system_fingerprint": "fp_5b0a9c37d1",
    }
