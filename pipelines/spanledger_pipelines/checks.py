"""One asset check per SQL check; those where money would be wrong block what comes after."""

import dagster as dg

from spanledger_pipelines.assets.descriptions import asset_key
from spanledger_pipelines.resources import Warehouse
from spanledger_warehouse import checks, runs
from spanledger_warehouse.looking import utc_now

SEVERITY = {
    "error": dg.AssetCheckSeverity.ERROR,
    "warning": dg.AssetCheckSeverity.WARN,
    "info": dg.AssetCheckSeverity.WARN,
}


def asset_check(check: checks.Check) -> dg.AssetChecksDefinition:
    """The asset check of one SQL check."""

    @dg.asset_check(
        asset=asset_key(check.table),
        name=check.name,
        description=f"{check.message} What to do: {check.what_to_do}",
        blocking=check.is_blocking,
        additional_deps=[asset_key(name) for name in check.reads if name != check.table],
    )
    def run(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
        with warehouse.open(context.run.run_id) as connection:
            result = runs.check(connection, check, run_id=context.run.run_id, now=utc_now())
        return dg.AssetCheckResult(
            passed=result.passed or check.severity == "info",
            severity=SEVERITY[check.severity],
            metadata={
                "violations": result.violations,
                "example": result.example or "none",
                "what_to_do": check.what_to_do,
            },
        )

    return run


def asset_checks() -> list[dg.AssetChecksDefinition]:
    """All checks."""
    return [asset_check(check) for check in checks.discover().values()]
