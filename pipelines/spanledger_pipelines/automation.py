"""When to run: a sensor that looks for new files, prices or releases, and a schedule as the safety net."""

import dagster as dg

from spanledger_pipelines.resources import Warehouse
from spanledger_warehouse.errors import SpanledgerError
from spanledger_warehouse.looking import look, what_is_new
from spanledger_warehouse.reading.published import short_commit

SENSOR_SECONDS = 60
SCHEDULE = "17 * * * *"  # off the full hour, when everybody else's schedules run


def automation(job_name: str) -> tuple[dg.SensorDefinition, dg.ScheduleDefinition]:
    """The sensor and the schedule of a job; both are off until somebody turns them on in the UI."""

    @dg.sensor(
        name="something_new",
        job_name=job_name,
        minimum_interval_seconds=SENSOR_SECONDS,
        description="Runs when there are new landing files, another seeds commit or another release.",
    )
    def something_new(warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
        settings = warehouse.settings()
        try:
            seeds = warehouse.seeds()
            found = look(settings, seeds)
        except SpanledgerError as error:
            return dg.SkipReason(str(error))
        if found.nothing_new:
            return dg.SkipReason(f"nothing is new; prices of {short_commit(seeds.commit)}")
        # The key is what is new, so what failed once is not tried again every minute; the schedule tries it again.
        return dg.RunRequest(run_key=what_is_new(settings, seeds))

    schedule = dg.ScheduleDefinition(
        name="every_hour",
        job_name=job_name,
        cron_schedule=SCHEDULE,
        execution_timezone="UTC",
        description="One pass an hour, also after a run that failed.",
    )
    return something_new, schedule
