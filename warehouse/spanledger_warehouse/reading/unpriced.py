"""What to do about usage without a price: the command for each model, as the check on unpriced usage words it."""

from __future__ import annotations

from pathlib import Path

from spanledger_warehouse.checks import discover
from spanledger_warehouse.reading.published import open_published

CHECK = "unpriced_usage"


def commands(published_file: Path, at_most: int = 10) -> list[str]:
    """`provider model: reason …; to price it: spanledger prices set …`, the most used first."""
    with open_published(published_file) as connection:
        rows = connection.execute(
            f"select example from ({discover()[CHECK].sql}) as found order by weight desc, example limit {at_most}"
        ).fetchall()
    return [row[0] for row in rows]
