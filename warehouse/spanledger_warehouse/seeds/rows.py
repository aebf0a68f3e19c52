"""The rows of the seed files; the schema of a column is the metadata of its field."""
# ruff: noqa: RUF009 - needed() and maybe() return dataclass fields

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

COLUMN = "column"


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is read. A blank cell gives `default`, and is refused where `required`."""

    kind: str
    required: bool
    default: Any
    choices: tuple[str, ...]


def needed(kind: str, *choices: str) -> Any:
    """A column that may not be blank."""
    return field(metadata={COLUMN: Column(kind, True, None, choices)})


def maybe(kind: str, default: Any = None, *choices: str) -> Any:
    """A column that may be blank, and then means `default`."""
    return field(metadata={COLUMN: Column(kind, False, default, choices)})


@dataclass(frozen=True, slots=True)
class Row:
    """Where a row stands."""

    file: str
    line: int

    @property
    def place(self) -> str:
        """`file:line`, for messages."""
        return f"{self.file}:{self.line}"


CHANGE_KINDS = ("launch", "price_change", "promotion_end", "backfill", "correction", "withdrawal", "end")
SUPERSEDING_KINDS = ("correction", "withdrawal", "end")
BASES = ("documented", "first_observed", "third_party", "contract")


@dataclass(frozen=True, slots=True)
class PriceRow(Row):
    """One line of `prices/<provider>.csv`, typed; `unit_price` is the exact price of one unit."""

    provider: str = needed("text")
    model: str = needed("text")
    unit: str = needed("text")
    context: str = maybe("text", "standard")
    region: str = maybe("text", "global")
    window: str = maybe("text", "")
    tier_above: int = maybe("integer", 0)
    effective_from: dt.datetime = needed("instant")
    price: Decimal = needed("decimal")
    per: int = needed("integer")
    currency: str = needed("currency")
    effective_to: dt.datetime | None = maybe("instant")
    change_kind: str = needed("text", *CHANGE_KINDS)
    supersedes: str = maybe("text", "")
    evidence_url: str = needed("url")
    evidence_date: dt.date = needed("date")
    basis: str = needed("text", *BASES)
    note: str = maybe("text", "")
    price_id: str = ""
    unit_price: Decimal = Decimal(0)

    @property
    def series(self) -> tuple[str, str, str, str, str, str, int]:
        """What the price is for: all that stays the same when a price changes."""
        return (self.provider, self.model, self.unit, self.context, self.region, self.window, self.tier_above)

    @property
    def key(self) -> tuple[tuple[str, str, str, str, str, str, int], dt.datetime]:
        """Unique among the rows in force."""
        return (self.series, self.effective_from)

    @property
    def is_free(self) -> bool:
        """An explicit price of zero, as opposed to no price."""
        return self.price == 0

    def in_words(self) -> str:
        """`openai gpt-4o output (batch, above 272000)`: the series without its defaults."""
        marks = [
            mark for mark, plain in ((self.context, "standard"), (self.region, "global")) if mark != plain
        ]
        marks += [f"window {self.window}"] if self.window else []
        marks += [f"above {self.tier_above}"] if self.tier_above else []
        return f"{self.provider} {self.model} {self.unit}" + (f" ({', '.join(marks)})" if marks else "")


@dataclass(frozen=True, slots=True)
class Unit(Row):
    """One line of `units.csv`: a billed unit, disjoint from all others."""

    unit: str = needed("text")
    per: int = needed("integer")
    parent: str = maybe("text", "")
    direction: str = needed("text", "input", "output", "tool", "call")
    modality: str = needed("text")
    usage_column: str = maybe("text", "")
    fallback_unit: str = maybe("text", "")
    optional: bool = maybe("flag", False)
    note: str = maybe("text", "")


@dataclass(frozen=True, slots=True)
class Alias(Row):
    """One line of `model_aliases.csv`: names billed as another model, or other names of a provider."""

    provider: str = needed("text")
    pattern: str = maybe("text", "")
    target_provider: str = needed("text")
    target_model: str = maybe("text", "")
    effective_from: dt.datetime | None = maybe("instant")
    effective_to: dt.datetime | None = maybe("instant")
    evidence_url: str = needed("url")
    note: str = maybe("text", "")


@dataclass(frozen=True, slots=True)
class Rule(Row):
    """One line of `rules.csv`: how a provider counts and when it bills; a blank model means all of them."""

    provider: str = needed("text")
    model: str = maybe("text", "")
    effective_from: dt.datetime | None = maybe("instant")
    effective_to: dt.datetime | None = maybe("instant")
    tier_mode: str = maybe("text", "whole_request", "whole_request", "graduated")
    tier_basis: str = maybe("text", "total_input", "total_input", "quantity")
    tier_comparison: str = maybe("text", ">", ">", ">=")
    min_quantity: int = maybe("integer", 0)
    increment: int = maybe("integer", 1)
    unit: str = maybe("text", "")
    billed_at: str = maybe("text", "end", "end", "start")
    evidence_url: str = needed("url")
    note: str = maybe("text", "")


@dataclass(frozen=True, slots=True)
class Window(Row):
    """One line of `windows.csv`: a time of day with its own price."""

    window: str = needed("text")
    provider: str = needed("text")
    time_zone: str = needed("text")
    weekdays: str = needed("text")
    starts: dt.time = needed("clock")
    ends: dt.time = needed("clock")
    calendar: str = maybe("text", "")
    effective_from: dt.datetime | None = maybe("instant")
    effective_to: dt.datetime | None = maybe("instant")
    evidence_url: str = needed("url")
    note: str = maybe("text", "")


@dataclass(frozen=True, slots=True)
class Holiday(Row):
    """One line of `holidays.csv`: a day on which the windows of a calendar do not hold."""

    calendar: str = needed("text")
    date: dt.date = needed("date")
    name: str = maybe("text", "")
    evidence_url: str = needed("url")


@dataclass(frozen=True, slots=True)
class Adjustment(Row):
    """One line of `adjustments.csv`: an uplift, a discount or an agreed price."""

    adjustment: str = needed("text")
    kind: str = needed("text", "uplift", "discount", "override")
    tenant: str = maybe("text", "")
    provider: str = maybe("text", "")
    model: str = maybe("text", "")
    unit: str = maybe("text", "")
    context: str = maybe("text", "")
    region: str = maybe("text", "")
    effective_from: dt.datetime = needed("instant")
    effective_to: dt.datetime | None = maybe("instant")
    factor: Decimal | None = maybe("decimal")
    price: Decimal | None = maybe("decimal")
    per: int | None = maybe("integer")
    currency: str = maybe("currency", "")
    reference: str = maybe("text", "")
    note: str = maybe("text", "")


@dataclass(frozen=True, slots=True)
class DefaultPrice(Row):
    """One line of `defaults.csv`: the operator's conservative price for models without one."""

    provider: str = needed("text")
    unit: str = needed("text")
    effective_from: dt.datetime = needed("instant")
    effective_to: dt.datetime | None = maybe("instant")
    price: Decimal = needed("decimal")
    per: int = needed("integer")
    currency: str = needed("currency")
    note: str = maybe("text", "")


@dataclass(frozen=True, slots=True)
class FxRate(Row):
    """One line of `fx_rates.csv`: what one unit of a currency was worth on a day."""

    date: dt.date = needed("date")
    currency: str = needed("currency")
    usd_per_unit: Decimal = needed("decimal")
    source: str = needed("text")


@dataclass(frozen=True, slots=True)
class Tenant(Row):
    """One line of `tenants.csv`: who pays."""

    tenant: str = needed("text")
    name: str = maybe("text", "")
    time_zone: str = maybe("text", "UTC")
    currency: str = maybe("currency", "USD")
    parent: str = maybe("text", "")
    effective_from: dt.datetime | None = maybe("instant")
    effective_to: dt.datetime | None = maybe("instant")
    note: str = maybe("text", "")


@dataclass(frozen=True, slots=True)
class Attribution(Row):
    """One line of `attribution.csv`: calls that belong to another tenant than the span says."""

    attribution: str = needed("text")
    effective_from: dt.datetime = needed("instant")
    effective_to: dt.datetime | None = maybe("instant")
    tenant: str = maybe("text", "")
    service: str = maybe("text", "")
    operation: str = maybe("text", "")
    metadata_key: str = maybe("text", "")
    metadata_value: str = maybe("text", "")
    target_tenant: str = needed("text")
    reason: str = needed("text")


@dataclass(frozen=True, slots=True)
class Budget(Row):
    """One line of `budgets.csv`: what may be spent in a period before somebody is told."""

    budget: str = needed("text")
    tenant: str = maybe("text", "")
    service: str = maybe("text", "")
    operation: str = maybe("text", "")
    period: str = needed("text", "day", "week", "month")
    amount: Decimal = needed("decimal")
    currency: str = needed("currency")
    thresholds: str = maybe("text", "80 100")
    notify: str = maybe("text", "")
    effective_from: dt.datetime | None = maybe("instant")
    effective_to: dt.datetime | None = maybe("instant")
    note: str = maybe("text", "")


@dataclass(frozen=True, slots=True)
class ClosedPeriod(Row):
    """One line of `periods.csv`: a closed month and the digest of its artifact."""

    warehouse: str = needed("text")
    month: str = needed("month")
    seeds_commit: str = needed("text")
    release: str = needed("text")
    digest: str = needed("text")
    note: str = maybe("text", "")


@dataclass(frozen=True, slots=True)
class EvidenceHost(Row):
    """One line of `evidence_hosts.csv`: a host whose pages are a provider's own word."""

    provider: str = needed("text")
    host: str = needed("text")
    note: str = maybe("text", "")


@dataclass(frozen=True, slots=True)
class PriceCheck(Row):
    """One line of `checks.csv`: somebody read a model's prices at their source again, and what they found."""

    provider: str = needed("text")
    model: str = needed("text")
    checked_on: dt.date = needed("date")
    evidence_url: str = needed("url")
    result: str = needed("text", "same", "changed", "gone")
    note: str = maybe("text", "")


# The files by name; every file below `prices/` holds price rows.
FILES: dict[str, type[Row]] = {
    "adjustments.csv": Adjustment,
    "attribution.csv": Attribution,
    "budgets.csv": Budget,
    "checks.csv": PriceCheck,
    "defaults.csv": DefaultPrice,
    "evidence_hosts.csv": EvidenceHost,
    "fx_rates.csv": FxRate,
    "holidays.csv": Holiday,
    "model_aliases.csv": Alias,
    "periods.csv": ClosedPeriod,
    "rules.csv": Rule,
    "tenants.csv": Tenant,
    "units.csv": Unit,
    "windows.csv": Window,
}
REQUIRED_FILES = ("model_aliases.csv", "rules.csv", "units.csv")
