"""What can be wrong with a seeds source or its contents."""

from spanledger_warehouse.errors import SpanledgerError


class SeedError(SpanledgerError):
    """The price seeds cannot be read, or must not be priced from as they are."""
