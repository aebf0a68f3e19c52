"""Runs the sample service against the stand-in provider, and remembers which days it has made.

The service is a process of its own, started by `opentelemetry-instrument`. Spanledger is loaded into it by an
entry point, as into any service; all it needs to know is in the environment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from spanledger_pipelines.demo import plan
from spanledger_warehouse.errors import ConfigurationError, SpanledgerError

MARKER = "demo.json"
SERVICE_NAME = "support-desk"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@dataclass(frozen=True)
class Made:
    """What one start of the sample service did."""

    days: list[date]
    calls: int
    failed: int


def days_made(home: Path) -> list[date]:
    """The days whose calls are in this demo home; a home whose service was interrupted is emptied first."""
    marker = home / MARKER
    if not marker.is_file():
        return []
    state = json.loads(marker.read_text(encoding="utf-8"))
    if not state["finished"]:
        # Half a day of calls would be counted twice when the day is made again.
        reset(home)
        return []
    return [date.fromisoformat(day) for day in state["days"]]


def days_to_make(made: list[date], *, more: bool) -> list[date]:
    """The plan's first days in a new home; after that one more day, and only when asked for."""
    if not made:
        return plan.days(plan.DAYS)
    return [max(made) + timedelta(days=1)] if more else []


def reset(home: Path) -> bool:
    """Delete a demo home; says whether there was one. A folder that is not a demo's is refused."""
    if not home.exists():
        return False
    if not (home / MARKER).is_file() and any(home.iterdir()):
        raise SpanledgerError(
            f"{home} does not look like a demo's home (it has no {MARKER}); delete it yourself"
        )
    shutil.rmtree(home)
    return True


def make_calls(home: Path, days: list[date], on_call: Callable[[int, int], None]) -> Made:
    """Start provider and service, and wait until the service has made all calls of `days`.

    Raises:
        SpanledgerError: the service ended with an error; its log is named.
    """
    from spanledger_pipelines.demo import provider

    home.mkdir(parents=True, exist_ok=True)
    before = days_made(home)
    _remember(home, before, finished=False)
    log = home / "service.log"
    with provider.running() as base_url, log.open("a", encoding="utf-8") as errors:
        command = [*_instrumented_python(), "-m", "spanledger_pipelines.demo.service", "--provider", base_url]
        command += [part for day in days for part in ("--day", day.isoformat())]
        environment = service_environment(home.resolve(), base_url)
        service = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
        made = _follow(service, days, on_call)
    if service.returncode != 0 or made is None:
        raise SpanledgerError(
            f"the sample service ended with status {service.returncode}; its log is {log} "
            "(start over with: spanledger demo --reset)"
        )
    _remember(home, before + days, finished=True)
    return made


def service_environment(home: Path, base_url: str) -> dict[str, str]:
    """The environment of the sample service: what a deployment sets, nothing of the caller's."""
    host = base_url.removeprefix("http://")
    mine = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "SPANLEDGER_")) and name.lower() not in _PROXIES
    }
    return mine | {
        "SPANLEDGER_HOME": str(home),
        "SPANLEDGER_CLOCK": "spanledger_pipelines.demo.clock:now_unix_nano",
        "SPANLEDGER_PROVIDER_HOSTS": ",".join(
            f"{host}/{name}={name}" for name in ("openai", "anthropic", "openrouter")
        ),
        "OTEL_SERVICE_NAME": SERVICE_NAME,
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=demo",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
    }


def _instrumented_python() -> list[str]:
    """`opentelemetry-instrument python`, from this environment."""
    script = shutil.which("opentelemetry-instrument", path=sysconfig.get_path("scripts"))
    script = script or shutil.which("opentelemetry-instrument")
    if script is None:
        raise ConfigurationError(
            "opentelemetry-instrument is not on PATH; reinstall with: pip install 'spanledger[demo]'"
        )
    return [script, sys.executable]


def _follow(
    service: subprocess.Popen[str], days: list[date], on_call: Callable[[int, int], None]
) -> Made | None:
    """Read the service's progress to its end; None when it never said that it was done."""
    assert service.stdout is not None  # noqa: S101 - we asked for the pipe
    total = done = 0
    made = None
    with service, service.stdout as lines:
        for line in lines:
            told = json.loads(line)
            match told["event"]:
                case "start":
                    total = told["calls"]
                case "call":
                    done += 1
                    on_call(done, total)
                case "done":
                    made = Made(days=days, calls=told["calls"], failed=told["failed"])
    return made


def _remember(home: Path, days: list[date], *, finished: bool) -> None:
    state = {"finished": finished, "days": [day.isoformat() for day in days]}
    (home / MARKER).write_text(json.dumps(state) + "\n", encoding="utf-8")
