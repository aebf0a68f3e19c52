"""A real HTTP server that answers as told, and ways to read what was captured."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import spanledger
from spanledger import diagnostics, testing


@dataclass
class Answer:
    """One HTTP answer: a body, or pieces of one with pauses between them."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] | None = None
    pause: float = 0.0
    break_off: bool = False


def as_json(value: Any, status: int = 200, **more: Any) -> Answer:
    return Answer(json.dumps(value).encode(), status, **more)


def as_events(*events: Any, **more: Any) -> Answer:
    pieces = [b"data: " + (e if isinstance(e, bytes) else json.dumps(e).encode()) + b"\n\n" for e in events]
    return Answer(content_type="text/event-stream", pieces=pieces, **more)


def as_gzip(answer: Answer) -> Answer:
    answer.body = gzip.compress(answer.body or b"".join(answer.pieces or []))
    answer.pieces = (
        [answer.body[i : i + 40] for i in range(0, len(answer.body), 40)] if answer.pieces else None
    )
    answer.headers["Content-Encoding"] = "gzip"
    return answer


class Server:
    """Answers the next request with the next answer; the last one repeats."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.requests.append((self.path, dict(self.headers), body))
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                try:
                    self._answer(answer)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_GET = do_POST  # noqa: N815

            def _answer(self, answer: Answer) -> None:
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.pieces is None:
                    self.send_header("Content-Length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)
                    return
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for piece in answer.pieces:
                    self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                    self.wfile.flush()
                    time.sleep(answer.pause)
                if answer.break_off:
                    self.close_connection = True
                else:
                    self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.address = f"127.0.0.1:{self._http.server_address[1]}"
        self.url = f"http://{self.address}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def will(self, *answers: Answer) -> None:
        self.answers = list(answers)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def server(shared_server: Server) -> Server:
    shared_server.answers = []
    shared_server.requests.clear()
    return shared_server


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in (
        "SPANLEDGER_TENANT",
        "SPANLEDGER_OPERATION",
        "OTEL_SERVICE_NAME",
        "OTEL_RESOURCE_ATTRIBUTES",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SPANLEDGER_HOME", str(tmp_path / "home"))
    yield
    spanledger.uninstrument()
    diagnostics.forget()


@pytest.fixture
def hosts(server: Server) -> str:
    at = server.address
    return f"{at}/openai=openai,{at}/anthropic=anthropic,{at}/openrouter=openrouter"


@pytest.fixture
def captured(hosts: str) -> Iterator[testing.Captured]:
    with testing.capture(provider_hosts=hosts) as calls:
        yield calls


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "home" / "spool"


@pytest.fixture
def records(spool: Path) -> Callable[..., list[dict[str, Any]]]:
    def read(kind: str | None = "span") -> list[dict[str, Any]]:
        found = []
        for path in sorted(spool.glob("*.jsonl*")):
            lines = path.read_bytes().split(b"\n")
            assert lines.pop() == b"", f"{path.name} ends in the middle of a line"
            found += [json.loads(line) for line in lines]
        return [record for record in found if kind in (None, record["kind"])]

    return read


def chat(**usage: Any) -> dict[str, Any]:
    """A chat completion with the given usage."""
    message = {"role": "assistant", "content": "COMPLETION-CANARY"}
    return {
        "id": "chatcmpl-77",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-test-2026",
        "system_fingerprint": "fp_9",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage or {"prompt_tokens": 31, "completion_tokens": 17, "total_tokens": 48},
    }


def chat_chunks(usage: dict[str, Any] | None = None, words: int = 3) -> list[Any]:
    """The chunks of a streamed chat completion; usage comes last, if at all."""
    head = {"id": "chatcmpl-78", "object": "chat.completion.chunk", "created": 1, "model": "gpt-test-2026"}

    def chunk(delta: dict[str, Any], reason: str | None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], "usage": None}

    chunks: list[Any] = [chunk({"content": "COMPLETION-CANARY"}, None) for _ in range(words)]
    chunks.append(chunk({}, "stop"))
    if usage is not None:
        chunks.append({**head, "choices": [], "usage": usage})
    return [*chunks, b"[DONE]"]


def message_events(stop: int | None = None) -> list[Any]:
    """The events of a streamed Anthropic message, the first `stop` of them."""
    usage = {
        "input_tokens": 20,
        "cache_read_input_tokens": 300,
        "cache_creation_input_tokens": 70,
        "cache_creation": {"ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 20},
        "output_tokens": 1,
        "service_tier": "standard",
        "inference_geo": "us",
    }
    message = {"id": "msg_5", "type": "message", "role": "assistant", "model": "claude-test-1", "content": []}
    delta = {"type": "text_delta", "text": "COMPLETION-CANARY"}
    events = [
        {
            "type": "message_start",
            "message": {**message, "stop_reason": None, "stop_sequence": None, "usage": usage},
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"input_tokens": 25, "output_tokens": 41, "cache_read_input_tokens": None},
        },
        {"type": "message_stop"},
    ]
    return events[:stop]


class Make:
    """The builders above, for tests that cannot import a conftest."""

    chat = staticmethod(chat)
    chat_chunks = staticmethod(chat_chunks)
    message_events = staticmethod(message_events)
    json = staticmethod(as_json)
    events = staticmethod(as_events)
    gzip = staticmethod(as_gzip)
    answer = Answer


@pytest.fixture
def make() -> type[Make]:
    return Make
