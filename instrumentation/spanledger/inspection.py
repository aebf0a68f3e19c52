"""What `doctor` finds out about the disk and about what else is installed, in words."""

import contextlib
import fcntl
import importlib.metadata
import importlib.util
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

OK: Final = "ok"
NOTE: Final = "note"
PROBLEM: Final = "problem"

_LOW_SPACE: Final = 256 << 20
_BEHIND_SECONDS: Final = 900
# Left in the spool by `spanledger ship`, and locked while it runs.
_SHIPPER: Final = ".ship.lock"
_LAST_LINE: Final = 65_536
_NEWEST: Final = 500
# A module of each extra, and what the extra is for.
_EXTRAS: Final = {
    "otlp": ("opentelemetry.exporter.otlp", "SPANLEDGER_OTLP"),
    "warehouse": ("duckdb", "the warehouse and its reports"),
    "pipelines": ("dagster", "the Dagster job"),
    "collect": ("uvicorn", "`spanledger collect` and `spanledger ship`"),
}
# Instrumentors of LLM SDKs and frameworks, by the names under which OpenTelemetry's loader finds them.
_SAME_CALLS: Final = re.compile(
    r"agno|anthropic|bedrock|cohere|crewai|dspy|google[-_]gen.*|groq|langchain|litellm|llama[-_]index|mistralai|ollama|"
    r"openai([-_].*)?|replicate|smolagents|together|vertexai|voyageai"
)


class Finding(NamedTuple):
    """One line of the report: how bad it is, and what it is."""

    level: str
    text: str


def spool(folder: Path) -> Iterator[Finding]:
    """Whether the spool can be written, and what waits in it."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        if not existing.is_dir():
            raise NotADirectoryError(20, "Not a folder", str(existing))
        with tempfile.TemporaryFile(dir=existing) as trial:
            trial.write(b"\n" * 4096)
            trial.flush()
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
    found = []
    for path in folder.glob("*.jsonl"):
        with contextlib.suppress(FileNotFoundError):  # shipped meanwhile
            found.append((path.stat().st_mtime, path.stat().st_size, path))
    found.sort()
    writers = [is_locked(path) for path in folder.glob("*.jsonl.open")]
    age = time.time() - found[0][0] if found else 0
    size = sum(size for _, size, _ in found)
    waiting = (
        f"{len(found)} sealed file(s), {size >> 10} KiB, the oldest {_shown(age)} old" if found else "No file"
    )
    shipper = folder / _SHIPPER
    if not shipper.exists():
        yield Finding(OK, f"{waiting}, in the spool, to be loaded or shipped.")
    elif not is_locked(shipper):
        yield Finding(
            PROBLEM if age > _BEHIND_SECONDS else NOTE,
            f"{waiting}, in the spool, and the shipper that worked here does not run: start `spanledger ship`.",
        )
    elif age > _BEHIND_SECONDS:
        yield Finding(
            PROBLEM,
            f"{waiting}, in the spool: the shipper runs, but is behind. Its log says why; is the receiver there?",
        )
    else:
        yield Finding(OK, f"{waiting}, in the spool; a shipper is at work.")
    yield Finding(OK, f"{writers.count(True)} process(es) write right now.")
    if dead := writers.count(False):
        yield Finding(
            NOTE,
            f"{dead} file(s) were left by processes that were killed; the loader reads them all the same.",
        )
    if lost := sum(_dropped([path for _, _, path in found[-_NEWEST:]]).values()):
        yield Finding(
            PROBLEM, f"{lost} call(s) were lost by processes that write here; marts.data_quality says why."
        )


def _dropped(files: list[Path]) -> dict[str, int]:
    """Calls lost so far, by process, as the trailers of its files have it."""
    dropped: dict[str, int] = {}
    for path in files:
        try:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - _LAST_LINE))
                last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
            trailer = json.loads(last)
            dropped[trailer["process"]] = max(trailer.get("dropped", 0), dropped.get(trailer["process"], 0))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            continue  # the loader says what is wrong with such a file
    return dropped


def is_locked(path: Path) -> bool:
    """Whether a living process holds the file."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _shown(seconds: float) -> str:
    for unit, length in (("day(s)", 86_400), ("hour(s)", 3_600), ("minute(s)", 60)):
        if seconds >= length:
            return f"{int(seconds / length)} {unit}"
    return f"{int(seconds)} second(s)"


def others() -> Iterator[Finding]:
    """Instrumentations of the same calls, and extras that are not installed."""
    same = sorted(
        {
            f"{point.dist.name} {point.dist.version}"
            for point in importlib.metadata.entry_points(group="opentelemetry_instrumentor")
            if point.dist is not None and _SAME_CALLS.fullmatch(point.name)
        }
    )
    if same:
        yield Finding(
            NOTE,
            f"Also installed: {', '.join(same)}. Where their spans reach the ledger too, they and ours are one "
            "billable call.",
        )
    missing = {extra: use for extra, (module, use) in _EXTRAS.items() if not _is_there(module)}
    if missing:
        needed = "; ".join(f"{use} with 'spanledger[{extra}]'" for extra, use in missing.items())
        yield Finding(OK, f"Not installed here, and not needed for capture: {needed}.")


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def calls_log(seeds: Path | None) -> Iterator[Finding]:
    """Whether the costs in the log can be estimated, and by whose prices."""
    from spanledger.catalogue import Catalogue, shipped

    folder = seeds or shipped()
    try:
        Catalogue(folder)
    except Exception as error:  # a user's folder may hold anything
        yield Finding(PROBLEM, f"The price catalogue {folder} cannot be read: {error}.")
        return
    yield Finding(OK, f"Each call leaves a line in the log (spanledger.calls), priced by {folder}.")
