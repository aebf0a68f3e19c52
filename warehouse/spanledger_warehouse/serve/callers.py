"""Who asks, in which role, and for which tenants."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from spanledger_warehouse.serve.problems import Forbidden, Unauthenticated
from spanledger_warehouse.serve.scopes import EVERYBODY, Scope

VIEWER = "viewer"
ADMIN = "admin"
ROLES = (VIEWER, ADMIN)


@dataclass(frozen=True)
class Caller:
    """Somebody whose credential was accepted.

    Attributes:
        name: for the access log; never the credential.
        role: `viewer` sees its tenants; `admin` sees everybody, and prices.
        scope: the rows that answers to it may be made of.
    """

    name: str
    role: str
    scope: Scope

    def require_admin(self) -> None:
        """Refuse whoever is not an administrator."""
        if self.role != ADMIN:
            raise Forbidden("this needs the role admin; ask the operator for a token with it")

    def narrowed(self, tenants: Collection[str]) -> Scope:
        """The scope of a question about some tenants; a stranger's name is refused whether it exists or not."""
        wanted = frozenset(tenants)
        if not wanted:
            return self.scope
        if not self.scope.covers(wanted):
            raise Forbidden("the filter 'tenant' names a tenant that this token does not carry")
        return Scope(wanted)


class Credentials(Protocol):
    """One way to tell who asks."""

    def caller(self, token: str) -> Caller | None:
        """The caller behind a bearer token; None when this is not that kind of token.

        Raises:
            Unauthenticated: it is, and it does not count.
        """
        ...


class Door:
    """Tells who asks by the `Authorization` header.

    Args:
        credentials: the ways to tell, tried in this order.
    """

    def __init__(self, *credentials: Credentials) -> None:
        self._credentials = credentials

    def caller(self, authorization: str | None) -> Caller:
        """The caller.

        Raises:
            Unauthenticated: there is no token, or none that counts.
        """
        scheme, _, token = (authorization or "").strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("send the header 'Authorization: Bearer <token>'")
        for credentials in self._credentials:
            caller = credentials.caller(token)
            if caller is not None:
                return caller
        raise Unauthenticated("the token is not known; ask the operator for one")


def caller_of(name: str, role: str, tenants: Collection[str]) -> Caller | None:
    """A caller, if role and tenants make sense together: an administrator has all tenants, a viewer names its own."""
    if role == ADMIN and not tenants:
        return Caller(name, ADMIN, EVERYBODY)
    if role == VIEWER and tenants:
        return Caller(name, VIEWER, Scope(frozenset(tenants)))
    return None
