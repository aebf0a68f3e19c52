"""The demo over real sockets and real SDKs, against costs computed from its plan and the seed files alone.

The expectation uses Decimal, no SQL and no warehouse: prices are looked up by the rules that people read (in
force at the end of the call, the whole request in its tier, reasoning billed as output).
"""

from __future__ import annotations

import csv
import json
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from spanledger import call_log, catalogue, records
from spanledger_pipelines.demo.plan import DAYS, FIRST_DAY, UNPRICED_MODEL, PlannedCall, calls_of, days

# The name that each request's prices are filed under.
PRICED_AS = {
    "claude-sonnet-4-5-20250929": ("anthropic", "claude-sonnet-4-5"),
    "claude-haiku-4-5-20251001": ("anthropic", "claude-haiku-4-5"),
    "anthropic/claude-sonnet-4.5": ("openrouter", "anthropic/claude-sonnet-4.5"),
    "openai/gpt-4o-mini": ("openrouter", "openai/gpt-4o-mini"),
    "gpt-4o": ("openai", "gpt-4o-2024-08-06"),
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


Spanledger = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty") / "home"


@dataclass(frozen=True)
class Ran:
    """One run of the demo, and what it left behind."""

    output: str
    marts: dict[str, list[dict[str, Any]]]

    @property
    def published(self) -> dict[str, Any]:
        return self.marts["ops.publication"][0]


MARTS = (
    "marts.daily_costs",
    "marts.costs_by_model",
    "marts.costs_by_operation",
    "marts.calls",
    "ops.publication",
)


def ran(home: Path, done: subprocess.CompletedProcess[str]) -> Ran:
    """Read the published file after a run."""
    tables: dict[str, list[dict[str, Any]]] = {}
    with duckdb.connect(str(home / "demo" / "published" / "spanledger.duckdb"), read_only=True) as connection:
        for name in MARTS:
            rows = connection.execute(f"from {name} order by all")
            columns = [column[0] for column in rows.description]
            tables[name] = [dict(zip(columns, row, strict=True)) for row in rows.fetchall()]
    return Ran(done.stdout, tables)


@pytest.fixture(scope="module")
def first(spanledger: Spanledger, home: Path) -> Ran:
    return ran(home, spanledger("demo", home=home))


@pytest.fixture(scope="module")
def again(spanledger: Spanledger, home: Path, first: Ran) -> Ran:
    return ran(home, spanledger("demo", home=home))


@pytest.fixture(scope="module")
def grown(spanledger: Spanledger, home: Path, again: Ran) -> Ran:
    return ran(home, spanledger("demo", "--more", home=home))


def costs(rows: Iterable[dict[str, Any]], *keys: str) -> dict[tuple[Any, ...], tuple[int, int, int, Decimal]]:
    """Calls, failed calls, tokens and cost by the keys, as a mart has them."""
    return {
        tuple(row[key] for key in keys): (
            row["calls"],
            row["failed_calls"],
            row["total_tokens"] or 0,
            row["contracted_cost_usd"] or Decimal(0),
        )
        for row in rows
    }


def summed(
    calls: Iterable[Expected], key: Callable[[Expected], tuple[Any, ...]]
) -> dict[tuple[Any, ...], tuple[int, int, int, Decimal]]:
    """The same, from the expectation."""
    groups: dict[tuple[Any, ...], list[Expected]] = defaultdict(list)
    for call in calls:
        groups[key(call)].append(call)
    return {
        name: (
            len(group),
            sum(not call.success for call in group),
            sum(call.tokens for call in group),
            sum((call.cost for call in group if call.cost is not None), Decimal(0)),
        )
        for name, group in groups.items()
    }


def test_daily_costs_are_those_of_the_plan_and_the_seeds(first: Ran, seeds: Path) -> None:
    expected = summed(expected_calls(days(DAYS), seeds), lambda call: (call.tenant, call.day))
    assert costs(first.marts["marts.daily_costs"], "tenant_id", "day") == expected
    assert len(expected) == 3 * DAYS


def test_costs_by_model_are_those_of_the_plan_and_the_seeds(first: Ran, seeds: Path) -> None:
    expected = summed(expected_calls(days(DAYS), seeds), lambda call: (call.tenant, call.day, *call.model))
    assert costs(first.marts["marts.costs_by_model"], "tenant_id", "day", "provider", "model") == expected


def test_costs_by_operation_are_those_of_the_plan_and_the_seeds(first: Ran, seeds: Path) -> None:
    expected = summed(expected_calls(days(DAYS), seeds), lambda call: (call.tenant, call.day, call.operation))
    marts = costs(first.marts["marts.costs_by_operation"], "tenant_id", "day", "operation")
    assert marts == expected
    assert {row["service"] for row in first.marts["marts.costs_by_operation"]} == {"support-desk"}


def test_what_has_no_known_cost_is_counted_and_never_zero(first: Ran) -> None:
    status = defaultdict(list)
    for call in first.marts["marts.calls"]:
        status[call["cost_status"]].append(call)
    assert {name: len(calls) for name, calls in status.items()} == {
        "priced": 195,
        "no_usage": 2,
        "unpriced": 2,
        "usage_missing": 2,
    }
    assert {
        call["contracted_cost_usd"] for name in ("unpriced", "usage_missing") for call in status[name]
    } == {None}
    assert {call["model"] for call in status["unpriced"]} == {UNPRICED_MODEL}


def test_a_call_across_the_price_change_pays_the_new_price(first: Ran) -> None:
    (late,) = [
        call for call in first.marts["marts.calls"] if call["started_at"].date() != call["ended_at"].date()
    ]
    assert (late["model"], late["day"]) == ("gpt-5.6-sol", date(2026, 8, 21))


def test_what_openrouter_reports_is_kept_beside_what_the_seeds_say(first: Ran) -> None:
    calls = [
        call for call in first.marts["marts.calls"] if call["provider"] == "openrouter" and call["success"]
    ]
    assert len(calls) == 34
    assert all(call["reported_cost_usd"] == call["list_cost_usd"] for call in calls)


def test_the_estimate_in_a_services_log_is_what_the_ledger_says(first: Ran, home: Path, seeds: Path) -> None:
    attribute_of = {key: name for name, key in records.KEYS.items()}
    prices = catalogue.Catalogue(seeds)
    estimates = {}
    for file in (home / "demo" / "spool").glob("*.jsonl"):
        for record in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            if record["kind"] == "span":
                at = datetime.fromtimestamp(record["end_time_unix_nano"] // 1_000_000_000, UTC)
                values = {attribute_of[key]: value for key, value in record.items() if key in attribute_of}
                call_id = f"{record['process']}-{record['sequence']}"
                estimates[call_id] = call_log.estimate(prices, values, at)
    ledger = {call["call_id"]: call["list_cost_usd"] for call in first.marts["marts.calls"]}
    # A failed call costs nothing in the ledger, and has no usage to estimate from.
    assert {call: cost for call, cost in estimates.items() if cost is not None} == {
        call: cost for call, cost in ledger.items() if cost
    }
    assert len(estimates) == len(ledger) == 201


def test_no_prompt_or_answer_is_written_anywhere(first: Ran, home: Path) -> None:
    kept = b"".join(file.read_bytes() for file in (home / "demo").rglob("*") if file.is_file())
    for said in (b"work order", b"Please analyze", b"Answer to"):
        assert said not in kept


def test_the_demo_prints_the_costs_an_explanation_and_what_to_do_next(first: Ran, home: Path) -> None:
    total = sum((row["contracted_cost_usd"] for row in first.marts["marts.daily_costs"]), Decimal(0))
    assert first.output.count(f"{total.normalize():f}") == 3
    for said in ("It made 200 calls", "Costs by day", "Costs by model", "Costs by operation"):
        assert said in first.output
    assert "equal the published cost to the last digit" in first.output
    assert str(home / "demo" / "published" / "spanledger.duckdb") in first.output
    assert "spanledger demo --more" in first.output


def test_again_makes_no_call_and_publishes_nothing(first: Ran, again: Ran) -> None:
    assert "No call is made again" in again.output
    assert "Nothing was new" in again.output
    assert again.marts == first.marts


def test_more_adds_one_day_and_rebuilds_only_that(first: Ran, grown: Ran, seeds: Path) -> None:
    added = FIRST_DAY + timedelta(days=DAYS)
    assert "It made 40 calls" in grown.output
    assert f"Rebuilt 1 day: {added}" in grown.output
    assert grown.published["version"] > first.published["version"]
    for name in MARTS[:4]:
        was = [row | {"complete_through": None} for row in first.marts[name]]
        older = [row | {"complete_through": None} for row in grown.marts[name] if row["day"] < added]
        assert older == was, name
    expected = summed(expected_calls([added], seeds), lambda call: (call.tenant, call.day))
    newer = [row for row in grown.marts["marts.daily_costs"] if row["day"] >= added]
    assert costs(newer, "tenant_id", "day") == expected


def test_explain_and_report_say_what_the_marts_say(spanledger: Spanledger, home: Path, grown: Ran) -> None:
    demo = home / "demo"
    dearest = max(grown.marts["marts.calls"], key=lambda call: call["contracted_cost_usd"] or 0)
    explained = json.loads(spanledger("explain", dearest["call_id"], "--json", home=demo).stdout)
    lines = [Decimal(line["quantity"]) * Decimal(line["unit_price"]) for line in explained["lines"]]
    assert explained["adds_up"] is True
    assert sum(lines) == dearest["contracted_cost_usd"]
    assert {line["tier_above"] for line in explained["lines"]} == {200_000}

    report = json.loads(spanledger("report", "models", "--tenant", "acme", "--json", home=demo).stdout)
    acme = [row for row in grown.marts["marts.costs_by_model"] if row["tenant_id"] == "acme"]
    assert sum(Decimal(row["contracted_cost_usd"]) for row in report["rows"]) == sum(
        row["contracted_cost_usd"] for row in acme
    )


def test_reset_forgets_the_demo_and_nothing_else(spanledger: Spanledger, tmp_path: Path) -> None:
    other = tmp_path / "home" / "demo" / "mine.txt"
    other.parent.mkdir(parents=True)
    other.write_text("not a demo's file")
    refused = spanledger("demo", "--reset", home=tmp_path / "home", expect=1)
    assert "does not look like a demo's home" in refused.stderr
    assert other.exists()
