"""Embeddings, as OpenAI and everyone compatible with it sends them, and reranking that is counted the same way.

Facts: the API references of OpenAI, Mistral, Together and Voyage. Voyage and Jina name a total only: all of it is
input.
"""

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
    """Fold an embeddings answer into the facts."""
    facts.response_id = facts.response_id or text(body.get("id"))
    facts.response_model = facts.response_model or text(body.get("model"))
    if body.get("error"):
        read_error(facts, body["error"])
    usage = body.get("usage")
    if type(usage) is dict and usage:
        facts.usage = usage
        facts.final = True
        read_cost(facts, usage)


def count_tokens(usage: Json) -> Tokens:
    """Token counts of an embeddings usage object; there is no output to count."""
    prompt = mapping(usage.get("prompt_tokens_details"))
    given = usage.get("total_tokens") if usage.get("prompt_tokens") is None else usage["prompt_tokens"]
    return Tokens(input=count(given), cache_read=count(prompt.get("cached_tokens")))


FAMILY = Family(name="openai_embeddings", needles=(b'_tokens"', b'"error"'), read=read, count=count_tokens)
