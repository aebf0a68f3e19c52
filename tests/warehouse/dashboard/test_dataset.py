"""What the page is made from: bounded however many names there are, exact all the same, one tenant's alone."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from tests.warehouse.dashboard.conftest import PLACE
from tests.warehouse.passes import Ledger

from spanledger_warehouse.dashboard import dataset as made
from spanledger_warehouse.dashboard.dataset import Scope, dataset
from spanledger_warehouse.dashboard.page import embedded, page
from spanledger_warehouse.reading.published import open_published


def cost(data: dict[str, object]) -> Decimal:
    cube = data["cube"]
    assert isinstance(cube, dict)
    place = cube["columns"].index("cost")
    return sum((row[place] for row in cube["rows"]), Decimal(0))


def test_names_beyond_the_largest_are_added_up_and_not_lost(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_published(ledger.settings.home.published_file) as connection:
        whole = dataset(connection, Scope(days=10))
        monkeypatch.setattr(made, "MOST_NAMES", 1)
        folded = dataset(connection, Scope(days=10))
    assert len(whole["tenants"]) == 3
    assert len(folded["tenants"]) == len(folded["operations"]) == len(folded["models"]) == 1
    assert -1 in {row[1] for row in folded["cube"]["rows"]}
    assert cost(folded) == cost(whole)
    assert len(folded["cube"]["rows"]) < len(whole["cube"]["rows"])


def test_one_tenants_page_has_no_name_of_another(ledger: Ledger) -> None:
    with open_published(ledger.settings.home.published_file) as connection:
        data = dataset(connection, Scope(tenant="acme-corp"))
    assert data["tenants"] == ["acme-corp"]
    assert {row["tenant_id"] for rows in data["lists"].values() for row in rows if "tenant_id" in row} == {
        "acme-corp"
    }
    assert data["lists"]["data_quality"] == []
    assert PLACE not in embedded(data)
    assert "<title>LLM costs of acme-corp</title>" in page(data)


def test_the_window_ends_on_the_newest_day_or_the_one_asked_for(ledger: Ledger) -> None:
    with open_published(ledger.settings.home.published_file) as connection:
        assert dataset(connection, Scope())["scope"]["last_day"] == date(2026, 3, 30)
        asked = dataset(connection, Scope(days=3, last_day=date(2026, 3, 20)))
    assert asked["scope"]["first_day"] == date(2026, 3, 18)
    assert asked["earlier_day"] == date(2026, 3, 15)
    assert {row[0] for row in asked["cube"]["rows"]} <= set(range(6))


def test_embedded_json_cannot_end_its_element() -> None:
    text = embedded({"name": "</script><!--\u2028", "cost": Decimal("1E-12")})
    assert "<" not in text
    assert json.loads(text) == {"name": "</script><!--\u2028", "cost": "0.000000000001"}
