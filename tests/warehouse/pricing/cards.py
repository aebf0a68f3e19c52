"""Given seeds: the rate card that the pricing models make of them, by the way of a run."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import duckdb
from tests.warehouse.harness import DAY, Row, give, rows_of
from tests.warehouse.seeds import give_seeds, seed_texts

from spanledger_warehouse.build import build, create_loaded
from spanledger_warehouse.database import prepare
from spanledger_warehouse.models import Model, discover

STAGED = "staging.stg_calls"


def built(name: str, *, seeds: dict[str, str], calls: Iterable[Row] = ()) -> list[dict[str, Any]]:
    """The rows of a model over seeds and staged calls, with every model in between built first."""
    return built_all(name, seeds=seeds, calls=calls)[name]


def built_all(
    *names: str, seeds: dict[str, str], calls: Iterable[Row] = ()
) -> dict[str, list[dict[str, Any]]]:
    """The rows of some models over the same seeds and staged calls."""
    calls = list(calls)
    days = sorted({call["day"] for call in calls}) or [DAY]
    connection = _priced(tuple(sorted(seeds.items())))
    give(connection, STAGED, calls)
    for model in between(names):
        if model.materialized == "by day":
            connection.execute(f"drop table if exists {model.full_name}")
        if not _needs_seeds_only(model):
            build(connection, model, days)
    return {name: rows_of(connection, discover()[name]) for name in names}


@lru_cache(maxsize=4)
def _priced(seeds: tuple[tuple[str, str], ...]) -> duckdb.DuckDBPyConnection:
    """A warehouse with these seeds and what is made of them alone; tests with the same seeds share it."""
    connection = duckdb.connect(config={"threads": 1})
    prepare(connection)
    create_loaded(connection)
    give_seeds(connection, dict(seeds))
    give(connection, "staging.complete_through", ())
    for model in discover().values():
        if _needs_seeds_only(model):
            build(connection, model, [DAY])
    return connection


def _needs_seeds_only(model: Model) -> bool:
    return model.schema == "pricing" and model.materialized in ("full", "view")


def between(names: Iterable[str]) -> list[Model]:
    """The models that lead from seeds and staged calls to the named ones, in order."""
    wanted: set[str] = set()
    queue = list(names)
    while queue:
        model = discover()[queue.pop()]
        if model.full_name not in wanted and not model.is_loaded and model.schema != "staging":
            wanted.add(model.full_name)
            queue += model.upstream
    return [model for name, model in discover().items() if name in wanted]


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
