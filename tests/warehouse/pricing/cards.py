"""Given seeds: the rate card that the pricing models make of them, by the way of a run."""

from __future__ import annotations

from typing import Any

import duckdb
from tests.warehouse.harness import DAY, give, rows_of
from tests.warehouse.seeds import give_seeds, seed_texts

from spanledger_warehouse.build import build, create_loaded
from spanledger_warehouse.database import prepare
from spanledger_warehouse.models import discover


def built(
    *names: str, seeds: dict[str, str], calls: list[dict[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """The rows of the last of these models, built in order over seeds and staged calls."""
    with duckdb.connect(config={"threads": 1}) as connection:
        prepare(connection)
        create_loaded(connection)
        give_seeds(connection, seeds)
        give(connection, "staging.stg_calls", calls or ())
        days = sorted({call["day"] for call in calls or ()}) or [DAY]
        for name in names:
            build(connection, discover()[name], days)
        return rows_of(connection, discover()[names[-1]])


def cells(*prices: str, **more: Any) -> list[dict[str, Any]]:
    """The price cells of a few price lines."""
    return built("pricing.price_cells", seeds=seed_texts(*prices, **more))


def cell(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    """The one row with these values; context standard, region global and the base tier unless said."""
    wanted = {"context": "standard", "region": "global", "tier_above": 0, "unit": "input"} | wanted
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    assert len(found) == 1, f"{len(found)} cells are {wanted}"
    return found[0]


def amounts(rows: list[dict[str, Any]], **wanted: Any) -> list[tuple[str, str, float]]:
    """From, to and price a million of the cells with these values, by time."""
    wanted = {"context": "standard", "region": "global", "tier_above": 0, "unit": "input"} | wanted
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    found.sort(key=lambda row: row["valid_from"])
    return [
        (f"{row['valid_from']:%Y-%m-%d}", f"{row['valid_to']:%Y-%m-%d}", float(row["unit_price"] * 1_000_000))
        for row in found
    ]
