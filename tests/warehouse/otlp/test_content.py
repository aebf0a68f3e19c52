"""What people wrote and models answered never enters: a secret planted everywhere is in no table and no file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.warehouse.harness import query
from tests.warehouse.otlp.test_convert import document, pairs
from tests.warehouse.passes import Ledger

from spanledger_warehouse.database import connect
from spanledger_warehouse.otlp.names import CONTENT

SECRET = "canary-0b5e55ed"
# As each instrumentation writes prompts, answers, tools and documents, beyond the names that are known to be content.
_EMITTED = """
gen_ai.prompt.0.content gen_ai.completion.0.content gen_ai.completion.0.tool_calls.0.arguments
llm.input_messages.0.message.content llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments
llm.prompts.0.content llm.openai.messages llm.anthropic.system_prompt llm.vertex_ai.contents llm.bedrock.inputText
ai.prompt.messages ai.response.text ai.toolCall.args ai.settings.context.messages ai.telemetry.metadata.lastMessage
langfuse.observation.input langfuse.trace.output langfuse.observation.metadata.user_question
traceloop.entity.input traceloop.association.properties.prompt embedding.embeddings.0.embedding.text
retrieval.documents.0.document.content reranker.input_documents.0.document.content
gcp.vertex.agent.llm_request gcp.vertex.agent.tool_response final_result all_messages_events user_prompt
agent.task.description_text crewai.crew.result lmnr.span.input agentops.entity.output mlflow.spanInputs
http.request.header.authorization db.query.text exception.message input output my_company.question
"""
EMITTED = _EMITTED.split()
JSON_PLACES = {
    "ai.response.providerMetadata": {"google": {"groundingMetadata": {"webSearchQueries": [SECRET]}, "n": 1}},
    "langfuse.observation.usage_details": {"input": 1, "note": SECRET},
    "langfuse.observation.cost_details": {"total": 1, "note": [SECRET]},
}


def planted(scope: str) -> dict[str, Any]:
    """A span of that scope with the secret in every attribute, event, link, status and in the resource."""
    names = {*EMITTED, *CONTENT}
    attributes: dict[str, Any] = dict.fromkeys(sorted(names), f"text {SECRET}")
    attributes |= {f"{name}.list": [SECRET] for name in sorted(names)}
    attributes |= {name: json.dumps(value) for name, value in JSON_PLACES.items()}
    attributes |= {
        "gen_ai.request.model": "a-1",
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.operation.name": "chat",
    }
    return document(
        attributes,
        scope=scope,
        resource={"process.command_args": [SECRET], "team.prompt": SECRET},
        status={"code": 2, "message": SECRET},
        events=[{"name": SECRET, "attributes": pairs({"exception.stacktrace": SECRET, "any": SECRET})}],
        links=[{"attributes": pairs({"any": SECRET})}],
    )


@pytest.mark.parametrize(
    "scope", ["someone", "openinference.instrumentation.openai", "spanledger", "gcp.vertex.agent"]
)
def test_no_content_is_in_any_table_or_file(ledger: Ledger, scope: str) -> None:
    landed = ledger.land("traces.jsonl", [planted(scope)])
    ledger.run()
    landed.unlink()  # what a Collector wrote is its own
    with connect(ledger.settings) as connection:
        tables = query(
            connection, "select schema_name || '.' || table_name as t from duckdb_tables() where not internal"
        )
        for table in tables:
            assert SECRET not in str(query(connection, f"select * from {table['t']}")), table["t"]
        for part in ledger.settings.home.path.rglob("*.parquet"):
            assert SECRET not in str(
                connection.execute("select * from read_parquet(?)", [str(part)]).fetchall()
            )
        [row] = query(connection, "select attributes from raw.spans")
    assert json.loads(row["attributes"])["ai.response.providerMetadata"] == '{"google":{"n":1}}'
    assert [path for path in _files(ledger.settings.home.path) if SECRET.encode() in path.read_bytes()] == []


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
