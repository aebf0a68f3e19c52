"""`spanledger doctor`: says what would be captured here, where it would go, and what is in the way."""

import fcntl
import importlib
import importlib.metadata
import importlib.util
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from spanledger import settings, testing
from spanledger.version import __version__

OK: Final = "ok"
NOTE: Final = "note"
PROBLEM: Final = "problem"

_LIBRARIES: Final = ("httpx", "httpx2")
# HTTP stacks of LLM SDKs that are not hooked: their calls need `record()` or spans from elsewhere.
_NOT_SEEN: Final = ("aiohttp", "botocore", "grpc", "requests", "websockets")
_LOW_SPACE: Final = 256 << 20
_TRIAL_URL: Final = "https://api.openai.com/v1/chat/completions"
_TRIAL_ANSWER: Final = {"id": "doctor", "model": "doctor", "choices": [], "usage": {"prompt_tokens": 1}}


class Finding(NamedTuple):
    """One line of the report: how bad it is, and what it is."""

    level: str
    text: str


def main(arguments: Sequence[str]) -> int:
    """Print the report.

    Args:
        arguments: none are known.

    Returns:
        0 when calls would be captured and written, 1 when something is wrong, 2 for a wrong command line.
    """
    if arguments:
        print(f"spanledger doctor takes no arguments, and got {' '.join(arguments)}", file=sys.stderr)
        return 2
    # What is wrong is said below, in order; the log would say it a second time in between.
    logging.getLogger("spanledger").setLevel(logging.CRITICAL)
    findings = list(examine())
    for finding in findings:
        print(f"{finding.level:8} {finding.text}")
    problems = sum(finding.level == PROBLEM for finding in findings)
    print(
        f"\n{problems} problem(s) found." if problems else "\nCalls made here will be captured and written."
    )
    return 1 if problems else 0


def examine() -> Iterator[Finding]:
    """Look at everything that capture depends on, with the settings of the environment."""
    chosen, complaints = settings.examine({}, os.environ)
    yield Finding(OK, f"spanledger {__version__}, Python {sys.version.split()[0]}")
    for complaint in complaints:
        yield Finding(PROBLEM, complaint)
    if chosen.disabled:
        yield Finding(PROBLEM, "SPANLEDGER_DISABLED is set: nothing is captured.")
    yield from _capture(chosen)
    yield from _spool(chosen)
    yield from _attribution(chosen)


def _capture(chosen: settings.Settings) -> Iterator[Finding]:
    found = [name for name in _LIBRARIES if importlib.util.find_spec(name)]
    if not found:
        yield Finding(PROBLEM, "Neither httpx nor httpx2 is installed: there is nothing to hook.")
    for name in found:
        error = _try(name)
        version = importlib.metadata.version(name)
        if error is None:
            yield Finding(OK, f"{name} {version} is hooked: a trial call was captured, sync and streamed.")
        else:
            yield Finding(PROBLEM, f"{name} {version}: a trial call was not captured ({error}).")
    unseen = [name for name in _NOT_SEEN if importlib.util.find_spec(name)]
    if unseen:
        yield Finding(
            NOTE, f"Installed but not hooked: {', '.join(unseen)}. LLM calls over them need record()."
        )
    for rule in chosen.provider_hosts:
        port = "" if rule.port is None else f":{rule.port}"
        yield Finding(OK, f"Requests to {rule.host}{port}{rule.prefix} count as calls to {rule.provider}.")


def _try(name: str) -> str | None:
    """Make two calls that never leave the process; the text says what went wrong."""
    try:
        library: Any = importlib.import_module(name)
        transport = library.MockTransport(lambda _: library.Response(200, json=_TRIAL_ANSWER))
        with testing.capture() as captured, library.Client(transport=transport) as client:
            client.post(_TRIAL_URL, json={"model": "doctor"})
            with client.stream("POST", _TRIAL_URL, json={"model": "doctor"}) as response:
                response.read()
        statuses = [call.get("usage_status") for call in captured.calls]
        return None if statuses == ["complete", "complete"] else f"recorded: {statuses}"
    except Exception as error:  # whatever it is, it belongs in the report
        return f"{type(error).__name__}: {error}"


def _spool(chosen: settings.Settings) -> Iterator[Finding]:
    folder = chosen.spool
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        if not existing.is_dir():
            raise NotADirectoryError(20, "Not a folder", str(existing))
        with tempfile.TemporaryFile(dir=existing) as trial:
            trial.write(b"\n")
    except OSError as error:
        yield Finding(
            PROBLEM, f"The spool {folder} cannot be written: {error.strerror or error} ({existing})."
        )
        return
    free = shutil.disk_usage(existing).free
    state = "is writable" if existing == folder else "will be created with the first call"
    yield Finding(OK, f"The spool {folder} {state}; {free >> 20} MiB are free.")
    if free < _LOW_SPACE:
        yield Finding(
            PROBLEM, f"Less than {_LOW_SPACE >> 20} MiB are free there: records will be lost when it is full."
        )
    if existing == folder:
        yield from _segments(folder)


def _segments(folder: Path) -> Iterator[Finding]:
    sealed = sum(1 for _ in folder.glob("*.jsonl"))
    writers = [_has_writer(path) for path in folder.glob("*.jsonl.open")]
    yield Finding(
        OK,
        f"{sealed} sealed file(s) wait to be loaded, {writers.count(True)} process(es) write right now.",
    )
    if dead := writers.count(False):
        yield Finding(
            NOTE,
            f"{dead} file(s) were left by processes that were killed; the loader reads them all the same.",
        )


def _has_writer(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _attribution(chosen: settings.Settings) -> Iterator[Finding]:
    tenant = f"`{chosen.tenant}`" if chosen.tenant else "nobody: the ledger will book them as `unattributed`"
    yield Finding(
        OK if chosen.tenant else NOTE, f"Calls outside of any context(tenant=...) are paid by {tenant}."
    )
    named = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    if not named:
        yield Finding(NOTE, "The service has no name in the ledger: set OTEL_SERVICE_NAME.")
    mirrored = "are shown in the application's own traces too" if chosen.mirror else "go to the spool only"
    yield Finding(OK, f"Spans {mirrored}.")
