"""Span attributes of what a decoder found out about an answer. Pure."""

from typing import Any, Final

from spanledger import attributes as names
from spanledger.providers import FAMILIES
from spanledger.providers import facts as found
from spanledger.requests import RequestFacts

_ASKED_NOTHING: Final = RequestFacts()
# In the order of the fields of `facts.Tokens`.
_TOKENS: Final = (
    names.GEN_AI_USAGE_INPUT_TOKENS,
    names.GEN_AI_USAGE_OUTPUT_TOKENS,
    names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
)


def response_attributes(
    facts: found.Facts, family: found.Family | None, request: RequestFacts = _ASKED_NOTHING
) -> dict[str, Any]:
    """Span attributes of what a decoder found, and none of what it did not find.

    Args:
        facts: the decoder's findings.
        family: the family they were read as, None when nobody said.
        request: what was asked for, where the answer does not say what was served.
    """
    if facts.family is not None:
        family = FAMILIES.get(facts.family, family)
    values = _usage_attributes(facts, family)
    # A region that the provider withheld on purpose is not one that we may fill in.
    tier, speed, region = facts.service_tier, facts.speed, facts.region
    if (
        (tier is None and request.service_tier)
        or (speed is None and request.speed)
        or (region is None and request.region)
    ):
        values[names.TIER_ASSUMED] = True
    known = (
        (names.GEN_AI_RESPONSE_MODEL, facts.response_model),
        (names.GEN_AI_RESPONSE_ID, facts.response_id),
        (names.SERVICE_TIER, tier or request.service_tier),
        (names.SPEED, speed or request.speed),
        (names.REGION, region or request.region),
        (names.REPORTED_COST, facts.reported_cost),
        (names.REPORTED_COST_CURRENCY, facts.reported_cost_currency),
    )
    values.update([pair for pair in known if pair[1] is not None])
    if facts.finish_reasons:
        values[names.GEN_AI_RESPONSE_FINISH_REASONS] = tuple(facts.finish_reasons)
    if facts.metadata:
        values[names.RESPONSE_METADATA] = found.dump(facts.metadata)
    return values


def _usage_attributes(facts: found.Facts, family: found.Family | None) -> dict[str, Any]:
    values: dict[str, Any] = {} if family is None else {names.USAGE_FAMILY: family.name}
    if facts.usage is None:
        values[names.USAGE_STATUS] = "missing"
        return values
    values[names.USAGE_STATUS] = "complete" if facts.final else "partial"
    facts.metadata.pop("usage_missing", None)
    raw = found.dump(facts.usage)
    if len(raw) <= found.MAX_USAGE:
        values[names.USAGE_RAW] = raw
    else:
        facts.metadata["usage_raw"] = "too_long"
    if family is not None:
        counted = zip(_TOKENS, family.count(facts.usage), strict=True)
        values.update([pair for pair in counted if pair[1] is not None])
    return values
