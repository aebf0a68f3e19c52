"""The HTTP application: routes, refusals as problem documents, one log line a request."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from spanledger.version import __version__
from spanledger_warehouse.serve import (
    problems,
    routes_about,
    routes_console,
    routes_costs,
    routes_dashboard,
    routes_prices,
    schemas,
)
from spanledger_warehouse.serve.access import AccessLog
from spanledger_warehouse.serve.formats import to_json
from spanledger_warehouse.serve.problems import RequestRefused
from spanledger_warehouse.serve.replies import Serving

log = logging.getLogger("spanledger.serve")

_DESCRIPTION = """What LLM calls cost, read from the published ledger.

Amounts are exact decimals as text. Every answer names the version it comes from and how complete it is, and holds
one version only. A bearer token decides which tenants exist for the caller."""
_REFUSALS = {
    status: {"model": schemas.Problem, "description": kind.title}
    for status, kind in (
        (400, RequestRefused),
        (401, problems.Unauthenticated),
        (403, problems.Forbidden),
        (404, problems.NotFound),
        (406, problems.NotAcceptable),
        (422, problems.Invalid),
        (503, problems.Unavailable),
    )
}


def create_app(serving: Serving) -> FastAPI:
    """The application over published versions.

    Args:
        serving: what it answers from.
    """
    # No pages of API documentation: they would load scripts from elsewhere.
    app = FastAPI(
        title="Spanledger",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        responses=_REFUSALS,  # type: ignore[arg-type]
    )
    app.state.serving = serving
    for module in (routes_costs, routes_prices, routes_console, routes_dashboard, routes_about):
        app.include_router(module.router)
    app.openapi_schema = _with_problems(app.openapi())
    app.add_exception_handler(RequestRefused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(AccessLog, observe=serving.metrics.observe)
    return app


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with refusals under their own media type; the framework knows one per route."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")):
                    (shape,) = response["content"].values()
                    response["content"] = {problems.MEDIA_TYPE: shape}
    return document


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestRefused)  # noqa: S101 - the framework's signature is wider than its calls
    return _problem(error.document(), error.headers)


def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = [{"where": _where(fault["loc"]), "what": fault["msg"]} for fault in error.errors()]
    shown = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults[:3])
    return _problem(problems.Invalid(shown, errors=faults).document(), {})


def _where(location: Sequence[Any]) -> str:
    return ".".join(str(part)[:80] for part in location)


def _not_routed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    document = {"type": "about:blank", "title": str(error.detail), "status": error.status_code, "detail": ""}
    document["detail"] = "see /openapi.json for what can be asked"
    return _problem(document, dict(error.headers or {}))


def _failed(_request: Request, error: Exception) -> Response:
    """Our own fault: the log has it, the answer says nothing about our insides."""
    log.error("a request failed", exc_info=error)
    return _problem(
        {
            "type": "about:blank",
            "title": "The server failed",
            "status": 500,
            "detail": "the operator's log says why",
        },
        {},
    )


def _problem(document: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(
        to_json(document),
        status_code=document["status"],
        media_type=problems.MEDIA_TYPE,
        headers={**headers, "Cache-Control": "no-store"},
    )
