"""The shapes of answers, for OpenAPI.

Answers are written from rows as they come (`formats`); a test holds these shapes against real answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    Field,
    create_model,
)

from spanledger_warehouse.models import column_docs
from spanledger_warehouse.serve.answers import COVERAGE

DecimalText = Annotated[
    str,
    Field(pattern=r"^-?\d+(\.\d+)?$", description="an exact decimal, as text", examples=["5.634446630000"]),
]


class PublicationShape(BaseModel):
    """Which version of the ledger an answer comes from."""

    version: str
    published_at: datetime
    run_id: str
    release: str
    seeds_commit: str
    seeds_state: str
    seeds_source: str
    seeds_digest: str
    complete_through: datetime | None = Field(
        description="instant up to which every known source had delivered; later numbers may still grow"
    )


class WindowShape(BaseModel):
    """The days that an answer is about, both included."""

    from_: date = Field(alias="from")
    to: date
    time_zone: str


class PageShape(BaseModel):
    """Which rows these are, and of how many."""

    limit: int
    offset: int
    of: int = Field(description="rows of the question in all")
    next: str | None = Field(description="the next page, with the same filters; null on the last one")


class Problem(BaseModel):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


_MEANINGS = {
    "avg_input_tokens": "input tokens per call, rounded down (tokens)",
    "avg_output_tokens": "output tokens per call, rounded down (tokens)",
    "incomplete_calls": "calls whose cost is not known, or not in full (calls)",
    "first_day": "first day of the window on which it occurs",
    "last_day": "last day of the window on which it occurs",
    "list_cost_usd_moved": "list cost after, less before (USD)",
    "contracted_cost_usd_moved": "contracted cost after, less before (USD)",
    "id": "name of the price key: provider, model, unit, context, region, window and tier",
    "rows": "rows of the question",
}
_DECIMALS = ("_usd", "_pct", "_rate", "_usd_moved", "_usd_before", "_usd_after", "price")
_INSTANTS = ("_at", "hour", "_from", "_to", "_through", "valid_from", "valid_to")
_DAYS = ("day", "_date")
_INTEGERS = (
    *("calls", "calls_before", "calls_after", "_tokens", "_searches", "_ms", "attempt", "http_status"),
    *("quantity", "violations", "tier_above", "per", "versions", "seed_line", "_seconds", "part"),
)
_FLAGS = ("success", "in_force", "optional")


def kind_of(column: str) -> type[Any] | Any:
    """The type that a column has in JSON, by the naming rules of the marts."""
    for endings, kind in (
        (_DECIMALS, DecimalText),
        (_INTEGERS, int),
        (_DAYS, date),
        (_INSTANTS, datetime),
        (_FLAGS, bool),
    ):
        if column.endswith(endings):
            return kind
    return str


def record_shape(name: str, table: str, columns: Iterable[str]) -> type[BaseModel]:
    """The shape of a row; what its columns mean is said where they are made."""
    docs = column_docs(table)
    fields: dict[str, Any] = {
        column: (
            kind_of(column) | None,
            Field(None, description=_MEANINGS.get(column) or docs.get(column, "")),
        )
        for column in columns
    }
    return create_model(name, **fields)


def answer_shape(name: str, row: type[BaseModel], totals: type[BaseModel]) -> type[BaseModel]:
    """The shape of an answer with rows."""
    coverage = record_shape("Coverage", "marts.daily_costs", COVERAGE)
    return create_model(
        name,
        question=(str, ...),
        title=(str, ...),
        publication=(PublicationShape, ...),
        window=(WindowShape, ...),
        filters=(dict[str, list[str]], ...),
        per_tenant=(bool, ...),
        totals=(totals, Field(description="sums over all rows of the question, not only those of the page")),
        coverage=(
            coverage,
            Field(description="how much of the window's usage has a price and a known usage"),
        ),
        page=(PageShape, ...),
        rows=(list[row], ...),  # type: ignore[valid-type]
    )


_KEYS = ("tenant_id", "day", "hour", "provider", "model", "service", "operation")
_USAGE = (
    *("calls", "failed_calls", "success_rate", "input_tokens", "output_tokens", "total_tokens"),
    *("uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"),
    *("plain_output_tokens", "reasoning_tokens", "input_audio_tokens", "output_audio_tokens"),
    *("input_image_tokens", "output_image_tokens", "web_searches"),
    *("avg_input_tokens", "avg_output_tokens", "avg_duration_ms", "avg_cost_usd"),
)
_COST = ("list_cost_usd", "contracted_cost_usd", "reported_cost_usd")
_CALL = (
    *("call_id", "tenant_id", "day", "billed_at", "service", "environment", "operation", "provider", "model"),
    *("success", "http_status", "error_type", "error_message", "attempt", "duration_ms", "usage_status"),
    *("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "reasoning_tokens"),
    *_COST,
    *("cost_status", "unpriced_units", "request_metadata", "response_metadata"),
)
_FAILED = (
    *("call_id", "tenant_id", "day", "billed_at", "service", "operation", "provider", "model", "http_status"),
    *("error_type", "error_message", "attempt", "duration_ms", "usage_status", "total_tokens"),
    *("contracted_cost_usd", "cost_status", "request_metadata", "response_metadata"),
)
_UNPRICED = (
    *("tenant_id", "provider", "model", "pricing_context", "pricing_region", "unit", "reason"),
    *("first_day", "last_day", "calls", "quantity", "example_call_id"),
)
_RESTATEMENT = (
    *("run_id", "restated_at", "tenant_id", "day", "cause", "calls_before", "calls_after"),
    *(
        "list_cost_usd_before",
        "list_cost_usd_after",
        "contracted_cost_usd_before",
        "contracted_cost_usd_after",
    ),
    *("seeds_commit", "list_cost_usd_moved", "contracted_cost_usd_moved"),
)
_FINDING = (
    *("check_name", "table_name", "severity", "violations", "example", "message", "what_to_do", "checked_at"),
    "run_id",
)
_PRICE_KEY = ("id", "provider", "model", "unit", "context", "region", "price_window", "tier_above")

Totals = record_shape("Totals", "marts.daily_costs", (*_USAGE, *_COST))
NoTotals = create_model("NoTotals")


def _costs(name: str, keys: Iterable[str]) -> type[BaseModel]:
    row = record_shape(f"{name}Row", "marts.daily_costs", (*keys, *_USAGE, *_COST, *COVERAGE))
    return answer_shape(name, row, Totals)


ANSWERS = {
    "daily": _costs("DailyCosts", ("tenant_id", "day")),
    "hourly": _costs("HourlyCosts", ("tenant_id", "day", "hour")),
    "by-model": _costs("CostsByModel", ("tenant_id", "provider", "model")),
    "by-operation": _costs("CostsByOperation", ("tenant_id", "service", "operation")),
    "by-tenant": _costs("CostsByTenant", ("tenant_id",)),
    "recent-calls": answer_shape("RecentCalls", record_shape("CallRow", "marts.calls", _CALL), Totals),
    "failed-calls": answer_shape(
        "FailedCalls",
        record_shape("FailedCallRow", "marts.failed_calls", _FAILED),
        record_shape(
            "FailedTotals", "marts.daily_costs", ("failed_calls", "total_tokens", "contracted_cost_usd")
        ),
    ),
    "unpriced": answer_shape(
        "UnpricedUsage",
        record_shape("UnpricedRow", "marts.unpriced_usage", _UNPRICED),
        record_shape("UnpricedTotals", "marts.unpriced_usage", ("calls",)),
    ),
    "restatements": answer_shape(
        "Restatements",
        record_shape("RestatementRow", "marts.restatements", _RESTATEMENT),
        record_shape(
            "RestatementTotals", "marts.restatements", ("list_cost_usd_moved", "contracted_cost_usd_moved")
        ),
    ),
    "data-quality": answer_shape(
        "DataQuality", record_shape("FindingRow", "marts.data_quality", _FINDING), NoTotals
    ),
}
Coverage = record_shape("Coverage", "marts.daily_costs", COVERAGE)
PriceKeyRow = record_shape(
    "PriceKeyRow",
    "pricing.prices",
    (
        *_PRICE_KEY,
        "versions",
        "price_id",
        "price",
        "per",
        "currency",
        "valid_from",
        "valid_to",
        "evidence_url",
    ),
)
PriceVersion = record_shape(
    "PriceVersion",
    "pricing.prices",
    (
        *(
            "price_id",
            "effective_from",
            "price",
            "per",
            "currency",
            "effective_to",
            "change_kind",
            "supersedes",
        ),
        *(
            "evidence_url",
            "evidence_date",
            "basis",
            "note",
            "unit_price",
            "in_force",
            "valid_from",
            "valid_to",
        ),
        *("file", "seed_line", "seed_commit", "seed_author", "committed_at"),
    ),
)
PriceChange = record_shape(
    "PriceChange",
    "marts.price_audit",
    (
        *("price_id", "action", "provider", "model", "unit", "context", "region", "effective_from"),
        *("old_price", "new_price", "summary", "author", "committer", "authored_at", "committed_at"),
        *("commit_id", "reason", "approver", "evidence_url", "file", "seed_line"),
    ),
)


class SummaryShape(BaseModel):
    """A window in one row, with the window of the same length before it."""

    publication: PublicationShape
    window: WindowShape
    previous_window: WindowShape
    totals: Totals  # type: ignore[valid-type]
    previous_totals: Totals  # type: ignore[valid-type]
    coverage: Coverage  # type: ignore[valid-type]
    previous_coverage: Coverage  # type: ignore[valid-type]


class CoverageShape(BaseModel):
    """How complete a window is, in all and by model."""

    publication: PublicationShape
    window: WindowShape
    coverage: Coverage  # type: ignore[valid-type]
    newest_day: date | None


class DimensionsShape(BaseModel):
    """The names that occur in a window."""

    publication: PublicationShape
    window: WindowShape
    tenant: list[str]
    service: list[str]
    operation: list[str]
    provider: list[str]
    model: list[str]


class CatalogueShape(BaseModel):
    """A page of price keys."""

    publication: PublicationShape
    at: datetime
    page: PageShape
    rows: list[PriceKeyRow]  # type: ignore[valid-type]


class PriceShape(BaseModel):
    """A price key and all its versions."""

    publication: PublicationShape
    id: str
    provider: str
    model: str
    unit: str
    context: str
    region: str
    price_window: str
    tier_above: int
    versions: list[PriceVersion]  # type: ignore[valid-type]


class AuditShape(BaseModel):
    """Who changed a price, when, why and by whose approval."""

    publication: PublicationShape
    id: str
    rows: list[PriceChange]  # type: ignore[valid-type]


class CallerShape(BaseModel):
    """What the server knows about who asks."""

    name: str
    role: str
    tenants: list[str] | None = Field(description="null for everybody")


class AboutShape(BaseModel):
    """Which version of the ledger is served."""

    publication: PublicationShape
