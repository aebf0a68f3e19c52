"""Model names and what they are billed as: resolving one, and refusing aliases that could mean two models."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from spanledger_warehouse.seeds.findings import Finding, error
from spanledger_warehouse.seeds.patterns import literal_of, names_of
from spanledger_warehouse.seeds.rows import Alias, PriceRow
from spanledger_warehouse.seeds.table_rules import overlap


def resolve(
    provider: str, model: str, at: dt.datetime, priced: Collection[tuple[str, str]], aliases: Sequence[Alias]
) -> tuple[str, str] | None:
    """The provider and model whose prices a call pays; None where nobody has said.

    The exact name wins, then an alias of this provider, then the same two under the provider that this
    one is another name of. `priced` holds the names that have prices.
    """
    for name in (provider, *_other_names(provider, at, aliases)):
        if (name, model) in priced:
            return name, model
        for alias in aliases:
            if (
                alias.provider == name
                and alias.pattern
                and _holds_at(alias, at)
                and re.fullmatch(alias.pattern, model)
            ):
                return alias.target_provider, alias.target_model
    return None


def similar(model: str, models: Iterable[str]) -> list[str]:
    """Names that somebody may have meant: the same letters and digits with other marks, or a part of the name."""
    wanted = _letters(model)
    known = sorted(set(models))
    same = [name for name in known if _letters(name) == wanted]
    return same or [name for name in known if wanted and wanted in _letters(name)][:8]


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _other_names(provider: str, at: dt.datetime, aliases: Sequence[Alias]) -> list[str]:
    renaming = (alias for alias in aliases if alias.provider == provider and not alias.pattern)
    return [alias.target_provider for alias in renaming if _holds_at(alias, at)]


def _holds_at(alias: Alias, at: dt.datetime) -> bool:
    after_start = alias.effective_from is None or alias.effective_from <= at
    return after_start and (alias.effective_to is None or at < alias.effective_to)


def check_aliases(aliases: Sequence[Alias], prices: Sequence[PriceRow]) -> list[Finding]:
    """Every alias leads to prices, and no name leads to two."""
    priced = {(row.provider, row.model) for row in prices}
    good = [alias for alias in aliases if alias.pattern and _pattern_problem(alias) is None]
    return [
        *_check_targets(aliases, priced),
        *_check_two_matches(good, priced),
        *_check_provider_names([alias for alias in aliases if not alias.pattern]),
    ]


def _pattern_problem(alias: Alias) -> str | None:
    try:
        names_of(alias.pattern)
        if literal_of(alias.pattern) is None:
            re.compile(alias.pattern)
    except (ValueError, re.error) as problem:
        return str(problem)
    return None


def _check_targets(aliases: Sequence[Alias], priced: Collection[tuple[str, str]]) -> Iterator[Finding]:
    providers = {provider for provider, _ in priced}
    for alias in aliases:
        problem = _pattern_problem(alias)
        if problem is not None:
            message = f"the pattern {alias.pattern!r} {problem}"
            yield error(alias.file, alias.line, "alias-pattern", message, "name the models one by one")
        if alias.pattern and (alias.target_provider, alias.target_model) not in priced:
            message = (
                f"leads to {alias.target_provider} {alias.target_model or '(blank)'}, which has no price"
            )
            fix = "name a model of prices/, not another alias; or add its prices"
            yield error(alias.file, alias.line, "alias-target", message, fix)
        if not alias.pattern and (alias.target_model or alias.target_provider not in providers):
            message = f"says that {alias.provider} is {alias.target_provider!r} {alias.target_model}".rstrip()
            fix = "a blank pattern names a provider that has prices, with target_model blank"
            yield error(alias.file, alias.line, "alias-target", message, fix)


def _check_two_matches(aliases: Sequence[Alias], priced: Collection[tuple[str, str]]) -> Iterator[Finding]:
    by_provider: dict[str, list[Alias]] = defaultdict(list)
    for alias in aliases:
        by_provider[alias.provider].append(alias)
    for provider, rows in by_provider.items():
        literal: dict[str, list[Alias]] = defaultdict(list)
        for alias in rows:
            literal[literal_of(alias.pattern) or ""].append(alias)
        compiled = [(alias, re.compile(alias.pattern)) for alias in literal.pop("", [])]
        names = {name for alias in rows for name in names_of(alias.pattern)}
        reported: set[tuple[int, int]] = set()
        for name in sorted(names - {model for owner, model in priced if owner == provider}):
            matching = [alias for alias, pattern in compiled if pattern.fullmatch(name)] + literal.get(
                name, []
            )
            matching.sort(key=lambda alias: alias.line)
            for position, alias in enumerate(matching):
                for earlier in matching[:position]:
                    if overlap(alias, earlier) and (earlier.line, alias.line) not in reported:
                        reported.add((earlier.line, alias.line))
                        message = f"{name!r} matches this alias and the one in line {earlier.line}"
                        fix = "make the patterns exclude each other, or end one where the other begins"
                        yield error(alias.file, alias.line, "alias-ambiguous", message, fix)


def _check_provider_names(aliases: Sequence[Alias]) -> Iterator[Finding]:
    for position, alias in enumerate(aliases):
        for earlier in aliases[:position]:
            if alias.provider == earlier.provider and overlap(alias, earlier):
                message = f"{alias.provider} is already another name in line {earlier.line}"
                yield error(alias.file, alias.line, "alias-ambiguous", message, "keep one of them")
