"""Re-pricing after one price change: seconds of CPU, and how many calls are priced again.

    python -m tests.benchmarks.pricing_again [calls]

A price of one of six models changes from the last of 90 days on; the ledger rebuilds the days that the change touches.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from tests.benchmarks.pricing import CARD, seconds, seeds_with_contracts, stage

from spanledger_warehouse import pending, runs
from spanledger_warehouse.build import build
from spanledger_warehouse.models import discover
from spanledger_warehouse.seeds.source import SeedFiles, digest_of

HISTORY = 90
NOW = datetime(2026, 11, 16)  # noqa: DTZ001 - naive UTC, as the warehouse keeps time
CHANGE = (
    "openai,gpt-5.5,input,standard,global,,0,2026-11-15T06:00:00Z,4.00,1000000,USD,,price_change,,"
    "https://developers.openai.com/api/docs/pricing,2026-11-15,documented,benchmark\n"
)
LEDGER = ("other_unit_lines", "call_costs", "derived_lines")


def changed(seeds: SeedFiles) -> SeedFiles:
    """The seeds with one price more."""
    files = {**seeds.files, "prices/openai.csv": seeds.files["prices/openai.csv"] + CHANGE.encode()}
    return SeedFiles(files, seeds.state, "changed", seeds.ref, seeds.source, digest_of(files))


def price(connection: duckdb.DuckDBPyConnection, seeds: SeedFiles) -> int:
    """Read the seeds as a run does and build the days that they touch; how many calls those have."""
    runs.load_seeds(connection, seeds, run_id=seeds.commit, now=NOW)
    days = pending.dirty_days(connection)
    for name in [f"pricing.{name}" for name in CARD] + [f"ledger.{name}" for name in LEDGER]:
        build(connection, discover()[name], days)
    connection.execute("delete from ops.dirty_days")
    row = connection.execute(
        "select count(*) from ledger.call_costs where list_contains(?, day)", [days]
    ).fetchone()
    return int(row[0]) if row else 0


def main(calls: int = 1_000_000) -> dict[str, float]:
    """Run it; prints and returns the figures."""
    first = seeds_with_contracts()
    first = SeedFiles(first.files, first.state, "first", first.ref, first.source, digest_of(first.files))
    with (
        TemporaryDirectory() as folder,
        duckdb.connect(Path(folder) / "bench.duckdb", config={"threads": 1}) as connection,
    ):
        stage(connection, calls, HISTORY)
        days = [date(2026, 11, 15) - timedelta(days=back) for back in range(HISTORY)]
        connection.executemany(
            "insert into ops.dirty_days (day, cause, detail, run_id) values (?, 'first', '', '')",
            [[day] for day in days],
        )
        whole = seconds(lambda: price(connection, first))
        repriced: list[int] = []
        again = seconds(lambda: repriced.append(price(connection, changed(first))))
        moved = connection.execute(
            "select count(*) from ledger.call_costs "
            "where model = 'gpt-5.5' and billed_at >= timestamp '2026-11-15 06:00'"
        ).fetchone()
    figures = {
        "seconds": again,
        "whole_seconds": whole,
        "calls_priced_again": repriced[0],
        "calls_moved": moved[0] if moved else 0,
    }
    print(
        f"pricing again: {repriced[0]:,} of {calls:,} calls in {again:.2f} s of CPU ({figures['calls_moved']:,} are of "
        f"the price that changed); all of them the first time in {whole:.1f} s"
    )
    return figures


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
