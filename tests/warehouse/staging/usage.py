"""Given one usage object: what staging makes of it."""

import json
from typing import Any

from tests.warehouse.harness import DAY, run_model

VIEWS = {
    family: f"staging.stg_usage__{family}"
    for family in (
        "anthropic_messages",
        "bedrock_converse",
        "bedrock_invoke",
        "cohere",
        "gemini",
        "gemini_interactions",
        "ollama",
        "openai_audio",
        "openai_chat",
        "openai_embeddings",
        "openai_images",
        "openai_responses",
        "vertex_predict",
    )
}
# Units that are no tokens, and so no part of the totals.
PIECES = (
    "web_search",
    "grounded_prompt",
    "rerank_query",
    "file_search",
    "x_search",
    "search_source",
    "input_audio_second",
    "input_character",
    "generated_image",
)
UNITS = (
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
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
        assert row["other_units"] == {}
        assert row["input_tokens"] is None
        assert row["output_tokens"] is None
        return {"issue": row["usage_issue"]}
    found = {"in": row["input_tokens"], "out": row["output_tokens"]}
    found |= {unit: row[f"{unit}_quantity"] for unit in UNITS if row[f"{unit}_quantity"]}
    found |= row["other_units"]
    counted = [found[unit] for unit in found if unit not in ("in", "out", *PIECES)]
    assert sum(counted) == (row["input_tokens"] or 0) + (row["output_tokens"] or 0)
    return found
