"""The names that calls carry: snapshots, Azure's spellings, OpenRouter's paths, Bedrock's ids and profiles."""

from datetime import UTC, datetime

import pytest

from spanledger_warehouse.seeds import resolve

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def resolved(shipped):
    priced = {(row.provider, row.model) for row in shipped.prices}
    return lambda provider, name: resolve(provider, name, NOW, priced, shipped.aliases)


@pytest.mark.parametrize(
    ("provider", "name", "billed_as"),
    [
        ("openai", "gpt-4o-2024-08-06", ("openai", "gpt-4o-2024-08-06")),
        ("openai", "gpt-4.1-2025-04-14", ("openai", "gpt-4.1")),
        ("openai", "gpt-5-mini-2025-08-07", ("openai", "gpt-5-mini")),
        ("openai", "o4-mini-2025-04-16", ("openai", "o4-mini")),
        ("anthropic", "claude-sonnet-4-5-20250929", ("anthropic", "claude-sonnet-4-5")),
        ("anthropic", "claude-3-7-sonnet-latest", ("anthropic", "claude-3-7-sonnet")),
        ("anthropic", "claude-opus-4-1", ("anthropic", "claude-opus-4-1")),
        ("gcp.gemini", "gemini-2.0-flash-001", ("google", "gemini-2.0-flash")),
        ("gcp.vertex_ai", "claude-sonnet-4-5@20250929", ("google", "claude-sonnet-4-5")),
        ("gcp.vertex_ai", "claude-3-5-sonnet-v2@20241022", ("google", "claude-3-5-sonnet")),
        ("az.ai.openai", "gpt-4o-2024-08-06", ("openai", "gpt-4o-2024-08-06")),
        ("azure.ai.openai", "gpt-4o-2024-08-06", ("openai", "gpt-4o-2024-08-06")),
        ("az.ai.openai", "gpt-35-turbo-0125", ("openai", "gpt-3.5-turbo-0125")),
        ("az.ai.openai", "gpt-35-turbo", ("azure", "gpt-35-turbo")),
        ("openrouter", "anthropic/claude-sonnet-4.5", ("openrouter", "anthropic/claude-sonnet-4.5")),
        ("openrouter", "openai/gpt-4o-mini", ("openrouter", "openai/gpt-4o-mini")),
        (
            "aws.bedrock",
            "anthropic.claude-3-5-sonnet-20241022-v2:0",
            ("aws", "regional.anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ),
        (
            "aws.bedrock",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            ("aws", "regional.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ),
        (
            "aws.bedrock",
            "global.anthropic.claude-opus-4-5-20251101-v1:0",
            ("aws", "global.anthropic.claude-opus-4-5-20251101-v1:0"),
        ),
        ("aws.bedrock", "eu.amazon.nova-lite-v1:0", ("aws", "eu.amazon.nova-lite-v1:0")),
        ("mistral_ai", "mistral-large-2411", ("mistral", "mistral-large-2411")),
        ("x_ai", "grok-4-0709", ("x-ai", "grok-4-0709")),
        ("cohere", "rerank-v3.5", ("cohere", "rerank-v3.5")),
        ("fireworks", "accounts/fireworks/models/gpt-oss-120b", ("fireworks", "gpt-oss-120b")),
    ],
)
def test_a_name_in_use_is_billed_as_its_model(resolved, provider, name, billed_as):
    assert resolved(provider, name) == billed_as


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("openai", "gpt-4o-2031-01-01x"),
        ("openai", "gpt-7"),
        ("anthropic", "claude-sonnet-9"),
        ("openrouter", "anthropic/claude-sonnet-9"),
        ("aws.bedrock", "us.anthropic.claude-sonnet-9-v1:0"),
        ("nobody", "gpt-4o"),
    ],
)
def test_an_unknown_name_is_nobodys(resolved, provider, name):
    assert resolved(provider, name) is None


def test_every_name_of_the_catalogue_means_one_model(shipped):
    assert [finding for finding in shipped.findings if finding.rule.startswith("alias")] == []
