"""`POST /api/v1/console`: a caller's own SQL, over a database in which only its own rows exist."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, field_validator

from spanledger_warehouse.serve import parameters, schemas
from spanledger_warehouse.serve.problems import TooLarge, TooMany
from spanledger_warehouse.serve.replies import AnyCaller, reply, serving

router = APIRouter(prefix="/api/v1/console", tags=["console"])


class StatementBody(parameters.Strict):
    """A statement."""

    sql: str = Field(max_length=100_000, min_length=1, description="one SELECT over the published tables")

    @field_validator("sql")
    @classmethod
    def _is_text(cls, value: str) -> str:
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError("it holds half a character (a lone surrogate)") from error
        return value


class ColumnShape(BaseModel):
    """A column of the result."""

    name: str
    type: str = Field(description="DuckDB's type")


class ResultShape(BaseModel):
    """The result of a statement."""

    publication: schemas.PublicationShape
    columns: list[ColumnShape]
    rows: list[list[Any]] = Field(description="decimals, and integers beyond 2^53, as text")
    truncated: bool = Field(description="whether rows were cut off")


@router.post(
    "",
    response_model=ResultShape,
    response_class=JSONResponse,
    responses={
        413: {"model": schemas.Problem, "description": TooLarge.title},
        429: {"model": schemas.Problem, "description": TooMany.title},
    },
)
def run(request: Request, caller: AnyCaller, statement: Annotated[StatementBody, Body()]) -> Response:
    """Run one SELECT. It runs in a process of its own, with limits on time, memory and the size of the answer."""
    with reply(request, caller.scope) as replying:
        file = replying.edition.file(replying.scope)
        return replying.object(serving(request).console.run(file, statement.sql))
