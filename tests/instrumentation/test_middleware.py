"""Who pays, per request and per task; strict mode; baggage; and that the tenant stays inside."""

import threading
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx2
import pytest
import requests
from opentelemetry import baggage
from opentelemetry import context as otel_context
from opentelemetry.propagate import inject as propagate
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

import spanledger
from spanledger import middleware, testing
from spanledger.errors import SpanledgerError, TenantMissingError

URL = "https://api.openai.com/v1/chat/completions"
BODY = {"id": "c", "model": "m", "choices": [], "usage": {"prompt_tokens": 3}}


def provider(seen: list[Any] | None = None) -> httpx2.MockTransport:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if seen is not None:
            seen.append(request)
        return httpx2.Response(200, json=BODY)

    return httpx2.MockTransport(answer)


def call() -> None:
    with httpx2.Client(transport=provider()) as http:
        http.post(URL, json={"model": "m"})


async def acall() -> None:
    async with httpx2.AsyncClient(transport=provider()) as http:
        await http.post(URL, json={"model": "m"})


def by_header(scope: Any) -> dict[str, Any] | None:
    tenant = dict(scope["headers"]).get(b"x-tenant")
    return {"tenant": tenant.decode(), "metadata": {"path": scope["path"]}} if tenant else None


async def test_an_asgi_application_sets_the_tenant_per_request(captured: Any) -> None:
    async def plain(_: Any) -> Any:
        await acall()
        return PlainTextResponse("done")

    async def streamed(_: Any) -> Any:
        async def body() -> Any:
            await acall()
            yield "done"

        return StreamingResponse(body())

    app = middleware.ASGI(Starlette(routes=[Route("/plain", plain), Route("/streamed", streamed)]), by_header)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://app") as http:
        await http.get("/plain", headers={"x-tenant": "acme"})
        await http.get("/streamed", headers={"x-tenant": "globex"})
        await http.get("/plain")
    assert [c.get("tenant") for c in captured.calls] == ["acme", "globex", None]
    assert captured.calls[1]["metadata"] == '{"path":"/streamed"}'


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def test_a_wsgi_application_sets_the_tenant_per_request_and_while_it_streams(captured: Any) -> None:
    closed = []

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/plain")])
        if environ["PATH_INFO"] == "/list":
            call()
            return [b"done"]

        def body() -> Any:
            try:
                call()
                yield b"done"
            finally:
                closed.append(spanledger.current().tenant)

        return body()

    wrapped = middleware.WSGI(app, lambda environ: {"tenant": environ["HTTP_X_TENANT"]})
    with make_server("127.0.0.1", 0, wrapped, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        for path, tenant in (("list", "acme"), ("lazy", "globex")):
            url = f"http://127.0.0.1:{server.server_port}/{path}"
            assert requests.get(url, headers={"X-Tenant": tenant}, timeout=5).text == "done"
        server.shutdown()
        thread.join()
    assert [c.get("tenant") for c in captured.calls] == ["acme", "globex"]
    assert closed == ["globex"]


async def test_a_resolver_that_fails_is_said_once_and_serves_all_the_same(captured: Any, caplog: Any) -> None:
    async def app(*_: Any) -> None:
        await acall()

    wrapped = middleware.ASGI(app, lambda scope: scope["nothing"])
    for _ in range(2):
        await wrapped({"type": "http"}, None, None)
    await middleware.ASGI(app, lambda scope: 1 / 0)({"type": "lifespan"}, None, None)
    assert len(captured.calls) == 3
    assert caplog.text.count("resolver of spanledger.middleware failed") == 1


def test_a_task_runs_in_the_context_it_was_sent_in(captured: Any) -> None:
    class Request:
        headers: Any = None

    class Task:
        request = Request()

    @middleware.task
    def work(task: Any, number: int) -> int:
        call()
        return number

    with spanledger.context(tenant="acme", operation="nightly", metadata={"a": 1}):
        sent = middleware.inject({"id": "7"})
    assert sent == {
        "id": "7",
        "spanledger": {"tenant": "acme", "operation": "nightly", "metadata": {"a": 1}},
    }
    assert work(Task(), 3) == 3
    Task.request.headers = sent
    work(Task(), 3)
    Task.request.headers = None
    Task.request.spanledger = sent["spanledger"]  # type: ignore[attr-defined]
    work(Task(), 3)
    assert [c.get("tenant") for c in captured.calls] == [None, "acme", "acme"]
    assert captured.calls[1]["metadata"] == '{"a":1}'
    assert middleware.inject({}) == {}
    for bad in (None, {}, {"spanledger": "x"}, {"spanledger": {"metadata": 3}}):
        with middleware.restore(bad) as present:
            assert present.tenant is None


async def test_strict_mode_refuses_a_call_without_a_tenant_before_it_is_sent() -> None:
    seen: list[Any] = []
    with testing.capture(strict=True) as captured, httpx2.Client(transport=provider(seen)) as http:
        with pytest.raises(TenantMissingError, match=r"api\.openai\.com has no tenant") as refused:
            http.post(URL, json={"model": "m"})
        assert isinstance(refused.value, SpanledgerError)
        http.post("https://example.com/orders", json={})
        with pytest.raises(TenantMissingError):
            requests.post(URL, json={"model": "m"}, timeout=5)
        with pytest.raises(TenantMissingError):
            await acall()
        with spanledger.context(tenant="acme"):
            http.post(URL, json={"model": "m"})
    assert [request.url.host for request in seen] == ["example.com", "api.openai.com"]
    assert [c["tenant"] for c in captured.calls] == ["acme"]


@pytest.mark.parametrize(("trusted", "expected"), [(None, None), ("tenant", "inbound"), ("other", None)])
def test_baggage_names_the_tenant_only_under_a_trusted_key(trusted: str | None, expected: str | None) -> None:
    with testing.capture(baggage_tenant=trusted) as captured:
        token = otel_context.attach(baggage.set_baggage("tenant", "inbound"))
        try:
            call()
            with spanledger.context(tenant="acme"):
                call()
        finally:
            otel_context.detach(token)
    assert [c.get("tenant") for c in captured.calls] == [expected, "acme"]


def test_the_context_is_in_no_outbound_header_and_in_no_baggage(captured: Any) -> None:
    seen: list[Any] = []
    with (
        spanledger.context(tenant="TENANT-CANARY", operation="OP-CANARY", metadata={"k": "META-CANARY"}),
        httpx2.Client(transport=provider(seen)) as http,
    ):
        http.post(URL, json={"model": "m"})
        carrier: dict[str, str] = {}
        propagate(carrier)
        assert baggage.get_all() == {}
    sent = repr((seen[0].headers.raw, str(seen[0].url), seen[0].content, carrier))
    assert "CANARY" not in sent
    assert captured.calls[0]["tenant"] == "TENANT-CANARY"
