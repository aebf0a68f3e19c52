"""Given one usage object: what staging makes of it."""

import json
from typing import Any

from tests.warehouse.harness import DAY, run_model

VIEWS = {
    "openai_chat": "staging.stg_usage__openai_chat",
    "openai_responses": "staging.stg_usage__openai_responses",
    "openai_embeddings": "staging.stg_usage__openai_embeddings",
    "anthropic_messages": "staging.stg_usage__anthropic_messages",
}
UNITS = (
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "cache_write_30m",
    "cache_write_12h",
    "input_audio",
    "input_image",
    "output",
    "reasoning",
    "output_audio",
    "output_image",
    "web_search",
)


def raw_span(family: str | None = None, usage: Any = None, **columns: Any) -> dict[str, Any]:
    """A row of raw.spans with a usage object (as JSON, or as the text that is given)."""
    text = usage if usage is None or isinstance(usage, str) else json.dumps(usage)
    return {"file_id": 1, "line": 1, "day": DAY, "usage_family": family, "usage_raw": text} | columns


def texts(family: str, usage: Any) -> dict[str, Any]:
    """What the family's model reads from a usage object; absent counts left out."""
    [row] = run_model(VIEWS[family], {"raw.spans": [raw_span(family, usage)]})
    return {
        name.removesuffix("_text"): value
        for name, value in row.items()
        if name.endswith("_text") and value is not None
    }


def decode(family: str, usage: Any) -> dict[str, Any]:
    """Totals, units above zero and the issue that stg_usage makes of a usage object, through the family's own model."""
    [read] = run_model(VIEWS[family], {"raw.spans": [raw_span(family, usage)]})
    [row] = run_model("staging.stg_usage", {VIEWS[family]: [read]})
    return summary(row)


def summary(row: dict[str, Any]) -> dict[str, Any]:
    """Totals and units above zero of a row of stg_usage; only the issue where there is one."""
    if row["usage_issue"] is not None:
        assert all(row[f"{unit}_quantity"] is None for unit in UNITS)
        assert row["input_tokens"] is None
        assert row["output_tokens"] is None
        return {"issue": row["usage_issue"]}
    found = {"in": row["input_tokens"], "out": row["output_tokens"]}
    found |= {unit: row[f"{unit}_quantity"] for unit in UNITS if row[f"{unit}_quantity"]}
    counted = [row[f"{unit}_quantity"] or 0 for unit in UNITS if unit != "web_search"]
    assert sum(counted) == (row["input_tokens"] or 0) + (row["output_tokens"] or 0)
    return found
