"""Amounts that other price engines are known to get wrong, by the engine over the shipped seeds."""

import csv
from decimal import Decimal

from spanledger_warehouse.price_file import price_file

ROWS = [
    # windows of time need their own dates, weekdays and holidays
    ("deepseek", "deepseek-v4-flash", "2026-07-01T02:00:00Z", 1000000, 0, "0.14"),
    ("deepseek", "deepseek-v4-flash", "2026-08-20T02:00:00Z", 1000000, 0, "0.44"),
    ("deepseek", "deepseek-v4-flash", "2026-10-01T02:00:00Z", 1000000, 0, "0.15"),
    ("deepseek", "deepseek-v4-flash", "2026-09-20T02:00:00Z", 1000000, 0, "0.15"),
    ("deepseek", "deepseek-v4-flash", "2026-09-22T00:59:59.999999Z", 1000000, 0, "0.15"),
    ("deepseek", "deepseek-v4-flash", "2026-09-22T01:00:00Z", 1000000, 0, "0.30"),
    ("deepseek", "deepseek-chat", "2025-06-01T20:00:00Z", 1000000, 0, "0.135"),
    ("deepseek", "deepseek-chat", "2025-10-01T12:00:00Z", 1000000, 0, "0.28"),
    ("deepseek", "deepseek-chat", "2025-10-01T20:00:00Z", 1000000, 0, "0.28"),
    # a change holds from its instant, not from its day
    ("zai", "glm-5.3-flash", "2026-09-09T15:59:59Z", 1000000, 0, "0.075"),
    ("zai", "glm-5.3-flash", "2026-09-09T16:00:00Z", 1000000, 0, "0.15"),
    # the cached price of then, and no price of today for a past call
    ("openai", "o3", "2025-05-10T00:00:00Z", 1000000, 1000000, "2.50"),
    ("openai", "o3", "2025-06-10T00:00:00Z", 1000000, 1000000, "0.50"),
    # exactly 200,000 tokens are in the higher tier of xAI
    ("x-ai", "grok-4.20", "2026-11-01T00:00:00Z", 200000, 0, "0.5"),
    ("x-ai", "grok-4.20", "2026-11-01T00:00:00Z", 199999, 0, "0.24999875"),
]


def test_what_others_get_wrong_is_right(shipped, tmp_path):
    names = ("provider", "model", "timestamp", "input_tokens", "cache_read_tokens", "expected")
    with (tmp_path / "usage.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([names, *ROWS])
    price_file(tmp_path / "usage.csv", tmp_path / "priced.csv", shipped)
    with (tmp_path / "priced.csv").open(encoding="utf-8", newline="") as opened:
        found = list(csv.DictReader(opened))
    wrong = [row for row in found if Decimal(row["list_cost_usd"] or -1) != Decimal(row["expected"])]
    assert wrong == []


def test_no_price_is_a_float_or_a_sentinel(shipped):
    for row in shipped.prices:
        exponent = row.price.as_tuple().exponent
        assert row.price >= 0
        assert isinstance(exponent, int)
        assert exponent >= -10, row.place
