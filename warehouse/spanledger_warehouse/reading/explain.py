"""How one cost came about: from a call back to its span, units, price rows, seed lines and commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any

import duckdb

from spanledger_warehouse.errors import PublishedError
from spanledger_warehouse.reading.published import Publication, answer, open_published, publication

Record = Mapping[str, Any]
_CANDIDATES = 5


# A line has up to 32 digits before it is rounded; the default context of decimal keeps 28.
_EXACT = Context(prec=60)


@dataclass(frozen=True)
class Explanation:
    """One call with all that its cost is made of.

    Attributes:
        call: the row of `marts.calls`.
        lines: the rows of `ledger.cost_lines`, each with its price row; corrections of a closed month come last.
        publication: which version of the ledger says so.
    """

    call: Record
    lines: tuple[Record, ...]
    publication: Publication

    @property
    def published_lines(self) -> tuple[Record, ...]:
        """The lines that the published cost is the sum of."""
        return tuple(line for line in self.lines if line["charge_class"] is None)

    @property
    def corrections(self) -> tuple[Record, ...]:
        """The lines that say what changed since the month was closed."""
        return tuple(line for line in self.lines if line["charge_class"] is not None)

    def total(self, column: str) -> Decimal | None:
        """The exact sum of a column over the published lines that have an amount; None when none has."""
        amounts = [line[column] for line in self.published_lines if line[column] is not None]
        return sum(amounts, Decimal(0)) if amounts else None

    def adds_up(self) -> bool:
        """Whether each published line is quantity times price, and together they are the mart's cost, exactly."""
        nothing = Decimal(0) if self.call["cost_status"] == "no_usage" else None
        for column in ("list_cost_usd", "contracted_cost_usd"):
            total = self.total(column)
            if self.call[column] != (nothing if total is None else total):
                return False
        return all(
            line["list_cost_usd"] == line_amount(line["quantity"], line["unit_price"])
            for line in self.published_lines
            if line["list_cost_usd"] is not None
        )


def line_amount(quantity: int, unit_price: Decimal) -> Decimal:
    """A line's amount as the ledger makes it: rounded once, half to even, to twelve places."""
    return _EXACT.multiply(Decimal(quantity), unit_price).quantize(Decimal("1e-12"), ROUND_HALF_EVEN, _EXACT)


def explain_call(published_file: Path, call_id: str) -> Explanation:
    """Explain the cost of the call whose id is, or starts with, `call_id`.

    Raises:
        PublishedError: there is no such call, there are several, or there is no published file.
    """
    with open_published(published_file) as connection:
        candidates = _records(answer(connection, "explain_call", call_id=call_id))
        call = _the_one(candidates, call_id, published_file)
        lines = _records(answer(connection, "explain_lines", call_id=call["call_id"]))
        return Explanation(call=call, lines=tuple(lines), publication=publication(connection))


def as_object(explanation: Explanation) -> dict[str, Any]:
    """The explanation as plain objects, for JSON."""
    return {
        "call": dict(explanation.call),
        "lines": [dict(line) for line in explanation.lines],
        "adds_up": explanation.adds_up(),
        "publication": asdict(explanation.publication),
    }


def _the_one(candidates: list[Record], call_id: str, published_file: Path) -> Record:
    exact = [call for call in candidates if call["call_id"] == call_id]
    found = exact or candidates
    if not found:
        raise PublishedError(
            f"there is no call '{call_id}' in {published_file}; see the ids with: spanledger report calls"
        )
    if len(found) > 1:
        some = ", ".join(call["call_id"] for call in found[:_CANDIDATES])
        raise PublishedError(
            f"{len(found)} calls start with '{call_id}', such as {some}; give more of the id"
        )
    return found[0]


def _records(result: duckdb.DuckDBPyConnection) -> list[Record]:
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
