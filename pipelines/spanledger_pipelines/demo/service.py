"""The sample service: a support desk that works through the plan's days with several calls in flight.

It is started as `opentelemetry-instrument python -m spanledger_pipelines.demo.service …`. All it says to
Spanledger is who a call is for, with `spanledger.context`. Progress goes to stdout as JSON lines.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import json
import sys
import warnings
from datetime import date

import anthropic
import httpx
import openai

import spanledger
from spanledger_pipelines.demo import clock
from spanledger_pipelines.demo.call_sites import CALL_SITES, Clients, connect
from spanledger_pipelines.demo.plan import PlannedCall, calls_of

CALLS_IN_FLIGHT = 8
PROVIDER_ERRORS = (openai.APIError, anthropic.APIError, httpx.HTTPError)


async def serve(base_url: str, days: list[date]) -> int:
    """Make every call of `days`; returns how many failed."""
    clients = connect(base_url)
    calls = [call for day in days for call in calls_of(day)]
    _tell(event="start", calls=len(calls))
    places = asyncio.Semaphore(CALLS_IN_FLIGHT)

    async def one(call: PlannedCall) -> bool:
        async with places:
            answered = await handle(clients, call)
        _tell(event="call", call=call.order.call, ok=answered)
        return answered

    answers = await asyncio.gather(*(one(call) for call in calls))
    await clients.close()
    failed = answers.count(False)
    _tell(event="done", calls=len(calls), failed=failed)
    return failed


async def handle(clients: Clients, call: PlannedCall) -> bool:
    """Handle one request of a tenant; says whether the provider answered."""
    site = CALL_SITES[call.call_site]
    with (
        clock.at(call.started_at),
        spanledger.context(tenant=call.tenant, operation=call.operation, metadata=call.metadata),
    ):
        try:
            if inspect.iscoroutinefunction(site):
                await site(clients, call.model, call.prompt)
            else:
                await asyncio.to_thread(site, clients, call.model, call.prompt)
        except PROVIDER_ERRORS as error:
            print(f"{call.operation} failed: {type(error).__name__}", file=sys.stderr)
            return False
    return True


def main() -> None:
    """Command line of the service."""
    parser = argparse.ArgumentParser(description="The demo's sample service.")
    parser.add_argument("--provider", required=True, help="base URL of the stand-in provider")
    parser.add_argument(
        "--day", required=True, action="append", type=date.fromisoformat, help="a day to work through"
    )
    arguments = parser.parse_args()
    # The plan lies before the end of life that the anthropic SDK warns of.
    warnings.filterwarnings("ignore", r"The model .* is deprecated", DeprecationWarning)
    asyncio.run(serve(arguments.provider, arguments.day))


def _tell(**line: object) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
