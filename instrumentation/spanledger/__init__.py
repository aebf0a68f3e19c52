"""Spanledger: every LLM call of a service in a cost ledger that can be checked.

    import spanledger

    spanledger.instrument()
    with spanledger.context(tenant="acme", operation="analyze_edge_case"):
        ...  # call any provider, with any SDK over httpx, aiohttp, requests or botocore, or plain HTTP

See instrumentation/README.md for settings, recipes and the record format.
"""

from spanledger.lifecycle import current, flush, instrument, uninstrument
from spanledger.recording import record
from spanledger.scope import CallContext, carry, context
from spanledger.version import __version__

__all__ = [
    "CallContext",
    "__version__",
    "carry",
    "context",
    "current",
    "flush",
    "instrument",
    "record",
    "uninstrument",
]
