"""Given rows of ledger.published_costs: the rows of the cost marts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.warehouse.harness import DAY, run_model

NOON = datetime(2026, 3, 10, 12)  # noqa: DTZ001 - naive UTC, as the warehouse keeps time
MARTS = (
    "marts.daily_costs",
    "marts.costs_by_model",
    "marts.costs_by_operation",
    "marts.hourly_costs",
    "marts.daily_costs_by_business_day",
    "marts.costs_by_model_by_business_day",
    "marts.costs_by_operation_by_business_day",
)


def row(call_id: str = "c-1", cost: str | None = "0.5", **changed: Any) -> dict[str, Any]:
    """A priced call of a hundred tokens in and ten out."""
    amount = None if cost is None else Decimal(cost)
    return {
        "call_id": call_id,
        "part": 0,
        "tenant_id": "acme-corp",
        "day": DAY,
        "business_day": DAY,
        "billed_at": NOON,
        "service": "desk",
        "operation": "answer",
        "provider": "acme",
        "model": "a-1",
        "success": True,
        "duration_ms": 1000,
        "duration_bucket_ms": 1000,
        "usage_status": "complete",
        "input_tokens": 100,
        "output_tokens": 10,
        "total_tokens": 110,
        "input_quantity": 100,
        "output_quantity": 10,
        "priced_tokens": 110,
        "unpriced_tokens": 0,
        "list_cost_usd": amount,
        "contracted_cost_usd": amount,
        "cost_status": "priced",
    } | changed


def mart(*rows: dict[str, Any], name: str = "marts.daily_costs", **given: Any) -> list[dict[str, Any]]:
    """The rows of a cost mart."""
    complete = [{"complete_through": NOON}]
    tables = {"ledger.published_costs": rows, "staging.complete_through": complete} | given
    return run_model(name, tables, days=sorted({found["day"] for found in rows}) or [DAY])


def daily(*rows: dict[str, Any]) -> dict[str, Any]:
    """The one row of marts.daily_costs."""
    [found] = mart(*rows)
    return found
