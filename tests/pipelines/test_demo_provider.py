"""The stand-in provider answers the real SDKs, which validate its shapes strictly."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest
from anthropic import Anthropic
from openai import OpenAI, RateLimitError

from spanledger_pipelines.demo import provider
from spanledger_pipelines.demo.answers import Json, decimal_number, to_json
from spanledger_pipelines.demo.work_order import WorkOrder

ORDER = WorkOrder(
    call="test/001",
    input=1000,
    cache_read=200,
    cache_write_5m=30,
    cache_write_1h=4,
    output=500,
    reasoning=60,
)


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with provider.running() as url:
        yield url


@pytest.fixture
def openai(base_url: str) -> Iterator[OpenAI]:
    with OpenAI(
        base_url=f"{base_url}/openai/v1", api_key="none", max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


@pytest.fixture
def anthropic(base_url: str) -> Iterator[Anthropic]:
    with Anthropic(
        base_url=f"{base_url}/anthropic", api_key="none", max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


def say(order: WorkOrder) -> list[Json]:
    return [{"role": "user", "content": f"Please.\n{order.to_prompt()}"}]


def test_openai_chat_reports_inclusive_totals(openai: OpenAI) -> None:
    answer = openai.chat.completions.create(model="gpt-4o", messages=say(ORDER))
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (1234, 560)
    assert answer.usage.prompt_tokens_details.cached_tokens == 200
    assert answer.usage.completion_tokens_details.reasoning_tokens == 60
    assert answer.model == "gpt-4o-2024-08-06"
    assert answer.service_tier == "default"
    assert answer.system_fingerprint


def test_openai_streams_usage_only_to_those_who_ask(openai: OpenAI) -> None:
    plain = list(openai.chat.completions.create(model="gpt-4o", messages=say(ORDER), stream=True))
    asked = list(
        openai.chat.completions.create(
            model="gpt-4o", messages=say(ORDER), stream=True, stream_options={"include_usage": True}
        )
    )
    assert [chunk.usage for chunk in plain] == [None] * len(plain)
    assert len(asked) == len(plain) + 1
    assert asked[-1].choices == []
    assert asked[-1].usage.total_tokens == 1794


def test_openai_embeddings_come_in_the_encoding_asked_for(base_url: str, openai: OpenAI) -> None:
    text = str(say(ORDER)[0]["content"])
    answer = openai.embeddings.create(model="text-embedding-3-small", input=[text], encoding_format="float")
    assert answer.usage.prompt_tokens == 1234
    assert answer.data[0].embedding == [0.25, -0.5, 0.125, 0.0]
    # By default the SDK asks for base64 and decodes it.
    with OpenAI(base_url=f"{base_url}/openai/v1", api_key="none") as client:
        decoded = client.embeddings.create(model="text-embedding-3-small", input=[text]).data[0].embedding
    assert list(decoded) == [0.25, -0.5, 0.125, 0.0]


def test_anthropic_leaves_the_cache_out_of_its_input_tokens(anthropic: Anthropic) -> None:
    answer = anthropic.messages.create(model="claude-haiku-4-5", max_tokens=100, messages=say(ORDER))
    assert answer.usage.input_tokens == 1000
    assert answer.usage.cache_read_input_tokens == 200
    assert answer.usage.cache_creation_input_tokens == 34
    assert answer.usage.cache_creation.ephemeral_1h_input_tokens == 4
    assert answer.usage.output_tokens == 560


def test_an_anthropic_stream_completes_its_usage_at_the_end(anthropic: Anthropic) -> None:
    with anthropic.messages.stream(model="claude-haiku-4-5", max_tokens=100, messages=say(ORDER)) as stream:
        message = stream.get_final_message()
    assert message.usage.output_tokens == 560
    assert message.usage.cache_creation.ephemeral_5m_input_tokens == 30
    assert message.stop_reason == "end_turn"


def test_openrouter_reports_its_cost_as_an_exact_number(base_url: str) -> None:
    body = {"model": "anthropic/claude-sonnet-4.5", "messages": say(ORDER)}
    text = httpx.post(f"{base_url}/openrouter/api/v1/chat/completions", json=body).text
    assert '"cost":0.012102,' in text
    assert Decimal("0.012102") == 1234 * Decimal("0.000003") + 560 * Decimal("0.000015")


def test_a_rate_limit_ends_with_the_first_retry(base_url: str) -> None:
    limited = say(WorkOrder(call="test/429", input=10, output=10, fault="rate_limit"))
    with OpenAI(base_url=f"{base_url}/openai/v1", api_key="none", max_retries=0) as impatient:
        with pytest.raises(RateLimitError) as refused:
            impatient.chat.completions.create(model="gpt-4o", messages=limited)
        assert refused.value.code == "rate_limit_exceeded"
    with OpenAI(base_url=f"{base_url}/openai/v1", api_key="none") as patient:
        assert patient.chat.completions.create(model="gpt-4o", messages=limited).usage.total_tokens == 20


def test_a_server_error_stays_an_error(base_url: str) -> None:
    body = {"model": "openai/gpt-4o-mini", "messages": say(WorkOrder(call="test/500", fault="server_error"))}
    for _ in range(2):
        answer = httpx.post(f"{base_url}/openrouter/api/v1/chat/completions", json=body)
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == 500


def test_every_answer_depends_on_its_request_alone(base_url: str) -> None:
    body = {"model": "gpt-4o", "messages": say(ORDER)}
    url = f"{base_url}/openai/v1/chat/completions"
    assert httpx.post(url, json=body).text == httpx.post(url, json=body).text


def test_money_is_written_digit_by_digit() -> None:
    tiny = Decimal("0.0000001234567890123")
    assert to_json({"a": decimal_number(tiny), "b": "x"}) == '{"a":0.0000001234567890123,"b":"x"}'
