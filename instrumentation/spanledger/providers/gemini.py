"""Gemini and Vertex generateContent and embedContent: one object, SSE events, or a JSON array of them.

Facts: `usageMetadata` of the GenerateContentResponse reference, and recorded streams: every chunk carries it, counts
change and may go down between chunks, so the last one holds as a whole. Thoughts are outside of the candidates, and
tool-use prompts outside of the prompt.
"""

from spanledger.providers.facts import Facts, Family, Json, Tokens, count, mapping, read_error, text, total


def read(facts: Facts, body: Json) -> None:
    """Fold a response, or one chunk of its stream, into the facts."""
    facts.response_id = text(body.get("responseId")) or facts.response_id
    facts.response_model = text(body.get("modelVersion")) or facts.response_model
    if error := mapping(body.get("error")):
        read_error(facts, {"type": error.get("status"), "message": error.get("message")})
    candidates = body.get("candidates")
    for candidate in candidates if type(candidates) is list else ():
        facts.finished(mapping(candidate).get("finishReason"))
        _read_grounding(facts, mapping(mapping(candidate).get("groundingMetadata")))
    facts.finished(mapping(body.get("promptFeedback")).get("blockReason"))
    usage = body.get("usageMetadata")
    if type(usage) is dict and usage:
        facts.usage = usage
        # Every chunk has a figure: it is the last word once the answer has a finish reason.
        facts.final = True if facts.finish_reasons else None
        facts.service_tier = (
            text(usage.get("serviceTier")) or text(usage.get("trafficType")) or facts.service_tier
        )


def _read_grounding(facts: Facts, grounding: Json) -> None:
    """How many searches the answer rests on; the provider bills them, and its usage object is silent about them."""
    queries = grounding.get("webSearchQueries")
    if type(queries) is list and queries:
        facts.metadata["web_search_queries"] = str(len(queries))


def count_tokens(usage: Json) -> Tokens:
    """Token counts of a usageMetadata object."""
    thoughts = count(usage.get("thoughtsTokenCount"))
    answer = count(usage.get("candidatesTokenCount"))
    prompt = total(usage.get("promptTokenCount"), usage.get("toolUsePromptTokenCount", 0))
    output = None if answer is None and thoughts is None else (answer or 0) + (thoughts or 0)
    everything = count(usage.get("totalTokenCount"))
    if output is None and everything is not None and prompt is not None and everything >= prompt:
        # A blocked answer has no candidates; embeddings have no total either.
        output = everything - prompt
    return Tokens(
        input=prompt,
        output=output,
        cache_read=count(usage.get("cachedContentTokenCount")),
        reasoning=thoughts,
    )


FAMILY = Family(
    name="gemini", needles=(b'"usageMetadata"', b'"error"', b'"finishReason"'), read=read, count=count_tokens
)
