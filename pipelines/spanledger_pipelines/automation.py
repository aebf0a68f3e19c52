"""When to run: sensors for new files and for new prices, a schedule as the safety net, or automation conditions.

All are off until somebody turns them on in the UI. The sensors and the schedule start the whole job; who prefers
declarative automation turns its sensor on instead: each asset follows what changed upstream (`descriptions.FOLLOW`).
"""

import dagster as dg

from spanledger_pipelines.assets.days import CAUSE_TAG, newest_day
from spanledger_pipelines.assets.sources import EVERY_HOUR
from spanledger_pipelines.resources import Warehouse
from spanledger_warehouse.errors import SpanledgerError
from spanledger_warehouse.looking import look, what_is_new
from spanledger_warehouse.reading.published import short_commit

SENSOR_SECONDS = 60


def sensors(job_name: str) -> list[dg.SensorDefinition]:
    """The sensors of a job."""

    @dg.sensor(
        name="new_landing_files",
        job_name=job_name,
        minimum_interval_seconds=SENSOR_SECONDS,
        description="Runs when there are new landing files, or when a run left work to do.",
    )
    def new_landing_files(warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
        settings = warehouse.settings()
        try:
            seeds = warehouse.seeds()
            found = look(settings, seeds)
        except (SpanledgerError, dg.Failure) as error:
            return dg.SkipReason(str(error))
        if not (found.new_files or found.unfinished):
            return dg.SkipReason("no new files")
        # The key is what is new, so what failed once is not tried again every minute; the schedule tries it again.
        return dg.RunRequest(
            run_key=what_is_new(settings, seeds),
            partition_key=newest_day(),
            tags={CAUSE_TAG: "landing files"},
        )

    @dg.sensor(
        name="new_seed_commits",
        job_name=job_name,
        minimum_interval_seconds=SENSOR_SECONDS,
        description="Runs when the seeds repository has another commit to price from, or the release is another.",
    )
    def new_seed_commits(warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
        settings = warehouse.settings()
        try:
            seeds = warehouse.seeds()
            found = look(settings, seeds)
        except (SpanledgerError, dg.Failure) as error:
            return dg.SkipReason(str(error))
        commit = short_commit(seeds.commit)
        if not (found.seeds_changed or found.release_changed):
            return dg.SkipReason(f"the prices are those of {commit}, as before")
        if found.new_files:
            return dg.SkipReason(f"prices of {commit} are new; the run for the new files reads them")
        return dg.RunRequest(
            run_key=what_is_new(settings, seeds),
            partition_key=newest_day(),
            tags={CAUSE_TAG: "seeds", "spanledger/seeds_commit": commit},
        )

    return [new_landing_files, new_seed_commits]


def schedule(job_name: str) -> dg.ScheduleDefinition:
    """One pass an hour."""

    @dg.schedule(
        name="every_hour",
        job_name=job_name,
        cron_schedule=EVERY_HOUR,
        execution_timezone="UTC",
        description="One pass an hour, also after a run that failed.",
    )
    def every_hour() -> dg.RunRequest:
        return dg.RunRequest(partition_key=newest_day(), tags={CAUSE_TAG: "schedule"})

    return every_hour
