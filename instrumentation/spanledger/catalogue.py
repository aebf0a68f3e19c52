"""List prices from the seed files that ship with the SDK, for estimates in the log; the ledger knows better.

Standard library only. A provider's file is read when its first call is priced. What is left out: contracts, uplifts of
regions, times of day with their own price, and currencies other than USD.
"""

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

Row = Mapping[str, str]

_PLACES: Final = Decimal("1e-12")
_BY_THE_PIECE: Final = ("tool", "call")
_DEFAULTS: Final = {"context": "standard", "region": "global", "tier_above": "0"}


def shipped() -> Path:
    """The folder of the seeds of this release: the checkout's where there is one, else the wheel's."""
    here = Path(__file__).resolve()
    checkout = here.parents[2] / "pricing_seeds"
    return checkout if checkout.is_dir() else here.parents[1] / "spanledger_warehouse" / "pricing_seeds"


class Price(NamedTuple):
    """A row of a price file that is in force, or was."""

    unit: str
    context: str
    region: str
    tier_above: int
    since: datetime
    until: datetime | None
    unit_price: Decimal


class Catalogue:
    """The prices of one folder of seeds; rows of its own come before those that a vendor's catalogue below it has.

    Args:
        folder: a folder with `prices/`, `units.csv` and `model_aliases.csv`.

    Raises:
        OSError, ValueError, KeyError: it cannot be read, or is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folders = [place for place in (folder, folder / "vendor") if (place / "prices").is_dir()]
        if not self._folders:
            raise FileNotFoundError(2, "No folder prices/", str(folder))
        self._units: dict[str, Row] = {}
        for row in self._rows("units.csv"):
            self._units.setdefault(row["unit"], row)
        self._aliases: dict[str, list[Row]] = {}
        for row in self._rows("model_aliases.csv"):
            self._aliases.setdefault(row["provider"], []).append(row)
        self._above_or_equal = {
            row["provider"]
            for row in self._rows("rules.csv")
            if row["tier_comparison"] == ">=" and not row["model"]
        }
        self._models = lru_cache(64)(self._read_models)
        self._matches = lru_cache(4096)(self._match)

    def cost(
        self,
        provider: str,
        model: str,
        quantities: Mapping[str, int],
        *,
        total_input: int,
        at: datetime,
        context: str = "standard",
        region: str = "global",
    ) -> Decimal | None:
        """What a call costs at list prices, in USD; None when one of its units has no price here.

        Args:
            provider: as the call names it.
            model: as the call names it.
            quantities: by unit.
            total_input: all input tokens, which choose the tier.
            at: the instant that counts.
            context: `standard`, `batch`, `flex` …
            region: as served.
        """
        found = self._matches(provider, model)
        if found is None:
            return None
        amount = Decimal(0)
        for unit, quantity in quantities.items():
            price = self._price(found, unit, total_input, at, context, region)
            if price is None and self._of(unit, "optional") != "true":
                return None
            amount += (quantity * (price or Decimal(0))).quantize(_PLACES, ROUND_HALF_EVEN)
        return amount

    def _price(
        self, found: tuple[str, str], unit: str, total_input: int, at: datetime, context: str, region: str
    ) -> Decimal | None:
        provider, model = found
        reached = [
            price
            for price in self._models(provider)[model]
            if price.unit == unit
            and (price.context == context or self._of(unit, "direction") in _BY_THE_PIECE)
            and price.region in (region, "global")
            and price.since <= at
            and (price.until is None or at < price.until)
            and (
                price.tier_above < total_input
                or not price.tier_above
                or (price.tier_above == total_input and provider in self._above_or_equal)
            )
        ]
        if not reached:
            other = self._of(unit, "fallback_unit")
            return self._price(found, other, total_input, at, context, region) if other else None
        return max(
            reached, key=lambda price: (price.context == context, price.region == region, price.tier_above)
        ).unit_price

    def _of(self, unit: str, column: str) -> str:
        return self._units[unit][column] if unit in self._units else ""

    def _match(self, provider: str, model: str) -> tuple[str, str] | None:
        """The provider and model whose prices hold: the name itself, an alias, then both under the other name."""
        others = [row["target_provider"] for row in self._aliases.get(provider, ()) if not row["pattern"]]
        for name in (provider, *others):
            if model in self._models(name):
                return name, model
            for row in self._aliases.get(name, ()):
                if row["pattern"] and re.fullmatch(row["pattern"], model):
                    target = row["target_provider"], row["target_model"]
                    return target if target[1] in self._models(target[0]) else None
        return None

    def _read_models(self, provider: str) -> dict[str, list[Price]]:
        """The prices of a provider by model, each until the next of its kind begins."""
        if not re.fullmatch(r"[\w.-]{1,64}", provider):
            return {}
        kinds: dict[tuple[str, ...], dict[str, Row]] = {}
        rows = list(self._rows(f"prices/{provider}.csv"))
        superseded = {row["supersedes"] for row in rows if row["supersedes"]}
        for row in rows:
            usable = not row["window"] and row["currency"] == "USD" and row["change_kind"] != "withdrawal"
            if usable and not (superseded and price_id(row) in superseded):
                kind = (row["model"], row["unit"], *(row[name] or _DEFAULTS[name] for name in _DEFAULTS))
                # A folder's own row comes first, and stays.
                kinds.setdefault(kind, {}).setdefault(row["effective_from"], row)
        models: dict[str, list[Price]] = {}
        for (model, *_), dated in kinds.items():
            models.setdefault(model, []).extend(_prices([dated[since] for since in sorted(dated)]))
        return models

    def _rows(self, file: str) -> Iterator[Row]:
        for folder in self._folders:
            if (folder / file).is_file():
                with (folder / file).open(encoding="utf-8", newline="") as lines:
                    yield from csv.DictReader(lines)


def _prices(rows: Sequence[Row]) -> Iterator[Price]:
    starts = [_instant(row["effective_from"]) for row in rows]
    for row, since, following in zip(rows, starts, (*starts[1:], None), strict=True):
        ends = _instant(row["effective_to"]) if row["effective_to"] else None
        yield Price(
            row["unit"],
            row["context"] or "standard",
            row["region"] or "global",
            int(row["tier_above"] or 0),
            since,
            min(filter(None, (ends, following)), default=None),
            Decimal(row["price"]) / Decimal(row["per"]),
        )


def _instant(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)


def price_id(row: Row) -> str:
    """The id of a price row, as `pricing_seeds/README.md` makes it; its columns are in the order of the file."""
    lines = []
    for name, value in row.items():
        if name in ("price", "per", "tier_above") and "." in value:
            value = value.rstrip("0").rstrip(".")
        if value and name != "note" and value != _DEFAULTS.get(name):
            lines.append(f"{name}={value}")
    return "p1-" + hashlib.sha256("\n".join(lines).encode()).hexdigest()[:20]
