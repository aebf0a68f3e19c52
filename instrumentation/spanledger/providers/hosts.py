"""Which provider answers at a host. Names follow `gen_ai.provider.name`. Pure."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

# Exact host, or the end of a host when it starts with a dot.
HOSTS: Final[dict[str, str]] = {
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "api.anthropic.com": "anthropic",
    "api.cerebras.ai": "cerebras",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.deepinfra.com": "deepinfra",
    "api.deepseek.com": "deepseek",
    "api.fireworks.ai": "fireworks_ai",
    "api.groq.com": "groq",
    "api.jina.ai": "jina",
    "api.mistral.ai": "mistral_ai",
    "api.moonshot.ai": "moonshot_ai",
    "api.moonshot.cn": "moonshot_ai",
    "api.openai.com": "openai",
    ".api.openai.com": "openai",
    "api.perplexity.ai": "perplexity",
    "api.sambanova.ai": "sambanova",
    "api.together.ai": "together_ai",
    "api.together.xyz": "together_ai",
    "api.voyageai.com": "voyage_ai",
    "api.writer.com": "writer",
    "api.x.ai": "x_ai",
    ".api.x.ai": "x_ai",
    "codestral.mistral.ai": "mistral_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "ollama.com": "ollama",
    "openrouter.ai": "openrouter",
    "router.huggingface.co": "hugging_face",
    ".cognitiveservices.azure.com": "azure.ai.openai",
    ".openai.azure.com": "azure.ai.openai",
    ".services.ai.azure.com": "azure.ai.inference",
}

KNOWN: Final = frozenset((*HOSTS.values(), "aws.bedrock"))

# Hosts that carry their region inside, or a private name in front.
_BEDROCK: Final = re.compile(
    r"(?:^|\.)bedrock-(?:runtime|mantle)(?:-fips)?\.[a-z0-9-]+\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$"
)
_VERTEX: Final = re.compile(r"^(?:[a-z0-9-]+-aiplatform|aiplatform\.[a-z0-9-]+\.rep)\.googleapis\.com$")
# Where the price may depend on it: AWS by host, Vertex by path, residency at OpenAI and xAI by the name in front.
_REGIONS: Final = {
    "aws.bedrock": re.compile(r"bedrock-(?:runtime|mantle)(?:-fips)?\.([a-z0-9-]{1,32})\."),
    "gcp.vertex_ai": re.compile(r"/locations/([a-z0-9-]{1,32})/"),
    "openai": re.compile(r"^([a-z0-9-]{1,32})\.api\.openai\.com$"),
    "x_ai": re.compile(r"^([a-z0-9-]{1,32})\.api\.x\.ai$"),
}
# Ollama is found by its port: its hosts are anybody's.
_OLLAMA_PORT: Final = 11434


class HostRule(NamedTuple):
    """A user's rule: requests to this host, port (any when None) and path prefix go to this provider."""

    host: str
    port: int | None
    prefix: str
    provider: str


def provider_of(host: str, port: int | None, path: str, rules: Sequence[HostRule] = ()) -> str | None:
    """The provider at a host, None where nobody named it.

    Args:
        host: host name, lower case.
        port: port as in the URL, the scheme's default included.
        path: path of the URL, for rules with a prefix.
        rules: the user's host rules; they come before the table.
    """
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
    return known or _by_pattern(host, port)


def region_of(provider: str, host: str, path: str) -> str | None:
    """The region that serves, where host or path name it; None where nobody says, or the service is global.

    Args:
        provider: who answers at the host.
        host: host name, lower case.
        path: path of the URL.
    """
    pattern = _REGIONS.get(provider)
    found = pattern.search(path if provider == "gcp.vertex_ai" else host) if pattern else None
    return found.group(1) if found and found.group(1) != "global" else None


def _by_pattern(host: str, port: int | None) -> str | None:
    if "bedrock-" in host and _BEDROCK.search(host):
        return "aws.bedrock"
    if host.endswith(".googleapis.com") and _VERTEX.search(host):
        return "gcp.vertex_ai"
    return "ollama" if port == _OLLAMA_PORT else None


def _under(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith(prefix + "/")
