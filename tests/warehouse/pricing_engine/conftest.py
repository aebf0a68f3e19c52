"""Prices rows of usage with the ledger's own SQL, from seeds given as text."""

import csv
from decimal import Decimal

import pytest
from tests.warehouse.seeds import seed_files, seed_texts

from spanledger_warehouse.price_file import price_file
from spanledger_warehouse.seeds.catalogue import parse

URL = "https://acme.example/pricing"
HEADERS = {
    "windows": "window,provider,time_zone,weekdays,starts,ends,calendar,effective_from,effective_to,evidence_url,note",
    "holidays": "calendar,date,name,evidence_url",
    "adjustments": "adjustment,kind,tenant,provider,model,unit,context,region,effective_from,effective_to,"
    "factor,price,per,currency,reference,note",
    "defaults": "provider,unit,effective_from,effective_to,price,per,currency,note",
    "fx_rates": "date,currency,usd_per_unit,source",
}
CALL = {"provider": "acme", "model": "a-1", "timestamp": "2026-03-10T12:00:00Z", "input_tokens": "1000000"}


class Priced(dict):
    """A priced row; amounts are decimals."""

    def __getattr__(self, name):
        return Decimal(self[name]) if self[name] else None


@pytest.fixture
def priced(tmp_path):
    """Prices calls: `priced(seed lines, calls, windows=(...), adjustments=(...))`; a call is what differs from CALL."""

    def price(prices, calls, *, rules=(), aliases=(), **tables):
        texts = seed_texts(*prices, rules=rules, aliases=aliases)
        for name, lines in tables.items():
            texts[f"{name}.csv"] = "\n".join([HEADERS[name], *lines, ""])
        rows = [{**CALL, **call} for call in calls]
        columns = list(dict.fromkeys(name for row in rows for name in row))
        with (tmp_path / "usage.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        price_file(tmp_path / "usage.csv", tmp_path / "priced.csv", parse(seed_files(texts)).require())
        with (tmp_path / "priced.csv").open(encoding="utf-8", newline="") as done:
            return [Priced(row) for row in csv.DictReader(done)]

    return price
