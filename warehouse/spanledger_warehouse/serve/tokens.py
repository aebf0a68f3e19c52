"""Bearer tokens, kept as hashes in `<home>/tokens.json`; commands make, list, revoke and expire them.

A token is `slt_<id>_<secret>`. The id may be known to anybody: lists and the access log name tokens by it. The secret
is 256 random bits, so its plain SHA-256 tells nothing; it is compared in constant time.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.serve.callers import ADMIN, ROLES, Caller, caller_of
from spanledger_warehouse.serve.problems import Unauthenticated
from spanledger_warehouse.settings import Home

_TOKEN = re.compile(r"slt_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NO_HASH = sha256(b"").hexdigest()
_FORMAT = 1
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present instant, with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Token:
    """What is kept of a token.

    Attributes:
        id: its public part.
        name: whose it is, for people.
        role: `viewer` or `admin`.
        tenants: whose rows a viewer sees; empty for an admin, who sees all.
        sha256: hash of the secret.
        created_at, expires_at, revoked_at: ISO 8601 with zone; None = never.
    """

    id: str
    name: str
    role: str
    tenants: tuple[str, ...]
    sha256: str
    created_at: str
    expires_at: str | None = None
    revoked_at: str | None = None

    def state(self, now: datetime) -> str:
        """`valid`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and now >= datetime.fromisoformat(self.expires_at):
            return "expired"
        return "valid"


class TokenFile:
    """The tokens of a home.

    Args:
        path: the file; absent means that there are none yet.
        clock: what time it is.
    """

    def __init__(self, path: Path, clock: Clock = utc_now) -> None:
        self.path = path
        self._clock = clock
        self._stamp: tuple[int, int, int] | None = None
        self._by_id: dict[str, Token] = {}

    def create(
        self, name: str, *, role: str, tenants: Sequence[str] = (), expires_in: timedelta | None
    ) -> tuple[str, Token]:
        """Make a token; it is returned once and kept nowhere.

        Raises:
            ConfigurationError: the role and the tenants make no sense together.
        """
        _check(name, role, tenants)
        now = self._clock()
        text, token = make(name, role=role, tenants=tenants, now=now, expires_in=expires_in)
        with self._editing() as tokens:
            tokens.append(token)
        return text, token

    def revoke(self, id_or_name: str) -> Token:
        """Make a token void from now on.

        Raises:
            ConfigurationError: no valid token, or more than one, has this id or name.
        """
        return self._change(id_or_name, lambda token: replace(token, revoked_at=_iso(self._clock())))

    def expire(self, id_or_name: str, at: datetime) -> Token:
        """Give a token another end.

        Raises:
            ConfigurationError: no valid token, or more than one, has this id or name.
        """
        return self._change(id_or_name, lambda token: replace(token, expires_at=_iso(at)))

    def tokens(self) -> list[Token]:
        """All tokens ever made, oldest first."""
        return list(self._current().values())

    def caller(self, token: str) -> Caller | None:
        """Who the token belongs to; None when it is not one of ours."""
        matched = _TOKEN.fullmatch(token)
        if matched is None:
            return None
        id_, secret = matched.groups()
        found = self._current().get(id_)
        # An unknown id takes the same path, so that its answer takes as long.
        same = hmac.compare_digest(digest(secret), found.sha256 if found else _NO_HASH)
        if found is None or not same or found.state(self._clock()) != "valid":
            raise Unauthenticated("the token is not known or no longer valid; ask the operator for another")
        return caller_of(f"token {found.id} ({found.name})", found.role, found.tenants)

    def _change(self, id_or_name: str, change: Callable[[Token], Token]) -> Token:
        with self._editing() as tokens:
            now = self._clock()
            places = [
                place
                for place, token in enumerate(tokens)
                if id_or_name in {token.id, token.name} and token.state(now) == "valid"
            ]
            if len(places) != 1:
                count = "no valid token" if not places else f"{len(places)} valid tokens"
                raise ConfigurationError(
                    f"{count} in {self.path} has the id or name {id_or_name!r}; see: spanledger token list"
                )
            tokens[places[0]] = change(tokens[places[0]])
            return tokens[places[0]]

    def _current(self) -> dict[str, Token]:
        """The tokens as the file has them now: a revocation counts from the next request on."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._stamp, self._by_id = None, {}
            return self._by_id
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            self._by_id = {token.id: token for token in _read(self.path)}
            self._stamp = stamp
        return self._by_id

    @contextmanager
    def _editing(self) -> Iterator[list[Token]]:
        """The tokens, for changing; written back whole. One editor at a time."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            tokens = _read(self.path) if self.path.exists() else []
            yield tokens
            _write(self.path, tokens)
        finally:
            os.close(lock)


def token_file(home: Home) -> TokenFile:
    """The tokens of a home."""
    return TokenFile(home.path / "tokens.json")


class SessionToken:
    """An administrator's token that lives as long as this process; it is kept in no file."""

    def __init__(self) -> None:
        self.text, self._token = make(
            "this server's own", role=ADMIN, tenants=(), now=utc_now(), expires_in=None
        )

    def caller(self, token: str) -> Caller | None:
        """The administrator, if it is this token."""
        same = hmac.compare_digest(digest(token), digest(self.text))
        return caller_of(f"token {self._token.id} (session)", ADMIN, ()) if same else None


def make(
    name: str, *, role: str, tenants: Sequence[str], now: datetime, expires_in: timedelta | None
) -> tuple[str, Token]:
    """A fresh token: its text, and what is kept of it."""
    id_, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    token = Token(
        id=id_,
        name=name,
        role=role,
        tenants=tuple(sorted(set(tenants))),
        sha256=digest(secret),
        created_at=_iso(now),
        expires_at=_iso(now + expires_in) if expires_in is not None else None,
    )
    return f"slt_{id_}_{secret}", token


def digest(secret: str) -> str:
    """The hash that is kept of a secret."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def _check(name: str, role: str, tenants: Sequence[str]) -> None:
    if not name.strip() or not name.isprintable():
        raise ConfigurationError(
            f"the name {name!r} is empty or has unprintable characters; name the token's user"
        )
    if role not in ROLES:
        raise ConfigurationError(f"there is no role {role!r}; choose one of: {', '.join(ROLES)}")
    if role == ADMIN and tenants:
        raise ConfigurationError("an admin sees every tenant; leave --tenant out, or choose --role viewer")
    if role != ADMIN and not all(tenants):
        raise ConfigurationError("a tenant's id is empty; name it as marts.daily_costs has it")
    if role != ADMIN and not tenants:
        raise ConfigurationError("a viewer needs at least one --tenant; for everybody choose --role admin")


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def _read(path: Path) -> list[Token]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise ConfigurationError(
                f"{path} has format {content['format']!r}, this release knows {_FORMAT}; install the newer release"
            )
        return [_token(entry) for entry in content["tokens"]]
    except (OSError, UnicodeDecodeError, ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(
            f"{path} cannot be read as tokens: {error!r}; restore it, or remove it and make tokens anew"
        ) from error


def _token(entry: dict[str, Any]) -> Token:
    return Token(**{**entry, "tenants": tuple(entry["tenants"])})


def _write(path: Path, tokens: Sequence[Token]) -> None:
    """Replace the file as a whole; only its owner may read it."""
    partial = path.with_suffix(".new")
    descriptor = os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"format": _FORMAT, "tokens": [asdict(token) for token in tokens]}, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
