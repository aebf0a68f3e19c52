"""Trees of spans as frameworks send them: the deepest call that carries the usage is billed, once; totals by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.warehouse.staging.traces import Span, Staging, wire

DAY = 86_400.0
BILLED, BELOW, ABOVE = "billable", "usage_on_descendant", "usage_on_ancestor"
NO_CALL, SAME, SUM = "agent_without_usage", "same_response_id", "aggregate"


def tokens(given: int, answered: int) -> dict[str, Any]:
    return {"gen_ai.usage.input_tokens": given, "gen_ai.usage.output_tokens": answered}


def op(name: str, **more: Any) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": name,
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-x",
    } | more


def oi(kind: str, given: int = 0, answered: int = 0) -> dict[str, Any]:
    counts = {
        "llm.token_count.prompt": given,
        "llm.token_count.completion": answered,
        "llm.model_name": "gpt-x",
    }
    return {"openinference.span.kind": kind} | (counts if given else {})


class Tree(NamedTuple):
    """Spans with what each of them is, and the tokens to bill (input, output)."""

    spans: list[Span]
    expected: list[str]
    billed: tuple[int, int]


LANGCHAIN, OPENAI = "openinference.instrumentation.langchain", "openinference.instrumentation.openai"
CREW, AGNO = "openinference.instrumentation.crewai", "openinference.instrumentation.agno"
LITELLM = {"gen_ai.system": "openai", "gen_ai.request.model": "gpt-x"} | {
    "gen_ai.usage.prompt_tokens": 12,
    "gen_ai.usage.completion_tokens": 2,
}
GENAI = "opentelemetry.instrumentation.genai.openai"

TREES = {
    "LangGraph, OpenInference over two SDK levels and the wire": Tree(
        [
            Span("graph", None, oi("CHAIN", 300, 60), LANGCHAIN, end=9),
            Span("node", "graph", oi("CHAIN"), LANGCHAIN, end=8),
            Span("chat1", "node", oi("LLM", 100, 20), LANGCHAIN, end=3),
            Span("sdk1", "chat1", oi("LLM", 100, 20), OPENAI, end=3),
            wire("wire1", "sdk1", (100, 20), end=2),
            Span("tool", "node", oi("TOOL"), LANGCHAIN, start=3, end=5),
            Span("chat2", "node", oi("LLM", 200, 40), LANGCHAIN, start=5, end=8),
            wire("wire2", "chat2", (200, 40), start=5, end=8),
        ],
        [BELOW, NO_CALL, BELOW, BELOW, BILLED, NO_CALL, BELOW, BILLED],
        (300, 60),
    ),
    "LangGraph, OpenLLMetry alone": Tree(
        [
            Span(
                "flow",
                None,
                {"traceloop.span.kind": "workflow"},
                "opentelemetry.instrumentation.langchain",
                end=9,
            ),
            Span(
                "task",
                "flow",
                {"traceloop.span.kind": "task"},
                "opentelemetry.instrumentation.langchain",
                end=9,
            ),
            Span(
                "llm",
                "task",
                op("chat") | {"llm.request.type": "chat"} | tokens(70, 7),
                "opentelemetry.instrumentation.langchain",
                end=8,
            ),
            Span(
                "sdk",
                "llm",
                op("chat") | {"llm.request.type": "chat"} | tokens(70, 7),
                "opentelemetry.instrumentation.openai",
                end=7,
            ),
        ],
        [NO_CALL, NO_CALL, BELOW, BILLED],
        (70, 7),
    ),
    "CrewAI, kickoff sums up its agents": Tree(
        [
            Span("kickoff", None, oi("CHAIN", 90, 9), CREW, end=20),
            Span("agent", "kickoff", oi("AGENT"), CREW, end=20),
            Span("first", "agent", oi("LLM", 40, 4), "openinference.instrumentation.litellm", end=5),
            Span(
                "second", "agent", oi("LLM", 50, 5), "openinference.instrumentation.litellm", start=6, end=9
            ),
        ],
        [BELOW, NO_CALL, BILLED, BILLED],
        (90, 9),
    ),
    "AutoGen, agents over the official instrumentation": Tree(
        [
            Span("create", None, op("create_agent"), "autogen-core"),
            Span("team", None, op("invoke_agent"), "autogen-core", end=30),
            Span("agent", "team", op("invoke_agent") | tokens(30, 3), "autogen-core", end=10),
            Span("chat", "agent", op("chat") | tokens(30, 3), GENAI, end=9),
            Span("tool", "agent", op("execute_tool"), "autogen-core", end=10),
        ],
        [NO_CALL, NO_CALL, BELOW, BILLED, NO_CALL],
        (30, 3),
    ),
    "Agno, a team of agents": Tree(
        [
            Span("team", None, oi("AGENT", 33, 6), AGNO, end=30),
            Span("member", "team", oi("AGENT", 22, 4), AGNO, end=20),
            Span("call1", "member", oi("LLM", 22, 4), AGNO, end=10),
            Span("call2", "team", oi("LLM", 11, 2), AGNO, start=20, end=30),
        ],
        [BELOW, BELOW, BILLED, BILLED],
        (33, 6),
    ),
    "pydantic-ai, old agent run with the sum": Tree(
        [
            Span("run", None, tokens(50, 5) | {"model_name": "gpt-x"}, "pydantic-ai", "agent run", end=30),
            Span("one", "run", op("chat") | tokens(20, 2), "pydantic-ai", "chat gpt-x", end=5),
            Span("tools", "run", {}, "pydantic-ai", "running tools", start=5, end=15),
            Span(
                "inner",
                "tools",
                op("invoke_agent") | tokens(10, 1),
                "pydantic-ai",
                "invoke_agent inner",
                start=5,
                end=15,
            ),
            Span("deep", "inner", op("chat") | tokens(10, 1), "pydantic-ai", "chat gpt-x", start=6, end=15),
            Span("two", "run", op("chat") | tokens(30, 3), "pydantic-ai", "chat gpt-x", start=16, end=20),
        ],
        [BELOW, BILLED, NO_CALL, BELOW, BILLED, BILLED],
        (60, 6),
    ),
    "Vercel 6, roots double every number": Tree(
        [
            Span(
                "root",
                None,
                {
                    "ai.operationId": "ai.streamText",
                    "ai.model.id": "gpt-x",
                    "ai.usage.inputTokens": 25,
                    "ai.usage.outputTokens": 5,
                },
                "ai",
                end=9,
            ),
            Span(
                "do1",
                "root",
                {
                    "ai.operationId": "ai.streamText.doStream",
                    "ai.model.id": "gpt-x",
                    "ai.usage.inputTokens": 10,
                    "ai.usage.outputTokens": 2,
                },
                "ai",
                end=4,
            ),
            Span("tool", "root", {"ai.operationId": "ai.toolCall"}, "ai", start=4, end=5),
            Span(
                "do2",
                "root",
                {
                    "ai.operationId": "ai.streamText.doStream",
                    "ai.model.id": "gpt-x",
                    "ai.usage.inputTokens": 15,
                    "ai.usage.outputTokens": 3,
                },
                "ai",
                start=5,
                end=9,
            ),
        ],
        [BELOW, BILLED, NO_CALL, BILLED],
        (25, 5),
    ),
    "Vercel 7, agent, step and call": Tree(
        [
            Span("agent", None, op("invoke_agent") | tokens(8, 2), "gen_ai", end=9),
            Span("step", "agent", op("agent_step") | tokens(8, 2), "gen_ai", end=8),
            Span("call", "step", op("chat") | tokens(8, 2), "gen_ai", end=7),
        ],
        [BELOW, BELOW, BILLED],
        (8, 2),
    ),
    "ADK, call over generate_content, and a tool with an agent beneath the call": Tree(
        [
            Span("invocation", None, {}, "gcp.vertex.agent", "invocation", end=60),
            Span("agent", "invocation", op("invoke_agent"), "gcp.vertex.agent", "invoke_agent a", end=60),
            Span(
                "call",
                "agent",
                {"gen_ai.request.model": "gemini-x"} | tokens(40, 4),
                "gcp.vertex.agent",
                "call_llm",
                end=50,
            ),
            Span("generate", "call", op("generate_content") | tokens(40, 4), "gcp.vertex.agent", end=9),
            Span("tool", "call", op("execute_tool"), "gcp.vertex.agent", "execute_tool x", start=10, end=50),
            Span(
                "inner",
                "tool",
                {"gen_ai.request.model": "gemini-x"} | tokens(20, 2),
                "gcp.vertex.agent",
                "call_llm",
                start=11,
                end=40,
            ),
        ],
        [NO_CALL, NO_CALL, BELOW, BILLED, NO_CALL, BILLED],
        (60, 6),
    ),
    "old ADK, a call whose tool calls is a call of its own": Tree(
        [
            Span(
                "call",
                None,
                {"gen_ai.request.model": "gemini-x"} | tokens(40, 4),
                "gcp.vertex.agent",
                "call_llm",
                end=50,
            ),
            Span("tool", "call", op("execute_tool"), "gcp.vertex.agent", "execute_tool x", start=10, end=50),
            Span(
                "inner",
                "tool",
                {"gen_ai.request.model": "gemini-x"} | tokens(20, 2),
                "gcp.vertex.agent",
                "call_llm",
                start=11,
                end=40,
            ),
        ],
        [BILLED, NO_CALL, BILLED],
        (60, 6),
    ),
    "Strands, agent and event loop carry sums": Tree(
        [
            Span(
                "agent",
                None,
                op("invoke_agent") | tokens(21, 3),
                "strands.telemetry.tracer",
                "invoke_agent x",
                end=30,
            ),
            Span(
                "cycle",
                "agent",
                tokens(21, 3),
                "strands.telemetry.tracer",
                "execute_event_loop_cycle",
                end=30,
            ),
            Span("chat", "cycle", op("chat") | tokens(21, 3), "strands.telemetry.tracer", "chat", end=20),
            Span(
                "botocore",
                "chat",
                {
                    "gen_ai.system": "aws.bedrock",
                    "gen_ai.operation.name": "chat",
                    "gen_ai.request.model": "claude-x",
                }
                | tokens(21, 3),
                "opentelemetry.instrumentation.botocore.bedrock-runtime",
                end=19,
            ),
        ],
        [BELOW, BELOW, BELOW, BILLED],
        (21, 3),
    ),
    "LiteLLM proxy, app to provider over three parties": Tree(
        [
            Span("sdk", None, op("chat") | tokens(12, 2), GENAI, end=9),
            wire("app", "sdk", (12, 2), end=9, attributes={"gen_ai.response.id": "x1"}),
            Span("server", "app", LITELLM, "litellm", "Received Proxy Server Request", end=8),
            Span("request", "server", LITELLM, "litellm", "litellm_request", end=7),
            wire("provider", "request", (12, 2), end=6, attributes={"gen_ai.response.id": "x1"}),
        ],
        [BELOW, BELOW, BELOW, BELOW, BILLED],
        (12, 2),
    ),
    "retries beneath an SDK span: the failed attempt stays, the answer is billed": Tree(
        [
            Span("sdk", None, op("chat") | tokens(5, 1), GENAI, end=9),
            wire("try1", "sdk", None, end=2, failed=True, attributes={"http.response.status_code": 500}),
            wire("try2", "sdk", (5, 1), start=3, end=9),
        ],
        [BELOW, BILLED, BILLED],
        (5, 1),
    ),
    "a stream without usage on the wire: the SDK knows": Tree(
        [
            Span("sdk", None, op("chat") | tokens(5, 1), GENAI, end=9),
            wire("try1", "sdk", None, end=2, failed=True, attributes={"http.response.status_code": 500}),
            wire("try2", "sdk", None, start=3, end=9),
        ],
        [BILLED, BILLED, ABOVE],
        (5, 1),
    ),
    "a hosted agent that nobody sees calling": Tree(
        [
            Span("agent", None, op("invoke_agent") | tokens(500, 50), "claude-agent-sdk", end=9),
            Span("tool", "agent", op("execute_tool"), "claude-agent-sdk", end=8),
        ],
        [SUM, NO_CALL],
        (500, 50),
    ),
    "a span between agent and call never arrived": Tree(
        [
            Span("agent", None, op("invoke_agent") | tokens(9, 1), "someone", end=9),
            Span("call", "lost", op("chat") | tokens(9, 1), "someone", start=1, end=8),
        ],
        [BELOW, BILLED],
        (9, 1),
    ),
    "a call of the same trace outside of the agent's time": Tree(
        [
            Span("agent", None, op("invoke_agent") | tokens(9, 1), "someone", end=9),
            Span("call", "lost", op("chat") | tokens(4, 1), "someone", start=10, end=18),
        ],
        [SUM, BILLED],
        (13, 2),
    ),
    "two instrumentations side by side about one answer": Tree(
        [
            Span(
                "one", "root", op("chat") | {"gen_ai.response.id": "y1"} | tokens(6, 1), GENAI, start=0, end=8
            ),
            Span("two", "root", oi("LLM", 6, 1) | {"gen_ai.response.id": "y1"}, OPENAI, start=1, end=9),
        ],
        [BILLED, SAME],
        (6, 1),
    ),
    "a circle of spans": Tree(
        [
            Span("a", "b", op("chat") | tokens(1, 1), "someone"),
            Span("b", "a", op("chat") | tokens(2, 2), "someone"),
        ],
        [BILLED, BILLED],
        (3, 3),
    ),
    "an agent a day and more longer than its call": Tree(
        [
            Span("agent", None, op("invoke_agent") | tokens(7, 3), "someone", start=0, end=3 * DAY),
            Span("step", "agent", op("agent_step"), "someone", start=0, end=DAY),
            Span("sdk", "step", op("chat") | {"gen_ai.response.id": "z1"} | tokens(7, 3), GENAI, end=60),
            wire("wire", "sdk", (7, 3), end=50, attributes={"gen_ai.response.id": "z1"}),
        ],
        [BELOW, NO_CALL, BELOW, BILLED],
        (7, 3),
    ),
}


def of(name: str) -> list[Span]:
    """A tree's spans, in a trace of its own."""
    return [replace(span, trace=name) for span in TREES[name].spans]


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staging]:
    """All trees, arrived together."""
    staging = Staging(tmp_path_factory.mktemp("at-once"))
    staging.land(span for name in TREES for span in of(name))
    staging.run()
    yield staging
    staging.connection.close()


def _one_by_one(staging: Staging, step: int) -> Iterator[Staging]:
    """All trees, in each batch the next span of each tree, a few of them twice."""
    for place in range(max(len(tree.spans) for tree in TREES.values())):
        arriving = [spans[place] for name in TREES if len(spans := of(name)[::step]) > place]
        staging.land([*arriving, *arriving[:3]])
        staging.run()
    yield staging
    staging.connection.close()


@pytest.fixture(scope="module")
def children_first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staging]:
    """All trees, each span in a batch after its children's."""
    yield from _one_by_one(Staging(tmp_path_factory.mktemp("children-first")), -1)


@pytest.fixture(scope="module")
def parents_first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staging]:
    """All trees, each span in a batch before its children's."""
    yield from _one_by_one(Staging(tmp_path_factory.mktemp("parents-first")), 1)


@pytest.mark.parametrize("arrival", ["at_once", "children_first", "parents_first"])
@pytest.mark.parametrize("name", TREES)
def test_each_call_of_a_tree_is_billed_once(request: pytest.FixtureRequest, arrival: str, name: str) -> None:
    staging = request.getfixturevalue(arrival)
    assert staging.dispositions(of(name)) == TREES[name].expected
    assert staging.billed(name) == TREES[name].billed


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_order_batches_days_and_repeats_do_not_change_what_is_billed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    names = data.draw(st.lists(st.sampled_from(list(TREES)), min_size=1, max_size=2, unique=True))
    spans = []
    for name in names:
        shift = data.draw(st.integers(0, 3)) * DAY / 2
        spans += [
            replace(
                span,
                trace=name,
                start=span.start + shift,
                end=span.end + shift + data.draw(st.sampled_from([0.0, 0.0, DAY])),
            )
            for span in TREES[name].spans
        ]
    whole = Staging(tmp_path_factory.mktemp("whole"))
    whole.land(spans)
    whole.run()

    parts = Staging(tmp_path_factory.mktemp("parts"))
    order = data.draw(st.permutations([*spans, *data.draw(st.lists(st.sampled_from(spans), max_size=3))]))
    size = data.draw(st.integers(2, 9))
    for start in range(0, len(order), size):
        parts.land(order[start : start + size])
        parts.run()

    columns = "call_id, disposition, disposition_rule, input_tokens, output_tokens"
    assert parts.calls(columns, "copy = 0") == whole.calls(columns, "copy = 0")
    assert parts.billed() == whole.billed()
    whole.connection.close()
    parts.connection.close()
