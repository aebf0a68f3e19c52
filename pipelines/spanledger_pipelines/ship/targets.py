"""Where segments go: to `spanledger collect` as they are, or to any OTLP endpoint as spans."""

from __future__ import annotations

import email.utils
import gzip
import hashlib
import time
from collections.abc import Mapping
from typing import Protocol

import httpx
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from spanledger_pipelines.ship.otlp import requests

_AGAIN_LATER = frozenset((408, 425, 429, 500, 502, 503, 504))
# Wrong token, tenant or address: the operator's to mend, and no fault of the segment.
_SET_UP = frozenset((401, 403, 404, 405, 407))


class TryLaterError(Exception):
    """Not delivered; the segment stays. `after` is what the receiver asked for, in seconds."""

    def __init__(self, reason: str, after: float | None = None, *, this_only: bool = False) -> None:
        super().__init__(reason)
        self.after = after
        self.this_only = this_only


class NeverError(Exception):
    """The receiver will not take this segment, however often it is sent."""


class Target(Protocol):
    """Takes segments."""

    def send(self, name: str, content: bytes) -> None:
        """Send one; returns once it is acknowledged in full.

        Raises:
            TryLaterError: not now.
            NeverError: not ever.
        """


class SegmentTarget:
    """`spanledger collect`: the bytes as they are; sending them twice changes nothing."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def send(self, name: str, content: bytes) -> None:
        """Send one segment."""
        headers = {
            "content-type": "application/x-ndjson",
            "content-encoding": "gzip",
            "spanledger-segment": name,
            "spanledger-sha256": hashlib.sha256(content).hexdigest(),
        }
        post(self._client, "v1/segments", gzip.compress(content, 3), headers)


class OtlpTarget:
    """Any OTLP/HTTP endpoint: the spans of a segment in batches.

    Batches that were acknowledged before an outage are not sent again by this process; a later one starts over, and
    the copies are one call, since every span carries its process and sequence.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._done: dict[str, int] = {}

    def send(self, name: str, content: bytes) -> None:
        """Send one segment."""
        headers = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
        rejected = 0
        said = ""
        done = self._done.setdefault(name, 0)
        for number, message in enumerate(requests(content)):
            if number < done:
                continue
            answer = post(self._client, "v1/traces", gzip.compress(message.SerializeToString(), 3), headers)
            count, words = _partial(answer)
            rejected, said = rejected + count, said or words
            self._done[name] = number + 1
        del self._done[name]
        if rejected:
            raise NeverError(f"{rejected} of its spans were rejected: {said[:200] or 'no reason given'}")


def client(url: str, headers: Mapping[str, str], token: str | None, timeout: float) -> httpx.Client:
    """A client of the receiver at `url`."""
    sent = dict(headers) | ({"authorization": f"Bearer {token}"} if token else {})
    return httpx.Client(base_url=url.rstrip("/") + "/", headers=sent, timeout=timeout)


def post(connection: httpx.Client, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
    """Post a body; anything but success is raised as what to do about it."""
    try:
        answer = connection.post(path, content=body, headers=dict(headers))
    except httpx.HTTPError as error:
        raise TryLaterError(
            f"{connection.base_url} cannot be reached: {error or type(error).__name__}"
        ) from error
    if answer.is_success:
        return answer
    reason = f"{answer.request.url} answered {answer.status_code}: {_words(answer)}"
    if answer.status_code in _AGAIN_LATER:
        raise TryLaterError(reason, retry_after(answer.headers.get("retry-after")))
    if answer.status_code in _SET_UP or answer.is_redirect:
        raise TryLaterError(reason, this_only=answer.status_code == 403)
    raise NeverError(reason)


def retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, which holds seconds or a date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _partial(answer: httpx.Response) -> tuple[int, str]:
    try:
        partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    except DecodeError:
        return 0, ""  # some endpoints answer a protobuf request in JSON or in plain words
    return max(0, partial.rejected_spans), partial.error_message


def _words(answer: httpx.Response) -> str:
    """What a human can read of an answer; a protobuf status holds its message in plain text."""
    text = answer.content[:400].decode("utf-8", "replace")
    return (
        "".join(letter for letter in text if letter.isprintable())
        .replace("\N{REPLACEMENT CHARACTER}", "")
        .strip()
    )
