"""Who sends: bearer tokens, kept as hashes in a TOML file, that bind a source to its tenants.

```toml
[sources.checkout]
token_sha256 = "…"                # printed by: spanledger collect --new-token checkout
tenants = ["acme", "globex"]      # ["*"] for any
default_tenant = "acme"           # optional: for spans that name none
```
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spanledger_pipelines.collect.limits import RefusedError
from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.otlp.convert import Problem, Record

ANY = "*"
_LOOK_AGAIN_SECONDS = 1.0
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEYS = {"token_sha256", "tenants", "default_tenant"}


@dataclass(frozen=True)
class Source:
    """A sender.

    Attributes:
        name: as the file calls it.
        tenants: the tenants it may speak for; `*` for any.
        default_tenant: for spans that name none; None leaves them unattributed.
    """

    name: str
    tenants: frozenset[str] = frozenset((ANY,))
    default_tenant: str | None = None

    def bind(self, record: Record) -> Problem | None:
        """Give the record its tenant; or say why this source may not send it."""
        tenant = str(record.get("tenant", "")).strip()
        if not tenant:
            if self.default_tenant is not None:
                record["tenant"] = self.default_tenant
            return None
        if self.may_speak_for(tenant):
            return None
        return Problem("foreign_tenant", f"tenant {tenant[:60]!r} is not one of source {self.name!r}")

    def may_speak_for(self, tenant: str) -> bool:
        """Whether spans of this tenant are taken from this source."""
        return ANY in self.tenants or tenant in self.tenants


ANYBODY = Source("anybody")


class Sources:
    """The senders of a token file; the file is read again when it changes, so a token can be revoked at any time.

    Args:
        path: the file; None lets anybody send for any tenant.

    Raises:
        ConfigurationError: the file cannot be read or understood.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._looked_at = time.monotonic()
        self._stamp = self._status()
        self._by_hash = read(path) if path else {}

    def authenticate(self, authorization: str | None) -> Source:
        """The sender behind an `Authorization` header.

        Raises:
            RefusedError: 401 without a known token.
        """
        if self._path is None:
            return ANYBODY
        scheme, _, token = (authorization or "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise RefusedError(401, "no token; send the header 'Authorization: Bearer <token>'")
        self._refresh()
        source = self._by_hash.get(digest(token.strip()))
        if source is None:
            raise RefusedError(401, "unknown token; ask the receiver's operator for one")
        return source

    def _refresh(self) -> None:
        if time.monotonic() - self._looked_at < _LOOK_AGAIN_SECONDS:
            return
        with self._lock:
            self._looked_at = time.monotonic()
            stamp = self._status()
            if stamp == self._stamp or self._path is None:
                return
            try:
                self._by_hash = read(self._path)
            except ConfigurationError:
                # A file in the middle of an edit; the tokens known so far go on, and the next look tries again.
                return
            self._stamp = stamp

    def _status(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat() if self._path else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size) if found else None


def digest(token: str) -> str:
    """The hash under which a token is kept. Tokens are 256 random bits, so a plain hash tells nothing."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def new_token(name: str) -> tuple[str, str]:
    """A fresh token, and the lines of the file that admit it."""
    token = f"sl_{secrets.token_urlsafe(32)}"
    return token, f'[sources.{name}]\ntoken_sha256 = "{digest(token)}"\ntenants = ["*"]\n'


def read(path: Path) -> dict[str, Source]:
    """The sources of a token file, by the hash of their token.

    Raises:
        ConfigurationError: the file cannot be read or understood.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"token file {path} cannot be read: {error}; correct it") from error
    found: dict[str, Source] = {}
    for name, table in content.get("sources", {}).items():
        source, token_hash = _source(path, name, table)
        if token_hash in found:
            raise ConfigurationError(
                f"{path}: sources {found[token_hash].name!r} and {name!r} share a token; give each its own"
            )
        found[token_hash] = source
    if not found:
        raise ConfigurationError(
            f"{path} admits nobody: it has no [sources.<name>] table; "
            "make one with: spanledger collect --new-token NAME"
        )
    return found


def _source(path: Path, name: str, table: Any) -> tuple[Source, str]:
    where = f"{path}: [sources.{name}]"
    if not isinstance(table, dict) or set(table) - _KEYS:
        raise ConfigurationError(f"{where} may hold {', '.join(sorted(_KEYS))} and nothing else; correct it")
    token_hash, tenants = table.get("token_sha256"), table.get("tenants")
    if not isinstance(token_hash, str) or not _SHA256.fullmatch(token_hash):
        raise ConfigurationError(f"{where} token_sha256 is not 64 lower-case hex digits; correct it")
    if (
        not isinstance(tenants, list)
        or not tenants
        or not all(isinstance(one, str) and one for one in tenants)
    ):
        raise ConfigurationError(f'{where} tenants is not a list of names; write ["*"] for any')
    default = table.get("default_tenant")
    source = Source(name, frozenset(tenants), default)
    if default is not None and not (isinstance(default, str) and default and source.may_speak_for(default)):
        raise ConfigurationError(f"{where} default_tenant {default!r} is not one of its tenants; correct it")
    return source, token_hash
