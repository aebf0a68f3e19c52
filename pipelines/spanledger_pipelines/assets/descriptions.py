"""What the Dagster UI shows of a table: description, owners, columns, lineage; all of it read from the SQL files."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import dagster as dg

from spanledger_warehouse.lineage import column_lineage
from spanledger_warehouse.models import Model, column_docs, discover


def asset_key(name: str) -> dg.AssetKey:
    """The asset key of `schema.table`."""
    return dg.AssetKey(name.split("."))


def group_of(model: Model) -> str:
    """The asset group: the layer."""
    return model.schema


@cache
def definition_metadata(name: str) -> Mapping[str, Any]:
    """Grain, columns and column lineage, as known before anything is built."""
    model = discover()[name]
    return {
        "grain": ", ".join(model.grain),
        "materialized": model.materialized,
        **column_metadata(name, {}),
    }


def column_metadata(name: str, types: Mapping[str, str]) -> dict[str, Any]:
    """Columns with their meaning (and type, once built), and the upstream columns that each is made from."""
    docs = column_docs(name)
    lineage = column_lineage()[name]
    return {
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(column, type=types.get(column, "unknown"), description=docs.get(column))
                for column in lineage
            ]
        ),
        "dagster/column_lineage": dg.TableColumnLineage(
            deps_by_column={
                column: [dg.TableColumnDep(asset_key(table), source) for table, source in sources]
                for column, sources in lineage.items()
                if sources and all(table in discover() for table, _ in sources)
            }
        ),
    }


def spec_of(model: Model, *, deps: tuple[str, ...] | None = None) -> dg.AssetSpec:
    """The asset of a model."""
    upstream = model.upstream if deps is None else deps
    return dg.AssetSpec(
        key=asset_key(model.full_name),
        description=f"{model.description}\n\nGrain: {', '.join(model.grain)}.",
        group_name=group_of(model),
        kinds={"duckdb", "sql"},
        deps=[asset_key(name) for name in upstream],
        metadata=definition_metadata(model.full_name),
    )
