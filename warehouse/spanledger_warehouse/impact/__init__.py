"""What a proposed price change costs or saves, before it is merged: the ledger's own models on the calls it touches.

from spanledger_warehouse.impact import assess

impact = assess(base, head, Warehouse(settings))
"""

from spanledger_warehouse.impact.assessing import Impact, Moved, assess
from spanledger_warehouse.impact.usage import Fingerprint, Published, Usage, Warehouse, write_fingerprint

__all__ = ["Fingerprint", "Impact", "Moved", "Published", "Usage", "Warehouse", "assess", "write_fingerprint"]
