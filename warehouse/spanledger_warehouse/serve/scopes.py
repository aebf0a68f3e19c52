"""Whose rows an answer may be made of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True)
class Scope:
    """A set of tenants, or everybody.

    Attributes:
        tenants: their ids; None = everybody.
    """

    tenants: frozenset[str] | None

    @property
    def is_everybody(self) -> bool:
        """Whether no wall stands around it."""
        return self.tenants is None

    @property
    def names(self) -> frozenset[str]:
        """The tenants of a walled scope."""
        if self.tenants is None:
            raise ValueError("everybody is no list of tenants")
        return self.tenants

    @property
    def key(self) -> str:
        """A name for files and caches that says nothing about whose they are."""
        if self.tenants is None:
            return "everybody"
        return sha256(json.dumps(sorted(self.tenants)).encode()).hexdigest()[:32]

    def covers(self, tenants: frozenset[str]) -> bool:
        """Whether all of these tenants are inside."""
        return self.tenants is None or tenants <= self.tenants


EVERYBODY = Scope(None)
