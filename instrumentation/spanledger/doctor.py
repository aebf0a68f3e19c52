"""`spanledger doctor`: says what would be captured here, where it would go, and what is in the way."""

import importlib
import importlib.metadata
import importlib.util
import logging
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from spanledger import inspection, otlp, settings, supported, testing
from spanledger.inspection import NOTE, OK, PROBLEM, Finding
from spanledger.scope import context
from spanledger.version import __version__

# Import name of what is hooked, and of the module that the hook is for.
_LIBRARIES: Final = {
    "httpx": "httpx",
    "httpx2": "httpx2",
    "aiohttp": "aiohttp",
    "requests": "requests",
    "botocore": "botocore.httpsession",
}
# Stacks of LLM SDKs that cannot be hooked: their calls need `record()` or spans from elsewhere.
_NOT_SEEN: Final = ("grpc", "websockets")


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
    yield from inspection.others()
    if chosen.otlp != "only":
        yield from inspection.spool(chosen.spool)
    yield from _guarantees(chosen)
    if chosen.log_calls:
        yield from inspection.calls_log(chosen.seeds)
    yield from _attribution(chosen)


def _capture(chosen: settings.Settings) -> Iterator[Finding]:
    found = [name for name in _LIBRARIES if importlib.util.find_spec(name)]
    if not found:
        yield Finding(PROBLEM, f"None of {', '.join(_LIBRARIES)} is installed: there is nothing to hook.")
    for name in found:
        error = _try(name)
        version = importlib.metadata.version(name)
        if error is None:
            yield Finding(OK, f"{name} {version} is hooked: a trial call was captured, streamed and not.")
        else:
            yield Finding(PROBLEM, f"{name} {version}: a trial call was not captured ({error}).")
    yield from _too_old()
    unseen = [name for name in _NOT_SEEN if importlib.util.find_spec(name)]
    if unseen:
        yield Finding(
            NOTE, f"Installed but not hooked: {', '.join(unseen)}. LLM calls over them need record()."
        )
    for rule in chosen.provider_hosts:
        port = "" if rule.port is None else f":{rule.port}"
        yield Finding(OK, f"Requests to {rule.host}{port}{rule.prefix} count as calls to {rule.provider}.")


def _too_old() -> Iterator[Finding]:
    for name, oldest in supported.OLDEST.items():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if supported.is_older(version, oldest):
            yield Finding(
                NOTE, f"{name} {version} is older than {oldest}, the oldest that is tested: upgrade it."
            )


def _try(name: str) -> str | None:
    """Make a trial call, streamed and not, that never leaves this machine; the text says what went wrong."""
    from spanledger import trials

    try:
        with (
            trials.Server() as server,
            testing.capture(provider_hosts=f"{server.address}=openai") as captured,
            context(tenant="doctor"),
        ):
            importlib.import_module(_LIBRARIES[name])
            trials.CALLS[name](f"http://{server.address}/v1/chat/completions")
        statuses = [call.get("usage_status") for call in captured.calls]
        return None if statuses == ["complete", "complete"] else f"recorded: {statuses}"
    except Exception as error:  # whatever it is, it belongs in the report
        return f"{type(error).__name__}: {error}"


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
    if chosen.strict:
        yield Finding(OK, "Calls without a tenant are refused (SPANLEDGER_STRICT).")
    if chosen.baggage_tenant:
        yield Finding(NOTE, f"Inbound baggage may name the tenant, under `{chosen.baggage_tenant}`.")


def _guarantees(chosen: settings.Settings) -> Iterator[Finding]:
    kept = {
        "none": "survive the process, not a power cut",
        "interval": "survive the process, and a power cut but for the last second",
        "always": "survive the process and a power cut",
    }[chosen.fsync]
    if chosen.otlp != "only":
        yield Finding(
            OK,
            f"Records {kept} (SPANLEDGER_FSYNC={chosen.fsync}); a call waits {chosen.stall_seconds:g} s at most.",
        )
    if chosen.otlp != "off":
        yield from _otlp(chosen)


def _otlp(chosen: settings.Settings) -> Iterator[Finding]:
    where = otlp.endpoint(os.environ)
    if where is None:
        yield Finding(PROBLEM, "SPANLEDGER_OTLP is set, but OTEL_EXPORTER_OTLP_ENDPOINT is not.")
        return
    try:
        otlp.exporter_class(os.environ)
    except ImportError:
        yield Finding(PROBLEM, "SPANLEDGER_OTLP needs an exporter: pip install 'spanledger[otlp]'.")
        return
    parts = urlsplit(where if "//" in where else f"//{where}")
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 4317)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=2).close()
    except OSError as error:
        yield Finding(PROBLEM, f"Nobody answers at the OTLP endpoint {parts.hostname}:{port}: {error}.")
        return
    beside = "beside the spool" if chosen.otlp == "also" else "and to no spool: what is lost is not counted"
    yield Finding(
        OK if chosen.otlp == "also" else NOTE, f"Spans go to {parts.hostname}:{port} by OTLP too, {beside}."
    )
