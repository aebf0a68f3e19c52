"""Prices and their audit trail, as an administrator reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from spanledger_warehouse.serve.answers import records
from spanledger_warehouse.serve.derived import Record
from spanledger_warehouse.serve.editions import Edition
from spanledger_warehouse.serve.questions import prepared
from spanledger_warehouse.serve.scopes import EVERYBODY

FILTERS = ("provider", "model", "unit", "context", "region")
_KEY = ("id", "provider", "model", "unit", "context", "region", "price_window", "tier_above")


def catalogue(
    edition: Edition, *, at: datetime, filters: Mapping[str, tuple[str, ...]], skip: int, take: int
) -> tuple[list[Record], int]:
    """The price keys of a page, each with the version in force at an instant (naive UTC), and their number in all."""
    conditions = " ".join(
        f"and {column} in (select unnest(${column}))" for column in FILTERS if column in filters
    )
    values: dict[str, Any] = {
        "at": at,
        "skip": skip,
        "take": take,
        **{column: list(names) for column, names in filters.items()},
    }
    with edition.marts(EVERYBODY) as cursor:
        found = records(cursor, prepared("prices", values, {"filters": conditions}))
    total, *page = [{key: row[key] for key in row if key != "place"} for row in found]
    in_all = total["rows_in_all"]
    return [{key: row[key] for key in row if key != "rows_in_all"} for row in page], in_all


def price(edition: Edition, id_: str) -> Record | None:
    """A price key with all its versions; the id may also be the price_id of one of them."""
    with edition.marts(EVERYBODY) as cursor:
        versions = records(cursor, prepared("price_versions", {"id": id_}))
    if not versions:
        return None
    key = {column: versions[0][column] for column in _KEY}
    return key | {"versions": [{k: v for k, v in row.items() if k not in _KEY} for row in versions]}


def audit_trail(edition: Edition, id_: str) -> tuple[str, list[Record]] | None:
    """The id of a price key and all changes of its versions, oldest first."""
    found = price(edition, id_)
    if found is None:
        return None
    ids = [version["price_id"] for version in found["versions"]]
    with edition.marts(EVERYBODY) as cursor:
        return found["id"], records(cursor, prepared("price_audit", {"price_ids": ids}))
