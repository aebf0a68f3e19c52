"""The three tables that can be read. Figures are read as decimals from their text, never through binary floats."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.importing.facts import Fact, PriceTable, mapping, number

_LITELLM = "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json"
_GENAI = "https://github.com/pydantic/genai-prices/blob/main/prices/providers"
_MODEL_PRICES = "https://pypi.org/project/model-prices/"
MILLION = 1_000_000
# Names of tables for a provider of ours; other names are taken as they are.
_PROVIDERS = {
    "amazon-bedrock": "aws",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "cohere_chat": "cohere",
    "dashscope": "alibaba",
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "moonshot": "moonshotai",
    "text-completion-openai": "openai",
    "together_ai": "together",
    "voyage": "voyageai",
    "xai": "x-ai",
}
_LITELLM_UNITS = {
    "input_cost_per_token": ("input", 1),
    "output_cost_per_token": ("output", 1),
    "cache_read_input_token_cost": ("cache_read", 1),
    "cache_creation_input_token_cost": ("cache_write_5m", 1),
    "cache_creation_input_token_cost_above_1hr": ("cache_write_1h", 1),
    "output_cost_per_reasoning_token": ("reasoning", 1),
    "input_cost_per_audio_token": ("input_audio", 1),
    "output_cost_per_audio_token": ("output_audio", 1),
    "input_cost_per_image_token": ("input_image", 1),
    "output_cost_per_image_token": ("output_image", 1),
    "cache_read_input_audio_token_cost": ("cache_read_audio", 1),
    "ocr_cost_per_page": ("page", 1),
    "input_cost_per_character": ("input_character", 1),
}
# What the same key means depends on what the model does; elsewhere it is left out.
_LITELLM_BY_MODE = {
    ("rerank", "input_cost_per_query"): ("rerank_query", 1),
    ("audio_transcription", "input_cost_per_second"): ("input_audio_second", 1),
    ("image_generation", "output_cost_per_image"): ("generated_image", 1),
    ("video_generation", "output_cost_per_video_per_second"): ("output_video_second", 1),
}
_LITELLM_KEY = re.compile(
    r"(?P<name>.+?)(?:_above_(?P<thousands>\d+)k_tokens)?(?:_(?P<context>batches|flex|priority))?"
)
_GENAI_UNITS = {
    "input_mtok": ("input", MILLION),
    "output_mtok": ("output", MILLION),
    "cache_read_mtok": ("cache_read", MILLION),
    "cache_write_mtok": ("cache_write_5m", MILLION),
    "cache_write_1h_mtok": ("cache_write_1h", MILLION),
    "input_audio_mtok": ("input_audio", MILLION),
    "cache_audio_read_mtok": ("cache_read_audio", MILLION),
    "output_audio_mtok": ("output_audio", MILLION),
    "output_reasoning_mtok": ("reasoning", MILLION),
    "requests_kcount": ("request", 1000),
    "web_searches_kcount": ("web_search", 1000),
}
_MODEL_PRICES_UNITS = {
    "input": "input",
    "output": "output",
    "cache_read": "cache_read",
    "cache_write": "cache_write_5m",
    "reasoning": "reasoning",
}
_BASES = {"documented": "documented", "first observed": "first_observed"}


def read_price_table(name: str, content: bytes) -> PriceTable:
    """The facts of a table's JSON file.

    Args:
        name: `litellm` (model_prices_and_context_window.json), `genai-prices` (data.json) or `model-prices`
            (snapshot.json).
        content: the file.

    Raises:
        SeedError: the table is none of these, or the file is not its JSON.
    """
    reader = TABLES.get(name)
    if reader is None:
        raise SeedError(f"unknown table {name!r}; this release reads {', '.join(TABLES)}")
    try:
        data = json.loads(content, parse_float=Decimal)
    except ValueError as problem:
        raise SeedError(f"the file is no JSON ({problem}); take the JSON file of {name}") from problem
    table = PriceTable()
    reader(data, table)
    if not table.facts:
        raise SeedError(f"the file holds no price that {name} would state; take its JSON file of prices")
    return table


def _litellm(data: Any, table: PriceTable) -> None:
    for name, entry in mapping(data).items():
        values = mapping(entry)
        told = str(values.get("litellm_provider", ""))
        if not told or name == "sample_spec":
            continue
        provider = _PROVIDERS.get(told, told)
        model = name.removeprefix(f"{told}/").removeprefix(f"{provider}/")
        cites = str(values.get("source", ""))
        for key, value in values.items():
            if "cost" not in key:
                continue
            found = _LITELLM_KEY.fullmatch(key)
            known = _LITELLM_UNITS.get(found["name"]) if found else None
            known = known or _LITELLM_BY_MODE.get((str(values.get("mode", "")), key))
            price = number(value)
            if found is None or known is None or price is None:
                table.skipped[key] += 1
                continue
            context = {"batches": "batch", None: "standard"}.get(found["context"], found["context"])
            tier = int(found["thousands"] or 0) * 1000
            unit, per = known
            table.facts.append(
                Fact(provider, model, unit, price, per, _LITELLM, context or "standard", tier, cites=cites)
            )


def _genai_prices(data: Any, table: PriceTable) -> None:
    for provider in data if isinstance(data, list) else ():
        name = str(mapping(provider).get("id", ""))
        page = f"{_GENAI}/{name.replace('-', '_')}.yml"
        for model in mapping(provider).get("models", ()):
            prices = mapping(model).get("prices")
            for entry in prices if isinstance(prices, list) else [{"prices": prices}]:
                constraint = mapping(mapping(entry).get("constraint"))
                if constraint and "start_date" not in constraint:
                    table.skipped["prices by time of day"] += 1
                    continue
                starts = _instant(constraint.get("start_date"))
                for key, value in mapping(mapping(entry).get("prices")).items():
                    _genai_price(
                        table,
                        Fact(name, str(model["id"]), "", Decimal(0), 0, page, starts=starts),
                        key,
                        value,
                    )


def _genai_price(table: PriceTable, fact: Fact, key: str, value: Any) -> None:
    from dataclasses import replace

    known = _GENAI_UNITS.get(key)
    tiers = mapping(value)
    base = number(tiers.get("base")) if tiers else number(value)
    if known is None or base is None:
        table.skipped[key] += 1
        return
    unit, per = known
    table.facts.append(replace(fact, unit=unit, price=base, per=per))
    for tier in tiers.get("tiers", ()):
        price, above = number(mapping(tier).get("price")), number(mapping(tier).get("start"))
        if price is not None and above is not None:
            table.facts.append(replace(fact, unit=unit, price=price, per=per, tier_above=int(above)))


def _model_prices(data: Any, table: PriceTable) -> None:
    for told, models in mapping(mapping(data).get("prices")).items():
        provider = _PROVIDERS.get(told, told)
        for model, modes in mapping(models).items():
            for context, entries in mapping(modes).items():
                for entry in entries:
                    rates = mapping(mapping(entry).get("rates"))
                    if not rates:
                        table.skipped["no price from an instant on"] += 1
                        continue
                    _model_price(table, provider, str(model), context, rates)


def _model_price(table: PriceTable, provider: str, model: str, context: str, rates: Any) -> None:
    told = str(rates.get("valid_from_basis", ""))
    source = str(rates.get("source", _MODEL_PRICES))
    starts = _instant(rates.get("valid_from"))
    for tier in ({"above": 0, **rates}, *rates.get("tiers", ())):
        for key, value in mapping(tier).items():
            price, above = number(value), number(tier.get("above"))
            if key in _MODEL_PRICES_UNITS and price is not None and above is not None:
                basis = _BASES.get(told, "third_party")
                unit = _MODEL_PRICES_UNITS[key]
                table.facts.append(
                    Fact(provider, model, unit, price, MILLION, source, context, int(above), starts, basis)
                )
            elif key == "cache_write_1h_multiple":
                table.skipped[key] += 1


def _instant(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


TABLES: dict[str, Callable[[Any, PriceTable], None]] = {
    "genai-prices": _genai_prices,
    "litellm": _litellm,
    "model-prices": _model_prices,
}
