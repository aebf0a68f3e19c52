"""OTLP over HTTP, and our segments: `/v1/traces`, `/v1/segments`, `/health`, `/metrics`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from spanledger_pipelines.collect import bodies
from spanledger_pipelines.collect.limits import RefusedError, too_large
from spanledger_pipelines.collect.receiver import COMMIT_SECONDS, Receiver, unavailable
from spanledger_pipelines.collect.sources import Source

PROTOBUF, JSON, LINES = "application/x-protobuf", "application/json", "application/x-ndjson"
# google.rpc codes that say what an HTTP status says.
_CODES = {400: 3, 401: 16, 403: 7, 408: 4, 413: 3, 415: 3, 429: 8, 503: 14}


def application(receiver: Receiver) -> Starlette:
    """The ASGI application in front of a receiver."""
    endpoints = _Endpoints(receiver)
    return Starlette(
        routes=[
            Route("/v1/traces", endpoints.traces, methods=["POST"]),
            Route("/v1/segments", endpoints.segments, methods=["POST"]),
            Route("/v1/{signal}", endpoints.other, methods=["POST"]),
            Route("/health", endpoints.health, methods=["GET"]),
            Route("/metrics", endpoints.metrics, methods=["GET"]),
        ],
    )


class _Endpoints:
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def traces(self, request: Request) -> Response:
        kind = _content_type(request)
        try:
            if kind not in {PROTOBUF, JSON}:
                raise RefusedError(415, f"Content-Type {kind[:60]!r} is not OTLP; send {PROTOBUF} or {JSON}")
            source = self._source(request)
            with self._receiver.admission() as hold:
                body = await self._body(request, hold)
                answer = await self._take(body, request.headers.get("content-encoding", ""), kind, source)
        except RefusedError as refusal:
            return self._refuse(refusal, kind)
        self._answered(200)
        return _reply(answer, kind)

    async def _take(
        self, body: bytes, encoding: str, kind: str, source: Source
    ) -> ExportTraceServiceResponse:
        inflate = partial(bodies.inflate, body, encoding)
        converting, durable = self._receiver.traces(inflate, source, is_json=kind == JSON)
        try:
            outcome = await asyncio.wait_for(asyncio.wrap_future(converting), COMMIT_SECONDS)
            await asyncio.wait_for(asyncio.wrap_future(durable), COMMIT_SECONDS)
        except (OSError, TimeoutError) as error:
            raise unavailable(error) from error
        self._receiver.count(outcome, source)
        answer = ExportTraceServiceResponse()
        if outcome.refused:
            answer.partial_success.rejected_spans = outcome.refused
            answer.partial_success.error_message = outcome.message
        return answer

    async def segments(self, request: Request) -> Response:
        try:
            kind = _content_type(request)
            if kind != LINES:
                raise RefusedError(415, f"Content-Type {kind[:60]!r} is not a segment; send {LINES}")
            source = self._source(request)
            headers = request.headers
            with self._receiver.admission() as hold:
                body = await self._body(request, hold)
                storing = self._receiver.segment(
                    body, headers.get("content-encoding", ""), headers.get("spanledger-sha256"), source
                )
                try:
                    is_new = await asyncio.wait_for(asyncio.wrap_future(storing), COMMIT_SECONDS)
                except (OSError, TimeoutError) as error:
                    raise unavailable(error) from error
        except RefusedError as refusal:
            return self._refuse(refusal, JSON)
        self._answered(200)
        return JSONResponse({"outcome": "new" if is_new else "known"})

    async def other(self, request: Request) -> Response:
        """Metrics and logs: an exporter that is told 404 stops sending them."""
        signal = request.path_params["signal"]
        return self._refuse(
            RefusedError(404, f"{signal[:40]} are not taken here, only traces"), _content_type(request)
        )

    async def health(self, _request: Request) -> Response:
        """Whether the landing zone could be written when last tried."""
        if (failure := self._receiver.failure) is not None:
            return JSONResponse({"status": "failing", "reason": failure}, 503)
        return JSONResponse({"status": "ok"})

    async def metrics(self, _request: Request) -> Response:
        """Counters for Prometheus."""
        return PlainTextResponse(self._receiver.metrics_text(), media_type="text/plain; version=0.0.4")

    def _source(self, request: Request) -> Source:
        return self._receiver.sources.authenticate(request.headers.get("authorization"))

    async def _body(self, request: Request, hold: Callable[[int], None]) -> bytes:
        """The body as sent, no longer than the cap; refused by its announced length before a byte is read."""
        limits = self._receiver.limits
        announced = request.headers.get("content-length", "0")
        if not announced.isdecimal() or int(announced) > limits.body_bytes:
            raise too_large("the bytes", limits.body_bytes, "--max-body-mib")
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(limits.seconds):
                async for part in request.stream():
                    hold(len(part))
                    size += len(part)
                    if size > limits.body_bytes:
                        raise too_large("the bytes", limits.body_bytes, "--max-body-mib")
                    parts.append(part)
        except TimeoutError:
            raise RefusedError(408, f"the body took longer than {limits.seconds:g} s") from None
        except ClientDisconnect:
            raise RefusedError(400, "the sender left before its body ended") from None
        self._receiver.metrics.add("received_bytes_total", size)
        return b"".join(parts)

    def _refuse(self, refusal: RefusedError, kind: str) -> Response:
        self._answered(refusal.status)
        status = Status(code=_CODES.get(refusal.status, 2), message=refusal.message)
        response = _reply(status, kind, refusal.status)
        if refusal.retry_after is not None:
            response.headers["retry-after"] = str(refusal.retry_after)
        if refusal.status == 401:
            response.headers["www-authenticate"] = "Bearer"
        # What is left of a refused body is not worth reading.
        response.headers["connection"] = "close"
        return response

    def _answered(self, status: int) -> None:
        self._receiver.metrics.add("requests_total", transport="http", answer=str(status))


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _reply(message: Message, kind: str, status: int = 200) -> Response:
    """A protobuf answer to a protobuf question, JSON to everything else, as OTLP/HTTP asks."""
    if kind == PROTOBUF:
        return Response(message.SerializeToString(), status, media_type=PROTOBUF)
    return Response(MessageToJson(message, indent=None), status, media_type=JSON)
