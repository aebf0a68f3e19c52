"""Ollama's own chat, generate and embed: one object, or NDJSON whose last line is `done`.

Facts: Ollama's API document and recorded exchanges. The counts stand at the top level beside the durations;
`prompt_eval_count` is missing when the prompt was in the server's cache, and stays unknown then.
"""

from typing import Final

from spanledger.providers.facts import Facts, Family, Json, Tokens, code, count, read_error, text

_KEPT: Final = (
    "prompt_eval_count",
    "eval_count",
    "total_duration",
    "load_duration",
    "prompt_eval_duration",
    "eval_duration",
)


def read(facts: Facts, body: Json) -> None:
    """Fold an answer, or one line of its stream, into the facts."""
    facts.response_model = facts.response_model or text(body.get("model"))
    if body.get("error"):
        read_error(facts, body["error"])
    facts.finished(code(body.get("done_reason")))
    usage = {key: body[key] for key in _KEPT if body.get(key) is not None}
    if "eval_count" in usage or "prompt_eval_count" in usage:
        facts.usage = usage
        facts.final = True


def count_tokens(usage: Json) -> Tokens:
    """Token counts of the closing line."""
    return Tokens(input=count(usage.get("prompt_eval_count")), output=count(usage.get("eval_count")))


FAMILY = Family(name="ollama", needles=(b'eval_count"', b'"error"'), read=read, count=count_tokens)
