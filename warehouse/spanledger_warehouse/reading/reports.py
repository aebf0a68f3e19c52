"""The documented questions: each is one SQL file under `sql/reading`, answered from the published marts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.reading.published import Publication, answer, open_published, publication

Row = tuple[Any, ...]
CALLS_LISTED = 50


@dataclass(frozen=True)
class Question:
    """One documented question.

    Attributes:
        name: what `spanledger report` calls it; `sql/reading/<name>.sql` answers it.
        title: the question in words.
        shown: the columns that fit on a wide terminal; exports carry all.
        wide: those of them that a narrow terminal goes without.
        totals: the columns of those that may be added up.
    """

    name: str
    title: str
    shown: tuple[str, ...]
    wide: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """Rows that answer a question, and the publication they come from."""

    question: Question
    publication: Publication
    columns: tuple[str, ...]
    rows: list[Row] = field(repr=False)

    def shown(self, *, narrow: bool = False) -> tuple[tuple[str, ...], list[Row]]:
        """The columns and rows for a terminal."""
        left_out = self.question.wide if narrow else ()
        names = tuple(name for name in self.question.shown if name not in left_out)
        places = [self.columns.index(name) for name in names]
        return names, [tuple(row[place] for place in places) for row in self.rows]

    def records(self) -> Iterator[dict[str, Any]]:
        """The rows as objects."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)

    def total(self, column: str) -> Decimal:
        """The exact sum of a money column over the rows that have an amount."""
        place = self.columns.index(column)
        return sum((row[place] for row in self.rows if row[place] is not None), Decimal(0))


_COST = ("contracted_cost_usd", "incomplete_calls", "coverage_pct")
_ADDED_UP = ("calls", "failed_calls", "total_tokens", "contracted_cost_usd", "incomplete_calls")

QUESTIONS = {
    question.name: question
    for question in (
        Question(
            "daily",
            "Costs by day",
            ("tenant_id", "day", "calls", "failed_calls", "total_tokens", *_COST),
            totals=_ADDED_UP,
        ),
        Question(
            "models",
            "Costs by model",
            ("tenant_id", "provider", "model", "calls", "avg_input_tokens", "avg_output_tokens", *_COST),
            wide=("avg_input_tokens", "avg_output_tokens"),
            totals=_ADDED_UP,
        ),
        Question(
            "operations",
            "Costs by operation",
            ("tenant_id", "operation", "calls", "avg_duration_ms", "avg_cost_usd", *_COST),
            totals=_ADDED_UP,
        ),
        Question(
            "calls",
            "Newest calls",
            ("billed_at", "tenant_id", "operation", "model", "cost_status", "contracted_cost_usd", "call_id"),
            wide=("operation", "model"),
        ),
        Question(
            "failed",
            "Failed calls",
            ("billed_at", "tenant_id", "operation", "model", "error_type", "contracted_cost_usd", "call_id"),
            wide=("operation", "model", "contracted_cost_usd"),
        ),
        Question(
            "unpriced",
            "Usage without a price",
            ("tenant_id", "provider", "model", "unit", "reason", "calls", "quantity"),
        ),
    )
}


def ask(
    published_file: Path,
    name: str,
    *,
    tenant: str | None = None,
    days: int | None = None,
    at_most: int = CALLS_LISTED,
) -> Answer:
    """Answer one documented question.

    Args:
        published_file: the read-only database of a run.
        name: a key of `QUESTIONS`.
        tenant: only this tenant; None = all.
        days: only the last days, counted back from the newest day that has calls; None = all.
        at_most: how many calls, where the question lists calls.

    Raises:
        ConfigurationError: there is no such question.
        PublishedError: there is no published file.
    """
    question = QUESTIONS.get(name)
    if question is None:
        raise ConfigurationError(f"there is no report '{name}'; choose one of: {', '.join(QUESTIONS)}")
    with open_published(published_file) as connection:
        version = publication(connection)
        result = answer(connection, name, tenant=tenant, days=days, at_most=at_most)
        columns = tuple(column[0] for column in result.description)
        return Answer(question=question, publication=version, columns=columns, rows=result.fetchall())
