"""The price catalogue: every seed file read, checked against the others, and identified."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from spanledger_warehouse.seeds.aliases import check_aliases
from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.findings import Finding, error
from spanledger_warehouse.seeds.price_rules import check_prices, in_force
from spanledger_warehouse.seeds.rows import (
    FILES,
    REQUIRED_FILES,
    Adjustment,
    Alias,
    Attribution,
    Budget,
    ClosedPeriod,
    DefaultPrice,
    FxRate,
    Holiday,
    PriceCheck,
    PriceRow,
    Row,
    Rule,
    Tenant,
    Unit,
    Window,
)
from spanledger_warehouse.seeds.source import SeedFiles
from spanledger_warehouse.seeds.tables import read_table
from spanledger_warehouse.seeds.vendor import PRIVATE, VENDOR, own_name, own_rows_win

PRICES = "prices/"
RowType = TypeVar("RowType", bound=Row)


@dataclass(frozen=True, slots=True)
class PricePeriod:
    """A price and the time it holds: from `starts` up to, but not at, `ends` (None: still)."""

    row: PriceRow
    starts: dt.datetime
    ends: dt.datetime | None

    def holds_at(self, instant: dt.datetime) -> bool:
        """Whether the price is in force at an instant."""
        return self.starts <= instant and (self.ends is None or instant < self.ends)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rows of the seeds, and all that is wrong with them. Rows with an error finding may be absent."""

    source: SeedFiles
    prices: tuple[PriceRow, ...]
    in_force: tuple[PriceRow, ...]
    units: tuple[Unit, ...]
    rules: tuple[Rule, ...]
    aliases: tuple[Alias, ...]
    windows: tuple[Window, ...]
    holidays: tuple[Holiday, ...]
    adjustments: tuple[Adjustment, ...]
    defaults: tuple[DefaultPrice, ...]
    fx_rates: tuple[FxRate, ...]
    tenants: tuple[Tenant, ...]
    attribution: tuple[Attribution, ...]
    budgets: tuple[Budget, ...]
    periods: tuple[ClosedPeriod, ...]
    checks: tuple[PriceCheck, ...]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that forbid pricing."""
        return tuple(finding for finding in self.findings if finding.is_error)

    def require(self) -> "Catalogue":
        """This catalogue, if it may be priced from.

        Raises:
            SeedError: with every error finding: file, line, what, and the fix.
        """
        errors = self.errors
        if errors:
            listed = "\n".join(f"  {finding}" for finding in errors)
            raise SeedError(
                f"the price seeds of {self.source.source} at {self.source.commit} have "
                f"{len(errors)} error{'s' if len(errors) > 1 else ''}; nothing was priced:\n{listed}"
            )
        return self

    def price_periods(self) -> tuple[PricePeriod, ...]:
        """Every price in force with the time it holds; a price ends where the next of its series begins."""
        series: dict[object, list[PriceRow]] = defaultdict(list)
        for row in self.in_force:
            series[row.series].append(row)
        periods = []
        for rows in series.values():
            rows.sort(key=lambda row: row.effective_from)
            followers = [following.effective_from for _, following in pairwise(rows)]
            for row, next_from in zip(rows, [*followers, None], strict=True):
                ends = min((end for end in (row.effective_to, next_from) if end is not None), default=None)
                periods.append(PricePeriod(row, row.effective_from, ends))
        return tuple(periods)


def parse(files: SeedFiles) -> Catalogue:
    """Read all seed files. Defects do not raise: they are `findings`; see `Catalogue.require`."""
    findings: list[Finding] = []
    prices = _read_prices(files.files, findings)
    _note_missing_files(files.files, bool(prices), findings)

    def rows(file: str, row_type: type[RowType]) -> tuple[RowType, ...]:
        names = [name for name in (file, f"{VENDOR}{file}", f"{PRIVATE}{file}") if name in files.files]
        return own_rows_win(
            [row for name in names for row in read_table(name, files.files[name], row_type, findings)]
        )

    catalogue = Catalogue(
        source=files,
        prices=prices,
        in_force=in_force(prices),
        units=rows("units.csv", Unit),
        rules=rows("rules.csv", Rule),
        aliases=rows("model_aliases.csv", Alias),
        windows=rows("windows.csv", Window),
        holidays=rows("holidays.csv", Holiday),
        adjustments=rows("adjustments.csv", Adjustment),
        defaults=rows("defaults.csv", DefaultPrice),
        fx_rates=rows("fx_rates.csv", FxRate),
        tenants=rows("tenants.csv", Tenant),
        attribution=rows("attribution.csv", Attribution),
        budgets=rows("budgets.csv", Budget),
        periods=rows("periods.csv", ClosedPeriod),
        checks=rows("checks.csv", PriceCheck),
        findings=(),
    )
    findings += _cross_checks(catalogue)
    findings.sort(key=lambda finding: (finding.file, finding.line, finding.rule))
    object.__setattr__(catalogue, "findings", tuple(findings))  # still ours: nobody has seen it yet
    return catalogue


def _read_prices(files: Mapping[str, bytes], findings: list[Finding]) -> tuple[PriceRow, ...]:
    rows: list[PriceRow] = []
    for file in sorted(file for file in files if own_name(file).startswith(PRICES) and file.endswith(".csv")):
        rows += read_table(file, files[file], PriceRow, findings)
    return own_rows_win(rows)


def _note_missing_files(files: Mapping[str, bytes], has_prices: bool, findings: list[Finding]) -> None:
    for file in REQUIRED_FILES:
        if file not in files and f"{VENDOR}{file}" not in files:
            fix = "restore it from the history; a header line alone is enough where nothing is to be said"
            findings.append(error(file, 0, "missing-file", "this file must be there", fix))
    if not has_prices and not any(own_name(file).startswith(PRICES) for file in files):
        findings.append(error(PRICES, 0, "missing-file", "there are no prices", "add prices/<provider>.csv"))
    for file in files:
        name = own_name(file)
        if file.endswith(".csv") and not name.startswith(PRICES) and name not in FILES:
            fix = "remove it, or use a release that knows it"
            findings.append(error(file, 0, "unknown-file", "this release does not know this file", fix))


def _cross_checks(catalogue: Catalogue) -> list[Finding]:
    from spanledger_warehouse.seeds.engine_rules import check_adjustments, check_defaults, check_fx_rates
    from spanledger_warehouse.seeds.people_rules import check_budgets, check_tenants
    from spanledger_warehouse.seeds.table_rules import (
        check_attribution,
        check_bands,
        check_rules,
        check_units,
    )
    from spanledger_warehouse.seeds.window_rules import check_windows

    return [
        *check_prices(catalogue.prices, catalogue.units),
        *check_units(catalogue.units),
        *check_rules(catalogue.rules, catalogue.units),
        *check_bands(catalogue.rules, catalogue.in_force),
        *check_aliases(catalogue.aliases, catalogue.prices),
        *check_windows(catalogue.windows, catalogue.holidays, catalogue.prices),
        *check_adjustments(catalogue.adjustments, catalogue.units, catalogue.prices),
        *check_defaults(catalogue.defaults, catalogue.units),
        *check_fx_rates(catalogue.fx_rates, catalogue.prices, catalogue.defaults, catalogue.adjustments),
        *check_tenants(catalogue.tenants),
        *check_budgets(catalogue.budgets, catalogue.tenants),
        *check_attribution(catalogue.attribution),
    ]
