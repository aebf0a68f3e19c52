"""What must hold in the other files: the unit registry, the counting rules, what this release can price."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from spanledger_warehouse.seeds.findings import Finding, error
from spanledger_warehouse.seeds.rows import Rule, Unit

if TYPE_CHECKING:
    from spanledger_warehouse.seeds.catalogue import Catalogue

_PERS = (1, 1000, 3600, 1_000_000)
COMMON_UNITS = (
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "reasoning",
    "input_audio",
    "output_audio",
    "input_image",
    "output_image",
    "web_search",
    "request",
)


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
        if rule.tier_mode == "graduated":
            message = "this release prices whole-request tiers only"
            fix = "remove the rule, or use a release that can"
            yield error(rule.file, rule.line, "unsupported", message, fix)
        if rule.billed_at != "end":
            message = "this release bills at the end of a call only"
            fix = "remove the rule, or use a release that can"
            yield error(rule.file, rule.line, "unsupported", message, fix)
        if rule.min_quantity > 0 or rule.increment != 1:
            yield from _check_step(rule)
    for group in groups.values():
        for position, rule in enumerate(group):
            for earlier in group[:position]:
                if overlap(rule, earlier):
                    message = f"overlaps the rule in line {earlier.line}"
                    yield error(rule.file, rule.line, "overlap", message, "end one where the other begins")


def _check_step(rule: Rule) -> Iterator[Finding]:
    """A minimum or increment names its unit, which is none of the common ones: those are billed as counted."""
    if not rule.unit or rule.unit in COMMON_UNITS:
        message = f"a minimum or increment of {rule.unit or 'no unit'}"
        fix = "name a unit that is not one of the twelve common ones, such as input_audio_second"
        yield error(rule.file, rule.line, "unsupported", message, fix)
    if rule.increment == 0:
        yield error(
            rule.file, rule.line, "unsupported", "an increment of 0", "leave it blank, or give the step"
        )


def overlap(one: "Dated", other: "Dated") -> bool:
    """Whether two dated rows are in force at a common instant."""
    starts_before_end = (
        one.effective_from is None or other.effective_to is None or (one.effective_from < other.effective_to)
    )
    ends_after_start = (
        one.effective_to is None or other.effective_from is None or (one.effective_to > other.effective_from)
    )
    return starts_before_end and ends_after_start


def check_unsupported(catalogue: "Catalogue") -> Iterator[Finding]:
    """What cannot be priced yet is refused: ignoring it would give a wrong amount in silence."""
    for row in catalogue.attribution:
        message = f"this release cannot price with {row.file} yet, and will not ignore it"
        fix = "keep the row out until a release can price it"
        yield error(row.file, row.line, "unsupported", message, fix)


if TYPE_CHECKING:
    from spanledger_warehouse.seeds.rows import Adjustment, Alias, Budget, DefaultPrice, Tenant, Window

    Dated = Rule | Alias | Adjustment | Budget | DefaultPrice | Tenant | Window
