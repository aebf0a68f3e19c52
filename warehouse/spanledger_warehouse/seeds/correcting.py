"""What was wrong with a price, put right by a line that supersedes it: its amount, its instant, its grounds."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from spanledger_warehouse.seeds.canonical import canonical_decimal, canonical_instant
from spanledger_warehouse.seeds.catalogue import Catalogue
from spanledger_warehouse.seeds.editing import Edit, edit_of, price_at, provider_of, series_of
from spanledger_warehouse.seeds.editing_cells import Amount, Offer, Stated, cells_of, grounds, spell_price
from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.rows import PriceRow


def correct_price(
    catalogue: Catalogue,
    offer: Offer,
    amount: Amount,
    stated: Stated,
    *,
    starts: dt.datetime | None,
    moved_to: dt.datetime | None = None,
) -> Edit:
    """Put a wrong price right: the amount, the instant it began, or both.

    Args:
        catalogue: the seeds.
        offer: which price.
        amount: its unit and context; a blank price keeps the amount.
        stated: the grounds.
        starts: the instant from which the wrong row holds; None is the price in force today.
        moved_to: the instant from which it really held; None keeps it.
    """
    offer = replace(offer, provider=provider_of(catalogue, offer, ""))
    series = series_of(catalogue, offer, amount.unit, amount.context)
    at = starts or dt.datetime.now(dt.UTC)
    wrong = price_at(series, at)
    if wrong is None or (starts is not None and wrong.effective_from != starts):
        known = ", ".join(canonical_instant(row.effective_from) for row in series) or "none at all"
        raise SeedError(
            f"{offer.provider} {offer.model} {amount.unit} ({amount.context}) has no price from "
            f"{canonical_instant(at)}; its prices begin at: {known}"
        )
    cells = _corrected(wrong, stated)
    if amount.price:
        cells["price"] = spell_price(amount.price)
    if moved_to is not None:
        cells["effective_from"] = canonical_instant(moved_to)
    if _says_the_same(cells, wrong):
        raise SeedError(f"{wrong.place} says {canonical_decimal(wrong.price)} already; nothing to correct")
    return edit_of(catalogue, [cells], [wrong])


def correct_grounds(catalogue: Catalogue, offer: Offer, stated: Stated, starts: dt.datetime) -> Edit:
    """Put right on what grounds a model's prices from an instant rest; amounts and instants stay.

    Raises:
        SeedError: no price of the model begins there, or all rest on these grounds already.
    """
    provider = provider_of(catalogue, offer, "")
    meant = [
        row
        for row in catalogue.in_force
        if (row.provider, row.model, row.effective_from) == (provider, offer.model, starts)
    ]
    wrong = [row for row in meant if not _says_the_same(_corrected(row, stated), row)]
    if not wrong:
        named = f"price of {provider} {offer.model} from {canonical_instant(starts)}"
        problem = f"every {named} rests on these grounds already" if meant else f"there is no {named}"
        raise SeedError(f"{problem}; see `spanledger prices show {offer.model}`")
    return edit_of(catalogue, [_corrected(row, stated) for row in wrong], wrong)


def _corrected(row: PriceRow, stated: Stated) -> dict[str, str]:
    """The cells of a row that corrects this one; a note that is not replaced stays."""
    stated = replace(stated, note=stated.note or row.note)
    return cells_of(row) | grounds(stated) | {"change_kind": "correction", "supersedes": row.price_id}


def _says_the_same(cells: Mapping[str, str], row: PriceRow) -> bool:
    said = cells_of(row)
    return all(cells[name] == said[name] for name in ("price", "effective_from", "basis", "evidence_url"))
