"""What the API answers is what the marts hold, to the last digit, whatever is asked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from tests.warehouse.serve.conftest import Site

COSTS = "/api/v1/analytics/llm-costs"


def mart(site: Site, query: str, *parameters: object) -> Any:
    """One value of the published file."""
    with duckdb.connect(str(site.ledger.settings.home.published_file), read_only=True) as connection:
        ((value,),) = connection.execute(query, list(parameters)).fetchall()
    return value


@pytest.mark.parametrize("name", ["daily", "hourly", "by-model", "by-operation", "by-tenant"])
@pytest.mark.parametrize("per_tenant", ["true", "false"])
def test_sums_are_those_of_the_marts(site: Site, name: str, per_tenant: str) -> None:
    options = {"days": 30, "limit": 1000} | ({} if name == "by-tenant" else {"per_tenant": per_tenant})
    answer = site.client().get(f"{COSTS}/{name}", params=options).json()
    total = mart(site, "select sum(contracted_cost_usd) from marts.calls")
    assert answer["totals"]["contracted_cost_usd"] == str(total)
    assert sum(Decimal(row["contracted_cost_usd"] or 0) for row in answer["rows"]) == total
    assert sum(row["calls"] for row in answer["rows"]) == mart(site, "select count(*) from marts.calls")
    assert answer["coverage"]["unpriced_calls"] == mart(
        site, "select count(*) from marts.calls where cost_status = 'unpriced'"
    )
