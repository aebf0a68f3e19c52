"""`spanledger run` in process: look first; only when there is work, import Dagster and run its definitions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from spanledger_warehouse import runs
from spanledger_warehouse.database import connect
from spanledger_warehouse.errors import SpanledgerError
from spanledger_warehouse.looking import look, read_configured_seeds, utc_now
from spanledger_warehouse.reading.published import short_commit
from spanledger_warehouse.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

SHOWN_DAYS = 8
# What a person has to know comes with the summary; Dagster's own log is for its UI.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Problem:
    """A finding of the run that a person should know of: a row of marts.data_quality."""

    check: str
    severity: str
    violations: int
    message: str
    example: str
    what_to_do: str


@dataclass(frozen=True)
class RunSummary:
    """What one run did.

    Attributes:
        nothing_new: there was nothing to do, and nothing was done.
        run_id: None when nothing was done.
        files, spans, rejected: what was loaded, and the lines that were refused.
        days: the UTC days that were rebuilt.
        seeds_commit, seeds_state: the prices that count.
        published_file: the read-only database.
        problems: what the checks found, errors first.
    """

    nothing_new: bool
    seeds_commit: str
    seeds_state: str
    published_file: Path
    run_id: str | None = None
    files: int = 0
    spans: int = 0
    rejected: int = 0
    days: tuple[date, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    def as_object(self) -> dict[str, Any]:
        """The summary for machines."""
        return {**asdict(self), "published_file": str(self.published_file)}

    def lines(self) -> list[str]:
        """The summary for people."""
        seeds = f"prices of {short_commit(self.seeds_commit)} ({self.seeds_state})"
        if self.nothing_new:
            return [
                f"Nothing was new: no file, no price, no release; {seeds}.",
                f"Published: {self.published_file}",
            ]
        refused = f", {self.rejected} lines refused" if self.rejected else ""
        text = [
            f"Loaded {self.spans} spans from {self.files} files{refused}; {seeds}.",
            f"Rebuilt {_days(self.days)}." if self.days else "No day changed.",
        ]
        for problem in self.problems:
            text.append(f"{problem.severity}: {problem.check}: {problem.violations}: {problem.message}")
            text.append(f"  first: {problem.example}")
            text.append(f"  next:  {problem.what_to_do}")
        return [*text, f"Published: {self.published_file}"]


def run_once(
    settings: Settings, *, uncommitted: bool = False, on_step: Callable[[str, int, int], None] | None = None
) -> RunSummary:
    """One pass: load, price, build, check, publish.

    Args:
        settings: where the warehouse is and which seeds count.
        uncommitted: price from files that are not committed; everything published then says so.
        on_step: called after every step with its name, the steps done and the steps in all.

    Raises:
        SpanledgerError: the run failed; the last published version stays.
    """
    seeds = read_configured_seeds(settings, uncommitted=uncommitted)
    if look(settings, seeds).nothing_new:
        return RunSummary(True, seeds.commit, seeds.state, settings.home.published_file)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    run_id = _run_dagster(settings, uncommitted=uncommitted, on_step=on_step)
    return _summary(settings, run_id)


def _run_dagster(
    settings: Settings, *, uncommitted: bool, on_step: Callable[[str, int, int], None] | None
) -> str:

    from spanledger_pipelines.assets.days import CAUSE_TAG, newest_day
    from spanledger_pipelines.definitions import JOB, build_definitions
    from spanledger_pipelines.resources import Warehouse

    warehouse = Warehouse.of(settings, uncommitted=uncommitted)
    job = build_definitions(warehouse=warehouse).resolve_job_def(JOB)
    run_id = str(uuid4())
    # The open connection keeps the database in memory between the steps.
    with _instance() as instance, connect(settings):
        if on_step is not None:
            _watch(instance, run_id, on_step, steps=len(job.graph.node_defs))
        try:
            job.execute_in_process(
                instance=instance,
                run_id=run_id,
                run_config=_QUIET,
                partition_key=newest_day(),
                tags={CAUSE_TAG: "spanledger run"},
            )
        except Exception as error:
            cause = error.__cause__ if isinstance(error.__cause__, SpanledgerError) else error
            with connect(settings) as connection:
                runs.fail_run(connection, run_id, str(cause), utc_now())
            raise cause from cause.__cause__
    return run_id


@contextmanager
def _instance() -> Iterator[dg.DagsterInstance]:
    """The deployment's instance where there is one (DAGSTER_HOME), else one that leaves nothing behind."""
    import dagster as dg

    with (
        dg.DagsterInstance.get()
        if os.environ.get("DAGSTER_HOME")
        else dg.DagsterInstance.ephemeral() as instance
    ):
        yield instance


def _watch(
    instance: dg.DagsterInstance, run_id: str, on_step: Callable[[str, int, int], None], *, steps: int
) -> None:

    done = 0

    def listen(event: dg.EventLogEntry) -> None:
        nonlocal done
        if event.dagster_event is not None and event.dagster_event.event_type_value == "STEP_SUCCESS":
            done += 1
            on_step(event.step_key or "", done, steps)

    instance.add_event_listener(run_id, listen)


def _summary(settings: Settings, run_id: str) -> RunSummary:
    with connect(settings) as connection:
        loaded = connection.execute(
            "select count(*), coalesce(sum(spans), 0), coalesce(sum(rejected), 0) from raw.files where run_id = ?",
            [run_id],
        ).fetchone()
        found = connection.execute(
            "select check_name, severity, violations, message, example, what_to_do from marts.data_quality "
            "order by array_position(['error', 'warning', 'info'], severity), check_name"
        ).fetchall()
        days = connection.execute("select days from ops.runs where run_id = ?", [run_id]).fetchone()
        seeds = connection.execute("select seeds_commit, seeds_state from pricing.seeds").fetchone()
    files, spans, rejected = loaded or (0, 0, 0)
    commit, state = seeds or ("unknown", "unknown")
    return RunSummary(
        nothing_new=False,
        seeds_commit=commit,
        seeds_state=state,
        published_file=settings.home.published_file,
        run_id=run_id,
        files=int(files),
        spans=int(spans),
        rejected=int(rejected),
        days=tuple(days[0] or ()) if days else (),
        problems=tuple(Problem(*row) for row in found),
    )


def _days(days: tuple[date, ...]) -> str:
    if len(days) > SHOWN_DAYS:
        return f"{len(days)} days from {min(days)} to {max(days)}"
    return f"{len(days)} day{'s' if len(days) > 1 else ''}: {', '.join(str(day) for day in days)}"
