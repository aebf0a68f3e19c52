"""Columns of the SQL models and where each comes from, one model back, read from the SQL by sqlglot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from spanledger_warehouse.database import sql_text
from spanledger_warehouse.errors import ModelError
from spanledger_warehouse.models import DIALECT, Model, discover, parse

Source = tuple[str, str]
"""A table's full name and one of its columns."""
_Schema = dict[str, dict[str, dict[str, str]]]


@cache
def column_lineage() -> Mapping[str, Mapping[str, tuple[Source, ...]]]:
    """For every model: its columns in order, each with the upstream columns that it is made from.

    Raises:
        ModelError: a model names a column that is not there; the message has its line.
    """
    schema: _Schema = _bookkeeping()
    found: dict[str, Mapping[str, tuple[Source, ...]]] = {}
    for name, model in discover().items():
        found[name] = _declared(model) if model.is_loaded else _traced(model, schema)
        schema.setdefault(model.schema, {})[model.name] = dict.fromkeys(found[name], "unknown")
    return found


def _declared(model: Model) -> Mapping[str, tuple[Source, ...]]:
    return {column.name: () for column in parse(model).find_all(exp.ColumnDef)}


def _bookkeeping() -> _Schema:
    tables: dict[str, dict[str, str]] = {}
    for tree in sqlglot.parse(sql_text("ops", "ops"), dialect=DIALECT):
        columns = {column.name: "unknown" for column in tree.find_all(exp.ColumnDef)} if tree else {}
        table = tree.find(exp.Table) if tree else None
        if table is not None and columns:  # a sequence has none
            tables[table.name] = columns
    return {"ops": tables}


def _traced(model: Model, schema: _Schema) -> Mapping[str, tuple[Source, ...]]:
    try:
        tree = qualify(parse(model), schema=dict(schema), dialect=DIALECT, validate_qualify_columns=True)
    except SqlglotError as error:
        raise ModelError(f"sql/{model.schema}/{model.name}.sql: {error}") from error
    scope = build_scope(tree)
    if scope is None:
        raise ModelError(f"sql/{model.schema}/{model.name}.sql is not a select statement")
    tracer = _Tracer()
    columns = _query(scope).named_selects
    try:
        return {name: tuple(sorted(tracer.sources(scope, position))) for position, name in enumerate(columns)}
    except ModelError as error:
        raise ModelError(f"sql/{model.schema}/{model.name}.sql: {error}") from error


class _Tracer:
    """Follows columns through CTEs and subqueries down to tables; every column of a scope is followed once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], frozenset[Source]] = {}

    def sources(self, scope: Scope, position: int) -> frozenset[Source]:
        """The table columns behind the scope's output column at a position."""
        key = (id(scope), position)
        if key not in self._known:
            self._known[key] = frozenset()  # a recursive CTE meets itself here
            self._known[key] = frozenset(self._follow(scope, position))
        return self._known[key]

    def _follow(self, scope: Scope, position: int) -> Iterator[Source]:
        if scope.set_operation_scopes:
            for branch, place in _branches(scope, position):
                yield from self.sources(branch, place)
            return
        selects = _query(scope).selects
        if position >= len(selects):
            raise ModelError(
                f"the branches of a union have different numbers of columns; the one with {len(selects)} begins: "
                f"{scope.expression.sql(dialect=DIALECT)[:120]}"
            )
        expression = selects[position]
        inner = [sub for sub in scope.subquery_scopes if _is_inside(sub.expression, expression)]
        for sub in inner:
            yield from self.sources(sub, 0)
        for column in expression.find_all(exp.Column):
            yield from self._column(scope, column)

    def _column(self, scope: Scope, column: exp.Column) -> Iterator[Source]:
        source = scope.sources.get(column.table)
        if isinstance(source, exp.Table):
            yield (f"{source.db}.{source.name}", column.name)
        elif isinstance(source, Scope):
            names = _query(source).named_selects
            if column.name in names:
                yield from self.sources(source, names.index(column.name))


def _query(scope: Scope) -> exp.Query:
    if not isinstance(scope.expression, exp.Query):
        raise ModelError(f"not a query: {scope.expression.sql(dialect=DIALECT)[:80]}")
    return scope.expression


def _branches(scope: Scope, position: int) -> Iterator[tuple[Scope, int]]:
    """The branches of a union that fill a column, and where; `union by name` leaves out those without its name."""
    name = _query(scope).named_selects[position]
    for branch in scope.set_operation_scopes:
        if not scope.expression.args.get("by_name"):
            yield branch, position
        elif name in (names := _query(branch).named_selects):
            yield branch, names.index(name)


def _is_inside(node: exp.Expr, ancestor: exp.Expr) -> bool:
    current: exp.Expr | None = node
    while current is not None:
        if current is ancestor:
            return True
        current = current.parent
    return False
