"""Facts from price tables of others, taken over once for models that the seeds lack; each says on what it rests.

from spanledger_warehouse.seeds.importing import read_price_table, take_over

plan = take_over(catalogue, read_price_table("litellm", content), since=since, read_on=today)
"""

from spanledger_warehouse.seeds.importing.facts import Fact, PriceTable
from spanledger_warehouse.seeds.importing.reading import TABLES, read_price_table
from spanledger_warehouse.seeds.importing.taking_over import Plan, take_over

__all__ = ["TABLES", "Fact", "Plan", "PriceTable", "read_price_table", "take_over"]
