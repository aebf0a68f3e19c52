"""A cost by billed unit: quantity, price row, amount; a unit without a price keeps its quantity and has no amount."""

from decimal import Decimal

from tests.warehouse.harness import DAY, pick
from tests.warehouse.ledger.calls import PRICES, call, lines, plain, without_usage
from tests.warehouse.pricing.cards import built
from tests.warehouse.seeds import price, seed_texts


def test_a_line_for_each_unit_used_with_its_price_row():
    found = lines(call(input=10, output=5, reasoning=2))
    expected = [("input", 10, "input"), ("output", 5, "output"), ("reasoning", 2, "output")]
    assert pick(found, "unit", "quantity", "priced_as") == expected
    assert [plain(line["list_cost_usd"]) for line in found] == ["0.00003", "0.000075", "0.00003"]
    assert found[1]["price_id"] == found[2]["price_id"] != found[0]["price_id"]
    assert all(line["unit_price"] * line["quantity"] == line["list_cost_usd"] for line in found)
    assert set(pick(found, "day", "tenant_id", "currency", "charge_class")) == {
        (DAY, "acme-corp", "USD", None)
    }


def test_a_unit_without_a_price_keeps_its_quantity():
    found = lines(call(input=10, cache_write_1h=4))
    assert pick(found, "unit", "quantity", "price_id", "list_cost_usd")[0] == (
        "cache_write_1h",
        4,
        None,
        None,
    )


def test_an_unknown_model_has_lines_without_amounts():
    found = lines(call(model_id="a-9", input=10, output=5))
    assert pick(found, "unit", "quantity", "list_cost_usd") == [("input", 10, None), ("output", 5, None)]


def test_an_optional_unit_has_a_line_only_where_it_has_a_price():
    assert pick(lines(call(input=1, request=1)), "unit") == [("input",)]
    charged = (*PRICES, price("request", "0.005"))
    assert pick(lines(call(input=1, request=1), prices=charged), "unit") == [("input",), ("request",)]


def test_a_call_without_usage_has_no_lines():
    assert lines(without_usage(success=False)) == []


def test_units_without_a_column_have_lines_too():
    prices = (*PRICES, price("cache_write_30m", "6"))
    found = lines(call(input=1, others={"cache_write_30m": 1_000_000}), prices=prices)
    assert pick(found, "unit", "quantity", "list_cost_usd")[0] == ("cache_write_30m", 1_000_000, Decimal(6))


def test_other_unit_lines_count_tokens_and_name_no_price_where_there_is_none():
    prices = (*PRICES, price("cache_write_30m", "6"))
    calls = [call(others={"cache_write_30m": 10, "cache_write_12h": 3, "grounded_prompt": 2})]
    found = built("ledger.other_unit_lines", seeds=seed_texts(*prices), calls=calls)
    assert pick(found, "unit", "quantity", "token_quantity", "list_cost_usd") == [
        ("cache_write_12h", 3, 3, None),
        ("cache_write_30m", 10, 10, Decimal("0.00006")),
        ("grounded_prompt", 2, 0, None),
    ]
