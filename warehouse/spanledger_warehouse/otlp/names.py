"""Which span attributes become typed record keys, and which are content and never stored.

The names of our own attributes are the SDK's table. What other emitters call the same facts is read in staging
(`dialects`), so that a better reading reaches history too; only what has to be known when a span arrives is read here:
such a name stands for its key when no better name of the same key is there, and also stays under `attributes`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from spanledger import attributes as own
from spanledger.records import KEYS
from spanledger_warehouse.otlp.dialects import AT_THE_DOOR, attributes_of, attributes_read

_TOKENS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
WHOLE_NUMBERS: Final = frozenset(("http_status", "attempt", *_TOKENS))
FLAGS: Final = frozenset(("stream", "tier_assumed", "batch"))

SERVICE_NAMES: Final = (own.SERVICE_NAME,)
ENVIRONMENT_NAMES: Final = (own.DEPLOYMENT_ENVIRONMENT_NAME, "deployment.environment")
# A resource may say who pays for all of its spans; the span's own word wins.
RESOURCE_KEYS: Final = {own.TENANT_ID: "tenant", own.OPERATION: "operation"}

# A query part can hold an API key; the rest of the address is kept.
ADDRESSES: Final = frozenset(("url.full", "http.url", "http.target", "url.original"))

# Names too short to say what follows them; they are content only by themselves.
BARE_CONTENT: Final = frozenset(
    ("input", "output", "prompt", "completion", "messages", "message", "response", "events", "final_result")
)
# Prompts, answers, tool arguments, header values, statements: a name equals one of these, or goes on after it with a
# dot (gen_ai.prompt.0.content).
_NAMES: Final = """
    gen_ai.input.messages gen_ai.output.messages gen_ai.system_instructions gen_ai.prompt gen_ai.completion
    gen_ai.content gen_ai.event.content gen_ai.request.messages gen_ai.response.messages gen_ai.messages
    gen_ai.input gen_ai.output gen_ai.choice gen_ai.system.message gen_ai.user.message gen_ai.assistant.message
    gen_ai.tool.message gen_ai.tool.definitions gen_ai.tool.call.arguments gen_ai.tool.call.result
    gen_ai.request.tools gen_ai.request.structured_output_schema gen_ai.retrieval.query gen_ai.retrieval.documents
    gen_ai.evaluation.explanation gen_ai.prompts gen_ai.completions gen_ai.agent.instructions
    llm.prompts llm.prompt llm.completions llm.completion llm.input_messages llm.output_messages llm.messages
    llm.prompt_template llm.invocation_parameters llm.tools llm.function_call llm.request.functions
    llm.request.messages llm.response.messages llm.input llm.output llm.openai.messages
    input.value output.value
    message.content message.contents embedding.text embedding.vector embedding.embeddings retrieval.documents
    reranker.query reranker.input_documents reranker.output_documents document.content document.metadata
    tool.parameters tool.arguments tool.result tool_call.function.arguments tool.json_schema
    ai.prompt ai.response.text ai.response.object ai.response.toolCalls ai.response.reasoning ai.response.files
    ai.result ai.toolCall.args ai.toolCall.result ai.toolCall.input ai.toolCall.output ai.value ai.values
    ai.embedding ai.embeddings ai.schema ai.documents ai.request.headers
    ai.response.headers ai.request.body ai.response.body ai.ranking
    traceloop.entity.input traceloop.entity.output traceloop.prompt
    langfuse.observation.input langfuse.observation.output langfuse.trace.input langfuse.trace.output
    all_messages_events pydantic_ai.all_messages tool_arguments tool_response request_data
    response_data model_request_parameters logfire.msg
    gcp.vertex.agent.llm_request gcp.vertex.agent.llm_response gcp.vertex.agent.tool_call_args
    gcp.vertex.agent.tool_response gcp.vertex.agent.data
    crewai.task.description crewai.agent.backstory crewai.agent.goal user_prompt system_prompt
    system_prompt_preview new_context tool_input tool_output response.model_output
    lmnr.span.input lmnr.span.output agentops.entity.input agentops.entity.output
    mlflow.spanInputs mlflow.spanOutputs haystack.component.input haystack.component.output
    http.request.header http.response.header http.request.body http.response.body url.query
    rpc.grpc.request.metadata rpc.grpc.response.metadata rpc.request.metadata rpc.response.metadata
    exception.message exception.stacktrace db.statement db.query.text db.query.parameter
    messaging.message.body process.command_args process.command_line
"""
CONTENT: Final = frozenset(_NAMES.split())


class Rule(NamedTuple):
    """What becomes of an attribute: a record key, with the rank of its name among the names of that key."""

    key: str
    rank: int


RULES: Final[dict[str, Rule]] = {name: Rule(key, 0) for name, key in KEYS.items()} | {
    name: Rule(key, rank)
    for key in AT_THE_DOOR
    for rank, name in enumerate(attributes_of(key), start=1)
    if name not in KEYS
}


# A text under a name with one of these words is most likely content, whoever wrote it; a number is not.
_CONTENT_WORDS: Final = """
    prompt prompts completion completions message messages content contents input inputs output outputs text texts
    argument arguments args result results body payload query question answer answers instruction instructions
    document documents choice choices transcript header headers statement parameters tools functions history
    thought thoughts thinking snippet snippets backstory goal
"""
CONTENT_WORDS: Final = frozenset(_CONTENT_WORDS.split())
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# Texts that a dialect reads are no content, whatever their name.
READ_BY_DIALECTS: Final = frozenset(attributes_read())
# JSON texts that a dialect looks into for counts; nothing else of them is kept.
COUNTS_IN_JSON: Final = frozenset(name for name, path in attributes_read().items() if path)


def is_content(name: str) -> bool:
    """Whether an attribute of this name may hold what somebody wrote or a model answered."""
    # Not worth a place in the cache; no emitter has such a name.
    return _is_content(name[:200]) if len(name) > 200 else _cached(name)


def is_content_text(name: str) -> bool:
    """The same for a text, a list or an object, of which the name alone must say what it is."""
    return _has_content_word(name[:200]) if len(name) > 200 else _cached_words(name)


def _is_content(name: str) -> bool:
    if name in CONTENT or name in BARE_CONTENT:
        return True
    end = name.find(".")
    while end != -1:
        if name[:end] in CONTENT:
            return True
        end = name.find(".", end + 1)
    return False


def _has_content_word(name: str) -> bool:
    if name in READ_BY_DIALECTS:
        return False
    return not CONTENT_WORDS.isdisjoint(word.lower() for word in _WORDS.findall(name))


_cached = lru_cache(maxsize=4096)(_is_content)
_cached_words = lru_cache(maxsize=4096)(_has_content_word)
