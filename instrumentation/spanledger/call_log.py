"""One line in the log per call, with what it cost by the prices at hand: on request, and never in the caller's time.

The amount is an estimate at list prices. The ledger's own may differ: it knows contracts and later corrections.
"""

import json
import logging
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from spanledger import attributes as names
from spanledger.diagnostics import counters, internal_error, warn_once

if TYPE_CHECKING:
    from spanledger.catalogue import Catalogue

logger: Final = logging.getLogger("spanledger.calls")

_LONGEST_QUEUE: Final = 10_000
_PATIENCE: Final = 2.0
_MILLISECOND: Final = 1_000_000
_STANDARD: Final = ("", "default", "standard", "auto", "on_demand")
# Billed apart from plain tokens, or counted in ways that only the ledger's decoders know.
_BEYOND: Final = re.compile(
    r'"\w*(?:audio|image|video|citation|ttl_|search_units|[sS]econds)\w*":\s*[1-9]'
    r'|"modality":\s*"(?!TEXT)|"type":\s*"(?:compaction|advisor_message|fallback_message)"'
)
_TOOLS: Final = re.compile(r'"\w*(?:_calls|_queries|images)":')


class CallLog:
    """Writes lines to the logger `spanledger.calls`, in a thread of its own.

    Args:
        seeds: the folder of the configured price catalogue; None for the one that ships with the SDK.
    """

    def __init__(self, seeds: Path | None) -> None:
        self._seeds = seeds
        self.restart()

    def restart(self) -> None:
        """Begin anew in a forked child: the parent's thread did not come along, and its lines are its own."""
        self._lines: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.RLock()
        self._catalogue: Catalogue | None = None
        self._shipped = self._seeds is None
        self._kind = "estimate"

    def tell(self, name: str, start: int, end: int, attributes: Mapping[str, Any]) -> None:
        """Have a call's line written.

        Args:
            name: name of the span.
            start: UTC nanoseconds.
            end: UTC nanoseconds.
            attributes: of the span.
        """
        if self._lines.qsize() >= _LONGEST_QUEUE:
            counters["unlogged"] += 1
            return
        self._lines.put(lambda: self._write(name, start, end, attributes))
        if self._thread is None:
            self._start()

    def close(self, patience: float = _PATIENCE) -> None:
        """Write what waits, for `patience` seconds at most, and let the thread end until the next call."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._lines.put(None)
            thread.join(patience)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="spanledger-calls", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no more threads, or the interpreter is ending
                    return
                self._thread = thread

    def _run(self) -> None:
        for write in iter(self._lines.get, None):
            try:
                write()
            except Exception:
                internal_error("writing a call to the log")

    def _write(self, name: str, start: int, end: int, values: Mapping[str, Any]) -> None:
        if not logger.isEnabledFor(logging.INFO):
            return
        given, made = (
            values.get(names.GEN_AI_USAGE_INPUT_TOKENS),
            values.get(names.GEN_AI_USAGE_OUTPUT_TOKENS),
        )
        tokens = "unknown" if given is None and made is None else str((given or 0) + (made or 0))
        if tokens != "unknown" and values.get(names.USAGE_STATUS) != "complete":
            tokens += " (partial)"
        error = values.get(names.ERROR_TYPE)
        logger.info(
            "LLM usage: %s | tokens: %s | cost: %s | duration: %dms%s",
            values.get(names.OPERATION) or name,
            tokens,
            self._cost(values, end),
            (end - start) // _MILLISECOND,
            f" | error: {error}" if error else "",
        )

    def _cost(self, values: Mapping[str, Any], end: int) -> str:
        at = datetime.fromtimestamp(end // 1_000_000_000, UTC)
        try:
            amount = estimate(self._prices(), values, at)
        except Exception as error:
            if self._shipped:
                raise
            self._fall_back(error)
            amount = estimate(self._prices(), values, at)
        if amount is not None:
            return f"~${_shown(amount)} ({self._kind})"
        reported = values.get(names.REPORTED_COST)
        if reported is not None and values.get(names.REPORTED_COST_CURRENCY) == "USD":
            return f"${_shown(Decimal(reported))} (reported)"
        return "unknown"

    def _prices(self) -> "Catalogue":
        if self._catalogue is None:
            from spanledger.catalogue import Catalogue, shipped

            self._catalogue = Catalogue(shipped() if self._shipped or self._seeds is None else self._seeds)
        return self._catalogue

    def _fall_back(self, error: Exception) -> None:
        """Estimate by the catalogue of this release; every line says so from now on."""
        warn_once(
            "seeds",
            "The price catalogue %s (SPANLEDGER_SEEDS) cannot be read: %s. Costs in the log are estimated from the "
            "one that ships with Spanledger.",
            self._seeds,
            error,
        )
        self._catalogue, self._shipped, self._kind = None, True, "estimate, shipped prices"


def estimate(catalogue: "Catalogue", values: Mapping[str, Any], at: datetime) -> Decimal | None:
    """What a call costs at list prices, in USD; None where that is not known.

    Args:
        catalogue: the prices.
        values: attributes of its span.
        at: when it ended.
    """
    model = values.get(names.GEN_AI_RESPONSE_MODEL) or values.get(names.GEN_AI_REQUEST_MODEL)
    quantities = _quantities(values)
    if model is None or quantities is None:
        return None
    tier = (values.get(names.SERVICE_TIER) or "").lower()
    if tier in _STANDARD:
        tier = "fast" if (values.get(names.SPEED) or "").lower() == "fast" else "standard"
    return catalogue.cost(
        values[names.GEN_AI_PROVIDER_NAME],
        model,
        quantities,
        total_input=values.get(names.GEN_AI_USAGE_INPUT_TOKENS) or 0,
        at=at,
        context="batch" if values.get(names.BATCH) else tier.removeprefix("on_demand_"),
        region=(values.get(names.REGION) or "global").lower(),
    )


def _quantities(values: Mapping[str, Any]) -> dict[str, int] | None:
    """What is billed, by unit; None when it is not all known, or some of it is no plain token."""
    given, made = values.get(names.GEN_AI_USAGE_INPUT_TOKENS), values.get(names.GEN_AI_USAGE_OUTPUT_TOKENS)
    raw = values.get(names.USAGE_RAW) or "{}"
    if values.get(names.USAGE_STATUS) != "complete" or (given is None and made is None):
        return None
    if _BEYOND.search(raw) or _TOOLS.search(values.get(names.RESPONSE_METADATA) or ""):
        return None
    usage = json.loads(raw)
    cached = values.get(names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS) or 0
    written = values.get(names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS) or 0
    thought = values.get(names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS) or 0
    for_an_hour = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
    counted = {
        "input": (given or 0) - cached - written,
        "cache_read": cached,
        "cache_write_5m": written - for_an_hour,
        "cache_write_1h": for_an_hour,
        "output": (made or 0) - thought,
        "reasoning": thought,
        "web_search": (usage.get("server_tool_use") or {}).get("web_search_requests") or 0,
    }
    if any(quantity < 0 for quantity in counted.values()):
        return None
    # The call itself, where that has a price.
    return {unit: quantity for unit, quantity in counted.items() if quantity} | {"request": 1}


def _shown(amount: Decimal) -> str:
    """Six places, as many more as a small amount needs to be seen at all."""
    places = 6 if not amount or amount >= Decimal("1e-4") else 9 if amount >= Decimal("1e-7") else 12
    return f"{amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN):f}"
