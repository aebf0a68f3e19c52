"""What an administrator does to prices, as new lines of the seeds: set, end, withdraw; `correcting` has the rest.

An edit is pure: it takes the seeds as they are and gives the rows to add and the files with these rows in them.
`editing_commit` checks the result and makes the commit.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from spanledger_warehouse.seeds.aliases import resolve, similar
from spanledger_warehouse.seeds.canonical import canonical_decimal, canonical_instant
from spanledger_warehouse.seeds.catalogue import Catalogue
from spanledger_warehouse.seeds.editing_cells import (
    Amount,
    Offer,
    Stated,
    cells_of,
    grounds,
    instant,
    new_cells,
    spell_price,
)
from spanledger_warehouse.seeds.editing_lines import HEADER, insert
from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.rows import PriceRow
from spanledger_warehouse.seeds.source import UNCOMMITTED, SeedFiles, digest_of
from spanledger_warehouse.seeds.tables import read_table

__all__ = ["Amount", "Edit", "Offer", "Stated", "end_prices", "instant", "set_prices"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")


@dataclass(frozen=True, slots=True)
class Edit:
    """New rows, and the seeds with them."""

    before: Catalogue
    rows: tuple[PriceRow, ...]
    replaced: Mapping[
        str, PriceRow
    ]  # price_id of a new row → the row whose amount it changes, where there is one
    after: SeedFiles

    @property
    def files(self) -> tuple[str, ...]:
        """The files that change, by their path among the seeds."""
        return tuple(dict.fromkeys(row.file for row in self.rows))


def set_prices(
    catalogue: Catalogue,
    offer: Offer,
    amounts: Sequence[Amount],
    starts: dt.datetime,
    stated: Stated,
    *,
    per: int | None = None,
    currency: str = "",
    change_kind: str = "",
) -> Edit:
    """Prices that hold from an instant on, for a known or a new model.

    Raises:
        SeedError: a price of that instant exists already, or something named is unknown.
    """
    offer = replace(offer, provider=provider_of(catalogue, offer, change_kind))
    added, replaced = [], []
    for amount in amounts:
        series = series_of(catalogue, offer, amount.unit, amount.context)
        old = price_at(series, starts)
        if old is not None and old.effective_from == starts:
            raise SeedError(
                f"{old.in_words()} has a price from {canonical_instant(starts)} already, "
                f"{canonical_decimal(old.price)} ({old.place}); if it is wrong: "
                f"spanledger prices correct {offer.model} {amount.unit} PRICE --from {canonical_instant(starts)}"
            )
        if old is not None and _same_price(old, amount.price, starts):
            raise SeedError(
                f"{old.in_words()} is {amount.price} already at that instant ({old.place}); leave it out"
            )
        latest = max(series, key=lambda row: row.effective_from, default=None)
        cells = new_cells(catalogue, offer, amount, stated, per)
        cells |= {
            "effective_from": canonical_instant(starts),
            "currency": currency or (latest.currency if latest else "USD"),
            "change_kind": change_kind or _kind(series, starts),
        }
        added.append(cells)
        replaced.append(old)
    return edit_of(catalogue, added, replaced)


def end_prices(
    catalogue: Catalogue,
    offer: Offer,
    units: Sequence[str],
    at: dt.datetime,
    stated: Stated,
    *,
    contexts: Sequence[str] = (),
    withdraw: bool = False,
) -> Edit:
    """End prices at an instant; or take back ones that were announced for that instant and never came.

    Without units, every unit of the model is meant; without contexts, every context, region, window and tier.
    """
    provider = provider_of(catalogue, offer, "")
    meant = [
        row
        for row in catalogue.in_force
        if (row.provider, row.model) == (provider, offer.model)
        and (not units or row.unit in units)
        and (not contexts or row.context in contexts)
        and (not (units and contexts) or (row.region, row.window, row.tier_above) == _where(offer))
    ]
    if withdraw:
        chosen = [row for row in meant if row.effective_from == at]
    else:
        series = {row.series: [other for other in meant if other.series == row.series] for row in meant}
        latest = (price_at(rows, at - dt.timedelta(microseconds=1)) for rows in series.values())
        chosen = [row for row in latest if row and (row.effective_to is None or row.effective_to > at)]
    missing = [unit for unit in units if unit not in {row.unit for row in chosen}]
    if missing or not chosen:
        what = "that begins" if withdraw else "in force just before"
        named = f"{', '.join(missing)} of {offer.model}" if missing else offer.model
        raise SeedError(
            f"{provider} has no price for {named} {what} {canonical_instant(at)}; "
            f"see `spanledger prices show {offer.model}`"
        )
    kind = "withdrawal" if withdraw else "end"
    added = [
        cells_of(row)
        | grounds(stated)
        | {"change_kind": kind, "supersedes": row.price_id}
        | ({} if withdraw else {"effective_to": canonical_instant(at)})
        for row in chosen
    ]
    return edit_of(catalogue, added, list(chosen))


def edit_of(
    catalogue: Catalogue, added: Iterable[Mapping[str, str]], replaced: Sequence[PriceRow | None]
) -> Edit:
    """The seeds with these lines more, each with the row whose amount it changes."""
    files = dict(catalogue.source.files)
    units = [unit.unit for unit in catalogue.units]
    old_by_key: dict[tuple[str, ...], PriceRow | None] = {}
    by_file: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for cells, old in zip(added, replaced, strict=True):
        by_file[f"prices/{cells['provider']}.csv"].append(cells)
        old_by_key[tuple(cells[column] for column in HEADER)] = old
    for file, lines in by_file.items():
        files[file] = insert(file, files.get(file), lines, units)
    source = catalogue.source
    commit = f"{source.commit.partition('+')[0]}+uncommitted"
    after = replace(source, files=files, state=UNCOMMITTED, commit=commit, digest=digest_of(files))
    known = {row.price_id for row in catalogue.prices}
    rows = []
    replaced_by_id = {}
    for file in by_file:
        for row in read_table(file, files[file], PriceRow, []):
            if row.price_id in known:
                continue
            rows.append(row)
            was = old_by_key.get(tuple(cells_of(row)[column] for column in HEADER))
            if was is not None:
                replaced_by_id[row.price_id] = was
    return Edit(catalogue, tuple(rows), replaced_by_id, after)


def provider_of(catalogue: Catalogue, offer: Offer, change_kind: str) -> str:
    """The provider meant; an alias is no model of its own unless a launch says so."""
    having = sorted({row.provider for row in catalogue.prices if row.model == offer.model})
    if offer.provider in having:
        return offer.provider
    if having and not offer.provider:
        if len(having) == 1:
            return having[0]
        raise SeedError(f"{', '.join(having)} price {offer.model}; say which with --provider")
    target = _alias_target(catalogue, offer)
    if target is not None and change_kind != "launch":
        raise SeedError(
            f"{offer.model} is billed as {target[0]} {target[1]} (model_aliases.csv); change the price of "
            f"{target[1]}, or give {offer.model} prices of its own with --change-kind launch"
        )
    if not offer.provider:
        near = similar(offer.model, (row.model for row in catalogue.prices))
        meant = f" (similar: {', '.join(near)})" if near else ""
        raise SeedError(
            f"no provider has a price for {offer.model}{meant}; to price a new model, name its provider "
            "with --provider"
        )
    for word, what in ((offer.provider, "provider"), (offer.model.replace("/", "-"), "model")):
        if not _NAME.fullmatch(word):
            raise SeedError(f"{word!r} is no {what} id; use letters, digits, `.`, `_`, `:` and `-`")
    return offer.provider


def _alias_target(catalogue: Catalogue, offer: Offer) -> tuple[str, str] | None:
    priced = {(row.provider, row.model) for row in catalogue.prices}
    owners = [offer.provider] if offer.provider else sorted({alias.provider for alias in catalogue.aliases})
    now = dt.datetime.now(dt.UTC)
    found = (resolve(owner, offer.model, now, priced, catalogue.aliases) for owner in owners)
    return next((target for target in found if target is not None and target[1] != offer.model), None)


def series_of(catalogue: Catalogue, offer: Offer, unit: str, context: str) -> list[PriceRow]:
    """The prices in force of one unit of an offer, oldest first."""
    wanted = (offer.provider, offer.model, unit, context, *_where(offer))
    rows = (row for row in catalogue.in_force if row.series == wanted)
    return sorted(rows, key=lambda row: row.effective_from)


def _where(offer: Offer) -> tuple[str, str, int]:
    return (offer.region, offer.window, offer.tier_above)


def price_at(series: Iterable[PriceRow], at: dt.datetime) -> PriceRow | None:
    """The row that the instant falls to; one that has ended is still its series' last word."""
    begun = [row for row in series if row.effective_from <= at]
    return max(begun, key=lambda row: row.effective_from, default=None)


def _same_price(row: PriceRow, price: str, at: dt.datetime) -> bool:
    holds = row.effective_to is None or at < row.effective_to
    return holds and Decimal(spell_price(price)) == row.price


def _kind(series: Sequence[PriceRow], starts: dt.datetime) -> str:
    if not series:
        return "launch"
    return "backfill" if starts < series[0].effective_from else "price_change"
