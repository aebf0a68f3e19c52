"""Decompression that stops at a cap: bytes are counted while they are inflated, over all members of a gzip body."""

from __future__ import annotations

import zlib

from spanledger_pipelines.collect.limits import RefusedError, malformed, too_large

# Each costs the sender some twenty bytes and us a fresh inflater; real senders write one member, or one a chunk.
MAX_MEMBERS = 10_000
_GZIP, _ZLIB = 31, 15


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its content encoding.

    Args:
        body: as sent.
        encoding: the Content-Encoding; empty or `identity`, `gzip`, `deflate`.
        limit: the most bytes that may come out.

    Raises:
        RefusedError: 413 over the limit, 415 for another encoding, 400 for broken data.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        if len(body) > limit:
            raise too_large("the bytes", limit, "--max-inflated-mib")
        return body
    if name in {"gzip", "x-gzip"}:
        return _members(body, _GZIP, limit)
    if name == "deflate":
        return _members(body, _ZLIB, limit)
    raise RefusedError(
        415, f"Content-Encoding {encoding[:60]!r} is not supported; send gzip, deflate or none"
    )


def inflate_grpc(message: bytes, limit: int) -> bytes:
    """A gRPC message as it was on the wire; which compression it has shows in its first bytes.

    gRPC itself would inflate it without a cap on what comes out, so the server tells it to leave that to us. An
    export request starts with the tag of its first field (0x0a), or is empty.
    """
    if message.startswith(b"\x1f\x8b"):
        return inflate(message, "gzip", limit)
    if message[:1] == b"\x78":
        return inflate(message, "deflate", limit)
    return inflate(message, "", limit)


def _members(body: bytes, window: int, limit: int) -> bytes:
    parts: list[bytes] = []
    size = members = 0
    rest = body
    try:
        while rest:
            inflater = zlib.decompressobj(window)
            part = inflater.decompress(rest, limit - size + 1)
            size += len(part)
            members += 1
            if size > limit:
                raise too_large("the inflated bytes", limit, "--max-inflated-mib")
            if not inflater.eof:
                raise malformed("its compressed data end too early")
            if members > MAX_MEMBERS:
                raise malformed(f"it has over {MAX_MEMBERS:,} compressed members")
            parts.append(part)
            rest = inflater.unused_data
    except zlib.error as error:
        raise malformed(f"its compressed data cannot be read ({error})") from error
    return parts[0] if len(parts) == 1 else b"".join(parts)
