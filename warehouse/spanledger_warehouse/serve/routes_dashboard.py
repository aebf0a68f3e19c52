"""The dashboard: a page without data, and the data set that it asks for with the caller's token."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import Field

from spanledger_warehouse.dashboard.dataset import DAYS, dataset
from spanledger_warehouse.dashboard.dataset import Scope as Shown
from spanledger_warehouse.dashboard.page import page, policy
from spanledger_warehouse.serve import parameters
from spanledger_warehouse.serve.replies import AnyCaller, reply

router = APIRouter(tags=["dashboard"])

_HEADERS = {
    "Content-Security-Policy": policy(served=True) + "; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class DashboardQuery(parameters.Strict):
    """The window of the page."""

    days: int = Field(DAYS, ge=1, le=366, description="length of the window, in days")
    to: parameters.Day | None = Field(None, description="its last day (UTC); by default the newest")


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def dashboard() -> Response:
    """The page; it knows nothing until it has a token."""
    return HTMLResponse(page(None), headers=_HEADERS)


@router.get("/api/v1/analytics/llm-costs/dashboard", response_class=JSONResponse)
def data(
    request: Request,
    caller: AnyCaller,
    query: Annotated[DashboardQuery, Query()],
) -> Response:
    """What the dashboard shows: usage and cost of a window and of the one before it, and the lists below the charts."""
    with reply(request, caller.scope) as replying:
        if replying.unchanged:
            return replying.unchanged
        with replying.edition.calls(caller.scope) as connection:
            shown: dict[str, Any] = dataset(connection, Shown(days=query.days, last_day=query.to))
        return replying.object(shown)
