"""For processes that are frozen or gone right after their work (serverless): send before the answer, acknowledged."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import spanledger
from spanledger_pipelines.ship.shipper import Round, Shipper
from spanledger_pipelines.ship.spool import Spool
from spanledger_pipelines.ship.targets import SegmentTarget, client
from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.settings import load_settings

# Several requests at once in one instance: one of them sends for all.
_sending = threading.Lock()


def deliver(to: str | None = None, *, token: str | None = None, timeout: float = 5.0) -> Round:
    """Seal what this process has recorded and send it; returns once the receiver has it on its disk.

    Args:
        to: the receiver; by default `SPANLEDGER_SHIP_TO`.
        token: its bearer token; by default `SPANLEDGER_SHIP_TOKEN`.
        timeout: seconds to wait for an answer.

    Returns:
        What became of it. What is `left` stays in the spool, and goes with the next call in this instance.

    Raises:
        ConfigurationError: no receiver is named, or another process sends from this spool.
    """
    to = to or os.environ.get("SPANLEDGER_SHIP_TO")
    if not to:
        raise ConfigurationError("no receiver is named: pass its URL, or set SPANLEDGER_SHIP_TO")
    token = token or os.environ.get("SPANLEDGER_SHIP_TOKEN")
    spanledger.flush()
    folder = Path(load_settings().home.spool)
    with _sending, client(to, {}, token, timeout) as connection, Spool(folder) as spool:
        return Shipper(spool, SegmentTarget(connection), _say).once()


def _say(words: str) -> None:
    print(f"spanledger: {words}", file=sys.stderr)
