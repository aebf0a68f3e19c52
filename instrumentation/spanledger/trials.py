"""Trial calls of `doctor`: each library makes one streamed and one plain call to a server of our own, on loopback."""

import importlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final

_ANSWER: Final = json.dumps(
    {"id": "doctor", "model": "doctor", "choices": [], "usage": {"prompt_tokens": 1}}
).encode()
_ASKED: Final = {"model": "doctor", "messages": []}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(_ANSWER)))
        self.end_headers()
        self.wfile.write(_ANSWER)

    def log_message(self, *_: Any) -> None:
        """Nothing: what is worth saying is in the report."""


class Server:
    """Answers every POST like a provider.

    Attributes:
        address: host and port.
    """

    def __init__(self) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self.address = f"127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def _httpx(library: Any, url: str) -> None:
    # A proxy of the environment has no business with loopback.
    with library.Client(trust_env=False) as client:
        client.post(url, json=_ASKED)
        with client.stream("POST", url, json=_ASKED) as response:
            response.read()


def _httpx_1(url: str) -> None:
    import httpx

    _httpx(httpx, url)


def _httpx_2(url: str) -> None:
    import httpx2

    _httpx(httpx2, url)


def _aiohttp(url: str) -> None:
    import asyncio

    import aiohttp

    async def calls() -> None:
        async with aiohttp.ClientSession() as session:
            await (await session.post(url, json=_ASKED)).read()
            response = await session.post(url, json=_ASKED)
            async for _ in response.content.iter_any():
                pass

    asyncio.run(calls())


def _requests(url: str) -> None:
    import requests

    with requests.Session() as session:
        session.trust_env = False
        session.post(url, json=_ASKED, timeout=5)
        with session.post(url, json=_ASKED, timeout=5, stream=True) as response:
            for _ in response.iter_content(64):
                pass


def _botocore(url: str) -> None:
    # Untyped, so not by import statements.
    request_class: Any = importlib.import_module("botocore.awsrequest").AWSRequest
    session: Any = importlib.import_module("botocore.httpsession").URLLib3Session()
    for streamed in (False, True):
        request = request_class("POST", url, data=json.dumps(_ASKED), stream_output=streamed).prepare()
        answer = session.send(request)
        if streamed:
            answer.raw.read()
    session.close()


CALLS: Final[dict[str, Callable[[str], None]]] = {
    "httpx": _httpx_1,
    "httpx2": _httpx_2,
    "aiohttp": _aiohttp,
    "requests": _requests,
    "botocore": _botocore,
}
