"""Hooks `URLLib3Session.send` of botocore: boto3's Bedrock clients, each HTTP attempt, event streams too.

aiobotocore has a session of its own over aiohttp, which is hooked there.
"""

import functools
from typing import Any

from spanledger.capture import Call
from spanledger.hooks.outgoing import Begin, Patches, begin, look, sync_send
from spanledger.hooks.requests import describe
from spanledger.hooks.urllib import watch


def install(module: Any, start: Begin, patches: Patches) -> None:
    """Patch the HTTP session of `botocore.httpsession`, given as a module."""
    patches.put(module.URLLib3Session, "send", functools.partial(_hooked, start))


def _hooked(start: Begin, original: Any) -> Any:
    def send(self: Any, request: Any) -> Any:
        call = begin(start, getattr(request, "method", None), describe, request)
        if call is None:
            return original(self, request)
        response = sync_send(call, functools.partial(original, self, request))
        look(call, _attach, response)
        return response

    return send


def _attach(call: Call, response: Any) -> None:
    headers = response.headers
    if response._content is None:
        watch(call, response.raw, response.status_code, headers)
    elif headers.get("content-encoding"):
        # botocore does not decode.
        kind, encoding = headers.get("content-type"), headers.get("content-encoding")
        call.answered(response.status_code, kind, encoding, headers)
        call.feed(response.content)
        call.finish()
    else:
        call.body(response.status_code, response.content, headers)
