"""What must hold for tenants and budgets: one statement at a time, zones that exist, parents that end somewhere."""

import zoneinfo
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from spanledger_warehouse.seeds.findings import Finding, error
from spanledger_warehouse.seeds.rows import Budget, Tenant
from spanledger_warehouse.seeds.table_rules import overlap

RowType = TypeVar("RowType", Tenant, Budget)


def check_tenants(tenants: Sequence[Tenant]) -> Iterator[Finding]:
    """Every tenant has one line at an instant, a known time zone, and no circle of parents."""
    known = {row.tenant for row in tenants}
    zones = zoneinfo.available_timezones() if tenants else set()
    for row in tenants:
        if row.time_zone not in zones:
            message = f"{row.time_zone!r} is no time zone"
            yield error(row.file, row.line, "time-zone", message, "give its IANA name, such as Europe/Berlin")
        if row.parent and row.parent not in known:
            message = f"the parent {row.parent!r} is no tenant"
            yield error(
                row.file, row.line, "parent", message, "name a tenant of this file, or leave it blank"
            )
    yield from _check_dates(tenants, lambda row: row.tenant)
    parents = {row.tenant: row.parent for row in tenants}
    for row in tenants:
        seen, tenant = [row.tenant], row.parent
        while tenant and tenant not in seen:
            seen.append(tenant)
            tenant = parents.get(tenant, "")
        if tenant == row.tenant:
            message = f"{row.tenant} belongs to itself: {' → '.join([*seen, tenant])}"
            yield error(row.file, row.line, "parent", message, "leave the parent of one of them blank")


def check_budgets(budgets: Sequence[Budget], tenants: Sequence[Tenant]) -> Iterator[Finding]:
    """Every budget has one line at an instant, percentages as thresholds, and a tenant that is listed if any is."""
    known = {row.tenant for row in tenants}
    for row in budgets:
        steps = row.thresholds.split()
        if not steps or not all(step.isdecimal() and int(step) > 0 for step in steps):
            message = f"the thresholds {row.thresholds!r} are no percentages"
            yield error(row.file, row.line, "thresholds", message, "give whole numbers, such as `80 100`")
        if row.amount == 0:
            yield error(row.file, row.line, "amount", "a budget of 0", "give what may be spent in the period")
        if row.tenant and known and row.tenant not in known:
            message = f"the tenant {row.tenant!r} is not in tenants.csv"
            yield error(row.file, row.line, "tenant", message, "correct its name, or add it to tenants.csv")
    yield from _check_dates(budgets, lambda row: row.budget)


def _check_dates(rows: Sequence[RowType], name: Callable[[RowType], str]) -> Iterator[Finding]:
    groups: dict[str, list[RowType]] = defaultdict(list)
    for row in rows:
        if row.effective_from and row.effective_to and row.effective_to <= row.effective_from:
            fix = "correct effective_from or effective_to"
            yield error(row.file, row.line, "interval", "ends before it begins", fix)
        for earlier in groups[name(row)]:
            if overlap(row, earlier):
                message = f"overlaps {name(row)} in {earlier.place}"
                yield error(row.file, row.line, "overlap", message, "end one where the other begins")
        groups[name(row)].append(row)
