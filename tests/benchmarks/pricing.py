"""Calls priced a second on one core with the whole catalogue, and the time to compile the rate card of their days."""

from __future__ import annotations

import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from spanledger_warehouse.build import build, create_loaded
from spanledger_warehouse.database import prepare
from spanledger_warehouse.models import discover
from spanledger_warehouse.seed_tables import write_seeds
from spanledger_warehouse.seeds import read_seeds
from spanledger_warehouse.seeds.catalogue import parse

SEEDS = Path(__file__).resolve().parents[2] / "pricing_seeds"
DAYS = [date(2026, 11, day) for day in range(9, 16)]
CARD = ("price_cells", "rate_card", "model_matches", "rate_card_by_day", "contract_prices", "contract_card")
# Models with windows, tiers, contexts and another provider's prices; a tenth of the calls are in a batch.
CALLS = """
insert into staging.stg_calls by name
select
    cast(i as varchar) as call_id, 0 as part, 0 as copy, 'billable' as disposition,
    't' || cast(i % 20 as varchar) as tenant_id, 'bench' as service, 'bench' as operation,
    (['openai', 'anthropic', 'deepseek', 'x-ai', 'azure'])[1 + i % 5] as provider,
    (['gpt-5.5', 'claude-opus-5-5', 'deepseek-v4-flash', 'grok-4.20', 'gpt-4o'])[1 + i % 5] as model_id,
    timestamp '2026-11-09' + to_milliseconds((i * 7919) % 604800000) as billed_at, cast(billed_at as date) as day,
    true as success, 1 as attempt, 'complete' as usage_status, 'global' as pricing_region,
    case when i % 10 = 1 then 'batch' else 'standard' end as pricing_context,
    (i * 31) % 400000 + 10 as input_tokens, i % 3000 as output_tokens, input_tokens + output_tokens as total_tokens,
    input_tokens - 10 as input_quantity, 10 as cache_read_quantity, i % 3000 as output_quantity, 1 as request_quantity,
    map(cast([] as varchar []), cast([] as bigint [])) as other_units
from range(?) as r (i)
"""


def main(calls: int = 2_000_000) -> dict[str, float]:
    """Run it; prints and returns the figures."""
    with duckdb.connect(config={"threads": 1}) as connection:
        prepare(connection)
        create_loaded(connection)
        catalogue = parse(read_seeds(SEEDS, allow_uncommitted=True)).require()
        write_seeds(
            connection, catalogue, provenance={}, audit=(), now=datetime.now(UTC).replace(tzinfo=None)
        )
        models = discover()
        for name, model in models.items():
            if name.startswith("staging.") and not model.is_loaded:
                build(connection, model, [])
        connection.execute(CALLS, [calls])
        begin = time.process_time()
        for name in CARD:
            build(connection, models[f"pricing.{name}"], DAYS)
        compiled = time.process_time() - begin
        build(connection, models["ledger.other_unit_lines"], DAYS)
        begin = time.process_time()
        build(connection, models["ledger.call_costs"], DAYS)
        priced = time.process_time() - begin
    figures = {"calls_per_core_second": calls / priced, "rate_card_seconds": compiled}
    print(
        f"pricing: {figures['calls_per_core_second']:,.0f} calls/s per core; rate card compiled in {compiled:.2f} s"
    )
    return figures


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
