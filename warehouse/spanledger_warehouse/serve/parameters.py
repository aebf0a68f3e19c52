"""What a request may ask, for OpenAPI and for refusing what means nothing."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from spanledger_warehouse.serve.questions import BUSINESS, UTC

MOST_ROWS = 1000
MOST_DAYS = 1100
_LONGEST_NAME = 500
_MOST_NAMES = 100

Name = Annotated[str, Field(max_length=_LONGEST_NAME)]
Names = Annotated[list[Name], Field(max_length=_MOST_NAMES)]


def _iso(pattern: str) -> BeforeValidator:
    """Lets through what is written as it should be: as numbers, days and instants would mean seconds since 1970."""

    def check(value: object) -> object:
        if isinstance(value, str) and not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError("write it by ISO 8601, such as 2026-11-01 or 2026-11-01T00:00:00Z")
        return value

    return BeforeValidator(check)


Day = Annotated[date, _iso(r"\d{4}-\d{2}-\d{2}"), Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))]


class Strict(BaseModel):
    """A parameter that means nothing is refused, not ignored: a mistyped filter would otherwise show too much."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)


class WindowQuery(Strict):
    """The days that an answer is about."""

    from_: Day | None = Field(None, alias="from", description="first day, included")
    to: Day | None = Field(None, description="last day, included; by default the newest day with calls")
    days: int | None = Field(
        None,
        ge=1,
        le=MOST_DAYS,
        description="how many days up to the last one, instead of `from`; 30 by default",
    )
    time_zone: str = Field(
        UTC, description=f"whose days and hours: an IANA name, or `{BUSINESS}` for each tenant's own days"
    )
    tenant: Names = Field([], description="only these tenants; a viewer may name its own")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in {UTC, BUSINESS} and value not in available_timezones():
            raise ValueError(f"there is no time zone {value[:60]!r}; give an IANA name, {UTC} or {BUSINESS}")
        return value

    @model_validator(mode="after")
    def _one_window(self) -> WindowQuery:
        if self.from_ is not None and self.days is not None:
            raise ValueError("give `from` or `days`, not both")
        if self.from_ and self.to and not 0 <= (self.to - self.from_).days < MOST_DAYS:
            raise ValueError(f"`from` is after `to`, or the window is longer than {MOST_DAYS} days")
        return self


class PageQuery(WindowQuery):
    """A page of rows."""

    limit: int = Field(100, ge=1, le=MOST_ROWS, description="rows of a page")
    offset: int = Field(0, ge=0, le=1_000_000_000, description="rows before the page")


class ModelsQuery(PageQuery):
    """Rows of some models."""

    provider: Names = Field([], description="only these providers")
    model: Names = Field([], description="only these models")


class CallsQuery(ModelsQuery):
    """Rows of some services, operations and models."""

    service: Names = Field([], description="only these services")
    operation: Names = Field([], description="only these operations")


class CostsQuery(CallsQuery):
    """Sums, by tenant or over all tenants that the caller may see."""

    per_tenant: bool = Field(True, description="rows of each tenant apart; false sums tenants up")


class PricesQuery(Strict):
    """A page of the price catalogue."""

    provider: Names = Field([], description="only these providers")
    model: Names = Field([], description="only these models")
    unit: Names = Field([], description="only these units")
    context: Names = Field([], description="only these contexts")
    region: Names = Field([], description="only these regions")
    at: Annotated[datetime, _iso(r"\d{4}-\d{2}-\d{2}[Tt ].+")] | None = Field(
        None, description="the instant whose prices count, with its offset; now by default"
    )
    limit: int = Field(100, ge=1, le=MOST_ROWS, description="rows of a page")
    offset: int = Field(0, ge=0, le=1_000_000_000, description="rows before the page")

    @field_validator("at")
    @classmethod
    def _with_offset(cls, value: datetime | None) -> datetime | None:
        if value is not None and (value.tzinfo is None or not 2000 <= value.year < 3000):
            raise ValueError("give an instant with its offset, such as 2026-11-01T00:00:00Z")
        return value
