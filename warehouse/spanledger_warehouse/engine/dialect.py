"""Translates the shared models from DuckDB's dialect to Spark's. The models stay as they are: one file, two engines."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from spanledger_warehouse.errors import ModelError
from spanledger_warehouse.models import Model, discover

SHARED_SCHEMAS = ("ledger", "marts")
# They report on DuckDB's own runs.
_OF_DUCKDB = ("marts.data_quality",)


def shared_models() -> list[Model]:
    """The models that every engine builds, each after those it reads."""
    return [
        model
        for model in discover().values()
        if model.schema in SHARED_SCHEMAS and not model.is_loaded and model.full_name not in _OF_DUCKDB
    ]


def input_tables() -> list[str]:
    """The tables that the shared models read and do not build."""
    models = shared_models()
    built = {model.full_name for model in models}
    return sorted({name for model in models for name in model.upstream if name not in built})


def view_of(name: str) -> str:
    """The name of a table as a view of the session: sessions have no schemas of their own."""
    return name.replace(".", "__")


def spark_sql(model: Model) -> str:
    """The model's statement in Spark's dialect, over views named by `view_of`.

    Raises:
        ModelError: the statement rounds to a number of places that is not written out.
    """
    statement = sqlglot.parse_one(model.sql, dialect="duckdb")
    for translated in (_half_even, _sorted_list, _view):
        statement = statement.transform(translated)
    return statement.sql(dialect="spark")


def _view(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Table) and node.db:
        return exp.to_table(view_of(f"{node.db}.{node.name}")).as_(node.alias_or_name)
    return node


def _sorted_list(node: exp.Expr) -> exp.Expr:
    """`string_agg(x, ',' order by x)`; LISTAGG WITHIN GROUP fails in larger statements of Spark 4.2."""
    if not (isinstance(node, exp.GroupConcat) and isinstance(node.this, exp.Order)):
        return node
    value, ordered = node.this.this, node.this.expressions
    if [key.this for key in ordered] != [value]:
        raise ModelError(f"{node.sql(dialect='duckdb')}: a list has to be in the order of its own values")
    separator = node.args["separator"].sql(dialect="spark")
    listed = f"array_join(sort_array(collect_list({value.sql(dialect='spark')})), {separator})"
    return sqlglot.parse_one(f"nullif({listed}, '')", dialect="spark")


def _half_even(node: exp.Expr) -> exp.Expr:
    """DuckDB's `round_even(value, places)` in words that Spark and Sail both round decimals by.

    `round` goes away from zero on a tie; where a tie came out odd, one step back is even.
    """
    if not (isinstance(node, exp.Anonymous) and node.name.lower() == "round_even"):
        return node
    value, places = node.expressions
    if not (isinstance(places, exp.Literal) and places.is_int):
        raise ModelError(f"round_even needs its places as a number, not {places.sql(dialect='duckdb')}")
    scale = int(places.name)
    amount = value.sql(dialect="duckdb")
    rounded = f"cast(round({amount}, {scale}) as decimal(38, {scale}))"
    step, half = f"0.{'1'.zfill(scale)}", f"0.{'5'.zfill(scale + 1)}"
    is_odd = f"cast({rounded} * 1{'0' * scale} as decimal(38, 0)) % 2 <> 0"
    return sqlglot.parse_one(
        f"(case when abs({amount} - {rounded}) = {half} and {is_odd}"
        f" then {rounded} - sign({amount}) * {step} else {rounded} end)",
        dialect="duckdb",
    )
