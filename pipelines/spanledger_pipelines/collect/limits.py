"""What one sender may ask of the receiver, and how it is told that it asked for too much."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Caps; each holds whatever a sender sends.

    Attributes:
        body_bytes: bytes of one request as sent, compressed or not.
        inflated_bytes: bytes of one OTLP request after decompression.
        segment_bytes: bytes of one spool segment after decompression.
        spans: spans of one request.
        attributes: attributes, events, links and list items of one request.
        requests: requests in memory at once.
        total_bytes: bytes as sent of all requests in memory at once.
        seconds: how long a sender may take over its body.
    """

    body_bytes: int = 16 * MEBIBYTE
    inflated_bytes: int = 32 * MEBIBYTE
    segment_bytes: int = 128 * MEBIBYTE
    spans: int = 50_000
    attributes: int = 500_000
    requests: int = 256
    total_bytes: int = 128 * MEBIBYTE
    seconds: float = 30.0


class RefusedError(Exception):
    """A request that is not taken: an HTTP status, words for the sender, and when to come again, if ever."""

    def __init__(self, status: int, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


def too_large(what: str, limit: int, option: str) -> RefusedError:
    """A cap was passed."""
    return RefusedError(
        413, f"{what} of this request pass the limit of {limit:,}; send smaller batches, or raise {option}"
    )


def malformed(detail: str) -> RefusedError:
    """A body that is not what its content type says."""
    return RefusedError(400, f"the body is not a valid request: {detail}")
