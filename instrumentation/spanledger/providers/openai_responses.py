"""OpenAI's Responses: a response object, or a stream of events that carry one.

Facts: the API references of OpenAI and xAI, and recorded exchanges.
"""

from collections import Counter
from typing import Final

from spanledger.providers.facts import (
    Facts,
    Family,
    Json,
    Tokens,
    code,
    count,
    mapping,
    read_cost,
    read_error,
    text,
)

_BILLED: Final = ("web_search_call", "file_search_call")
_UNFINISHED: Final = ("queued", "in_progress")


def read(facts: Facts, body: Json) -> None:
    """Fold a response object, or one event of its stream, into the facts."""
    if body.get("type") == "error":
        # A stream's error event carries code and message itself; gateways nest them.
        read_error(facts, body.get("error") or {**body, "type": None})
        return
    response = body.get("response")
    _read_response(facts, response if type(response) is dict else body)


def _read_response(facts: Facts, response: Json) -> None:
    facts.response_id = text(response.get("id")) or facts.response_id
    facts.response_model = text(response.get("model")) or facts.response_model
    facts.service_tier = text(response.get("service_tier")) or facts.service_tier
    facts.background = facts.background or response.get("background") is True
    status = code(response.get("status"))
    if status:
        facts.metadata["status"] = status
        if status not in _UNFINISHED:
            facts.finish_reasons.clear()
            facts.finished(mapping(response.get("incomplete_details")).get("reason") or status)
    if response.get("error"):
        read_error(facts, response["error"])
    _count_tools(facts, response.get("output"))
    usage = response.get("usage")
    if type(usage) is dict and usage:
        facts.usage = usage
        facts.final = status not in _UNFINISHED
        read_cost(facts, usage)
    elif status in _UNFINISHED and facts.background:
        # The answer will be fetched later by GET, and with it the usage.
        facts.missing_because("background")
    if facts.usage is not None:
        facts.metadata.pop("usage_missing", None)


def _count_tools(facts: Facts, output: object) -> None:
    """How often a search ran that the provider bills by the piece; its usage object is silent about them."""
    ran: Counter[str] = Counter()
    for item in output if type(output) is list else ():
        found = mapping(item)
        # Opening a page that a search found is no search.
        if found.get("type") in _BILLED and mapping(found.get("action")).get("type", "search") == "search":
            ran[f"{found['type']}s"] += 1
    facts.metadata.update({name: str(number) for name, number in ran.items()})


def count_tokens(usage: Json) -> Tokens:
    """Token counts of a response's usage object; both totals are inclusive already."""
    given = mapping(usage.get("input_tokens_details"))
    made = mapping(usage.get("output_tokens_details"))
    return Tokens(
        input=count(usage.get("input_tokens")),
        output=count(usage.get("output_tokens")),
        cache_read=count(given.get("cached_tokens")),
        cache_write=count(given.get("cache_write_tokens")),
        reasoning=count(made.get("reasoning_tokens")),
    )


FAMILY = Family(
    name="openai_responses",
    # `response.created` names id and model; the closing event holds the usage.
    needles=(b'"response.created"', b'_tokens"', b'"error"', b'"response.failed"', b'"response.incomplete"'),
    read=read,
    count=count_tokens,
)
