"""What must hold in the other files: the unit registry, the counting rules, what this release can price."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from spanledger_warehouse.seeds.findings import Finding, error
from spanledger_warehouse.seeds.rows import Row, Rule, Unit

if TYPE_CHECKING:
    from spanledger_warehouse.seeds.catalogue import Catalogue

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
        if rule.tier_mode == "graduated" or rule.min_quantity > 0 or rule.increment != 1:
            message = "this release prices whole-request tiers only, without minimum quantity or increment"
            yield error(
                rule.file, rule.line, "unsupported", message, "remove the rule, or use a release that can"
            )
    for group in groups.values():
        for position, rule in enumerate(group):
            for earlier in group[:position]:
                if overlap(rule, earlier):
                    message = f"overlaps the rule in line {earlier.line}"
                    yield error(rule.file, rule.line, "overlap", message, "end one where the other begins")


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
    waiting: tuple[Sequence[Row], ...] = (
        catalogue.adjustments,
        catalogue.attribution,
        catalogue.defaults,
        catalogue.windows,
    )
    for rows in waiting:
        for row in rows:
            message = f"this release cannot price with {row.file} yet, and will not ignore it"
            yield error(
                row.file, row.line, "unsupported", message, "keep the row out until a release can price it"
            )
    for price in catalogue.prices:
        if price.currency != "USD":
            message = f"this release prices in USD only, not in {price.currency}"
            fix = "keep the row out until a release can price it; do not convert it by hand"
            yield error(price.file, price.line, "unsupported", message, fix)
        if price.window:
            message = f"this release cannot price the time-of-day window {price.window!r} yet"
            yield error(
                price.file,
                price.line,
                "unsupported",
                message,
                "keep the row out until a release can price it",
            )


if TYPE_CHECKING:
    from spanledger_warehouse.seeds.rows import Alias

    Dated = Rule | Alias
