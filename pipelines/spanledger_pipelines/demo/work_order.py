"""What a demo prompt asks the stand-in provider to report, so that an answer depends on its request alone.

A real provider counts the tokens of a prompt. The stand-in reads the counts from the prompt's last line:
`[work order call=2026-08-19/007 input=1834 cache_read=1024 output=212]`. The counts are disjoint, as the
units of a price are; each provider's answer adds them up to its own totals.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, fields

_LINE = re.compile(r"\[work order (?P<pairs>[^\]]*)\]")


@dataclass(frozen=True)
class WorkOrder:
    """Disjoint token counts of one answer, and the fault to show instead of it, if any."""

    call: str
    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    fault: str = ""

    def to_prompt(self) -> str:
        """The line that carries this order inside a prompt."""
        pairs = [f"{field.name}={value}" for field in fields(self) if (value := getattr(self, field.name))]
        return f"[work order {' '.join(pairs)}]"

    @classmethod
    def from_prompt(cls, text: str) -> WorkOrder:
        """The last order in `text`; any other prompt gets counts made from its digest."""
        lines = _LINE.findall(text)
        if not lines:
            digest = hashlib.sha256(text.encode()).digest()
            return cls(call=digest.hex()[:12], input=20 + digest[0], output=10 + digest[1])
        pairs = dict(pair.split("=", 1) for pair in lines[-1].split())
        call = pairs.pop("call", "")
        fault = pairs.pop("fault", "")
        return cls(call=call, fault=fault, **{name: int(value) for name, value in pairs.items()})

    @property
    def prompt_tokens(self) -> int:
        """All input tokens, cached ones included."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    @property
    def completion_tokens(self) -> int:
        """All output tokens, reasoning included."""
        return self.output + self.reasoning
