"""OpenRouter's answers: OpenAI's shape, plus who served the call and what OpenRouter charged for it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from spanledger_pipelines.demo.answers import (
    CREATED,
    Json,
    decimal_number,
    prompt_text,
    request_digest,
    words,
)
from spanledger_pipelines.demo.work_order import WorkOrder

# What OpenRouter says it charges, in USD per token: input, output. The ledger derives its own figure.
RATES = {
    "anthropic/claude-sonnet-4.5": (Decimal("0.000003"), Decimal("0.000015")),
    "openai/gpt-4o-mini": (Decimal("0.00000015"), Decimal("0.0000006")),
}


def chat(request: Json) -> Json:
    """The body of a chat completion that was not streamed."""
    order = WorkOrder.from_prompt(prompt_text(request))
    message = {"role": "assistant", "content": "".join(words(order.call)), "refusal": None, "reasoning": None}
    choice = {"logprobs": None, "finish_reason": "stop", "native_finish_reason": "end_turn", "index": 0}
    return _envelope(request, "chat.completion") | {
        "choices": [choice | {"message": message}],
        "usage": usage(request["model"], order),
    }


def chat_chunks(request: Json) -> Iterator[Json]:
    """The chunks of a streamed chat completion; usage comes unasked, on a chunk that has choices."""
    order = WorkOrder.from_prompt(prompt_text(request))
    envelope = _envelope(request, "chat.completion.chunk")
    for word in words(order.call):
        delta = {"role": "assistant", "content": word}
        yield envelope | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    last = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": "stop"}
    yield envelope | {"choices": [last], "usage": usage(request["model"], order)}


def usage(model: str, order: WorkOrder) -> Json:
    """OpenRouter's usage object with its cost in USD."""
    input_rate, output_rate = RATES[model]
    input_cost = order.prompt_tokens * input_rate
    output_cost = order.completion_tokens * output_rate
    cost = input_cost + output_cost
    return {
        "prompt_tokens": order.prompt_tokens,
        "completion_tokens": order.completion_tokens,
        "total_tokens": order.prompt_tokens + order.completion_tokens,
        "cost": decimal_number(cost),
        "is_byok": False,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "cost_details": {
            "upstream_inference_cost": decimal_number(cost),
            "upstream_inference_prompt_cost": decimal_number(input_cost),
            "upstream_inference_completions_cost": decimal_number(output_cost),
        },
        "completion_tokens_details": {"reasoning_tokens": order.reasoning, "image_tokens": 0},
    }


def rate_limit_error(request: Json) -> Json:
    """The body that comes with status 429."""
    return _error(429, f"{request['model']} is temporarily rate-limited upstream. Please retry shortly.")


def server_error(request: Json) -> Json:
    """The body that comes with status 500."""
    return _error(500, f"Internal Server Error (request {request_digest(request)[:8]})")


def _error(code: int, text: str) -> Json:
    return {"error": {"message": text, "code": code}}


def _envelope(request: Json, kind: str) -> Json:
    maker = request["model"].split("/", 1)[0]
    return {
        "id": f"gen-{CREATED}-{request_digest(request)[:20]}",
        "provider": {"anthropic": "Anthropic", "openai": "OpenAI"}.get(maker, maker),
        "model": request["model"],
        "object": kind,
        "created": CREATED,
    }
