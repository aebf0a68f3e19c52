"""One log line a request: who, what, how it went. Never a token, never a value that was asked for."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("spanledger.access")

_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


class AccessLog:
    """Logs each request when its answer is sent, and adds the headers that keep browsers from guessing.

    Args:
        app: the application.
        observe: told the route, the status and the seconds of each request.
    """

    def __init__(self, app: ASGIApp, observe: Callable[[str, int, float], None]) -> None:
        self._app = app
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *_SECURITY]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - began
            self._observe(_route(scope) or "none", status, seconds)
            log.info("%s", _line(scope, status, seconds))


def _route(scope: Scope) -> str | None:
    """The route's pattern: a path or a query can hold whatever somebody puts there."""
    return getattr(scope.get("route"), "path", None)


def _line(scope: Scope, status: int, seconds: float) -> str:
    caller = scope.get("spanledger.caller")
    return json.dumps(
        {
            "method": scope["method"],
            "route": _route(scope),
            "status": status,
            "ms": round(seconds * 1000, 1),
            "caller": caller.name if caller else None,
            "role": caller.role if caller else None,
            "client": scope["client"][0] if scope.get("client") else None,
            "version": scope.get("spanledger.version"),
        }
    )
