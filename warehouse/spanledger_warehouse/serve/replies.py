"""What every route needs: the caller, one edition, and an answer in the form that was asked for."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

import duckdb
from fastapi import Depends, Request, Response
from fastapi.security import HTTPBearer

from spanledger.version import __version__
from spanledger_warehouse.errors import PublishedError
from spanledger_warehouse.reading.published import Publication
from spanledger_warehouse.serve.answers import Answer
from spanledger_warehouse.serve.callers import Caller, Door
from spanledger_warehouse.serve.console import Console
from spanledger_warehouse.serve.derived import Record
from spanledger_warehouse.serve.editions import Edition, Editions
from spanledger_warehouse.serve.formats import CSV, JSON, negotiated, to_csv, to_json
from spanledger_warehouse.serve.metrics import Metrics
from spanledger_warehouse.serve.problems import Unavailable
from spanledger_warehouse.serve.questions import Window
from spanledger_warehouse.serve.scopes import Scope

log = logging.getLogger("spanledger.serve")

VARY = "Authorization, Accept"


@dataclass(frozen=True)
class Serving:
    """What the application answers from.

    Attributes:
        editions: the published versions.
        door: tells who asks.
        console: runs callers' own statements.
        metrics: what is counted.
    """

    editions: Editions
    door: Door
    console: Console
    metrics: Metrics


bearer = HTTPBearer(
    auto_error=False, description="a token of `spanledger token create`, or a JWT of the issuer"
)


def serving(request: Request) -> Serving:
    """The application's state."""
    state: Serving = request.app.state.serving
    return state


def authenticated(request: Request, _: Annotated[Any, Depends(bearer)]) -> Caller:
    """The caller; 401 when nobody knows it."""
    caller = serving(request).door.caller(request.headers.get("authorization"))
    request.scope["spanledger.caller"] = caller
    return caller


def administrator(caller: Annotated[Caller, Depends(authenticated)]) -> Caller:
    """The caller, who has to be an administrator; 403 otherwise."""
    caller.require_admin()
    return caller


AnyCaller = Annotated[Caller, Depends(authenticated)]
Administrator = Annotated[Caller, Depends(administrator)]


class Reply:
    """One answer in the making: of one edition, for one scope, in one form.

    Args:
        request: what was asked.
        edition: held until the answer is made.
        scope: whose rows it is made of.
        offered: the media types that the route can write.
    """

    def __init__(self, request: Request, edition: Edition, scope: Scope, offered: Sequence[str]) -> None:
        self.request = request
        self.edition = edition
        self.scope = scope
        self.media = negotiated(request.headers.get("accept"), offered)
        request.scope["spanledger.version"] = edition.publication.version

    @property
    def etag(self) -> str:
        """The same for the same version, release, rows, question and form, and for nothing else."""
        parts = (
            self.edition.publication.version,
            self.edition.publication.run_id,
            __version__,
            self.scope.key,
            self.request.url.path,
            str(self.request.url.query),
            self.media,
        )
        return '"' + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32] + '"'

    @property
    def unchanged(self) -> Response | None:
        """304, when the caller has this answer already."""
        known = [
            tag.strip().removeprefix("W/") for tag in self.request.headers.get("if-none-match", "").split(",")
        ]
        return Response(status_code=304, headers=self._headers()) if {self.etag, "*"} & set(known) else None

    def object(self, value: Record) -> Response:
        """An answer that is no list of rows."""
        body = to_json({"publication": publication_record(self.edition.publication), **value})
        return Response(body, media_type=JSON, headers=self._headers())

    def rows(self, answer: Answer, filters: dict[str, list[str]]) -> Response:
        """An answer with rows, as JSON or CSV."""
        question = answer.asked.question
        assert question is not None  # noqa: S101 - it has rows
        page = self.page(len(answer.rows), answer.asked.skip, answer.asked.take, answer.rows_in_all)
        if self.media == CSV:
            totals = {**answer.totals, **answer.coverage}
            headers = {**self._headers(), **_facts(self.edition.publication, totals)}
            if page["next"]:
                headers["Link"] = f'<{page["next"]}>; rel="next"'
            return Response(
                to_csv(answer.columns, answer.rows), media_type=f"{CSV}; charset=utf-8", headers=headers
            )
        return self.object(
            {
                "question": question.name,
                "title": question.title,
                "window": window_record(answer.asked.window),
                "filters": filters,
                "per_tenant": answer.asked.per_tenant,
                "totals": answer.totals,
                "coverage": answer.coverage,
                "page": page,
                "rows": list(answer.records()),
            }
        )

    def page(self, rows: int, skip: int, take: int, of: int) -> Record:
        """Which rows these are; the next page keeps every other parameter."""
        more = rows > 0 and skip + rows < of
        kept = [(name, value) for name, value in self.request.query_params.multi_items() if name != "offset"]
        following = f"{self.request.url.path}?{urlencode([*kept, ('offset', str(skip + take))])}"
        return {"limit": take, "offset": skip, "of": of, "next": following if more else None}

    def _headers(self) -> dict[str, str]:
        return {"ETag": self.etag, "Cache-Control": "private, no-cache", "Vary": VARY}


@contextmanager
def reply(request: Request, scope: Scope, offered: Sequence[str] = (JSON,)) -> Iterator[Reply]:
    """An answer of the edition that is current now.

    Raises:
        Unavailable: nothing is published, or it cannot be read.
    """
    try:
        with serving(request).editions.current() as edition:
            yield Reply(request, edition, scope, offered)
    except (
        PublishedError,
        duckdb.BinderException,
        duckdb.CatalogException,
    ) as error:  # absent, damaged, or of another release
        log.error("the published file cannot answer: %s", error)
        raise Unavailable(
            "nothing is published that this release can read; the operator's log says more"
        ) from error


def publication_record(made: Publication) -> Record:
    """Which version of the ledger an answer comes from."""
    return asdict(made)


def window_record(window: Window) -> Record:
    """The days that an answer is about."""
    return {"from": window.first, "to": window.last, "time_zone": window.zone}


def _facts(made: Publication, totals: Record) -> dict[str, str]:
    """What the JSON form says about an answer, for a form that holds rows only."""
    facts = {
        "Version": made.version,
        "Seeds-Commit": made.seeds_commit,
        "Seeds-Digest": made.seeds_digest,
        "Complete-Through": made.complete_through,
        "Calls": totals.get("calls"),
        "List-Cost-Usd": totals.get("list_cost_usd"),
        "Contracted-Cost-Usd": totals.get("contracted_cost_usd"),
        "Coverage-Pct": totals.get("coverage_pct"),
    }
    texts = {name: to_json(value).decode().strip('"') for name, value in facts.items() if value is not None}
    return {
        f"Spanledger-{name}": text for name, text in texts.items() if text.isascii() and text.isprintable()
    }
