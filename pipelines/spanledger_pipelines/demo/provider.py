"""A local server that stands in for the providers: real paths, real response shapes, numbers of our own.

It keeps no state. What decides between a fault and an answer, besides the prompt, is the retry count that the
provider SDKs send with every attempt.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import ModuleType

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from spanledger_pipelines.demo.answers import (
    Json,
    anthropic,
    openai,
    openrouter,
    prompt_text,
    request_digest,
    to_json,
)
from spanledger_pipelines.demo.work_order import WorkOrder

START_TIMEOUT_SECONDS = 15


async def openai_chat(request: Request) -> Response:
    """POST /openai/v1/chat/completions"""
    body = await request.json()
    if fault := _fault(request, body, openai):
        return fault
    if body.get("stream"):
        return _events(_data_lines(openai.chat_chunks(body)))
    return _json(openai.chat(body), request_id=f"req_{request_digest(body)[:32]}")


async def openai_embeddings(request: Request) -> Response:
    """POST /openai/v1/embeddings"""
    body = await request.json()
    return _fault(request, body, openai) or _json(openai.embeddings(body))


async def anthropic_messages(request: Request) -> Response:
    """POST /anthropic/v1/messages"""
    body = await request.json()
    if fault := _fault(request, body, anthropic):
        return fault
    if body.get("stream"):
        events = anthropic.message_events(body)
        return _events(f"event: {event['type']}\ndata: {to_json(event)}\n\n" for event in events)
    return _json(anthropic.message(body))


async def openrouter_chat(request: Request) -> Response:
    """POST /openrouter/api/v1/chat/completions"""
    body = await request.json()
    if fault := _fault(request, body, openrouter):
        return fault
    if body.get("stream"):
        return _events(_data_lines(openrouter.chat_chunks(body), comment="OPENROUTER PROCESSING"))
    return _json(openrouter.chat(body))


app = Starlette(
    routes=[
        Route("/openai/v1/chat/completions", openai_chat, methods=["POST"]),
        Route("/openai/v1/embeddings", openai_embeddings, methods=["POST"]),
        Route("/anthropic/v1/messages", anthropic_messages, methods=["POST"]),
        Route("/openrouter/api/v1/chat/completions", openrouter_chat, methods=["POST"]),
    ]
)


@contextmanager
def running() -> Iterator[str]:
    """Serve on a free port of the loopback interface; yields the base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="demo-provider", daemon=True
    )
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=START_TIMEOUT_SECONDS)
        listener.close()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    pause = threading.Event()
    for _ in range(START_TIMEOUT_SECONDS * 100):
        if server.started:
            return
        if not thread.is_alive():
            break
        pause.wait(0.01)
    raise RuntimeError("the demo's stand-in provider did not start on the loopback interface")


def _fault(request: Request, body: Json, provider: ModuleType) -> Response | None:
    """The error this prompt orders. A rate limit ends with the first retry, as a short one does."""
    order = WorkOrder.from_prompt(prompt_text(body))
    if order.fault == "rate_limit" and request.headers.get("x-stainless-retry-count", "0") == "0":
        headers = {"retry-after": "0", "retry-after-ms": "20"}
        return _json(provider.rate_limit_error(body), status=429, headers=headers)
    if order.fault == "server_error":
        return _json(provider.server_error(body), status=500)
    return None


def _json(
    body: Json, *, status: int = 200, headers: dict[str, str] | None = None, request_id: str = ""
) -> Response:
    extra = dict(headers or {})
    if request_id:
        extra["x-request-id"] = request_id
    return Response(to_json(body), status_code=status, headers=extra, media_type="application/json")


def _data_lines(chunks: Iterator[Json], comment: str = "") -> Iterator[str]:
    if comment:
        yield f": {comment}\n\n"
    for chunk in chunks:
        yield f"data: {to_json(chunk)}\n\n"
    yield "data: [DONE]\n\n"


def _events(lines: Iterator[str]) -> StreamingResponse:
    async def body() -> AsyncIterator[str]:
        for line in lines:
            yield line
            # A turn of the loop, so that every event leaves on its own as a provider's does.
            await asyncio.sleep(0)

    return StreamingResponse(body(), media_type="text/event-stream; charset=utf-8")
