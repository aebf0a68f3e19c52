"""Which requests are LLM calls: hosts to providers, paths to families. Pure, and quick to say no."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from spanledger.providers import FAMILIES
from spanledger.providers.facts import Family

UNKNOWN: Final = "unknown"

# Exact host, or the end of a host when it starts with a dot. Names follow gen_ai.provider.name.
HOSTS: Final[dict[str, str]] = {
    "api.anthropic.com": "anthropic",
    "api.cerebras.ai": "cerebras",
    "api.deepinfra.com": "deepinfra",
    "api.deepseek.com": "deepseek",
    "api.fireworks.ai": "fireworks_ai",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.moonshot.ai": "moonshot_ai",
    "api.moonshot.cn": "moonshot_ai",
    "api.openai.com": "openai",
    ".api.openai.com": "openai",
    "api.perplexity.ai": "perplexity",
    "api.sambanova.ai": "sambanova",
    "api.together.ai": "together_ai",
    "api.together.xyz": "together_ai",
    "api.x.ai": "x_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "openrouter.ai": "openrouter",
    "router.huggingface.co": "hugging_face",
    ".cognitiveservices.azure.com": "azure.ai.openai",
    ".openai.azure.com": "azure.ai.openai",
    ".services.ai.azure.com": "azure.ai.inference",
}

# The end of a path, its operation and its family. count_tokens, files, moderations … are in no row.
PATHS: Final[tuple[tuple[re.Pattern[str], str, Family], ...]] = (
    (re.compile(r"/chat/completions/?$"), "chat", FAMILIES["openai_chat"]),
    (re.compile(r"/(?<!/chat/)completions/?$"), "text_completion", FAMILIES["openai_chat"]),
    (re.compile(r"/responses(/compact)?/?$"), "chat", FAMILIES["openai_responses"]),
    (re.compile(r"/embeddings/?$"), "embeddings", FAMILIES["openai_embeddings"]),
    (re.compile(r"/v1/messages/?$"), "chat", FAMILIES["anthropic_messages"]),
)

# On OpenAI's own hosts this is a message of an Assistants thread.
_THREADS: Final = re.compile(r"/threads/")
_DEPLOYMENT: Final = re.compile(r"/deployments/([^/]{1,256})/")


class HostRule(NamedTuple):
    """A user's rule: requests to this host, port (any when None) and path prefix go to this provider."""

    host: str
    port: int | None
    prefix: str
    provider: str


class Route(NamedTuple):
    """What a request turned out to be.

    Attributes:
        provider: `gen_ai.provider.name`, `unknown` for an unmistakable LLM call to a host that nobody named.
        operation: `gen_ai.operation.name`.
        family: how its answer is read.
        model: the model, when the path names it (Azure deployments).
    """

    provider: str
    operation: str
    family: Family
    model: str | None


def route(host: str, port: int | None, path: str, rules: Sequence[HostRule] = ()) -> Route | None:
    """Find out whether a POST is an LLM call.

    Args:
        host: host name, lower case.
        port: port as in the URL, the scheme's default included.
        path: path of the URL.
        rules: the user's host rules; they come before the table.

    Returns:
        The route, or None when the request is none of our business.
    """
    provider = _provider(host, port, path, rules)
    if provider is None and not path.endswith("/chat/completions"):
        return None
    for pattern, operation, family in PATHS:
        if pattern.search(path):
            if _THREADS.search(path):
                return None
            deployment = _DEPLOYMENT.search(path)
            return Route(provider or UNKNOWN, operation, family, deployment.group(1) if deployment else None)
    return None


def _provider(host: str, port: int | None, path: str, rules: Sequence[HostRule]) -> str | None:
    for rule in rules:
        if rule.host == host and rule.port in (None, port) and _under(path, rule.prefix):
            return rule.provider
    known = HOSTS.get(host)
    if known is None:
        # The longest known ending: two labels at least, so this stops after a few look-ups.
        rest = host
        while known is None and (dot := rest.find(".", 1)) > 0:
            rest = rest[dot:]
            known = HOSTS.get(rest)
    return known


def _under(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith(prefix + "/")
