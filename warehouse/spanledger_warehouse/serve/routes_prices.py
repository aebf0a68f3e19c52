"""`/api/v1/llm-pricing…`: the price catalogue and its audit trail, for administrators; read-only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from spanledger_warehouse.serve import parameters, prices, schemas
from spanledger_warehouse.serve.problems import NotFound, ReadOnly
from spanledger_warehouse.serve.replies import Administrator, reply
from spanledger_warehouse.serve.scopes import EVERYBODY

PREFIX = "/api/v1/llm-pricing"

router = APIRouter(prefix=PREFIX, tags=["prices"])

_HOW = {
    "POST": "spanledger prices set MODEL UNIT PRICE --from INSTANT --evidence URL --reason TEXT",
    "PUT": "spanledger prices correct MODEL UNIT PRICE --evidence URL --reason TEXT",
    "PATCH": "spanledger prices set MODEL UNIT PRICE --from INSTANT --evidence URL --reason TEXT",
    "DELETE": "spanledger prices end MODEL UNIT --at INSTANT --evidence URL --reason TEXT",
}


@router.get("", response_model=schemas.CatalogueShape, response_class=JSONResponse)
def catalogue(
    request: Request, _caller: Administrator, query: Annotated[parameters.PricesQuery, Query()]
) -> Response:
    """The price keys, each with the version that is in force at an instant (now by default)."""
    with reply(request, EVERYBODY) as replying:
        if query.at is not None and replying.unchanged:
            return replying.unchanged
        at = (query.at or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
        filters = {name: tuple(getattr(query, name)) for name in prices.FILTERS if getattr(query, name)}
        rows, in_all = prices.catalogue(
            replying.edition, at=at, filters=filters, skip=query.offset, take=query.limit
        )
        page = replying.page(len(rows), query.offset, query.limit, in_all)
        return replying.object({"at": at, "page": page, "rows": rows})


@router.get("/{id}", response_model=schemas.PriceShape, response_class=JSONResponse)
def price(request: Request, _caller: Administrator, id: str) -> Response:  # noqa: A002 - the name in the path
    """A price key with all its versions. A `price_id` names the key that it is a version of."""
    with reply(request, EVERYBODY) as replying:
        if replying.unchanged:
            return replying.unchanged
        found = prices.price(replying.edition, id)
        if found is None:
            raise _unknown(id)
        return replying.object(found)


@router.get("/{id}/audit-trail", response_model=schemas.AuditShape, response_class=JSONResponse)
def audit_trail(request: Request, _caller: Administrator, id: str) -> Response:  # noqa: A002
    """Who changed a price, when, why, by whose approval and on which evidence; oldest first."""
    with reply(request, EVERYBODY) as replying:
        if replying.unchanged:
            return replying.unchanged
        found = prices.audit_trail(replying.edition, id)
        if found is None:
            raise _unknown(id)
        return replying.object({"id": found[0], "rows": found[1]})


@router.api_route("", methods=list(_HOW), include_in_schema=False)
@router.api_route("/{id}", methods=list(_HOW), include_in_schema=False)
@router.api_route("/{id}/audit-trail", methods=list(_HOW), include_in_schema=False)
def change(request: Request, _caller: Administrator) -> Response:
    """Say how prices do change."""
    raise ReadOnly(
        "prices change by reviewed commits to the price seeds, not by requests; in their repository: "
        + _HOW[request.method],
        headers={"Allow": "GET"},
        command=_HOW[request.method],
    )


def _unknown(id_: str) -> NotFound:
    return NotFound(f"there is no price {id_[:80]!r}; list the ids with: GET {PREFIX}")
