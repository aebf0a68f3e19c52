"""Answers that a provider makes in the background: who asked for them, until their usage is fetched."""

import contextlib
from typing import Final

from spanledger.scope import CallContext

_MOST: Final = 10_000


class Background:
    """Remembers the last 10,000 of them, in this process. Lock-free: finalisers use it too."""

    def __init__(self) -> None:
        self._asked: dict[str, CallContext | None] = {}

    def began(self, response_id: str, scope: CallContext) -> None:
        """The provider has the request, and will answer it later.

        Args:
            response_id: the provider's id of the answer.
            scope: who asked for it.
        """
        self._keep(response_id, scope)

    def owner(self, response_id: str) -> CallContext | None:
        """Who asked for an answer whose usage was not here yet; None when nobody did in this process."""
        return self._asked.get(response_id)

    def arrived(self, response_id: str, said_so: bool) -> bool:
        """The usage of an answer was fetched; True when that is news.

        Args:
            response_id: the provider's id of the answer.
            said_so: the answer itself says that it was made in the background, where this process does not know.
        """
        if response_id in self._asked:
            owner, self._asked[response_id] = self._asked[response_id], None
            return owner is not None
        return said_so and self._keep(response_id, None)

    def _keep(self, response_id: str, scope: CallContext | None) -> bool:
        self._asked[response_id] = scope
        if len(self._asked) > _MOST:
            with contextlib.suppress(StopIteration, RuntimeError, KeyError):
                del self._asked[next(iter(self._asked))]
        return True
