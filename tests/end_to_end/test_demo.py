"""The demo over real sockets and real SDKs, against costs computed from its plan and the seed files alone.

The expectation uses Decimal, no SQL and no warehouse: prices are looked up by the rules that people read (in
force at the end of the call, the whole request in its tier, reasoning billed as output).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from spanledger_pipelines.demo.plan import UNPRICED_MODEL, PlannedCall, calls_of

# The name that each request's prices are filed under.
PRICED_AS = {
    "claude-sonnet-4-5-20250929": ("anthropic", "claude-sonnet-4-5"),
    "claude-haiku-4-5-20251001": ("anthropic", "claude-haiku-4-5"),
    "anthropic/claude-sonnet-4.5": ("openrouter", "anthropic/claude-sonnet-4.5"),
    "openai/gpt-4o-mini": ("openrouter", "openai/gpt-4o-mini"),
    "gpt-4o": ("openai", "gpt-4o"),
    "gpt-4o-mini": ("openai", "gpt-4o-mini"),
    "gpt-5.6-sol": ("openai", "gpt-5.6-sol"),
    "text-embedding-3-small": ("openai", "text-embedding-3-small"),
    UNPRICED_MODEL: ("openai", UNPRICED_MODEL),
}
UNITS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")


@dataclass(frozen=True)
class Expected:
    """One call as the marts must show it."""

    tenant: str
    day: date
    operation: str
    model: tuple[str, str]
    success: bool
    tokens: int
    cost: Decimal | None


class Prices:
    """The price rows of the seed files."""

    def __init__(self, seeds: Path) -> None:
        self._rows: dict[tuple[str, str, str], list[dict[str, str]]] = defaultdict(list)
        for file in sorted((seeds / "prices").glob("*.csv")):
            with file.open(encoding="utf-8", newline="") as lines:
                for row in csv.DictReader(lines):
                    if (
                        row["context"] in ("", "standard")
                        and row["region"] in ("", "global")
                        and not row["window"]
                    ):
                        self._rows[row["provider"], row["model"], row["unit"]].append(row)

    def of(self, model: tuple[str, str], unit: str, prompt_tokens: int, at: datetime) -> Decimal:
        """The price of one unit for a request of this size at this instant."""
        unit = "output" if unit == "reasoning" else unit
        tier = 0
        newest: dict[str, str] = {}
        for row in self._rows[(*model, unit)]:
            above, since = int(row["tier_above"] or 0), datetime.fromisoformat(row["effective_from"])
            if since > at or (above and prompt_tokens <= above) or above < tier:
                continue
            if above > tier or not newest or since > datetime.fromisoformat(newest["effective_from"]):
                newest, tier = row, above
        return Decimal(newest["price"]) / Decimal(newest["per"])


def expected_calls(days: Iterable[date], seeds: Path) -> list[Expected]:
    """Every attempt of the plan's calls."""
    prices = Prices(seeds)
    return [expected for day in days for call in calls_of(day) for expected in _attempts(call, prices)]


def _attempts(call: PlannedCall, prices: Prices) -> Iterable[Expected]:
    # No answer takes less than a microsecond or as long as an hour.
    ended = call.started_at + timedelta(microseconds=1)
    model = PRICED_AS[call.model]
    nothing = Expected(call.tenant, ended.date(), call.operation, model, False, 0, Decimal(0))
    if call.order.fault:
        yield nothing
    if call.order.fault == "server_error":
        return
    reported = call.call_site != "openai_stream_without_usage"
    tokens = call.order.prompt_tokens + call.order.completion_tokens if reported else 0
    cost = _cost(call, model, prices, ended) if reported and call.model != UNPRICED_MODEL else None
    yield Expected(call.tenant, ended.date(), call.operation, model, True, tokens, cost)


def _cost(call: PlannedCall, model: tuple[str, str], prices: Prices, at: datetime) -> Decimal:
    total = Decimal(0)
    for unit in UNITS:
        quantity = getattr(call.order, unit)
        if quantity:
            line = quantity * prices.of(model, unit, call.order.prompt_tokens, at)
            total += line.quantize(Decimal("1e-12"), ROUND_HALF_EVEN)
    return total
