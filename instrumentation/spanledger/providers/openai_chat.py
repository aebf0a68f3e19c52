"""Chat completions and legacy completions, as OpenAI and everyone compatible with it sends them.

Facts: the API references of OpenAI, DeepSeek, Groq, Mistral, OpenRouter, Perplexity, Together and xAI, and recorded
exchanges. Where these differ, and how totals that do not add up are read, stands at `count_tokens`.
"""

from typing import Any

from spanledger.providers.facts import (
    Facts,
    Family,
    Json,
    Tokens,
    count,
    mapping,
    read_cost,
    read_error,
    text,
)


def read(facts: Facts, body: Json) -> None:
    """Fold a completion, or one chunk of its stream, into the facts."""
    facts.response_id = facts.response_id or text(body.get("id"))
    # Azure opens its streams with a chunk whose model is "".
    facts.response_model = facts.response_model or text(body.get("model"))
    facts.service_tier = text(body.get("service_tier")) or facts.service_tier
    for key in ("system_fingerprint", "provider"):
        # OpenRouter names the upstream that served the call.
        if value := text(body.get(key)):
            facts.metadata[key] = value
    if body.get("error"):
        read_error(facts, body["error"])
    choices = body.get("choices")
    for choice in choices if type(choices) is list else ():
        facts.finished(mapping(choice).get("finish_reason"))
        if mapping(choice).get("error"):
            read_error(facts, choice["error"])
    _read_usage(facts, body)


def _read_usage(facts: Facts, body: Json) -> None:
    # Groq's older streams put it under x_groq.
    usage = body.get("usage") or mapping(body.get("x_groq")).get("usage")
    if type(usage) is dict and usage:
        # Some send a running figure on every chunk: the last one holds, and is final once the answer is.
        facts.usage = usage
        # Mistral names the tier beside the counts.
        facts.service_tier = facts.service_tier or text(usage.get("service_tier"))
        read_cost(facts, usage)
    if facts.usage is not None and (facts.finish_reasons or not body.get("choices")):
        facts.final = True


def count_tokens(usage: Json) -> Tokens:
    """Token counts of a usage object, totals inclusive.

    What a total counts beyond prompt and completion is one of: a cache outside of the prompt (Grok on Azure), audio
    outside of the prompt (Mistral), reasoning outside of the completion (xAI), or thoughts that nobody names (Gemini
    behind a compatible host). A cache that is called both read and written in full (Gemini behind OpenRouter) was
    read; reasoning beyond the completion (OpenRouter) is all of it. Citations and reasoning of Perplexity's research
    are in no total, but billed as output.
    """
    details = details_of(usage, "prompt")
    prompt, completion = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    read_tokens = _first(
        details.get("cached_tokens"),
        usage.get("prompt_cache_hit_tokens"),
        usage.get("cached_tokens"),
        usage.get("num_cached_tokens"),
    )
    written = _first(
        details.get("cache_write_tokens"),
        details.get("cache_creation_tokens"),
        usage.get("cache_creation_input_tokens"),
    )
    reasoning = _first(details_of(usage, "completion").get("reasoning_tokens"), usage.get("reasoning_tokens"))
    everything = count(usage.get("total_tokens"))
    if prompt is not None and completion is not None:
        beyond = 0 if everything is None else max(0, everything - prompt - completion)
        if read_tokens is not None and read_tokens > prompt:
            prompt += read_tokens
            beyond = max(0, beyond - read_tokens)
        audio = count(details.get("audio_tokens"))
        if beyond and (beyond == audio or (not audio and count(usage.get("prompt_audio_seconds")))):
            prompt += beyond
        elif beyond:
            completion += beyond
            reasoning = reasoning or beyond
        if read_tokens == written and read_tokens is not None and 2 * read_tokens > prompt:
            written = 0
        if (cited := count(usage.get("citation_tokens"))) is not None:
            completion += cited + (reasoning or 0)
        reasoning = None if reasoning is None else min(reasoning, completion)
    return Tokens(prompt, completion, read_tokens, written, reasoning)


def details_of(usage: Json, side: str) -> Json:
    """The details of the prompt or the completion; Mistral and Writer spell the key in the singular."""
    return mapping(usage.get(f"{side}_tokens_details") or usage.get(f"{side}_token_details"))


def _first(*values: Any) -> int | None:
    return next((known for value in values if (known := count(value)) is not None), None)


FAMILY = Family(
    name="openai_chat",
    # Chunks without news hold `"usage":null` and `"finish_reason":null`; these needles pass them over.
    needles=(b'_tokens"', b'"finish_reason":"', b'"finish_reason": "', b'"error"'),
    read=read,
    count=count_tokens,
)
