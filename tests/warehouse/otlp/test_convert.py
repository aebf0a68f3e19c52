"""OTLP spans become records: typed keys, content gone, ids and numbers in all their spellings, wrong types as text."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1 import trace_pb2
from tests.warehouse.records import NOON, nanos

from spanledger import attributes as own
from spanledger.records import KEYS
from spanledger_warehouse.otlp import json_lines, names, protobuf
from spanledger_warehouse.otlp.convert import problem_of
from spanledger_warehouse.otlp.dialects import AT_THE_DOOR, attributes_of

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
START, END = nanos(NOON) - 10**9, nanos(NOON)


def any_value(value: Any) -> dict[str, Any]:
    """An attribute's value as OTLP/JSON writes it."""
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [any_value(item) for item in value]}}
        case dict():
            return {"kvlistValue": {"values": pairs(value)}}
    return {"stringValue": value}


def pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": any_value(value)} for name, value in attributes.items()]


def document(
    attributes: dict[str, Any],
    *,
    scope: str = "other",
    resource: dict[str, Any] | None = None,
    **changed: Any,
) -> dict[str, Any]:
    """One span as an OTLP/JSON document."""
    span = {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "chat m",
        "kind": 3,
        "startTimeUnixNano": str(START),
        "endTimeUnixNano": str(END),
        "attributes": pairs(attributes),
        "status": {},
    } | changed
    scopes = [{"scope": {"name": scope, "version": "1"}, "spans": [span]}]
    return {"resourceSpans": [{"resource": {"attributes": pairs(resource or {})}, "scopeSpans": scopes}]}


def from_json(attributes: dict[str, Any], **changed: Any) -> dict[str, Any]:
    (record,) = json_lines.records(json.loads(json.dumps(document(attributes, **changed))))
    return record


def as_protobuf(found: dict[str, Any]) -> trace_pb2.TracesData:
    """The same document as a protobuf message, its hex ids turned into bytes."""
    message = trace_pb2.TracesData()
    for resource_spans in found["resourceSpans"]:
        target = message.resource_spans.add()
        _fill(target.resource.attributes, resource_spans["resource"]["attributes"])
        for scope_spans in resource_spans["scopeSpans"]:
            scope = target.scope_spans.add()
            scope.scope.name = scope_spans["scope"]["name"]
            scope.scope.version = scope_spans["scope"]["version"]
            for given_span in scope_spans["spans"]:
                span = scope.spans.add()
                span.trace_id, span.span_id = (
                    bytes.fromhex(given_span[key]) for key in ("traceId", "spanId")
                )
                span.name, span.kind = given_span["name"], given_span["kind"]
                span.start_time_unix_nano = int(given_span["startTimeUnixNano"])
                span.end_time_unix_nano = int(given_span["endTimeUnixNano"])
                span.status.code = given_span["status"].get("code", 0)
                _fill(span.attributes, given_span["attributes"])
    return message


def _fill(target: Any, attributes: list[dict[str, Any]]) -> None:
    for attribute in attributes:
        _set(target.add(key=attribute["key"]).value, attribute["value"])


def _set(target: Any, value: dict[str, Any]) -> None:
    ((kind, content),) = value.items()
    match kind:
        case "stringValue":
            target.string_value = content
        case "boolValue":
            target.bool_value = content
        case "intValue":
            target.int_value = int(content)
        case "doubleValue":
            target.double_value = content
        case "arrayValue":
            target.array_value.SetInParent()
            for item in content["values"]:
                _set(target.array_value.values.add(), item)
        case _:
            target.kvlist_value.SetInParent()
            _fill(target.kvlist_value.values, content["values"])


def test_every_attribute_of_our_own_becomes_its_typed_key() -> None:
    given_values = {name: f"<{key}>" for name, key in KEYS.items()}
    record = from_json(given_values)
    assert {key: record[key] for key in KEYS.values()} == {key: f"<{key}>" for key in KEYS.values()}
    assert "attributes" not in record


def test_a_whole_span_as_a_record() -> None:
    record = from_json(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "acme",
            "gen_ai.request.model": "a-1",
            "gen_ai.usage.input_tokens": 2**40 + 1,
            "gen_ai.request.stream": True,
            "server.port": 443,
        },
        resource={"service.name": "desk", "deployment.environment": "prod", "team": "a"},
        status={"code": 2, "message": "the prompt was: secret"},
        parentSpanId="00f067aa0ba902b7",
        events=[{"name": "gen_ai.content.prompt", "attributes": pairs({"gen_ai.prompt": "secret"})}],
        aFieldOfTomorrow={"x": [1]},
    )
    assert record == {
        "v": 1,
        "kind": "span",
        "scope": "other",
        "scope_version": "1",
        "service": "desk",
        "environment": "prod",
        "resource": {"team": "a"},
        "name": "chat m",
        "start_time_unix_nano": START,
        "end_time_unix_nano": END,
        "status_code": "error",
        "trace_id": TRACE,
        "span_id": SPAN,
        "parent_span_id": "00f067aa0ba902b7",
        "span_kind": "client",
        "gen_ai_operation": "chat",
        "provider": "acme",
        "request_model": "a-1",
        "input_tokens": 2**40 + 1,
        "stream": True,
        "attributes": {"server.port": 443},
    }
    assert problem_of(record) is None


def test_other_names_of_a_fact_are_kept_for_staging_to_read() -> None:
    old = {"gen_ai.system": "openai", "gen_ai.usage.prompt_tokens": 7, "llm.token_count.completion": 2}
    record = from_json(old | {"gen_ai.usage.input_tokens": 9})
    assert (record["attributes"], record["input_tokens"]) == (old, 9)
    assert "provider" not in record


@pytest.mark.parametrize(
    ("key", "name"), [(key, name) for key in AT_THE_DOOR for name in attributes_of(key) if name not in KEYS]
)
def test_who_pays_and_which_answer_are_read_when_the_span_arrives(key: str, name: str) -> None:
    assert from_json({name: "x"})[key] == "x"
    own_name = next(own_name for own_name, own_key in KEYS.items() if own_key == key)
    assert from_json({name: "x", own_name: "y"})[key] == from_json({own_name: "y", name: "x"})[key] == "y"


def test_of_json_texts_that_hold_counts_only_the_numbers_are_kept() -> None:
    metadata = {
        "anthropic": {"usage": {"input_tokens": 3, "tier": "secret"}, "stop": "secret"},
        "google": {"groundingMetadata": {"webSearchQueries": ["secret"]}},
    }
    usage = {"input": "12", "output": 1.5, "note": "secret", "deep": {"cached": 2}}
    record = from_json(
        {
            "ai.response.providerMetadata": json.dumps(metadata),
            "langfuse.observation.usage_details": json.dumps(usage),
            "langfuse.observation.cost_details": "the secret is out",
        }
    )
    assert json.loads(record["attributes"]["ai.response.providerMetadata"]) == {
        "anthropic": {"usage": {"input_tokens": 3}}
    }
    assert json.loads(record["attributes"]["langfuse.observation.usage_details"]) == {
        "input": "12",
        "output": 1.5,
        "deep": {"cached": 2},
    }
    assert record["attributes"]["langfuse.observation.cost_details"] == ""


@pytest.mark.parametrize(
    "name", ["my.prompt", "lastUserMessage", "llm.vertex_ai.contents", "x.search-query", "toolResult"]
)
@pytest.mark.parametrize("value", ["secret", ["secret"], {"a": "secret"}])
def test_a_text_under_a_name_that_speaks_of_content_is_dropped_a_number_is_not(name: str, value: Any) -> None:
    record = from_json({name: value, "kept": 1}, resource={name: value})
    assert (record["attributes"], record.get("resource")) == ({"kept": 1}, None)
    assert from_json({name: 7})["attributes"] == {name: 7}


def test_process_and_sequence_count_only_on_a_span_of_our_scope() -> None:
    identity = {own.PROCESS: "ab" * 16, own.SEQUENCE: 7}
    ours = from_json(identity, scope="spanledger")
    assert (ours["process"], ours["sequence"]) == ("ab" * 16, 7)
    copied = from_json(identity)
    assert "process" not in copied
    assert copied["attributes"] == identity
    forged = from_json({own.PROCESS: "../../x", own.SEQUENCE: 7}, scope="spanledger")
    assert "process" not in forged


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("92", "92"),
        (5.7, "5.7"),
        (True, "true"),
        (-3, -3),
        (float("nan"), "nan"),
        (["1"], '["1"]'),
        ({"a": 1}, '{"a":1}'),
        ("", ""),
    ],
)
def test_a_count_of_another_type_is_kept_as_text(value: Any, kept: Any) -> None:
    record = from_json({"gen_ai.usage.input_tokens": value})
    assert record["input_tokens"] == kept
    assert type(record["input_tokens"]) is type(kept)


def test_a_text_key_with_another_type_is_text() -> None:
    record = from_json({"gen_ai.request.model": 4, "spanledger.tenant.id": True, "gen_ai.request.stream": 1})
    assert (record["request_model"], record["tenant"], record["stream"]) == ("4", "true", "1")


CONTENT_NAMES = """
gen_ai.input.messages gen_ai.output.messages gen_ai.prompt gen_ai.prompt.0.content
gen_ai.completion.0.content gen_ai.system_instructions gen_ai.tool.call.arguments llm.prompts
llm.input_messages.0.message.content llm.prompts.0.user input.value output.value ai.prompt
ai.prompt.messages ai.response.text ai.toolCall.args traceloop.entity.input traceloop.entity.output
langfuse.observation.input tool.parameters http.request.header.authorization url.query
exception.message gcp.vertex.agent.llm_request input
"""


@pytest.mark.parametrize("name", CONTENT_NAMES.split())
def test_content_is_dropped_from_spans_and_resources(name: str) -> None:
    record = from_json({name: "secret", "kept": 1}, resource={name: "secret"})
    assert record["attributes"] == {"kept": 1}
    assert "secret" not in json.dumps(record)


def test_names_that_only_look_like_content_are_kept() -> None:
    kept = {"gen_ai.usage.prompt_tokens_details.x": 1, "llm.token_count.prompt": 2, "ai.response.id": "r"}
    kept |= {"ai.response.providerMetadata": "{}", "response.has_tool_call": True, "input_tokens": 3}
    assert from_json(kept)["attributes"] == kept


def test_an_over_long_text_and_a_query_are_not_stored() -> None:
    record = from_json({"note": "x" * 5000, "list": ["y" * 5000], "url.full": "https://h/p?key=secret#f"})
    assert record["attributes"] == {
        "note": "[5000 characters, not stored]",
        "list": "[5004 characters, not stored]",
        "url.full": "https://h/p",
    }


@pytest.mark.parametrize(
    "written",
    [TRACE, TRACE.upper(), base64.b64encode(bytes.fromhex(TRACE)).decode()],
)
def test_ids_in_any_spelling_are_lower_case_hex(written: str) -> None:
    assert from_json({}, traceId=written)["trace_id"] == TRACE


def test_a_span_id_in_base64_is_hex() -> None:
    assert from_json({}, spanId=base64.b64encode(bytes.fromhex(SPAN)).decode())["span_id"] == SPAN


def test_numbers_and_enums_in_any_spelling() -> None:
    record = from_json(
        {}, startTimeUnixNano=START, kind="SPAN_KIND_SERVER", status={"code": "STATUS_CODE_ERROR"}
    )
    assert (record["start_time_unix_nano"], record["span_kind"], record["status_code"]) == (
        START,
        "server",
        "error",
    )
    (snake,) = json_lines.records({"resource_spans": [{"scope_spans": [{"spans": [{"trace_id": TRACE}]}]}]})
    assert snake["trace_id"] == TRACE


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"traceId": ""}, "no valid ids"),
        ({"traceId": "0" * 32}, "no valid ids"),
        ({"spanId": "xyz"}, "no valid ids"),
        ({"endTimeUnixNano": "0"}, "end_time_unix_nano=0 "),
        ({"endTimeUnixNano": "soon"}, "end_time_unix_nano='soon'"),
        ({"startTimeUnixNano": 1.5}, "start_time_unix_nano='1.5'"),
    ],
)
def test_what_the_loader_would_refuse_is_said(changed: dict[str, Any], said: str) -> None:
    problem = problem_of(from_json({}, **changed))
    assert problem is not None
    assert said in problem.detail


@pytest.mark.parametrize(
    "broken", [[], {}, {"resourceSpans": 3}, {"resourceSpans": [None, {"scopeSpans": [7]}]}]
)
def test_documents_of_another_shape_hold_no_spans(broken: Any) -> None:
    assert list(json_lines.records(broken)) == []


values = st.recursive(
    st.text(max_size=8) | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
keys = st.sampled_from([*KEYS, own.PROCESS, own.SEQUENCE, *names.RULES]) | st.text(max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(keys, values, max_size=8), st.sampled_from(["spanledger", "x"]))
def test_protobuf_and_json_give_the_same_record(attributes: dict[str, Any], scope: str) -> None:
    found = document(attributes, scope=scope, resource={"service.name": "s"})
    (expected,) = json_lines.records(found)
    assert list(protobuf.records(as_protobuf(found))) == [expected]


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["resourceSpans", "scopeSpans", "spans", "attributes", "key", "value", "values"]
                )
                | st.sampled_from(
                    ["intValue", "arrayValue", "kvlistValue", "traceId", "status", "kind", "scope"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=30,
    )
)
def test_no_document_makes_the_converter_raise(found: Any) -> None:
    for record in json_lines.records(found):
        assert record["kind"] == "span"
