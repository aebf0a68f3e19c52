"""Given staged calls and seeds: what the ledger makes of them, as costs and as lines."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.warehouse.harness import DAY
from tests.warehouse.pricing.cards import built_all
from tests.warehouse.seeds import price, seed_texts

NOON = datetime(2026, 3, 10, 12)  # noqa: DTZ001 - naive UTC, as the warehouse keeps time
PRICES = (price("input", "3"), price("cache_read", "0.3"), price("output", "15"))
INPUT_UNITS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "input_audio", "input_image")
OUTPUT_UNITS = ("output", "reasoning", "output_audio", "output_image")
COUNTED = (*INPUT_UNITS, *OUTPUT_UNITS, "web_search", "request")


def call(call_id: str = "c-1", /, *, others: dict[str, int] | None = None, **changed: Any) -> dict[str, Any]:
    """A staged call; `input=10` and so on are quantities of units, the totals follow from them."""
    quantities = {unit: changed.pop(unit, 0) for unit in COUNTED}
    inputs = sum(quantities[unit] for unit in INPUT_UNITS) + sum((others or {}).values())
    outputs = sum(quantities[unit] for unit in OUTPUT_UNITS)
    return {
        "call_id": call_id,
        "part": 0,
        "copy": 0,
        "day": DAY,
        "business_day": DAY,
        "billed_at": NOON,
        "started_at": NOON,
        "ended_at": NOON,
        "disposition": "billable",
        "tenant_id": "acme-corp",
        "service": "desk",
        "operation": "answer",
        "provider": "acme",
        "model_id": "a-1",
        "pricing_context": "standard",
        "pricing_region": "global",
        "success": True,
        "attempt": 1,
        "duration_ms": 1000,
        "duration_bucket_ms": 1000,
        "usage_status": "complete",
        "input_tokens": inputs,
        "output_tokens": outputs,
        "total_tokens": inputs + outputs,
        "other_units": others or {},
        **{f"{unit}_quantity": quantity for unit, quantity in quantities.items()},
    } | changed


def without_usage(call_id: str = "c-1", /, **changed: Any) -> dict[str, Any]:
    """A staged call whose usage is not known."""
    unknown = {name: None for name in call() if name.endswith(("_tokens", "_quantity"))}
    return call(call_id) | unknown | {"usage_status": "missing", "request_quantity": 0} | changed


def costs(*calls: dict[str, Any], prices: tuple[str, ...] = PRICES, **seeds: Any) -> list[dict[str, Any]]:
    """The rows of ledger.call_costs, after a look that the lines say the same."""
    texts = seed_texts(*prices, **seeds)
    found = built_all("ledger.call_costs", "ledger.cost_lines", seeds=texts, calls=calls)
    for row in found["ledger.call_costs"]:
        lines = [line for line in found["ledger.cost_lines"] if line["call_id"] == row["call_id"]]
        known = [line["list_cost_usd"] for line in lines if line["list_cost_usd"] is not None]
        assert sum(known, Decimal(0)) == (row["list_cost_usd"] or 0)
        named = {line["unit"] for line in lines if line["unit_price"] is None}
        assert set((row["unpriced_units"] or "").split(",")) - {""} == named
    return found["ledger.call_costs"]


def lines(*calls: dict[str, Any], prices: tuple[str, ...] = PRICES, **seeds: Any) -> list[dict[str, Any]]:
    """The rows of ledger.cost_lines."""
    texts = seed_texts(*prices, **seeds)
    return built_all("ledger.cost_lines", seeds=texts, calls=calls)["ledger.cost_lines"]


def cost(*, prices: tuple[str, ...] = PRICES, **changed: Any) -> tuple[str, str | None]:
    """Status and list cost of one call, the cost as plain text without trailing zeros."""
    [row] = costs(call(**changed), prices=prices)
    return row["cost_status"], plain(row["list_cost_usd"])


def plain(amount: Decimal | None) -> str | None:
    """An amount without trailing zeros."""
    if amount is None:
        return None
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
