"""The payload families that we can read. A new one is one module beside this and one row here."""

from typing import Final

from spanledger.providers import anthropic_messages, openai_chat, openai_embeddings, openai_responses
from spanledger.providers.facts import Family

FAMILIES: Final[dict[str, Family]] = {
    family.name: family
    for family in (
        anthropic_messages.FAMILY,
        openai_chat.FAMILY,
        openai_embeddings.FAMILY,
        openai_responses.FAMILY,
    )
}
