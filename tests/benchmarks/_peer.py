"""Runs in an environment of its own, with the peer's packages alone: prices calls one by one, as they are used.

python _peer.py genai-prices|litellm calls.jsonl
"""

import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

Call = dict[str, Any]


def genai_prices() -> Callable[[Call], object]:
    """One call by genai-prices, at the call's own instant."""
    from genai_prices import Usage, calc_price

    def price(call: Call) -> object:
        usage = Usage(
            input_tokens=call["input_tokens"],
            output_tokens=call["output_tokens"],
            cache_read_tokens=call["cache_read"],
            cache_write_tokens=call["cache_write"],
        )
        return calc_price(
            usage, model_ref=call["model"], provider_id=call["provider"], genai_request_timestamp=call["at"]
        ).total_price

    return price


def litellm() -> Callable[[Call], object]:
    """One call by LiteLLM's cost function; it knows the prices of today only."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    from litellm import cost_per_token

    names = {"x-ai": "xai", "google": "gemini"}

    def price(call: Call) -> object:
        return cost_per_token(
            model=call["model"],
            custom_llm_provider=names.get(call["provider"], call["provider"]),
            prompt_tokens=call["input_tokens"],
            completion_tokens=call["output_tokens"],
            cache_read_input_tokens=call["cache_read"],
            cache_creation_input_tokens=call["cache_write"],
        )

    return price


def main() -> None:
    """Price every call; print version, calls and seconds of CPU as JSON."""
    peer, file = sys.argv[1:3]
    price = {"genai-prices": genai_prices, "litellm": litellm}[peer]()
    calls = [json.loads(line) for line in Path(file).read_text(encoding="utf-8").splitlines()]
    for call in calls:
        call["at"] = datetime.fromisoformat(call["at"])
    for call in calls[:200]:
        price(call)
    begin = time.process_time()
    for call in calls:
        price(call)
    seconds = time.process_time() - begin
    print(json.dumps({"version": importlib.metadata.version(peer), "calls": len(calls), "seconds": seconds}))


if __name__ == "__main__":
    main()
