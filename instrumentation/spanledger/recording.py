"""record(): a call that the wire cannot show: batch results, gRPC, WebSockets, another process's answer."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from spanledger import diagnostics, lifecycle
from spanledger.metadata import name


def record(
    *,
    provider: str,
    model: str,
    api_operation: str = "chat",
    usage: Mapping[str, Any] | None = None,
    usage_family: str | None = None,
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    cache_read_tokens: int | None = None,
    cache_write_tokens: int | None = None,
    reasoning_tokens: int | None = None,
    response_model: str | None = None,
    response_id: str | None = None,
    finish_reasons: Sequence[str] = (),
    service_tier: str | None = None,
    speed: str | None = None,
    region: str | None = None,
    batch: bool | None = None,
    reported_cost: Decimal | str | int | None = None,
    reported_cost_currency: str = "USD",
    error_type: str | None = None,
    attempt: int = 1,
    start_time_unix_nano: int | None = None,
    duration_ms: float = 0,
) -> None:
    """Record one call that instrumented HTTP clients do not see; it is attributed by the context.

    Nothing is raised, and nothing happens while the process is not instrumented. What cannot be used, such
    as a negative count, is left out, as it would be in a provider's answer.

    Args:
        provider: as in `gen_ai.provider.name`, such as `openai`.
        model: the model asked for.
        api_operation: as in `gen_ai.operation.name`: `chat`, `embeddings`, `text_completion` …
        usage: the provider's own usage object; kept verbatim.
        usage_family: how to read `usage`, such as `anthropic_messages`; token counts are then taken from it.
        input_tokens: all input tokens, cache included.
        output_tokens: all output tokens, reasoning included.
        cache_read_tokens: the part of the input read from a cache.
        cache_write_tokens: the part of the input written to a cache.
        reasoning_tokens: the part of the output spent on reasoning.
        response_model: the model that answered.
        response_id: the provider's id of the answer; the same answer is then billed once.
        finish_reasons: why the answer ended.
        service_tier: as served.
        speed: as served.
        region: as served.
        batch: the call was part of a batch.
        reported_cost: what the provider says it charged; a float is refused, since it is not exact.
        reported_cost_currency: ISO 4217 code.
        error_type: set when the call failed: the provider's code, or an exception's name.
        attempt: 1 for the first HTTP attempt.
        start_time_unix_nano: UTC nanoseconds since 1970; now minus the duration when not given.
        duration_ms: how long the call took, in milliseconds.
    """
    given = dict(locals())
    if lifecycle.active() is None:
        return
    try:
        _write(given)
    except Exception:
        diagnostics.internal_error("recording a call by hand")


def _write(given: dict[str, Any]) -> None:
    from opentelemetry import context as otel_context

    from spanledger import attributes as names
    from spanledger.providers.facts import count

    runtime = lifecycle.active()
    if runtime is None:
        return
    scope = runtime.scope()
    length = int(given["duration_ms"] * 1_000_000)
    start = given["start_time_unix_nano"]
    start = runtime.clock() - length if start is None else start
    sequence = runtime.identity.issue(None)
    attributes = {
        names.GEN_AI_OPERATION_NAME: name(given["api_operation"]),
        names.GEN_AI_PROVIDER_NAME: name(given["provider"]),
        names.GEN_AI_REQUEST_MODEL: name(given["model"]),
        names.TENANT_ID: scope.tenant,
        names.OPERATION: scope.operation,
        names.METADATA: scope.metadata_json,
        names.ATTEMPT: count(given["attempt"]),
        names.BATCH: True if given["batch"] else None,
        names.ERROR_TYPE: name(given["error_type"]),
        names.PROCESS: runtime.identity.process,
        names.SEQUENCE: sequence,
        **_answer(given),
    }
    try:
        runtime.emit(
            f"{given['api_operation']} {given['model']}",
            otel_context.get_current(),
            start,
            start + length,
            {name: value for name, value in attributes.items() if value is not None},
            failed=given["error_type"] is not None,
        )
    except Exception:
        runtime.lost(sequence, "encode_error")
        raise


def _answer(given: dict[str, Any]) -> dict[str, Any]:
    from spanledger import attributes as names
    from spanledger.providers import FAMILIES
    from spanledger.providers.facts import Facts, NumberText, count, money
    from spanledger.response import response_attributes

    cost = given["reported_cost"]
    exact = (
        money(cost if type(cost) is int else NumberText(str(cost)))
        if type(cost) in (int, str, Decimal)
        else None
    )
    usage = given["usage"]
    facts = Facts(
        response_id=name(given["response_id"]),
        response_model=name(given["response_model"]),
        finish_reasons=[reason for given_reason in given["finish_reasons"] if (reason := name(given_reason))],
        usage=dict(usage) if usage else None,
        final=True,
        service_tier=name(given["service_tier"]),
        speed=name(given["speed"]),
        region=name(given["region"]),
        reported_cost=exact,
        reported_cost_currency=name(given["reported_cost_currency"]) if exact is not None else None,
    )
    values = response_attributes(facts, FAMILIES.get(given["usage_family"] or ""))
    typed = {
        names.GEN_AI_USAGE_INPUT_TOKENS: count(given["input_tokens"]),
        names.GEN_AI_USAGE_OUTPUT_TOKENS: count(given["output_tokens"]),
        names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: count(given["cache_read_tokens"]),
        names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: count(given["cache_write_tokens"]),
        names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: count(given["reasoning_tokens"]),
    }
    known = {name: number for name, number in typed.items() if number is not None}
    if known:
        values[names.USAGE_STATUS] = "complete"
    return values | known
