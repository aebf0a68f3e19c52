"""The price seeds: read from one commit, typed, checked against each other, and identified.

from spanledger_warehouse.seeds import parse, read_seeds

catalogue = parse(read_seeds()).require()
"""

from spanledger_warehouse.seeds.aliases import resolve
from spanledger_warehouse.seeds.catalogue import Catalogue, PricePeriod, parse
from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.findings import Finding
from spanledger_warehouse.seeds.rows import Alias, PriceRow, Rule, Tenant, Unit
from spanledger_warehouse.seeds.source import SeedFiles, read_seeds

__all__ = [
    "Alias",
    "Catalogue",
    "Finding",
    "PricePeriod",
    "PriceRow",
    "Rule",
    "SeedError",
    "SeedFiles",
    "Tenant",
    "Unit",
    "parse",
    "read_seeds",
    "resolve",
]
