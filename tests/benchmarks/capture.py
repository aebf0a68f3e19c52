"""What capture costs a call: CPU added over a mock transport, the durable write included. No network.

Run `python -m tests.benchmarks.capture`. Both variants run in one process, in turns, and the best of several rounds
counts; figures are CPU time of the process.
"""

import gc
import json
import tempfile
import time
from collections.abc import Callable
from typing import Any

import httpx
import httpx2

import spanledger

ROUNDS = 15
CALLS = 200
URL = "https://api.openai.com/v1/chat/completions"
USAGE = {"prompt_tokens": 811, "completion_tokens": 64, "total_tokens": 875}


def _answer(content: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-x-2026"}
    return {**head, "choices": [choice], "usage": USAGE}


def _chunks(count: int) -> list[bytes]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-x-2026", "usage": None}

    def event(**more: Any) -> bytes:
        return b"data: " + json.dumps({**head, **more}, separators=(",", ":")).encode() + b"\n\n"

    delta = {"index": 0, "delta": {"content": " word"}, "finish_reason": None}
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    words = [event(choices=[delta]) for _ in range(count - 3)]
    return [*words, event(choices=[end]), event(choices=[], usage=USAGE), b"data: [DONE]\n\n"]


def _client(library: Any, chunks: list[bytes], answer: dict[str, Any]) -> Any:
    class Stream(library.SyncByteStream):  # type: ignore[misc,name-defined]
        def __iter__(self) -> Any:
            return iter(chunks)

    def handler(request: Any) -> Any:
        if b'"stream":true' in request.content[:64]:
            return library.Response(200, headers={"content-type": "text/event-stream"}, stream=Stream())
        return library.Response(200, json=answer)

    return library.Client(transport=library.MockTransport(handler))


def _plain(client: Any, prompt: str) -> None:
    client.post(URL, json={"model": "gpt-x", "messages": [{"role": "user", "content": prompt}]})


def _streamed(client: Any) -> None:
    with client.stream("POST", URL, json={"stream": True, "model": "gpt-x"}) as response:
        for _ in response.iter_raw():
            pass


def _microseconds(work: Callable[[], None], calls: int) -> float:
    gc.collect()
    started = time.process_time_ns()
    for _ in range(calls):
        work()
    return (time.process_time_ns() - started) / calls / 1000


def _added(work: Callable[[], None], calls: int, home: str) -> tuple[float, float]:
    """Microseconds per call without capture, and added by it: the best of alternating rounds."""
    bare, captured = [], []
    for _ in range(ROUNDS):
        without = _microseconds(work, calls)
        spanledger.instrument(home=home, tenant="bench")
        work()
        with_capture = _microseconds(work, calls)
        spanledger.uninstrument()
        bare.append(without)
        captured.append(with_capture)
    return min(bare), min(captured) - min(bare)


def main() -> None:
    """Print one line per case."""
    megabyte = "All work and no play makes Jack a dull boy. " * 23_832
    small = _answer("A short answer." * 20)
    with tempfile.TemporaryDirectory() as home:
        for library in (httpx, httpx2):
            client = _client(library, _chunks(200), small)
            large = _client(library, [], _answer(megabyte))
            cases: list[tuple[str, Callable[[], None], int]] = [
                ("call, not streamed", lambda c=client: _plain(c, "hi"), CALLS),
                ("stream of 200 chunks", lambda c=client: _streamed(c), CALLS // 4),
                ("1 MiB prompt", lambda c=client: _plain(c, megabyte), 10),
                ("1 MiB answer", lambda c=large: _plain(c, "hi"), 10),
            ]
            for name, work, calls in cases:
                bare, added = _added(work, calls, home)
                print(f"{library.__name__:7} {name:22} {bare:9.1f} µs bare  {added:+8.1f} µs added")


if __name__ == "__main__":
    main()
