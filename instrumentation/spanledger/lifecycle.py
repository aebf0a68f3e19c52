"""instrument(), uninstrument(), flush(): the module state behind the public names, and when it ends."""

import atexit
import functools
import os
import threading
from typing import TYPE_CHECKING, Any

from spanledger import diagnostics, settings
from spanledger.scope import CallContext, here

if TYPE_CHECKING:
    from spanledger.runtime import Runtime, Sink

_lock = threading.RLock()
_active: "Runtime | None" = None
_registered = False


def instrument(**settings_given: Any) -> None:
    """Start capturing LLM calls of this process; calling it again changes nothing.

    HTTP libraries that are not imported yet are hooked when they are. Every setting is also a `SPANLEDGER_*`
    variable, see `instrumentation/README.md`; a value that cannot be used is logged and its default taken.

    Args:
        **settings_given: the settings, by the names in that table.
    """
    try:
        start(settings.resolve(settings_given))
    except Exception:
        diagnostics.internal_error("starting")


def start(chosen: settings.Settings, sink: "Sink | None" = None) -> None:
    """Start with settings already worked out, writing to `sink` instead of the spool when one is given."""
    global _active
    with _lock:
        if _active is not None or chosen.disabled:
            return
        from spanledger.runtime import Runtime

        _active = Runtime(chosen, sink)
        _register()
        for name, error in _active.hooks.install_present():
            diagnostics.logger.error("Spanledger cannot hook %s: %s. Its calls are not seen.", name, error)


def uninstrument() -> None:
    """Stop capturing: put the patched methods back, end calls under way, seal the spool."""
    global _active
    with _lock:
        runtime, _active = _active, None
        if runtime is not None:
            try:
                runtime.close()
            except Exception:
                diagnostics.internal_error("stopping")
            diagnostics.forget()


def flush() -> bool:
    """Seal the open spool file, so that every call made so far can be loaded.

    Returns:
        True when every record is on disk (or nothing is instrumented), False when some could not be written.
    """
    runtime = _active
    try:
        return runtime is None or runtime.sink.flush()
    except Exception:
        diagnostics.internal_error("flushing")
        return False


def current() -> CallContext:
    """What a call made here and now would be attributed to, process-wide defaults included."""
    runtime = _active
    return here() if runtime is None else runtime.scope()


def active() -> "Runtime | None":
    """The running instrumentation, if any."""
    return _active


def _register() -> None:
    """Hook what the process does later: imports, forks, its end. Once, since none can be taken back."""
    global _registered
    if _registered:
        return
    _registered = True
    from wrapt import register_post_import_hook

    from spanledger.hooks.installed import LIBRARIES

    for name in LIBRARIES:
        register_post_import_hook(functools.partial(_imported, name), name)
    os.register_at_fork(before=_forking, after_in_child=_forked)
    atexit.register(_exiting)


def _imported(name: str, module: Any) -> None:
    runtime = _active
    if runtime is not None:
        try:
            runtime.hooks.install(name, module)
        except Exception:
            diagnostics.internal_error(f"hooking {name}")


def _forking() -> None:
    runtime = _active
    if runtime is not None:
        runtime.before_fork()


def _forked() -> None:
    global _lock
    _lock = threading.RLock()
    if _active is not None:
        diagnostics.forget()
        _active.after_fork_in_child()


def _exiting() -> None:
    # Still hooked: what later exit handlers call is recorded too, in one more file.
    runtime = _active
    if runtime is not None:
        try:
            runtime.end()
        except Exception:
            diagnostics.internal_error("ending with the process")
