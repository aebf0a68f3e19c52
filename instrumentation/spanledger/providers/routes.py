"""Which requests are LLM calls: hosts to providers, paths to families. Pure, and quick to say no."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import unquote

from spanledger.providers import FAMILIES
from spanledger.providers.facts import Family
from spanledger.providers.hosts import HostRule, provider_of, region_of

__all__ = ["UNKNOWN", "HostRule", "Route", "route"]

UNKNOWN: Final = "unknown"


class Path(NamedTuple):
    """A row of the tables below: the end of a path, its operation and its family.

    Attributes:
        pattern: searched in the path; a group `model` names the model.
        operation: `gen_ai.operation.name`.
        family: name of the payload family.
        anywhere: the path alone tells an LLM call, also at a host that nobody named.
    """

    pattern: re.Pattern[str]
    operation: str
    family: str
    anywhere: bool = False


def _row(pattern: str, operation: str, family: str, anywhere: bool = False) -> Path:
    return Path(re.compile(pattern), operation, family, anywhere)


_GOOGLE: Final = r"/(?:models|tunedModels|endpoints)/(?P<model>[^/:]{1,256}):"
_BEDROCK: Final = r"/model/(?P<model>.{1,256})"

# Paths that mean something at one provider only; they come first.
OWN: Final[dict[str, tuple[Path, ...]]] = {
    "aws.bedrock": (
        _row(r"/model/(?P<model>.{0,200}embed.{1,50})/invoke$", "embeddings", "bedrock_invoke"),
        _row(_BEDROCK + r"/invoke(?:-with-response-stream)?$", "chat", "bedrock_invoke"),
    ),
    "cohere": (
        _row(r"/v[12]/chat/?$", "chat", "cohere"),
        _row(r"/v1/generate/?$", "text_completion", "cohere"),
        _row(r"/v[12]/embed/?$", "embeddings", "cohere"),
        _row(r"/v[12]/rerank/?$", "rerank", "cohere"),
    ),
    "gcp.gemini": (
        _row(r"/interactions/?$", "generate_content", "gemini_interactions"),
        _row(r"/models/(?P<model>imagen[^/:]{1,256}):predict$", "image_generation", "vertex_predict"),
    ),
    "gcp.vertex_ai": (
        _row(r"/interactions/?$", "generate_content", "gemini_interactions"),
        _row(
            r"/publishers/google/models/(?P<model>imagen[^/:]{1,256}):predict$",
            "image_generation",
            "vertex_predict",
        ),
        _row(
            r"/publishers/anthropic" + _GOOGLE + r"(?:rawP|streamRawP)redict$", "chat", "anthropic_messages"
        ),
        _row(r"/publishers/\w+" + _GOOGLE + r"(?:rawP|streamRawP)redict$", "chat", "openai_chat"),
        _row(r"/publishers/google" + _GOOGLE + r"predict$", "embeddings", "vertex_predict"),
    ),
    "ollama": (
        _row(r"/api/chat/?$", "chat", "ollama"),
        _row(r"/api/generate/?$", "text_completion", "ollama"),
        _row(r"/api/embed(?:dings)?/?$", "embeddings", "ollama"),
    ),
    "writer": (_row(r"/v1/chat/?$", "chat", "openai_chat"),),
}

# Everybody's. count_tokens, files, moderations … are in no row.
PATHS: Final[tuple[Path, ...]] = (
    _row(r"/chat/completions/?$", "chat", "openai_chat", anywhere=True),
    _row(r"/(?<!/chat/)completions/?$", "text_completion", "openai_chat"),
    _row(r"/responses(/compact)?/?$", "chat", "openai_responses"),
    _row(r"/(?:multimodal)?embeddings/?$", "embeddings", "openai_embeddings"),
    _row(r"/v1/rerank/?$", "rerank", "openai_embeddings"),
    _row(r"/v1/messages/?$", "chat", "anthropic_messages"),
    _row(r"/images/(?:generations|edits|variations)/?$", "image_generation", "openai_images"),
    _row(r"/audio/(?:transcriptions|translations)/?$", "transcription", "openai_audio"),
    _row(r"/audio/speech/?$", "speech", "openai_audio"),
    _row(_GOOGLE + r"(?:streamG|g)enerateContent$", "generate_content", "gemini", anywhere=True),
    _row(_GOOGLE + r"(?:embedContent|batchEmbedContents)$", "embeddings", "gemini", anywhere=True),
    _row(_BEDROCK + r"/converse(?:-stream)?$", "chat", "bedrock_converse", anywhere=True),
)

# On OpenAI's own hosts this is a message of an Assistants thread.
_THREADS: Final = re.compile(r"/threads/")
# By the path of the POST that began it.
_FETCHED: Final = (
    (re.compile(r"/responses/resp_[\w-]{1,256}/?$"), "/responses"),
    (re.compile(r"/interactions/[\w-]{1,256}/?$"), "/interactions"),
)
_DEPLOYMENT: Final = re.compile(r"/deployments/([^/]{1,256})/")


class Route(NamedTuple):
    """What a request turned out to be.

    Attributes:
        provider: `gen_ai.provider.name`, `unknown` for an LLM call to a host that nobody named.
        operation: `gen_ai.operation.name`.
        family: how its answer is read.
        model: the model, when the path names it (Gemini, Bedrock, Azure deployments).
        region: where it is served, when host or path name it.
    """

    provider: str
    operation: str
    family: Family
    model: str | None
    region: str | None = None


def route(host: str, port: int | None, path: str, rules: Sequence[HostRule] = ()) -> Route | None:
    """Find out whether a POST is an LLM call.

    Args:
        host: host name, lower case.
        port: port as in the URL, the scheme's default included.
        path: path of the URL, percent-encoded or not.
        rules: the user's host rules; they come before the table.

    Returns:
        The route, or None when the request is none of our business.
    """
    if "%" in path:
        path = unquote(path)
    found = _find(path, provider_of(host, port, path, rules), anywhere=False)
    return None if found is None else found._replace(region=region_of(found.provider, host, path))


def fetched(host: str, port: int | None, path: str, rules: Sequence[HostRule] = ()) -> Route | None:
    """Find out whether a GET fetches an answer that was made in the background.

    Args:
        host: host name, lower case.
        port: port as in the URL, the scheme's default included.
        path: path of the URL.
        rules: the user's host rules; they come before the table.
    """
    for pattern, posted in _FETCHED:
        found = pattern.search(path)
        if found:
            return route(host, port, path[: found.start()] + posted, rules)
    return None


def suggested(path: str) -> Route | None:
    """What a POST to a host that nobody named would be, if the shape of its body says that it is an LLM call.

    Args:
        path: path of the URL, percent-encoded or not.

    Returns:
        The route to take when `requests.is_llm_call` agrees, None when there is nothing to ask.
    """
    return _find(unquote(path), None, anywhere=True)


def _find(path: str, provider: str | None, *, anywhere: bool) -> Route | None:
    for row in (*OWN.get(provider or "", ()), *PATHS):
        found = row.pattern.search(path)
        if found:
            break
    else:
        return None
    if _THREADS.search(path) or not (provider or row.anywhere or anywhere):
        return None
    deployment = _DEPLOYMENT.search(path)
    model = found.groupdict().get("model") or (deployment.group(1) if deployment else None)
    return Route(provider or UNKNOWN, row.operation, FAMILIES[row.family], model)
