"""Which libraries are hooked, and by what; they are patched when they are imported, and never imported for that."""

import sys
from collections.abc import Callable
from typing import Any, Final

from spanledger.hooks import aiohttp, botocore, requests, wire
from spanledger.hooks.outgoing import Begin, Patches

_Install = Callable[[Any, Begin, Patches], None]

# Per module: what must be in it before it can be patched (without that its import is still running), and the hook.
LIBRARIES: Final[dict[str, tuple[str, _Install]]] = {
    "httpx": ("AsyncClient", wire.install),
    "httpx2": ("AsyncClient", wire.install),
    "aiohttp": ("ClientSession", aiohttp.install),
    "requests": ("Session", requests.install),
    "botocore.httpsession": ("URLLib3Session", botocore.install),
}


class Hooks:
    """Patches the classes of HTTP libraries, each once, and puts the originals back.

    Args:
        start: starts a call for a request, or returns None when the request is not an LLM call.
    """

    def __init__(self, start: Begin) -> None:
        self._start = start
        self._patches = Patches()

    def install(self, name: str, module: Any) -> None:
        """Patch a library, given as its module and the name it was imported by."""
        essential, install = LIBRARIES[name]
        # None stands for an import that is forbidden.
        if hasattr(module, essential):
            install(module, self._start, self._patches)

    def install_present(self) -> list[tuple[str, Exception]]:
        """Patch the libraries that are imported already; returns what could not be patched."""
        failed = []
        for name in LIBRARIES:
            try:
                self.install(name, sys.modules.get(name))
            except Exception as error:  # a release of a library that looks different; the others are hooked
                failed.append((name, error))
        return failed

    def remove(self) -> None:
        """Put the originals back, where our patch is still the outermost one."""
        self._patches.remove()
