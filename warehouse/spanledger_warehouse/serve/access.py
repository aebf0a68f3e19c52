"""One log line a request: who, what, how it went. Never a token, never a value that was asked for."""

from __future__ import annotations

import json
import logging
import time

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
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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
            log.info("%s", _line(scope, status, time.perf_counter() - began))


def _line(scope: Scope, status: int, seconds: float) -> str:
    caller = scope.get("spanledger.caller")
    route = scope.get("route")
    return json.dumps(
        {
            "method": scope["method"],
            # The route's pattern: a path or a query can hold whatever somebody puts there.
            "route": getattr(route, "path", None),
            "status": status,
            "ms": round(seconds * 1000, 1),
            "caller": caller.name if caller else None,
            "role": caller.role if caller else None,
            "client": scope["client"][0] if scope.get("client") else None,
            "version": scope.get("spanledger.version"),
        }
    )
