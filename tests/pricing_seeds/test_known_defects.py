"""What other price engines are known to get wrong: one test a defect, on the shipped seeds where it can be."""

import csv
import re
from decimal import Decimal

import pytest
from tests.warehouse.seeds import price, seed_files, seed_texts

from spanledger_warehouse.price_file import price_file
from spanledger_warehouse.seeds.catalogue import parse

NAMES = ("provider", "model", "timestamp", "input_tokens", "cache_read_tokens")
FLASH = ("deepseek", "deepseek-v4-flash")
CALLS = {
    "before the windows came": (*FLASH, "2026-07-01T02:00:00Z", 1000000, 0),
    "in the peak": (*FLASH, "2026-08-20T02:00:00Z", 1000000, 0),
    "on a national holiday": (*FLASH, "2026-10-01T02:00:00Z", 1000000, 0),
    "on a Sunday": (*FLASH, "2026-09-20T02:00:00Z", 1000000, 0),
    "just before the peak": (*FLASH, "2026-09-22T00:59:59.999999Z", 1000000, 0),
    "as the peak begins": (*FLASH, "2026-09-22T01:00:00Z", 1000000, 0),
    "off-peak while there was one": ("deepseek", "deepseek-chat", "2025-06-01T20:00:00Z", 1000000, 0),
    "by day after it ended": ("deepseek", "deepseek-chat", "2025-10-01T12:00:00Z", 1000000, 0),
    "by night after it ended": ("deepseek", "deepseek-chat", "2025-10-01T20:00:00Z", 1000000, 0),
    "cached before the cut": ("openai", "o3", "2025-05-10T00:00:00Z", 1000000, 1000000),
    "cached after the cut": ("openai", "o3", "2025-06-10T00:00:00Z", 1000000, 1000000),
    "a second before the promotion ends": ("zai", "glm-5.3-flash", "2026-09-09T15:59:59Z", 1000000, 0),
    "as the promotion ends": ("zai", "glm-5.3-flash", "2026-09-09T16:00:00Z", 1000000, 0),
    "at launch": ("openai", "gpt-4o", "2024-06-01T00:00:00Z", 1000000, 0),
    "today": ("openai", "gpt-4o", "2026-11-01T00:00:00Z", 1000000, 0),
    "of exactly 200,000": ("x-ai", "grok-4.20", "2026-11-01T00:00:00Z", 200000, 0),
    "of one token less": ("x-ai", "grok-4.20", "2026-11-01T00:00:00Z", 199999, 0),
}


def costs(folder, catalogue, rows):
    """The list costs of some rows."""
    with (folder / "usage.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([NAMES, *rows])
    price_file(folder / "usage.csv", folder / "priced.csv", catalogue)
    with (folder / "priced.csv").open(encoding="utf-8", newline="") as opened:
        return [Decimal(row["list_cost_usd"] or -1) for row in csv.DictReader(opened)]


@pytest.fixture(scope="module")
def cost(shipped, tmp_path_factory):
    """What each of the calls costs by the shipped seeds, all priced at once."""
    found = costs(tmp_path_factory.mktemp("defects"), shipped, CALLS.values())
    return dict(zip(CALLS, found, strict=True))


def test_genai_prices_applies_a_peak_before_it_began_and_on_days_off(cost):
    assert cost["before the windows came"] == Decimal("0.14")
    assert cost["in the peak"] == Decimal("0.44")
    assert (
        cost["on a national holiday"]
        == cost["on a Sunday"]
        == cost["just before the peak"]
        == Decimal("0.15")
    )
    assert cost["as the peak begins"] == Decimal("0.30")


def test_genai_prices_applies_an_off_peak_scheme_that_has_ended(cost):
    assert cost["off-peak while there was one"] == Decimal("0.135")
    assert cost["by day after it ended"] == cost["by night after it ended"] == Decimal("0.28")


def test_genai_prices_gives_the_past_the_cached_price_of_today(cost):
    assert (cost["cached before the cut"], cost["cached after the cut"]) == (Decimal("2.50"), Decimal("0.50"))


def test_genai_prices_knows_days_and_no_instants(cost):
    assert cost["a second before the promotion ends"] == Decimal("0.075")
    assert cost["as the promotion ends"] == Decimal("0.15")


def test_litellm_prices_every_past_call_at_the_price_of_today(cost):
    assert (cost["at launch"], cost["today"]) == (Decimal(5), Decimal("2.5"))


def test_litellm_takes_euros_for_dollars(tmp_path):
    texts = seed_texts(price("input", "0.15", provider="ovh", model="m", currency="EUR"))
    texts["fx_rates.csv"] = "date,currency,usd_per_unit,source\n2026-11-10,EUR,1.1577,ecb\n"
    rows = [("ovh", "m", "2026-11-10T12:00:00Z", 1000000, 0)]
    assert costs(tmp_path, parse(seed_files(texts)).require(), rows) == [Decimal("0.173655")]


def test_litellm_rounds_prices_in_databricks_units(tmp_path):
    texts = seed_texts(price("input", "7.143", provider="databricks", model="m", currency="DBU"))
    texts["fx_rates.csv"] = "date,currency,usd_per_unit,source\n2026-11-10,DBU,0.07,list price of one DBU\n"
    rows = [("databricks", "m", "2026-11-10T12:00:00Z", tokens, 0) for tokens in (1000000, 1)]
    found = costs(tmp_path, parse(seed_files(texts)).require(), rows)
    assert found == [Decimal("0.50001"), Decimal("0.000000500010")]


def test_model_prices_and_metergraph_leave_exactly_200000_tokens_in_the_lower_tier(cost):
    assert cost["of exactly 200,000"] == Decimal("0.5")
    assert cost["of one token less"] == Decimal("0.24999875")


def test_genai_prices_ships_a_float_for_a_price(shipped):
    assert not [row.place for row in shipped.prices if row.price.as_tuple().exponent < -10 or row.price < 0]
    [found] = parse(seed_files(seed_texts(price("input", "1.0399999999999998")))).errors
    assert re.match(r"prices/acme\.csv:2: error: price: '1\.0399999999999998'", str(found))
