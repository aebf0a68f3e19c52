"""Calls that no network answers."""

from typing import Any

import httpx2

URL = "https://api.openai.com/v1/chat/completions"
BODY = {"id": "c", "model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}


def client() -> Any:
    return httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=BODY)))


def call(times: int = 1) -> None:
    with client() as http:
        for _ in range(times):
            assert http.post(URL, json={"model": "m"}).status_code == 200
