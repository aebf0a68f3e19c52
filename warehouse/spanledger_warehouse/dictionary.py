"""The data dictionary, made from the headers of the SQL models: `python -m spanledger_warehouse.dictionary`.

Prints `warehouse/dictionary.md`; a test fails when that file is not what this prints.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import duckdb

from spanledger_warehouse.build import build, create_loaded
from spanledger_warehouse.database import prepare
from spanledger_warehouse.models import LAYERS, Model, column_docs, discover

_LAYER_TITLES = {
    "raw": "what arrived",
    "pricing": "the seeds of one commit",
    "staging": "one row per call, whatever dialect it spoke",
    "ledger": "usage and cost, exact",
    "marts": "what is published",
}


def column_types() -> dict[str, dict[str, str]]:
    """The columns of every table with their DuckDB types, from an empty warehouse built in memory."""
    types: dict[str, dict[str, str]] = {}
    with duckdb.connect() as connection:
        prepare(connection)
        create_loaded(connection)
        for name, model in discover().items():
            if not model.is_loaded:
                build(connection, model, [])
            described = connection.execute(f"describe {name}").fetchall()
            types[name] = {column: kind for column, kind, *_ in described}
    return types


def render() -> str:
    """The dictionary as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Data dictionary"
    yield ""
    yield "Made from the headers of the SQL models by `python -m spanledger_warehouse.dictionary`; change it there."
    yield "A column means the same wherever it appears. Times are UTC; unknown is null plus a status, never zero."
    types = column_types()
    for layer in LAYERS:
        yield from ("", f"## `{layer}`: {_LAYER_TITLES[layer]}")
        for model in discover().values():
            if model.schema == layer:
                yield from _table(model, types[model.full_name])


def _table(model: Model, types: dict[str, str]) -> Iterator[str]:
    docs = column_docs(model.full_name)
    yield from ("", f"### `{model.full_name}`", "", model.description, "")
    yield f"Grain: {', '.join(model.grain)}. Materialized: {model.materialized}."
    yield from ("", "| column | type | meaning |", "|---|---|---|")
    for column, kind in types.items():
        yield f"| `{column}` | {kind.lower()} | {docs[column].replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    sys.stdout.write(render())
