"""Whether the server lives, which version it serves, and who asks."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from spanledger_warehouse.serve import schemas
from spanledger_warehouse.serve.formats import JSON, to_json
from spanledger_warehouse.serve.replies import Administrator, AnyCaller, reply, serving

router = APIRouter(tags=["about"])


@router.get("/healthz", response_class=PlainTextResponse)
def health() -> Response:
    """Whether the process answers; it says nothing else, so it asks for no token."""
    return PlainTextResponse("ok\n")


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request, _caller: Administrator) -> Response:
    """The ledger and this server for Prometheus, in its format or as OpenMetrics."""
    body, media = serving(request).metrics.exposition(request.headers.get("accept"))
    return Response(body, media_type=media)


@router.get("/api/v1/publication", response_model=schemas.AboutShape, response_class=JSONResponse)
def publication(request: Request, caller: AnyCaller) -> Response:
    """Which version of the ledger is served."""
    with reply(request, caller.scope) as replying:
        return replying.unchanged or replying.object({})


@router.get("/api/v1/caller", response_model=schemas.CallerShape, response_class=JSONResponse)
def who(caller: AnyCaller) -> Response:
    """What the server knows about who asks."""
    tenants = None if caller.scope.is_everybody else sorted(caller.scope.names)
    return Response(to_json({"name": caller.name, "role": caller.role, "tenants": tenants}), media_type=JSON)
