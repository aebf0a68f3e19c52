"""Which facts become lines: whole models that the seeds lack, contexts complete; what they have stays."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from spanledger_warehouse.seeds.aliases import resolve
from spanledger_warehouse.seeds.canonical import canonical_decimal, canonical_instant
from spanledger_warehouse.seeds.catalogue import Catalogue
from spanledger_warehouse.seeds.editing import Edit, edit_of
from spanledger_warehouse.seeds.editing_cells import spell_price
from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.evidence_rules import evidence_hosts, is_own_word
from spanledger_warehouse.seeds.importing.facts import Fact, PriceTable

_JUMP = 3
_TOKENS = ("input", "output")
# A model needs a price of one of these: another unit alone would leave its calls without a cost in silence.
_SOLD_BY = (
    "input",
    "generated_image",
    "input_audio_second",
    "input_character",
    "output_video_second",
    "page",
    "rerank_query",
)
Model = tuple[str, str]
Cells = dict[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a take-over brings, and what it leaves: models by how many, and why."""

    edit: Edit
    models: tuple[Model, ...]
    differing: tuple[str, ...]  # prices of known models that the table states otherwise
    left: Mapping[str, int]


def take_over(
    catalogue: Catalogue,
    table: PriceTable,
    *,
    since: datetime,
    read_on: date,
    providers: Collection[str] = (),
    models: Collection[str] = (),
) -> Plan:
    """Lines for the models of a table that have no price yet.

    Args:
        catalogue: the seeds.
        table: the facts.
        since: the instant from which prices are taken to hold whose start the table does not say.
        read_on: when the table was read.
        providers: only these, by our names; empty: those that the seeds have prices of.
        models: only these; empty: all.

    Raises:
        SeedError: there is nothing to take over; says why.
    """
    priced = {(row.provider, row.model) for row in catalogue.prices}
    meant = set(providers) or {provider for provider, _ in priced}
    left: Counter[str] = Counter(table.skipped)
    by_model: dict[Model, list[Fact]] = defaultdict(list)
    for fact in table.facts:
        if fact.provider in meant and (not models or fact.model in models):
            by_model[fact.provider, fact.model].append(fact)
    cells: list[Cells] = []
    taken: list[Model] = []
    differing: list[str] = []
    for model, facts in sorted(by_model.items()):
        known = resolve(*model, datetime.now(since.tzinfo), priced, catalogue.aliases)
        if known is not None:
            left["models that have a price"] += 1
            differing += _differing(catalogue, known, facts, datetime.now(since.tzinfo))
            continue
        lines, problem = _lines(catalogue, facts, since, read_on)
        if problem:
            left[problem] += 1
        else:
            cells += lines
            taken.append(model)
    if not cells:
        told = "; ".join(f"{what}: {count}" for what, count in left.most_common(8))
        raise SeedError(f"nothing of the table is new here ({told or 'it has none of these models'})")
    return Plan(edit_of(catalogue, cells, [None] * len(cells)), tuple(taken), tuple(differing), left)


def _lines(
    catalogue: Catalogue, facts: Sequence[Fact], since: datetime, read_on: date
) -> tuple[list[Cells], str | None]:
    """The lines of one model; or why it is left out."""
    per = {unit.unit: unit.per for unit in catalogue.units}
    facts = [fact for fact in facts if fact.unit in per]
    series: Mapping[tuple[str, str, int], list[Fact]] = defaultdict(list)
    for fact in facts:
        series[fact.context, fact.unit, fact.tier_above].append(fact)
    if not any(context == "standard" and unit in _SOLD_BY for context, unit, _ in series):
        return [], "models without a price of what they are sold by"
    if all(fact.price == 0 for fact in facts):
        return [], "models priced 0, which may stand for not known"
    others = [fact for fact in facts if fact.unit not in _TOKENS and fact.unit in _SOLD_BY and fact.price]
    if others:  # tokens at 0 beside what it is sold by are not stated: they would make uncounted calls free
        series = {
            key: told
            for key, told in series.items()
            if key[1] not in _TOKENS or any(fact.price for fact in told)
        }
    complete = dict(_completed(series))
    hosts = evidence_hosts(catalogue)
    lines = []
    for (context, unit, tier), states in complete.items():
        before: Decimal | None = None
        began: datetime | None = None
        for fact in sorted(states, key=lambda fact: fact.starts or since):
            price = fact.price * per[unit] / fact.per
            if price == before:
                continue
            if began == (fact.starts or since):
                return [], "models that the table states twice"
            began = fact.starts or since
            exponent = price.normalize().as_tuple().exponent
            if not isinstance(exponent, int) or -exponent > 10:
                return [], "models with a float artefact"
            own = is_own_word(hosts, fact.provider, fact.basis, fact.evidence_url)
            lines.append(
                {
                    "provider": fact.provider,
                    "model": fact.model,
                    "unit": unit,
                    "context": context,
                    "region": "global",
                    "window": "",
                    "tier_above": str(tier),
                    "effective_from": canonical_instant(fact.starts or since),
                    "price": spell_price(canonical_decimal(price)),
                    "per": str(per[unit]),
                    "currency": "USD",
                    "effective_to": "",
                    "supersedes": "",
                    "change_kind": "launch" if before is None else "price_change",
                    "evidence_url": fact.evidence_url,
                    "evidence_date": read_on.isoformat(),
                    "basis": fact.basis if own else "third_party",
                    "note": _note(fact, context, before, price),
                }
            )
            before = price
    return lines, None


def _completed(
    series: Mapping[tuple[str, str, int], list[Fact]],
) -> Iterator[tuple[tuple[str, str, int], list[Fact]]]:
    """Contexts with every unit and tier of the standard one; one that lacks an input or output price is left out."""
    standard = {
        (unit, tier): facts for (context, unit, tier), facts in series.items() if context == "standard"
    }
    contexts = {context for context, _, _ in series} - {"standard"}
    yield from ((key, facts) for key, facts in series.items() if key[0] == "standard")
    for context in sorted(contexts):
        own = {(unit, tier): facts for (name, unit, tier), facts in series.items() if name == context}
        lacking = standard.keys() - own.keys()
        if any(unit in ("input", "output") for unit, _ in lacking) or own.keys() - standard.keys():
            continue
        yield from (((context, *key), own.get(key, standard[key])) for key in standard)


def _note(fact: Fact, context: str, before: Decimal | None, price: Decimal) -> str:
    words = ["one-time import"]
    if fact.starts is None:
        words.append("its first day is not known and is taken to be no later than this")
    if fact.context != context:
        words.append("units without a price of their own in this context at the standard price")
    if before is not None and max(before, price) > _JUMP * min(before, price):
        words.append("a move of more than three times, as the table has it")
    if fact.cites:
        words.append(f"it cites {fact.cites}")
    return "; ".join(words)


def _differing(catalogue: Catalogue, known: Model, facts: Sequence[Fact], now: datetime) -> Iterator[str]:
    """Today's prices that the table states otherwise: somebody should look which is right."""
    per = {unit.unit: unit.per for unit in catalogue.units}
    ours = {
        (period.row.context, period.row.unit, period.row.tier_above): period.row
        for period in catalogue.price_periods()
        if (period.row.provider, period.row.model) == known
        and (period.row.region, period.row.window) == ("global", "")
        and period.holds_at(now)
    }
    latest: dict[tuple[str, str, int], Fact] = {}
    for fact in facts:
        key = (fact.context, fact.unit, fact.tier_above)
        if fact.starts is None or fact.starts <= now:
            latest[key] = fact
    for key, fact in latest.items():
        row = ours.get(key)
        if row is not None and row.price != (theirs := fact.price * per[fact.unit] / fact.per):
            told = f"the table says {theirs.normalize():f} for {fact.model}"
            yield f"{row.place}: {row.in_words()} is {row.price}, {told}"
