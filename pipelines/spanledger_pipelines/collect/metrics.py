"""Counters of the receiver, in the text format that Prometheus reads."""

from __future__ import annotations

import threading
from collections import Counter

HELP = {
    "requests_total": "Requests by transport and answer.",
    "spans_total": "Spans acknowledged, by source.",
    "refused_spans_total": "Spans refused one by one, by source; the loader quarantines them.",
    "segments_total": "Segments acknowledged, by source; outcome known = it was there already.",
    "received_bytes_total": "Bytes of request bodies as sent.",
    "commits_total": "Groups of requests made durable by one sync.",
    "written_bytes_total": "Bytes of records made durable.",
    "requests_in_flight": "Requests in memory now.",
    "storage_ok": "1 when the last write to the landing zone worked.",
}
_GAUGES = {"requests_in_flight", "storage_ok"}


class Metrics:
    """Counters that any thread may add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()

    def add(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add to a counter."""
        with self._lock:
            self._counts[name, tuple(sorted(labels.items()))] += amount

    def value(self, name: str, **labels: str) -> int:
        """What a counter stands at."""
        with self._lock:
            return self._counts[name, tuple(sorted(labels.items()))]

    def text(self, **gauges: int) -> str:
        """All of them."""
        with self._lock:
            counts = dict(self._counts)
        counts.update({(name, ()): value for name, value in gauges.items()})
        lines = []
        for name, help_text in HELP.items():
            kind = "gauge" if name in _GAUGES else "counter"
            lines += [f"# HELP spanledger_{name} {help_text}", f"# TYPE spanledger_{name} {kind}"]
            for (found, labels), value in sorted(counts.items()):
                if found == name:
                    shown = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
                    lines.append(
                        f"spanledger_{name}{{{shown}}} {value}" if shown else f"spanledger_{name} {value}"
                    )
        return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
