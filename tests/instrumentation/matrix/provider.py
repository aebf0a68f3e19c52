"""A provider on loopback: answers like the one whose path is asked for, streamed or not, with the same usage."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from http.server import BaseHTTPRequestHandler
from typing import Any

INPUT, OUTPUT = 31, 17
MESSAGES: Any = [{"role": "user", "content": "hi"}]
ASKED = {"model": "m", "messages": MESSAGES}
STREAMED = {**ASKED, "stream": True, "stream_options": {"include_usage": True}}


def sse(*events: Any) -> bytes:
    """Server-sent events; an event that has a type is named after it."""
    lines = []
    for event in events:
        name = f"event: {event['type']}\n" if isinstance(event, dict) and "type" in event else ""
        lines.append(f"{name}data: {event if isinstance(event, str) else json.dumps(event)}\n\n")
    return "".join(lines).encode()


def frame(kind: str, payload: Any) -> bytes:
    """A message of an AWS event stream."""
    headers = b""
    for name, value in (
        (":message-type", "event"),
        (":event-type", kind),
        (":content-type", "application/json"),
    ):
        headers += bytes([len(name)]) + name.encode() + b"\7" + struct.pack(">H", len(value)) + value.encode()
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack(">I", zlib.crc32(message))


def openai_answer(streamed: bool) -> bytes:
    """A chat completion."""
    usage = {"prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT}
    head = {"id": "c", "created": 1, "model": "m-1", "system_fingerprint": "f"}
    message = {"role": "assistant", "content": "x"}
    if not streamed:
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return json.dumps({**head, "object": "chat.completion", "choices": [choice], "usage": usage}).encode()
    head["object"] = "chat.completion.chunk"
    choice = {"index": 0, "delta": message, "finish_reason": "stop"}
    return sse({**head, "choices": [choice]}, {**head, "choices": [], "usage": usage}, "[DONE]")


def anthropic_answer(streamed: bool) -> bytes:
    """A message."""
    head = {"id": "m", "type": "message", "role": "assistant", "model": "m-1", "content": []}
    usage = {"input_tokens": INPUT, "output_tokens": OUTPUT}
    if not streamed:
        return json.dumps({**head, "stop_reason": "end_turn", "stop_sequence": None, "usage": usage}).encode()
    start = {
        **head,
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": INPUT, "output_tokens": 1},
    }
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    return sse(
        {"type": "message_start", "message": start},
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": OUTPUT}},
        {"type": "message_stop"},
    )


def gemini_answer(streamed: bool) -> bytes:
    """A generated content."""
    part = {"content": {"parts": [{"text": "x"}], "role": "model"}, "finishReason": "STOP", "index": 0}
    usage = {
        "promptTokenCount": INPUT,
        "candidatesTokenCount": OUTPUT,
        "totalTokenCount": INPUT + OUTPUT,
    }
    whole = {"candidates": [part], "usageMetadata": usage, "modelVersion": "m-1"}
    return sse(whole) if streamed else json.dumps(whole).encode()


def cohere_answer(streamed: bool) -> bytes:
    """A chat of version 2."""
    counts = {"input_tokens": INPUT, "output_tokens": OUTPUT}
    usage = {"billed_units": counts, "tokens": counts}
    if not streamed:
        message = {"role": "assistant", "content": [{"type": "text", "text": "x"}]}
        whole = {"id": "c", "finish_reason": "COMPLETE", "message": message, "usage": usage}
        return json.dumps(whole).encode()
    return sse(
        {"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant", "content": []}}},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}},
    )


def ollama_answer(streamed: bool) -> bytes:
    """A chat, streamed as JSON lines."""
    head = {
        "model": "m",
        "created_at": "2026-01-01T00:00:00Z",
        "message": MESSAGES[0] | {"role": "assistant"},
    }
    last = {**head, "done": True, "done_reason": "stop", "prompt_eval_count": INPUT, "eval_count": OUTPUT}
    lines = [{**head, "done": False}, last] if streamed else [last]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def bedrock_answer(path: str) -> tuple[str, bytes]:
    """Converse and InvokeModel, streamed and not: content type and body."""
    usage = {"inputTokens": INPUT, "outputTokens": OUTPUT, "totalTokens": INPUT + OUTPUT}
    metrics = {"latencyMs": 3}
    stream = "application/vnd.amazon.eventstream"
    if path.endswith("/converse"):
        message = {"message": {"role": "assistant", "content": [{"text": "x"}]}}
        whole = {"output": message, "stopReason": "end_turn", "usage": usage, "metrics": metrics}
        return "application/json", json.dumps(whole).encode()
    if path.endswith("/converse-stream"):
        events = (
            ("messageStart", {"role": "assistant"}),
            ("messageStop", {"stopReason": "end_turn"}),
            ("metadata", {"usage": usage, "metrics": metrics}),
        )
        return stream, b"".join(frame(*event) for event in events)
    if path.endswith("/invoke"):
        return "application/json", anthropic_answer(streamed=False)
    lines = anthropic_answer(streamed=True).split(b"\n")
    payloads = [line.removeprefix(b"data: ") for line in lines if line.startswith(b"data: ")]
    chunks = [{"bytes": base64.b64encode(payload).decode()} for payload in payloads]
    return stream, b"".join(frame("chunk", chunk) for chunk in chunks)


class Handler(BaseHTTPRequestHandler):
    """Answers like the provider whose path it is."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length") or 0)).replace(b" ", b"")
        streamed = b'"stream":true' in asked or "stream" in self.path
        path = self.path.partition("?")[0]
        kind = "text/event-stream" if streamed else "application/json"
        if "/model/" in path:
            kind, body = bedrock_answer(path)
        elif path.endswith("/v2/chat"):
            body = cohere_answer(streamed)
        elif path.endswith("/api/chat"):
            kind, body = "application/x-ndjson" if streamed else kind, ollama_answer(streamed)
        elif "ontent" in path:
            body = gemini_answer(streamed)
        else:
            body = anthropic_answer(streamed) if path.endswith("/messages") else openai_answer(streamed)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(body), 101):
            piece = body[start : start + 101]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        """Nothing."""
