"""JSON Web Tokens of an issuer that the operator names, checked against keys from a file (PEM, JWK or JWKS).

Only signatures of key pairs count: with a shared secret, who can check a token can also make one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.serve.callers import Caller, caller_of
from spanledger_warehouse.serve.problems import Unauthenticated

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_LOOKS_LIKE_ONE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_LEEWAY_SECONDS = 30
_LONGEST_NAME = 80


@dataclass(frozen=True)
class JwtSettings:
    """What makes a JWT count.

    Attributes:
        issuer, audience: what `iss` and `aud` have to be.
        keys: file with the issuer's public keys; read again when it changes.
        tenants_claim, role_claim: the claims that carry tenants (a list, or one name) and role.
    """

    issuer: str
    audience: str
    keys: Path
    tenants_claim: str = "tenants"
    role_claim: str = "role"


class Jwts:
    """Callers by JWT.

    Raises:
        ConfigurationError: the key file cannot be read.
    """

    def __init__(self, settings: JwtSettings) -> None:
        self._settings = settings
        self._stamp: tuple[int, int, int] | None = None
        self._keys: dict[str | None, Any] = {}
        self._refresh()

    def caller(self, token: str) -> Caller | None:
        """Who the token names; None when it is no JWT."""
        if not _LOOKS_LIKE_ONE.fullmatch(token):
            return None
        try:
            claims = self._claims(token)
        except jwt.PyJWTError as error:
            # The library's words name the fault (expired, wrong audience …) and never quote the token.
            raise Unauthenticated(f"the JWT does not count: {type(error).__name__}") from None
        role = claims.get(self._settings.role_claim)
        tenants = claims.get(self._settings.tenants_claim) or []
        tenants = [tenants] if isinstance(tenants, str) else tenants
        name = f"jwt {claims['sub']}"[:_LONGEST_NAME]
        if isinstance(tenants, list) and all(isinstance(one, str) and one for one in tenants):
            caller = caller_of(name, str(role), tenants)
            if caller is not None:
                return caller
        raise Unauthenticated(
            f"the JWT's claims '{self._settings.role_claim}' and '{self._settings.tenants_claim}' make no sense "
            "together: a viewer names at least one tenant, an admin none"
        )

    def _claims(self, token: str) -> dict[str, Any]:
        self._refresh()
        header = jwt.get_unverified_header(token)
        key = self._keys.get(header.get("kid"))
        if key is None and len(self._keys) == 1:
            key = next(iter(self._keys.values()))
        if key is None:
            raise jwt.InvalidKeyError
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            issuer=self._settings.issuer,
            audience=self._settings.audience,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        return claims

    def _refresh(self) -> None:
        path = self._settings.keys
        try:
            status = path.stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._keys = _read(path)
                self._stamp = stamp
        except (OSError, UnicodeDecodeError, ValueError, jwt.PyJWTError) as error:
            if self._stamp is None:
                raise ConfigurationError(
                    f"{path} cannot be read as public keys: {error}; give a PEM, a JWK or a JWKS file"
                ) from error
            # A file in the middle of an exchange: the keys known so far go on.


def _read(path: Path) -> dict[str | None, Any]:
    text = path.read_text(encoding="utf-8")
    if text.lstrip().startswith("-----BEGIN"):
        if "PRIVATE" in text:
            raise ValueError("it holds a private key, and whoever reads it could make tokens")
        return {None: text}
    found = json.loads(text)
    keys = found["keys"] if isinstance(found, dict) and "keys" in found else [found]
    usable = {key.get("kid"): jwt.PyJWK.from_dict(key) for key in keys if key.get("kty") != "oct"}
    if not usable:
        raise ValueError("it holds no public key")
    return usable
