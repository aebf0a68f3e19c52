"""What a decoder finds out about one answer, and how numbers and texts of a provider are let in. Pure."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

Json = Mapping[str, Any]

MAX_TEXT: Final = 256
MAX_MESSAGE: Final = 500
MAX_USAGE: Final = 32_768
MAX_COUNT: Final = 2**63 - 1
_CODE: Final = re.compile(r"[A-Za-z0-9_.\-\[\]/]{1,128}")


class NumberText:
    """A JSON number that is not an integer, kept as the characters that the provider sent.

    Deliberately neither a string nor a number: nothing can add it up or store it by accident.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"NumberText({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is NumberText and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


class Tokens(NamedTuple):
    """Token counts of one call. Totals are inclusive; None means that the provider did not say.

    Attributes:
        input: all input tokens, cache included.
        output: all output tokens, reasoning included.
        cache_read: the part of `input` read from a cache.
        cache_write: the part of `input` written to a cache.
        reasoning: the part of `output` spent on reasoning.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


@dataclass(slots=True)
class Facts:
    """Gathered from one answer, document or stream, by the decoder of its family.

    Attributes:
        usage: the provider's own usage object; over a stream merged by the provider's rule.
        final: the usage is the provider's last word (True) or a running figure (False); None where the answer
            does not say, which in a document is its last word and in a stream is not.
        metadata: response facts worth keeping that have no attribute of their own.
        reported_cost: what the provider says it charged, as plain decimal text.
        family: name of the family that the usage object turned out to be of, where the path does not tell.
        background: the provider works on after its first answer, which has no usage; a later one does.
    """

    response_id: str | None = None
    response_model: str | None = None
    finish_reasons: list[str] = field(default_factory=list)
    usage: dict[str, Any] | None = None
    final: bool | None = None
    service_tier: str | None = None
    speed: str | None = None
    region: str | None = None
    reported_cost: str | None = None
    reported_cost_currency: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    error_type: str | None = None
    error_message: str | None = None
    family: str | None = None
    background: bool = False

    def finished(self, reason: Any) -> None:
        """Note a finish reason, each once and in order."""
        written = code(reason)
        if written and written not in self.finish_reasons:
            self.finish_reasons.append(written)

    def missing_because(self, reason: str) -> None:
        """Say why there is no usage; the first reason counts."""
        self.metadata.setdefault("usage_missing", reason)


@dataclass(frozen=True, slots=True)
class Family:
    """One payload family: how to read its answers.

    Attributes:
        name: goes on the span as `spanledger.usage.family`.
        needles: byte strings of which a stream line must hold one to be worth parsing.
        read: folds a whole answer, or one event of a stream, into the facts.
        count: token counts of a usage object.
        unreported: fills in what is billed by the piece where the answer names no usage, told how many characters
            the request gave to be spoken.
        read_headers: takes counts from the response's headers (by lower-case name), where a provider puts them
            there; no header is stored.
    """

    name: str
    needles: tuple[bytes, ...]
    read: Callable[[Facts, Json], None]
    count: Callable[[Json], Tokens]
    read_headers: Callable[[Facts, Mapping[str, str]], None] | None = None
    unreported: Callable[[Facts, int | None], None] | None = None


def mapping(value: Any) -> Json:
    """`value` when it is a JSON object, else an empty one."""
    return value if type(value) is dict else {}


def text(value: Any) -> str | None:
    """A provider's short text: an id, a model, a tier. Anything else, or over 256 characters, is None."""
    return value if type(value) is str and 0 < len(value) <= MAX_TEXT else None


def code(value: Any) -> str | None:
    """A machine word such as `rate_limit_exceeded`; sentences, which could quote a prompt, are None."""
    return value if type(value) is str and _CODE.fullmatch(value) else None


def count(value: Any) -> int | None:
    """A token count: a plain integer from 0 to 2^63-1. Nothing is coerced: true, 5.7 and "12" are None."""
    return value if type(value) is int and 0 <= value <= MAX_COUNT else None


def total(*parts: Any) -> int | None:
    """The sum of counts, or None as soon as one part is not a count: half a total would be a wrong one."""
    known = [count(part) for part in parts]
    return None if None in known else count(sum(part for part in known if part is not None))


def money(value: Any) -> str | None:
    """A non-negative JSON number as plain decimal text, exact to the last digit; else None."""
    if isinstance(value, NumberText):
        value = value.text
    elif type(value) is not int:
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    # The exponent is bounded so that 1e999999999 does not become a gigabyte of zeros.
    if not amount.is_finite() or amount.is_signed() or not -40 <= amount.adjusted() <= 20:
        return None
    plain = format(amount, "f")
    return plain if len(plain) <= 64 else None


def read_cost(facts: Facts, usage: Json) -> None:
    """Note what the provider says it charged: a number (OpenRouter), a total (Perplexity), or 1e-10 USD ticks (xAI)."""
    cost = usage.get("cost")
    amount = money(mapping(cost).get("total_cost")) if type(cost) is dict else money(cost)
    ticks = count(usage.get("cost_in_usd_ticks"))
    if amount is None and ticks is not None:
        amount = format(Decimal(ticks).scaleb(-10), "f")
    if amount is not None:
        facts.reported_cost, facts.reported_cost_currency = amount, "USD"


def read_error(facts: Facts, error: Any) -> None:
    """Note a provider's error object: code, type and parameter; the message waits for its template check."""
    if type(error) is str:
        facts.error_message = facts.error_message or (error if len(error) <= MAX_MESSAGE else None)
        return
    found = mapping(error)
    kind, word = code(found.get("type")), code(found.get("code"))
    facts.error_type = facts.error_type or word or kind
    for key, value in (("error_code", word), ("error_type", kind), ("error_param", code(found.get("param")))):
        if value:
            facts.metadata.setdefault(key, value)
    message = found.get("message")
    if facts.error_message is None and type(message) is str and len(message) <= MAX_MESSAGE:
        facts.error_message = message


def dump(value: Any) -> str:
    """JSON text of a decoded value, with every number as the provider wrote it."""
    if type(value) is NumberText:
        return value.text
    try:
        # The C encoder refuses a NumberText; most usage objects hold none.
        return _ENCODER.encode(value)
    except TypeError:
        if isinstance(value, Mapping):
            return "{" + ",".join(f"{dump(str(key))}:{dump(member)}" for key, member in value.items()) + "}"
        if isinstance(value, list | tuple):
            return "[" + ",".join(dump(member) for member in value) + "]"
        raise


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
