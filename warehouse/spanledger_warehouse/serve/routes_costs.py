"""`/api/v1/analytics/llm-costs/…`: what calls cost, by whatever is asked; each caller within its own wall."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from spanledger_warehouse.serve import parameters, schemas
from spanledger_warehouse.serve.answers import (
    answer,
    coverage_of,
    dimensions,
    newest_day,
    totals_of,
    window_of,
)
from spanledger_warehouse.serve.callers import Caller
from spanledger_warehouse.serve.formats import CSV, JSON
from spanledger_warehouse.serve.problems import Invalid
from spanledger_warehouse.serve.questions import BUSINESS, QUESTIONS, Asked, Window
from spanledger_warehouse.serve.replies import AnyCaller, Reply, reply, window_record

PREFIX = "/api/v1/analytics/llm-costs"
_DEFAULT_DAYS = 30

router = APIRouter(prefix=PREFIX, tags=["costs"])


def _described(name: str) -> dict[str, Any]:
    """What OpenAPI says about a question."""
    return {
        "response_model": schemas.ANSWERS[name],
        "response_class": JSONResponse,
        "summary": QUESTIONS[name].title,
        "responses": {
            200: {"content": {CSV: {"schema": {"type": "string"}}}},
            304: {"description": "the version that the caller has is the newest"},
        },
    }


@router.get("/daily", **_described("daily"))
def daily(request: Request, caller: AnyCaller, query: Annotated[parameters.CostsQuery, Query()]) -> Response:
    """Calls, tokens, cost, success rate and coverage of each day."""
    return _listed("daily", request, caller, query)


@router.get("/hourly", **_described("hourly"))
def hourly(request: Request, caller: AnyCaller, query: Annotated[parameters.CostsQuery, Query()]) -> Response:
    """The same by hour; with a time zone, by its wall clock."""
    if query.time_zone == BUSINESS:
        raise Invalid("hours need a named time zone: give an IANA name instead of 'business'")
    return _listed("hourly", request, caller, query)


@router.get("/by-model", **_described("by-model"))
def by_model(
    request: Request, caller: AnyCaller, query: Annotated[parameters.CostsQuery, Query()]
) -> Response:
    """Calls, average input and output tokens and cost of each model."""
    return _listed("by-model", request, caller, query)


@router.get("/by-operation", **_described("by-operation"))
def by_operation(
    request: Request, caller: AnyCaller, query: Annotated[parameters.CostsQuery, Query()]
) -> Response:
    """Calls, average duration, average cost and cost of each operation."""
    return _listed("by-operation", request, caller, query)


@router.get("/by-tenant", **_described("by-tenant"))
def by_tenant(
    request: Request, caller: AnyCaller, query: Annotated[parameters.CallsQuery, Query()]
) -> Response:
    """Costs of each tenant that the caller may see."""
    return _listed("by-tenant", request, caller, query)


@router.get("/recent-calls", **_described("recent-calls"))
def recent_calls(
    request: Request, caller: AnyCaller, query: Annotated[parameters.CallsQuery, Query()]
) -> Response:
    """Single calls with usage, cost, status and metadata."""
    return _listed("recent-calls", request, caller, query)


@router.get("/failed-calls", **_described("failed-calls"))
def failed_calls(
    request: Request, caller: AnyCaller, query: Annotated[parameters.CallsQuery, Query()]
) -> Response:
    """Calls that failed, with their error, their metadata and what they cost all the same."""
    if query.time_zone == BUSINESS:
        raise Invalid("failed calls need a named time zone: give an IANA name instead of 'business'")
    return _listed("failed-calls", request, caller, query)


@router.get("/unpriced", **_described("unpriced"))
def unpriced(
    request: Request, caller: AnyCaller, query: Annotated[parameters.ModelsQuery, Query()]
) -> Response:
    """Usage whose cost is not known because it has no price. Days are days of UTC."""
    return _listed("unpriced", request, caller, query)


@router.get("/restatements", **_described("restatements"))
def restatements(
    request: Request, caller: AnyCaller, query: Annotated[parameters.PageQuery, Query()]
) -> Response:
    """Days that were changed after they had been published, and why. Days are days of UTC."""
    return _listed("restatements", request, caller, query)


@router.get("/data-quality", **_described("data-quality"))
def data_quality(
    request: Request, caller: AnyCaller, query: Annotated[parameters.PageQuery, Query()]
) -> Response:
    """What the last run found; for a viewer, what can be said about its own rows."""
    return _listed("data-quality", request, caller, query)


@router.get("/summary", response_model=schemas.SummaryShape, response_class=JSONResponse)
def summary(
    request: Request, caller: AnyCaller, query: Annotated[parameters.WindowQuery, Query()]
) -> Response:
    """The window in one row, and the window of the same length before it."""
    with reply(request, caller.narrowed(query.tenant)) as replying:
        if replying.unchanged:
            return replying.unchanged
        window = _window(replying, query)
        (now, coverage), (before, coverage_before) = (
            totals_of(replying.edition, replying.scope, Asked(None, days))
            for days in (window, window.before())
        )
        return replying.object(
            {
                "window": window_record(window),
                "previous_window": window_record(window.before()),
                "totals": now,
                "previous_totals": before,
                "coverage": coverage,
                "previous_coverage": coverage_before,
            }
        )


@router.get("/coverage", response_model=schemas.CoverageShape, response_class=JSONResponse)
def coverage(
    request: Request, caller: AnyCaller, query: Annotated[parameters.WindowQuery, Query()]
) -> Response:
    """How complete the window's numbers are. Days are days of UTC."""
    with reply(request, caller.narrowed(query.tenant)) as replying:
        if replying.unchanged:
            return replying.unchanged
        window = _window(replying, query)
        return replying.object(
            {
                "window": window_record(window),
                "newest_day": newest_day(replying.edition, replying.scope),
                "coverage": coverage_of(replying.edition, replying.scope, window),
            }
        )


@router.get("/dimensions", response_model=schemas.DimensionsShape, response_class=JSONResponse)
def named(request: Request, caller: AnyCaller, query: Annotated[parameters.WindowQuery, Query()]) -> Response:
    """The tenants, services, operations, providers and models of the window: what can be filtered by."""
    with reply(request, caller.narrowed(query.tenant)) as replying:
        if replying.unchanged:
            return replying.unchanged
        window = _window(replying, query)
        return replying.object(
            {"window": window_record(window), **dimensions(replying.edition, replying.scope, window)}
        )


def _listed(name: str, request: Request, caller: Caller, query: parameters.PageQuery) -> Response:
    """A page of rows."""
    question = QUESTIONS[name]
    with reply(request, caller.narrowed(query.tenant), (JSON, CSV)) as replying:
        if replying.unchanged:
            return replying.unchanged
        given = {column: getattr(query, column, []) for column in question.filters}
        asked = Asked(
            question,
            _window(replying, query),
            filters={column: tuple(names) for column, names in given.items() if names},
            per_tenant=getattr(query, "per_tenant", True),
            skip=query.offset,
            take=query.limit,
        )
        shown = {column: names for column, names in {**given, "tenant": query.tenant}.items() if names}
        return replying.rows(answer(replying.edition, replying.scope, asked), shown)


def _window(replying: Reply, query: parameters.WindowQuery) -> Window:
    return window_of(
        replying.edition,
        replying.scope,
        first=query.from_,
        last=query.to,
        days=query.days or _DEFAULT_DAYS,
        zone=query.time_zone,
    )
