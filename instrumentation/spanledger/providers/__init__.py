"""The payload families that we can read. A new one is one module beside this and one row here."""

from typing import Final

from spanledger.providers import (
    anthropic_messages,
    bedrock_converse,
    bedrock_invoke,
    cohere,
    gemini,
    gemini_interactions,
    ollama,
    openai_audio,
    openai_chat,
    openai_embeddings,
    openai_images,
    openai_responses,
    vertex_predict,
)
from spanledger.providers.facts import Family

FAMILIES: Final[dict[str, Family]] = {
    family.name: family
    for family in (
        anthropic_messages.FAMILY,
        bedrock_converse.FAMILY,
        bedrock_invoke.FAMILY,
        cohere.FAMILY,
        gemini.FAMILY,
        gemini_interactions.FAMILY,
        ollama.FAMILY,
        openai_audio.FAMILY,
        openai_chat.FAMILY,
        openai_embeddings.FAMILY,
        openai_images.FAMILY,
        openai_responses.FAMILY,
        vertex_predict.FAMILY,
    )
}
