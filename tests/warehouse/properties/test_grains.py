"""The columns that a model names as its grain make every built row unique, whatever was loaded."""

from __future__ import annotations

import random

import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.properties.test_loading import SEEDS, records
from tests.warehouse.records import trailer

from spanledger_warehouse.database import connect
from spanledger_warehouse.models import discover

GRAINS = {name: model.grain for name, model in discover().items() if model.grain != ("one row",)}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    """A warehouse with copies, failures, rejects and trailers in it."""
    ledger = Ledger(tmp_path_factory.mktemp("grains") / "home", SEEDS)
    sent = records(random.Random(3))
    ledger.land("a.jsonl", [*sent, "broken", trailer([1, 2])])
    ledger.land("b.jsonl", [*sent[:20], "broken too"])
    ledger.run()
    with connect(ledger.settings) as connection:
        yield connection


@pytest.mark.parametrize(("name", "grain"), GRAINS.items(), ids=GRAINS)
def test_the_grain_is_unique(warehouse, name, grain):
    found = warehouse.execute(
        f"select {', '.join(grain)}, count(*) from {name} group by all having count(*) > 1 limit 3"
    ).fetchall()
    assert found == []


def test_every_table_of_the_path_has_rows(warehouse):
    path = (
        "raw.spans",
        "raw.rejects",
        "staging.stg_calls",
        "ledger.cost_lines",
        "marts.calls",
        "marts.unpriced_usage",
    )
    assert [name for name in path if not warehouse.execute(f"select 1 from {name} limit 1").fetchone()] == []
