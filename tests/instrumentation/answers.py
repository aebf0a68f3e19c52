"""Given answers of a provider: what its decoder makes of them."""

import gzip
import importlib
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import zstandard

from spanledger import scanner
from spanledger.providers import FAMILIES
from spanledger.providers.facts import Facts, Tokens

# It has no types.
_brotli: Any = importlib.import_module("brotli")
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": _brotli.compress,
    "zstd": zstandard.compress,
}


def read(family: str, *bodies: Any) -> tuple[Facts, Tokens]:
    """Facts and token counts of bodies that are decoded JSON."""
    facts = Facts()
    for body in bodies:
        FAMILIES[family].read(facts, body)
    return facts, count(family, facts)


def scan(family: str, body: bytes, content_type: str | None = None, size: int = 7) -> tuple[Facts, Tokens]:
    """Facts and token counts of a body that arrives in pieces."""
    facts = Facts()
    reading = scanner.reader(FAMILIES[family], facts, content_type)
    for start in range(0, len(body), size):
        reading.feed(body[start : start + size])
    reading.end()
    return facts, count(family, facts)


def count(family: str, facts: Facts) -> Tokens:
    """Token counts as the family that the usage turned out to be of counts them."""
    return FAMILIES[facts.family or family].count(facts.usage or {})


def sse(*events: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\r\n\r\n" for event in events)


def frame(payload: bytes, **headers: str) -> bytes:
    """A message of an AWS event stream; header names with `_` for `-`, `:` in front."""
    block = b"".join(
        bytes([len(name) + 1])
        + f":{name}".replace("_", "-").encode()
        + b"\x07"
        + struct.pack(">H", len(value))
        + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + block + payload
    return message + struct.pack(">I", zlib.crc32(message))
