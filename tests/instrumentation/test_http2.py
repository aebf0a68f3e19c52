"""HTTP/2 against a real server: same hook, same record. The server is a dozen lines over h2."""

import json
import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import h2.config
import h2.connection
import h2.events
import httpx
import httpx2
import pytest

from spanledger import testing

BODY = json.dumps({"id": "c", "model": "m", "choices": [], "usage": {"prompt_tokens": 3}}).encode()


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        self.request.sendall(connection.data_to_send())
        while data := self.request.recv(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.StreamEnded):
                    head = [(":status", "200"), ("content-type", "application/json")]
                    connection.send_headers(event.stream_id, head)
                    connection.send_data(event.stream_id, BODY, end_stream=True)
            self.request.sendall(connection.data_to_send())


@pytest.fixture
def http2_server() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("lib", [httpx, httpx2], ids=["httpx", "httpx2"])
async def test_http2_calls_and_streams_are_recorded(lib: Any, http2_server: str) -> None:
    url = f"http://{http2_server}/v1/chat/completions"
    options = {"http1": False, "http2": True}
    with testing.capture(provider_hosts=f"{http2_server}=openai") as captured:
        with lib.Client(**options) as client:
            assert client.post(url, json={"model": "m"}).http_version == "HTTP/2"
            with client.stream("POST", url, json={"model": "m"}) as response:
                assert b"".join(response.iter_raw()) == BODY
        async with lib.AsyncClient(**options) as client:
            await client.post(url, json={"model": "m"})
            async with client.stream("POST", url, json={"model": "m"}) as response:
                assert b"".join([chunk async for chunk in response.aiter_raw()]) == BODY
    assert [(call["input_tokens"], call["usage_status"]) for call in captured.calls] == [(3, "complete")] * 4
