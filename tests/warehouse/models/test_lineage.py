"""Every column of every model is followed to the columns it is made from; a wrong name is refused with its file."""

import pytest
from tests.warehouse.harness import shapes

from spanledger_warehouse import lineage
from spanledger_warehouse.errors import ModelError
from spanledger_warehouse.lineage import column_lineage
from spanledger_warehouse.models import Model, discover


def behind(table: str, column: str) -> set[tuple[str, str]]:
    """All columns that a column is made from, however far back."""
    found: set[tuple[str, str]] = set()
    queue = [(table, column)]
    while queue:
        name, current = queue.pop()
        for source in column_lineage().get(name, {}).get(current, ()):
            if source not in found:
                found.add(source)
                queue.append(source)
    return found


@pytest.mark.parametrize("name", sorted(discover()))
def test_the_columns_are_those_of_the_built_table_in_order(name):
    assert list(column_lineage()[name]) == list(shapes()[name])


@pytest.mark.parametrize("name", [name for name, model in discover().items() if not model.is_loaded])
def test_every_source_is_a_column_of_an_upstream_table(name):
    for sources in column_lineage()[name].values():
        for table, column in sources:
            assert column in shapes()[table]
            assert table in discover()[name].upstream or table.startswith("ops.")


@pytest.mark.parametrize(
    "mart", ["daily_costs", "costs_by_model", "costs_by_operation", "hourly_costs", "calls"]
)
def test_a_cost_is_made_of_usage_and_prices(mart):
    found = behind(f"marts.{mart}", "list_cost_usd")
    assert ("raw.spans", "usage_raw") in found
    assert ("raw.spans", "ended_at") in found
    assert {table for table, _ in found if table.startswith("pricing.")} >= {
        "pricing.usd_prices",  # loaded: the prices of the seeds in USD
        "pricing.rate_card",
    }


def test_a_token_count_is_made_of_usage_and_of_no_price():
    found = behind("marts.daily_costs", "input_tokens")
    assert ("raw.spans", "input_tokens_text") in found
    assert not [table for table, _ in found if table.startswith("pricing.")]


@pytest.mark.parametrize(
    "sql", ["select dayy from marts.daily_costs", "select d.cost from marts.daily_costs as d"]
)
def test_a_model_that_names_an_unknown_column_is_refused_by_its_file(sql):
    model = Model("marts", "wrong", "A test.", ("x",), "view", sql)
    tables = {"marts": {"daily_costs": dict.fromkeys(shapes()["marts.daily_costs"], "unknown")}}
    with pytest.raises(ModelError, match=r"sql/marts/wrong\.sql: "):
        lineage._traced(model, tables)


def test_a_union_by_name_follows_each_column_to_the_branches_that_have_it():
    sql = "select a, b from raw.files union all by name select b from raw.spans"
    schema = {"raw": {"files": dict.fromkeys("ab", "unknown"), "spans": dict.fromkeys("b", "unknown")}}
    model = Model("staging", "joined", "A test.", ("a",), "view", sql)
    assert lineage._traced(model, schema) == {
        "a": (("raw.files", "a"),),
        "b": (("raw.files", "b"), ("raw.spans", "b")),
    }
