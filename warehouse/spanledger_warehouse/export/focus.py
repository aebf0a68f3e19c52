"""Exports the ledger as FOCUS (FinOps Open Cost and Usage Specification), Cost and Usage dataset.

Source of the columns: FOCUS 1.2 (57 columns) and 1.4 (65), whose differences are below.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.export.statements import read, write_query
from spanledger_warehouse.export.window import Window

# Columns that both versions have. Those that our rows do not fill are there and empty.
_COMMON = [
    "AvailabilityZone",
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
]
COLUMNS = {
    "1.2": sorted([*_COMMON, "ProviderName", "PublisherName"]),
    "1.4": sorted(
        [
            *_COMMON,
            *("AllocatedMethodDetails", "AllocatedMethodId", "AllocatedResourceId", "AllocatedResourceName"),
            *("AllocatedTags", "CommitmentProgramEligibilityDetails", "ContractApplied", "HostProviderName"),
            *("InvoiceDetailId", "ServiceProviderName"),
        ]
    ),
}
NEWEST = "1.4"


@dataclass(frozen=True)
class FocusFile:
    """What was written.

    Attributes:
        rows: charges in the file.
        effective_cost: their exact sum (USD); equals the contracted cost of the same part of the marts.
        unpriced_rows: charges whose price is not known; they carry usage and no cost.
    """

    rows: int
    effective_cost: Decimal
    unpriced_rows: int


def write_focus(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    window: Window,
    *,
    version: str = NEWEST,
    billing_account: str | None = None,
) -> FocusFile:
    """Write charges as CSV, or as Parquet when the name ends so.

    Args:
        connection: the published file.
        file: where to write; its suffix decides the format.
        window: which tenant and days.
        version: a key of `COLUMNS`.
        billing_account: account at the provider that pays; None = the provider's name.

    Raises:
        ConfigurationError: the version or the suffix is not known.
    """
    if version not in COLUMNS:
        raise ConfigurationError(
            f"there is no FOCUS version '{version}' here; choose of: {', '.join(COLUMNS)}"
        )
    window.bind(connection)
    connection.execute("set variable billing_account = ?", [billing_account])
    connection.execute(f"create or replace temp table focus_rows as {read('focus')}")
    made = [str(row[0]) for row in connection.execute("describe focus_rows").fetchall()]
    custom = [name for name in made if name.startswith("x_")]
    columns = [
        f'"{name}"' if name in made else f'cast(null as varchar) as "{name}"'
        for name in [*COLUMNS[version], *custom]
    ]
    rows = write_query(connection, f"select {', '.join(columns)} from focus_rows", file)
    cost, unpriced = connection.execute(
        'select coalesce(sum("EffectiveCost"), 0), count(*) filter ("SkuPriceId" is null) from focus_rows'
    ).fetchall()[0]
    return FocusFile(rows=rows, effective_cost=cost, unpriced_rows=unpriced)
