"""Spans of other instrumentations as OTLP/JSON, through the loader into staging."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
from tests.warehouse.harness import query
from tests.warehouse.otlp.test_convert import pairs
from tests.warehouse.records import NOON, PROCESS, nanos, write_records

from spanledger_warehouse.build import build, create_loaded
from spanledger_warehouse.database import prepare
from spanledger_warehouse.landing.loading import load
from spanledger_warehouse.models import Model, discover
from spanledger_warehouse.settings import load_settings


@dataclass(frozen=True)
class Span:
    """A span of a trace, its ids made of its name: `Span("wire", "sdk", …)` is a child of the span "sdk"."""

    name: str
    parent: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    scope: str = "app"
    span_name: str = ""
    trace: str = "t"
    start: float = 0.0
    end: float = 1.0
    failed: bool = False

    def resource_spans(self) -> dict[str, Any]:
        """The span as one entry of an OTLP/JSON document; one of ours says which call of its process it is."""
        identity = {}
        if self.scope == "spanledger":
            sequence = int(ids(self.name + self.trace, 7), 16) + 1
            identity = {"spanledger.process": PROCESS, "spanledger.sequence": sequence}
        span = {
            "traceId": ids(self.trace, 32),
            "spanId": ids(self.name, 16),
            "name": self.span_name or self.name,
            "startTimeUnixNano": str(nanos(NOON + timedelta(seconds=self.start))),
            "endTimeUnixNano": str(nanos(NOON + timedelta(seconds=self.end))),
            "attributes": pairs({**self.attributes, **identity}),
            "status": {"code": 2} if self.failed else {},
        }
        if self.parent:
            span["parentSpanId"] = ids(self.parent, 16)
        scopes = [{"scope": {"name": self.scope}, "spans": [span]}]
        return {"resource": {"attributes": []}, "scopeSpans": scopes}


def ids(name: str, length: int) -> str:
    """An id in hex for a name."""
    return md5(name.encode()).hexdigest()[:length]


def wire(name: str, parent: str | None, usage: tuple[int, int] | None, /, **changed: Any) -> Span:
    """Our own span of an HTTP call, with OpenAI's usage object or none."""
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-x",
        "spanledger.usage.family": "openai_chat",
        "spanledger.usage.status": "complete" if usage else "missing",
    }
    if usage:
        prompt, completion = usage
        found = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }
        attributes["spanledger.usage.raw"] = json.dumps(found)
    attributes |= changed.pop("attributes", {})
    return Span(name, parent, attributes, scope="spanledger", **changed)


class Staging:
    """A warehouse of its own, built as far as staging."""

    def __init__(self, home: Path) -> None:
        self.home = load_settings(home, {}).home
        self.connection = duckdb.connect(config={"threads": 1})
        prepare(self.connection)
        create_loaded(self.connection)
        self.files = self.runs = 0

    def land(self, spans: Iterable[Span]) -> None:
        """Put spans into the landing zone as a Collector's file exporter writes them."""
        self.files += 1
        document = {"resourceSpans": [span.resource_spans() for span in spans]}
        write_records(self.home.landing / f"{self.files:04}.jsonl", [document])

    def run(self) -> list[Any]:
        """Load what landed and build the days that it touches; returns these."""
        load(self.connection, self.home, run_id=f"run-{self.files}", now=datetime(2026, 4, 1))  # noqa: DTZ001
        days = self.connection.execute("select distinct day from ops.dirty_days order by 1").fetchall()
        for model in _staging_models():
            if self.runs == 0 or model.materialized != "view":
                build(self.connection, model, [day for (day,) in days])
        self.runs += 1
        self.connection.execute("delete from ops.dirty_days")
        return [day for (day,) in days]

    def calls(self, columns: str = "*", where: str = "true") -> list[dict[str, Any]]:
        """Rows of stg_calls."""
        return query(
            self.connection,
            f"select {columns} from staging.stg_calls where {where} order by trace_id, span_id, part, copy",
        )

    def dispositions(self, spans: Iterable[Span]) -> list[str]:
        """What each span is: its disposition, or the rule by which it is not plainly billable."""
        found = {
            (row["trace_id"], row["span_id"]): row["disposition_rule"] or row["disposition"]
            for row in self.calls(where="copy = 0")
        }
        return [found[ids(span.trace, 32), ids(span.name, 16)] for span in spans]

    def billed(self, trace: str = "") -> tuple[int, int]:
        """Input and output tokens of the billable calls (of one trace)."""
        [row] = query(
            self.connection,
            "select coalesce(sum(input_tokens), 0)::bigint as i, coalesce(sum(output_tokens), 0)::bigint as o "
            "from staging.stg_calls where disposition = 'billable' and (? = '' or trace_id = ?)",
            [trace, ids(trace, 32)],
        )
        return row["i"], row["o"]


def _staging_models() -> list[Model]:
    wanted = {"staging.stg_calls"}
    models = discover()
    for name in reversed(list(models)):
        if name in wanted:
            wanted.update(models[name].upstream)
    return [model for name, model in models.items() if name in wanted and not model.is_loaded]
