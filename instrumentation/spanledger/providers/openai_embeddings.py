"""Embeddings, as OpenAI and everyone compatible with it sends them."""

from spanledger.providers.facts import Facts, Family, Json, Tokens, count, mapping, money, read_error, text


def read(facts: Facts, body: Json) -> None:
    """Fold an embeddings answer into the facts."""
    facts.response_id = facts.response_id or text(body.get("id"))
    facts.response_model = facts.response_model or text(body.get("model"))
    if body.get("error"):
        read_error(facts, body["error"])
    usage = body.get("usage")
    if type(usage) is dict and usage:
        facts.usage = usage
        facts.final = True
        if (cost := money(usage.get("cost"))) is not None:
            facts.reported_cost, facts.reported_cost_currency = cost, "USD"


def count_tokens(usage: Json) -> Tokens:
    """Token counts of an embeddings usage object; there is no output to count."""
    prompt = mapping(usage.get("prompt_tokens_details"))
    return Tokens(input=count(usage.get("prompt_tokens")), cache_read=count(prompt.get("cached_tokens")))


FAMILY = Family(name="openai_embeddings", needles=(b'_tokens"', b'"error"'), read=read, count=count_tokens)
