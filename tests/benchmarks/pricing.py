"""Calls priced a second on one core with the whole catalogue: windows, tiers, contexts, regions, contracts.

    python -m tests.benchmarks.pricing [calls]

`priced` computes every column of ledger.call_costs and keeps none; `stored` writes them to a file as a run does.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from spanledger_warehouse.build import build, create_loaded, sql_of_days
from spanledger_warehouse.database import prepare
from spanledger_warehouse.models import Model, discover
from spanledger_warehouse.seed_tables import write_seeds
from spanledger_warehouse.seeds import read_seeds
from spanledger_warehouse.seeds.catalogue import parse
from spanledger_warehouse.seeds.source import SeedFiles

HERE = Path(__file__).parent
SEEDS = HERE.parents[1] / "pricing_seeds"
DAYS = [date(2026, 11, day) for day in range(9, 16)]
CARD = ("price_cells", "rate_card", "model_matches", "rate_card_by_day", "contract_prices", "contract_card")
# Four of the twenty tenants have contracts: discounts, the narrower of two, and a price of their own.
CONTRACTS = """\
c-0,discount,t0,,,,,,2026-01-01T00:00:00Z,,0.9,,,,,
c-1,discount,t1,openai,,,,,2026-01-01T00:00:00Z,,0.85,,,,,
c-2,discount,t1,openai,gpt-5.5,,,,2026-11-11T00:00:00Z,,0.8,,,,,
c-3,override,t2,anthropic,claude-opus-5-5,output,,,2026-01-01T00:00:00Z,,,15,1000000,USD,,
c-4,discount,t3,deepseek,,,,,2026-01-01T00:00:00Z,2026-11-12T12:00:00Z,0.925,,,,,
"""


def seeds_with_contracts() -> SeedFiles:
    """The catalogue of this checkout, and the contracts."""
    seeds = read_seeds(SEEDS, allow_uncommitted=True)
    adjustments = seeds.files["adjustments.csv"] + CONTRACTS.encode()
    return replace(seeds, files={**seeds.files, "adjustments.csv": adjustments})


def stage(connection: duckdb.DuckDBPyConnection, calls: int, days: int = len(DAYS)) -> None:
    """This many staged calls."""
    prepare(connection)
    create_loaded(connection)
    for name, model in discover().items():
        if name.startswith("staging.") and not model.is_loaded:
            build(connection, model, [])
    sql = (HERE / "pricing_calls.sql").read_text(encoding="utf-8")
    connection.execute(sql, {"calls": calls, "days": days})


def load_catalogue(connection: duckdb.DuckDBPyConnection) -> None:
    """The catalogue with the contracts."""
    catalogue = parse(seeds_with_contracts()).require()
    write_seeds(connection, catalogue, provenance={}, audit=(), now=datetime.now(UTC).replace(tzinfo=None))


def seconds(work: Callable[[], object]) -> float:
    """CPU time of this process."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def compute(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Compute every column of a model for all days, and keep nothing."""
    sql = sql_of_days(model, DAYS[0], DAYS[-1])
    columns = [row[0] for row in connection.execute(f"describe ({sql})").fetchall()]
    connection.execute(
        f"select {', '.join(f'count({column})' for column in columns)} from ({sql}) as priced"
    ).fetchall()


def main(calls: int = 1_000_000) -> dict[str, float]:
    """Run it; prints and returns the figures."""
    models = discover()
    with (
        TemporaryDirectory() as folder,
        duckdb.connect(Path(folder) / "bench.duckdb", config={"threads": 1}) as connection,
    ):
        stage(connection, calls)
        load_catalogue(connection)
        compiled = seconds(lambda: [build(connection, models[f"pricing.{name}"], DAYS) for name in CARD])
        others = seconds(lambda: build(connection, models["ledger.other_unit_lines"], DAYS))
        priced = others + seconds(lambda: compute(connection, models["ledger.call_costs"]))
        stored = others + seconds(lambda: build(connection, models["ledger.call_costs"], DAYS))
        lines = seconds(lambda: build(connection, models["ledger.derived_lines"], DAYS))
    figures = {
        "calls_per_core_second": calls / priced,
        "calls_stored_per_core_second": calls / stored,
        "calls_with_lines_stored_per_core_second": calls / (stored + lines),
        "rate_card_seconds": compiled,
    }
    print(
        f"pricing: {figures['calls_per_core_second']:,.0f} calls/s per core priced, "
        f"{figures['calls_stored_per_core_second']:,.0f} priced and stored, "
        f"{figures['calls_with_lines_stored_per_core_second']:,.0f} with their cost lines; "
        f"rate card compiled in {compiled:.2f} s"
    )
    return figures


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
