"""Landing records and files as services write them, and usage objects as providers send them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

PROCESS = "0123456789abcdef0123456789abcdef"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def nanos(instant: datetime) -> int:
    """An instant as the record format writes it."""
    return int((instant - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) * 1000


def span(
    number: int = 1, /, *, ended: datetime = NOON, usage: dict[str, Any] | None = None, **changed: Any
) -> Any:
    """A span record of acme's model a-1 that lasted one second; a key changed to None is left out."""
    record: dict[str, Any] = {
        "v": 1,
        "kind": "span",
        "process": PROCESS,
        "sequence": number,
        "scope": "spanledger",
        "start_time_unix_nano": nanos(ended - timedelta(seconds=1)),
        "end_time_unix_nano": nanos(ended),
        "status_code": "unset",
        "service": "desk",
        "tenant": "acme-corp",
        "operation": "answer",
        "gen_ai_operation": "chat",
        "provider": "acme",
        "request_model": "a-1",
        "response_model": "a-1",
        "response_id": f"answer-{changed.get('process', PROCESS)}-{number}",
        "http_status": 200,
        "usage_family": "openai_chat",
        "usage_status": "complete",
    }
    if usage is not None:
        record["usage_raw"] = json.dumps(usage)
    return {key: value for key, value in (record | changed).items() if value is not None}


def chat(prompt: int, completion: int, *, cached: int = 0, reasoning: int = 0) -> dict[str, Any]:
    """OpenAI's usage object of a chat completion."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def trailer(sequences: list[int], *, closed: bool = True, **changed: Any) -> dict[str, Any]:
    """The trailer of a sealed file."""
    return {
        "v": 1,
        "kind": "segment",
        "process": PROCESS,
        "service": "desk",
        "segment": 1,
        "first_sequence": min(sequences),
        "last_sequence": max(sequences),
        "count": len(sequences),
        "dropped": 0,
        "issued": max(sequences),
        "in_flight": [],
        "closed": closed,
        "sealed_at_unix_nano": nanos(NOON),
    } | changed


def text_of(records: Iterable[Any]) -> str:
    """Records as lines; what is text already is a line as it is."""
    lines = (record if isinstance(record, str) else json.dumps(record) for record in records)
    return "".join(f"{line}\n" for line in lines)


def write_records(file: Path, records: Iterable[Any]) -> Path:
    """A landing file of these records."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text_of(records), encoding="utf-8")
    return file
