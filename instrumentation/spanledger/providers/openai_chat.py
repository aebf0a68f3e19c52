"""Chat completions and legacy completions, as OpenAI and everyone compatible with it sends them."""

from spanledger.providers.facts import Facts, Family, Json, Tokens, count, mapping, money, read_error, text


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
        if (cost := money(usage.get("cost"))) is not None:
            facts.reported_cost, facts.reported_cost_currency = cost, "USD"
    if facts.usage is not None and (facts.finish_reasons or not body.get("choices")):
        facts.final = True


def count_tokens(usage: Json) -> Tokens:
    """Token counts of a completion's usage object; `prompt_tokens` already includes cached ones."""
    prompt = mapping(usage.get("prompt_tokens_details"))
    completion = mapping(usage.get("completion_tokens_details"))
    cache_read = count(prompt.get("cached_tokens"))
    if cache_read is None:
        # DeepSeek splits its prompt into hits and misses.
        cache_read = count(usage.get("prompt_cache_hit_tokens"))
    return Tokens(
        input=count(usage.get("prompt_tokens")),
        output=count(usage.get("completion_tokens")),
        cache_read=cache_read,
        cache_write=count(prompt.get("cache_write_tokens")),
        reasoning=count(completion.get("reasoning_tokens")),
    )


FAMILY = Family(
    name="openai_chat",
    # Chunks without news hold `"usage":null` and `"finish_reason":null`; these needles pass them over.
    needles=(b'_tokens"', b'"finish_reason":"', b'"finish_reason": "', b'"error"'),
    read=read,
    count=count_tokens,
)
