"""Which requests are LLM calls of which family, and which are not."""

import json

import pytest

from spanledger import requests
from spanledger.providers.hosts import HostRule
from spanledger.providers.routes import fetched, route, suggested

BEDROCK = "bedrock-runtime.us-east-1.amazonaws.com"
VERTEX = "europe-west1-aiplatform.googleapis.com"
GOOGLE = "generativelanguage.googleapis.com"
PROJECT = "/v1/projects/p/locations/europe-west1"

SEEN = [
    (GOOGLE, "/v1beta/models/gemini-x:generateContent", "gcp.gemini", "gemini", "gemini-x"),
    (GOOGLE, "/v1beta/models/gemini-x:streamGenerateContent", "gcp.gemini", "gemini", "gemini-x"),
    (GOOGLE, "/v1beta/models/e-1:batchEmbedContents", "gcp.gemini", "gemini", "e-1"),
    (GOOGLE, "/v1beta/openai/chat/completions", "gcp.gemini", "openai_chat", None),
    (VERTEX, f"{PROJECT}/publishers/google/models/g:generateContent", "gcp.vertex_ai", "gemini", "g"),
    (VERTEX, f"{PROJECT}/publishers/google/models/e:predict", "gcp.vertex_ai", "vertex_predict", "e"),
    (
        VERTEX,
        f"{PROJECT}/publishers/google/models/imagen-4:predict",
        "gcp.vertex_ai",
        "vertex_predict",
        "imagen-4",
    ),
    (VERTEX, f"{PROJECT}/interactions", "gcp.vertex_ai", "gemini_interactions", None),
    (GOOGLE, "/v1beta/interactions", "gcp.gemini", "gemini_interactions", None),
    (GOOGLE, "/v1beta/models/imagen-4:predict", "gcp.gemini", "vertex_predict", "imagen-4"),
    (
        VERTEX,
        f"{PROJECT}/publishers/anthropic/models/claude@1:streamRawPredict",
        "gcp.vertex_ai",
        "anthropic_messages",
        "claude@1",
    ),
    (
        VERTEX,
        f"{PROJECT}/publishers/mistralai/models/m:rawPredict",
        "gcp.vertex_ai",
        "openai_chat",
        "m",
    ),
    (
        "aiplatform.eu.rep.googleapis.com",
        f"{PROJECT}/endpoints/7:generateContent",
        "gcp.vertex_ai",
        "gemini",
        "7",
    ),
    (BEDROCK, "/model/us.anthropic.claude-1%3A0/converse", "aws.bedrock", "bedrock_converse", None),
    (BEDROCK, "/model/a.b-v1:0/converse-stream", "aws.bedrock", "bedrock_converse", "a.b-v1:0"),
    (
        BEDROCK,
        "/model/a.b/invoke-with-response-stream",
        "aws.bedrock",
        "bedrock_invoke",
        "a.b",
    ),
    (
        BEDROCK,
        "/model/arn:aws:x:endpoint%2Fq/invoke",
        "aws.bedrock",
        "bedrock_invoke",
        "arn:aws:x:endpoint/q",
    ),
    (
        "vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com",
        "/model/m/invoke",
        "aws.bedrock",
        "bedrock_invoke",
        "m",
    ),
    ("bedrock-mantle.us-east-1.api.aws", "/v1/chat/completions", "aws.bedrock", "openai_chat", None),
    ("api.cohere.com", "/v2/chat", "cohere", "cohere", None),
    ("api.cohere.com", "/v1/rerank", "cohere", "cohere", None),
    ("api.cohere.com", "/compatibility/v1/chat/completions", "cohere", "openai_chat", None),
    ("api.writer.com", "/v1/chat", "writer", "openai_chat", None),
    ("api.voyageai.com", "/v1/rerank", "voyage_ai", "openai_embeddings", None),
    ("api.x.ai", "/v1/responses", "x_ai", "openai_responses", None),
    ("api.groq.com", "/openai/v1/audio/transcriptions", "groq", "openai_audio", None),
    ("api.mistral.ai", "/v1/fim/completions", "mistral_ai", "openai_chat", None),
    ("api.fireworks.ai", "/inference/v1/chat/completions", "fireworks_ai", "openai_chat", None),
    ("api.perplexity.ai", "/chat/completions", "perplexity", "openai_chat", None),
    (
        "x.openai.azure.com",
        "/openai/deployments/d-1/images/generations",
        "azure.ai.openai",
        "openai_images",
        "d-1",
    ),
    (
        "x.services.ai.azure.com",
        "/anthropic/v1/messages",
        "azure.ai.inference",
        "anthropic_messages",
        None,
    ),
    ("gateway.example", "/v1beta/models/g:generateContent", "unknown", "gemini", "g"),
]


@pytest.mark.parametrize(("host", "path", "provider", "family", "model"), SEEN)
def test_what_is_seen(host: str, path: str, provider: str, family: str, model: str | None) -> None:
    found = route(host, 443, path)
    assert found is not None
    assert (found.provider, found.family.name) == (provider, family)
    if "%3A" not in path:
        assert found.model == model
    else:
        assert found.model == "us.anthropic.claude-1:0"


@pytest.mark.parametrize(
    ("host", "path"),
    [
        (GOOGLE, "/v1beta/models/gemini-x:countTokens"),
        (GOOGLE, "/v1beta/cachedContents"),
        (VERTEX, f"{PROJECT}/endpoints/7:predict"),
        (BEDROCK, "/guardrail/g/version/1/apply"),
        (BEDROCK, "/model/m/count-tokens"),
        ("api.cohere.com", "/v1/tokenize"),
        ("api.anthropic.com", "/v1/messages/count_tokens"),
        ("api.anthropic.com", "/v1/messages/batches"),
        ("api.openai.com", "/v1/threads/t/messages"),
        ("api.openai.com", "/v1/moderations"),
        ("shop.example", "/api/chat"),
        ("shop.example", "/v1/messages"),
        ("notbedrock-runtime.us-east-1.amazonaws.com.evil.example", "/model/m/invoke"),
        ("example.com", "/model/m/invoke"),
    ],
)
def test_what_is_no_call(host: str, path: str) -> None:
    assert route(host, 443, path) is None


@pytest.mark.parametrize(
    ("host", "path", "region"),
    [
        (BEDROCK, "/model/m/converse", "us-east-1"),
        ("vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "/model/m/invoke", "eu-west-1"),
        ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "/model/m/invoke", "us-gov-west-1"),
        ("bedrock-mantle.us-west-2.api.aws", "/v1/chat/completions", "us-west-2"),
        (VERTEX, f"{PROJECT}/publishers/google/models/g:generateContent", "europe-west1"),
        (
            "aiplatform.googleapis.com",
            "/v1/projects/p/locations/global/publishers/google/models/g:generateContent",
            None,
        ),
        ("eu.api.openai.com", "/v1/responses", "eu"),
        ("api.openai.com", "/v1/responses", None),
        ("us-east-1.api.x.ai", "/v1/chat/completions", "us-east-1"),
        ("api.x.ai", "/v1/chat/completions", None),
        ("api.groq.com", "/openai/v1/chat/completions", None),
    ],
)
def test_the_region_is_the_one_that_host_or_path_names(host: str, path: str, region: str | None) -> None:
    found = route(host, 443, path)
    assert found is not None
    assert found.region == region


@pytest.mark.parametrize(
    ("host", "path", "family"),
    [
        ("api.openai.com", "/v1/responses/resp_0a-b_1", "openai_responses"),
        ("x.openai.azure.com", "/openai/v1/responses/resp_1", "openai_responses"),
        (GOOGLE, "/v1beta/interactions/v1_abc", "gemini_interactions"),
        ("api.openai.com", "/v1/responses/resp_1/input_items", None),
        ("api.openai.com", "/v1/responses", None),
        ("api.openai.com", "/v1/files/file_1", None),
        ("shop.example", "/v1/responses/resp_1", None),
    ],
)
def test_what_a_get_may_fetch(host: str, path: str, family: str | None) -> None:
    found = fetched(host, 443, path)
    assert (found.family.name if found else None) == family


def test_ollama_is_found_by_its_port_or_a_rule() -> None:
    for found in (
        route("gpu-1", 11434, "/api/chat"),
        route("llm.example", 443, "/api/chat", [HostRule("llm.example", None, "", "ollama")]),
    ):
        assert found is not None
        assert (found.provider, found.family.name) == ("ollama", "ollama")


@pytest.mark.parametrize(
    ("path", "body", "is_call"),
    [
        ("/v1/messages", {"model": "c", "messages": [], "max_tokens": 1}, True),
        ("/v1/messages", {"to": "somebody", "messages": []}, False),
        ("/v1/messages", {"model": "c", "messages": "text"}, False),
        ("/v1/responses", {"model": "m", "input": "x"}, True),
        ("/v1/responses", {"survey": 1}, False),
        ("/v1/embeddings", {"model": "e", "input": ["x"]}, True),
        ("/v1/completions", {"model": "m", "prompt": "x"}, True),
        ("/todo/completions", {"task": 7}, False),
        ("/v1/images/generations", {"model": "m", "prompt": "x"}, True),
        ("/v1/audio/speech", {"model": "m", "input": "x"}, False),
    ],
)
def test_a_host_that_nobody_named_is_known_by_the_shape_of_the_request(
    path: str, body: object, is_call: bool
) -> None:
    found = suggested(path)
    assert found is not None
    assert found.provider == "unknown"
    assert requests.is_llm_call(json.dumps(body).encode(), found.family.name) is is_call


def test_what_no_path_suggests_is_not_asked_about() -> None:
    assert suggested("/v1/orders") is None
    assert not requests.is_llm_call(None, "openai_chat")


def test_google_model_names_lose_their_folder() -> None:
    asked = requests.read(b'{"model":"models/gemini-x"}', "h", 443, None)
    assert asked.model == "gemini-x"
