"""Refusals of a request, as problem documents (RFC 9457): what, which value, and the next step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spanledger_warehouse.errors import SpanledgerError

MEDIA_TYPE = "application/problem+json"


class RequestRefused(SpanledgerError):  # noqa: N818 - reads as the fact it states
    """A request that is not answered.

    Attributes:
        status: HTTP status.
        kind: what machines tell refusals apart by.
        title: the kind in words.
        detail: what was wrong with this request, and what to do.
        headers: that the answer needs.
        more: further members of the document.
    """

    status = 400
    kind = "bad-request"
    title = "The request makes no sense"

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def document(self) -> dict[str, Any]:
        """The problem document."""
        return {
            "type": f"urn:spanledger:problem:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }


class Unauthenticated(RequestRefused):
    """Nobody knows who asks."""

    status, kind, title = 401, "unauthenticated", "Who asks is not known"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="spanledger"'})


class Forbidden(RequestRefused):
    """Who asks may not have that."""

    status, kind, title = 403, "forbidden", "Not for this caller"


class NotFound(RequestRefused):
    """There is no such thing in what the caller may see."""

    status, kind, title = 404, "not-found", "There is no such thing"


class ReadOnly(RequestRefused):
    """Prices change by reviewed commit."""

    status, kind, title = 405, "prices-change-by-commit", "Prices change by reviewed commit"


class NotAcceptable(RequestRefused):
    """No representation that the caller takes."""

    status, kind, title = 406, "not-acceptable", "No such representation"


class Invalid(RequestRefused):
    """A parameter or a body that makes no sense."""

    status, kind, title = 422, "invalid", "A value makes no sense"


class TooLarge(RequestRefused):
    """More than one answer may hold."""

    status, kind, title = 413, "too-large", "Too much"


class TooMany(RequestRefused):
    """More at once than the server takes."""

    status, kind, title = 429, "too-many", "Too many at once"


class Unavailable(RequestRefused):
    """Nothing is published, or it cannot be read."""

    status, kind, title = 503, "unavailable", "Nothing to answer from"
