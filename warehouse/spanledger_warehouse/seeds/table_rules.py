"""What must hold in the other files: the unit registry, the counting rules, what this release can price."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from spanledger_warehouse.seeds.findings import Finding, error
from spanledger_warehouse.seeds.rows import PriceRow, Rule, Unit

_PERS = (1, 1000, 3600, 1_000_000)


def check_units(units: Sequence[Unit]) -> Iterator[Finding]:
    """Units are named once, and refer to units that exist."""
    by_name: dict[str, Unit] = {}
    for unit in units:
        if unit.unit in by_name:
            message = f"{unit.unit} is already defined in line {by_name[unit.unit].line}"
            yield error(unit.file, unit.line, "duplicate", message, "keep one of them")
        by_name.setdefault(unit.unit, unit)
        if unit.per not in _PERS:
            message = f"per is {unit.per}"
            fix = "price it per 1, 1000 or 1000000, which divide exactly, or seconds by the hour, per 3600"
            yield error(unit.file, unit.line, "per", message, fix)
    for unit in units:
        for column, other in (("parent", unit.parent), ("fallback_unit", unit.fallback_unit)):
            if other and (other not in by_name or other == unit.unit):
                fix = "name another unit of this file, or leave it blank"
                yield error(unit.file, unit.line, "unknown-unit", f"{column} {other!r} is no other unit", fix)
        fallback = by_name.get(unit.fallback_unit)
        if fallback is not None and fallback.per != unit.per:
            message = (
                f"falls back to {fallback.unit}, which is priced per {fallback.per} and not per {unit.per}"
            )
            yield error(unit.file, unit.line, "per", message, "fall back to a unit of the same per")


def check_rules(rules: Sequence[Rule], units: Sequence[Unit]) -> Iterator[Finding]:
    """Rules are unique per provider, model, unit and instant, and only what this release can apply."""
    known = {unit.unit for unit in units}
    groups: dict[tuple[str, str, str], list[Rule]] = defaultdict(list)
    for rule in rules:
        groups[rule.provider, rule.model, rule.unit].append(rule)
        if rule.unit and rule.unit not in known:
            message = f"unknown unit {rule.unit!r}"
            yield error(rule.file, rule.line, "unknown-unit", message, "use a unit of units.csv")
        if rule.tier_mode == "graduated" and rule.tier_basis == "total_input":
            message = "graduated tiers of the total input: which unit fills which tier first is not said"
            fix = "count each unit by itself, with tier_basis = quantity"
            yield error(rule.file, rule.line, "tiers", message, fix)
        if rule.min_quantity > 0 or rule.increment != 1:
            yield from _check_step(rule)
    for group in groups.values():
        for position, rule in enumerate(group):
            for earlier in group[:position]:
                if overlap(rule, earlier):
                    message = f"overlaps the rule in line {earlier.line}"
                    yield error(rule.file, rule.line, "overlap", message, "end one where the other begins")


def _check_step(rule: Rule) -> Iterator[Finding]:
    """A minimum or increment names the unit that it is about."""
    if not rule.unit:
        fix = "name the unit that it is about, such as input_audio_second"
        yield error(rule.file, rule.line, "step", "a minimum or increment of no unit", fix)
    if rule.increment == 0:
        yield error(rule.file, rule.line, "step", "an increment of 0", "leave it blank, or give the step")


def check_bands(rules: Sequence[Rule], prices: Sequence[PriceRow]) -> Iterator[Finding]:
    """Where tiers count the units themselves, every unit has a price for its first ones."""
    counting = {(rule.provider, rule.model) for rule in rules if rule.tier_basis == "quantity"}
    series = {row.series for row in prices}
    for row in prices:
        if row.tier_above == 0 or not counting & {(row.provider, row.model), (row.provider, "")}:
            continue
        if (*row.series[:-1], 0) not in series:
            message = f"{row.in_words()} has no price for the first {row.tier_above}"
            yield error(row.file, row.line, "tiers", message, "add the row with tier_above = 0")


def overlap(one: "Dated", other: "Dated") -> bool:
    """Whether two dated rows are in force at a common instant."""
    starts_before_end = (
        one.effective_from is None or other.effective_to is None or (one.effective_from < other.effective_to)
    )
    ends_after_start = (
        one.effective_to is None or other.effective_from is None or (one.effective_to > other.effective_from)
    )
    return starts_before_end and ends_after_start


def check_attribution(rules: "Sequence[Attribution]") -> Iterator[Finding]:
    """A call meets at most one rule of each kind: which of two holds must not be left to chance."""
    for number, row in enumerate(rules):
        if not (row.tenant or row.service or row.operation or row.metadata_key):
            message = (
                f"attribution {row.attribution} asks for nothing: every call would be {row.target_tenant}'s"
            )
            yield error(
                row.file, row.line, "attribution-scope", message, "name a tenant, service, operation or key"
            )
        if row.metadata_value and not row.metadata_key:
            message = f"attribution {row.attribution} has a metadata_value without a metadata_key"
            yield error(
                row.file, row.line, "attribution-scope", message, "name the key, or leave the value out"
            )
        for other in rules[:number]:
            if _asks(row) == _asks(other) and overlap(row, other):
                message = f"attribution {row.attribution} asks for what {other.attribution} asks for, at the same time"
                fix = f"end {other.file}:{other.line} before this one begins"
                yield error(row.file, row.line, "attribution-overlap", message, fix)


def _asks(row: "Attribution") -> tuple[str, ...]:
    return (row.tenant, row.service, row.operation, row.metadata_key, row.metadata_value)


if TYPE_CHECKING:
    from spanledger_warehouse.seeds.rows import (
        Adjustment,
        Alias,
        Attribution,
        Budget,
        DefaultPrice,
        Tenant,
        Window,
    )

    Dated = Rule | Alias | Adjustment | Attribution | Budget | DefaultPrice | Tenant | Window
