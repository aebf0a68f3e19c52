"""A receiver with as much in memory as it may have: the next is told to come again, and room that is left is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from google.rpc.status_pb2 import Status
from tests.pipelines.collect.receivers import PROTOBUF, records_of, request

from spanledger_pipelines.collect.http_app import application
from spanledger_pipelines.collect.limits import Limits
from spanledger_pipelines.collect.receiver import Receiver
from spanledger_pipelines.collect.sources import Sources

HEADERS = {"content-type": PROTOBUF}


@pytest.fixture(params=[Limits(requests=1), Limits(total_bytes=3_000)], ids=["requests", "bytes"])
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(tmp_path / "landing", Sources(None), request.param)
    yield made
    made.close()


async def test_the_next_is_told_to_come_again_and_is_taken_then(receiver: Receiver, tmp_path: Path) -> None:
    go_on = asyncio.Event()
    body = request(20).SerializeToString()
    assert 1_500 < len(body) < 3_000

    async def slow() -> AsyncIterator[bytes]:
        yield body[:1_500]
        await go_on.wait()
        yield body[1_500:]

    transport = httpx.ASGITransport(application(receiver))
    async with httpx.AsyncClient(transport=transport, base_url="http://collect") as client:
        first = asyncio.create_task(client.post("/v1/traces", content=slow(), headers=HEADERS))
        while "requests_in_flight 1" not in receiver.metrics_text():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        for path, kind in (("/v1/traces", PROTOBUF), ("/v1/segments", "application/x-ndjson")):
            answer = await client.post(path, content=body, headers={"content-type": kind})
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
            said = Status.FromString(answer.content).message if kind == PROTOBUF else answer.json()["message"]
            assert "in memory; send again in a moment" in said
        go_on.set()
        assert (await first).status_code == 200
        again = await client.post("/v1/traces", content=body, headers=HEADERS)
        assert again.status_code == 200
    # Taken twice, refused twice.
    assert len(records_of(tmp_path / "landing")) == 40
    assert 'spanledger_requests_total{answer="429",transport="http"} 2' in receiver.metrics_text()
    assert "spanledger_requests_in_flight 0" in receiver.metrics_text()
