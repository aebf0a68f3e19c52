"""The demo's plan: which calls the sample service makes on a day. A pure function of the day.

About 40 calls a day for three tenants and six operations. Every number is made from a digest of the day and
the call's place in it, so a day is the same on every machine, and adding a day changes no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from spanledger_pipelines.demo.work_order import WorkOrder

FIRST_DAY = date(2026, 8, 19)
DAYS = 5

# gpt-5.6-sol became cheaper at the midnight after this day. One call starts before it and is billed after.
EVE_OF_PRICE_CHANGE = date(2026, 8, 20)

# A fine-tune of one customer: no catalogue has a price for it.
UNPRICED_MODEL = "ft:gpt-4o-mini-2024-07-18:initech:router:Bq2demo1"

_TENANTS = ("acme", "acme", "acme", "globex", "globex", "initech")
_LANGUAGES = ("en", "de", "fr", "es", "pt")
_CATEGORIES = ("temporal", "spatial", "semantic", "numeric")
_PATTERNS = ("retry_storm", "late_settlement", "split_tender", "ghost_refund", "double_capture")


@dataclass(frozen=True)
class Workload:
    """One kind of call that the service makes every day. Token ranges are (smallest, largest)."""

    operation: str
    call_site: str
    model: str
    calls_per_day: int
    input: tuple[int, int]
    output: tuple[int, int] = (0, 0)
    reasoning: tuple[int, int] = (0, 0)
    cache_read: tuple[int, int] = (0, 0)
    cache_write_5m: tuple[int, int] = (0, 0)
    cache_write_1h: tuple[int, int] = (0, 0)


WORKLOADS = (
    Workload(
        "analyze_edge_case",
        "anthropic_stream_async",
        "claude-sonnet-4-5-20250929",
        5,
        input=(400, 1800),
        output=(300, 1100),
        cache_read=(4000, 12000),
        cache_write_5m=(500, 3000),
    ),
    Workload(
        "analyze_edge_case",
        "openai_chat",
        "gpt-5.6-sol",
        4,
        input=(900, 4000),
        output=(200, 800),
        reasoning=(400, 2400),
        cache_read=(1024, 6144),
    ),
    Workload("match_pattern", "openai_chat_async", "gpt-4o-mini", 8, input=(600, 2600), output=(40, 180)),
    Workload(
        "summarize_ticket",
        "openrouter_chat",
        "anthropic/claude-sonnet-4.5",
        4,
        input=(700, 3000),
        output=(90, 400),
    ),
    Workload(
        "summarize_ticket",
        "openrouter_stream_async",
        "openai/gpt-4o-mini",
        3,
        input=(700, 3000),
        output=(90, 400),
    ),
    Workload(
        "translate_reply",
        "openai_stream",
        "gpt-4o",
        5,
        input=(300, 1200),
        output=(200, 900),
        cache_read=(1024, 2048),
    ),
    Workload(
        "translate_reply",
        "anthropic_message_async",
        "claude-haiku-4-5-20251001",
        4,
        input=(300, 1200),
        output=(200, 900),
    ),
    Workload("embed_documents", "openai_embeddings", "text-embedding-3-small", 4, input=(800, 7000)),
    Workload(
        "review_contract",
        "anthropic_message",
        "claude-sonnet-4-5-20250929",
        2,
        input=(3000, 9000),
        output=(800, 2400),
        cache_write_1h=(8000, 24000),
    ),
    Workload(
        "review_contract",
        "openai_stream_async",
        "gpt-5.6-sol",
        1,
        input=(12000, 40000),
        output=(900, 2000),
        reasoning=(800, 3200),
    ),
)


@dataclass(frozen=True)
class PlannedCall:
    """One call of the sample service, with the counts its answer will report."""

    order: WorkOrder
    operation: str
    call_site: str
    model: str
    tenant: str
    started_at: datetime
    metadata: dict[str, object] = field(hash=False)

    @property
    def prompt(self) -> str:
        """What the service sends: a task in words, and the order for the stand-in."""
        return (
            f"Please {self.operation.replace('_', ' ')} for case {self.order.call}.\n{self.order.to_prompt()}"
        )


class _Dice:
    """Numbers that depend on nothing but the call's key and what they are for."""

    def __init__(self, key: str) -> None:
        self._key = key

    def between(self, what: str, smallest: int, largest: int) -> int:
        digest = hashlib.sha256(f"spanledger demo {self._key} {what}".encode()).digest()
        return smallest + int.from_bytes(digest[:8], "big") % (largest - smallest + 1)

    def pick(self, what: str, options: tuple[str, ...]) -> str:
        return options[self.between(what, 0, len(options) - 1)]


def days(count: int, first: date = FIRST_DAY) -> list[date]:
    """`count` days from `first` on."""
    return [first + timedelta(days=offset) for offset in range(count)]


def calls_of(day: date) -> list[PlannedCall]:
    """Every call of the day, in the order of the workloads."""
    return list(_planned(day))


def _planned(day: date) -> Iterator[PlannedCall]:
    place = 0
    for workload in WORKLOADS:
        for nth in range(workload.calls_per_day):
            place += 1
            yield _with_surprises(_usual_call(day, place, workload), day, nth)


def _usual_call(day: date, place: int, workload: Workload) -> PlannedCall:
    key = f"{day}/{place:03}"
    dice = _Dice(key)
    # Caches are not always warm: a third of the calls that could read or write one do not.
    cold = dice.between("cache", 0, 2) == 0
    order = WorkOrder(
        call=key,
        input=dice.between("input", *workload.input),
        output=dice.between("output", *workload.output),
        reasoning=dice.between("reasoning", *workload.reasoning),
        cache_read=0 if cold else dice.between("cache_read", *workload.cache_read),
        cache_write_5m=dice.between("cache_write_5m", *workload.cache_write_5m) if cold else 0,
        cache_write_1h=dice.between("cache_write_1h", *workload.cache_write_1h),
    )
    opening = datetime.combine(day, time(7), UTC) + timedelta(minutes=15 * place)
    return PlannedCall(
        order=order,
        operation=workload.operation,
        call_site=workload.call_site,
        model=workload.model,
        tenant=dice.pick("tenant", _TENANTS),
        started_at=opening + timedelta(milliseconds=dice.between("start", 0, 600_000)),
        metadata=_metadata(workload.operation, dice),
    )


def _with_surprises(call: PlannedCall, day: date, nth: int) -> PlannedCall:
    """What does not happen every day, on a cycle of five days."""
    of_cycle = (day - FIRST_DAY).days % 5
    match (of_cycle, call.operation, call.call_site, nth):
        case (0, "match_pattern", _, 0):
            return replace(call, order=replace(call.order, fault="rate_limit"))
        case (0 | 4, "translate_reply", "openai_stream", 1):
            return replace(call, call_site="openai_stream_without_usage")
        case (1 | 3, "match_pattern", _, 5):
            return replace(call, model=UNPRICED_MODEL, tenant="initech")
        case (1, "analyze_edge_case", "openai_chat", 3) if day == EVE_OF_PRICE_CHANGE:
            # However fast the answer, it comes after midnight.
            return replace(call, started_at=datetime.combine(day, time.max, UTC))
        case (2, "summarize_ticket", "openrouter_chat", 2):
            return replace(call, order=replace(call.order, fault="server_error"))
        case (3, "review_contract", "anthropic_message", 0):
            return replace(call, order=replace(call.order, input=214_000))
        case _:
            return call


def _metadata(operation: str, dice: _Dice) -> dict[str, object]:
    number = dice.between("number", 1000, 9999)
    match operation:
        case "analyze_edge_case":
            return {
                "edge_case_id": f"EC-{number}",
                "category": dice.pick("category", _CATEGORIES),
                "language": dice.pick("language", _LANGUAGES),
            }
        case "match_pattern":
            count = dice.between("patterns", 1, len(_PATTERNS))
            return {"pattern_count": count, "pattern_names": list(_PATTERNS[:count])}
        case "embed_documents":
            return {"collection": dice.pick("collection", ("handbook", "tickets")), "document_count": 4}
        case "review_contract":
            return {"contract_id": f"CT-{number}", "pages": dice.between("pages", 8, 90)}
        case "translate_reply":
            return {"ticket_id": f"T-{number}", "target_language": dice.pick("target", _LANGUAGES)}
        case _:
            return {"ticket_id": f"T-{number}", "channel": dice.pick("channel", ("mail", "chat", "phone"))}
