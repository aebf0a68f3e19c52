"""The SQL models: one file a table, its header is its documentation, its graph is read from the SQL itself.

A header is the comment at the top of the file: a sentence, then `key: value` lines.

    -- Cost and usage per tenant and UTC day.
    -- grain: tenant_id, day
    -- materialized: by day
    -- columns:
    --   calls: billable calls (calls)

`materialized` is one of
    loaded        the loader or the seed reader fills it; the file holds its CREATE TABLE
    view          a view
    by day        a table that keeps a `day` column and is rebuilt day by day
    full          a small table that is rebuilt whole
    for the run   a work table of the days of one run
`body: schema.table` takes the SQL of another model and replaces its keys by this model's grain.
What is the same for every common unit is written once, between marks: see `unit_blocks`.
`days: column` names the column that says the day of a row: where it is not `day`, and where a view has one.

A column is documented where it first appears; other tables with a column of that name inherit its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import resources

import sqlglot
from sqlglot import exp

from spanledger_warehouse.errors import ModelError
from spanledger_warehouse.unit_blocks import repeat_blocks, repeat_columns

LAYERS = ("raw", "pricing", "staging", "ledger", "marts")
KINDS = ("loaded", "view", "by day", "full", "for the run")
DIALECT = "duckdb"
_KEYS = re.compile(r"/\* keys \*/.*?/\* end keys \*/", re.DOTALL)
_NOT_MODELS = {"macros"}


@dataclass(frozen=True)
class Model:
    """One SQL model.

    Attributes:
        schema, name: of the table.
        description: the header's sentences.
        grain: the columns that make a row unique.
        materialized: one of `KINDS`.
        sql: the select statement (the CREATE TABLE of a loaded table).
        columns: the columns that this file documents.
        upstream: names (`schema.table`) of the models that the SQL reads.
        body: the model whose SQL this one takes.
        day_column: the column that says the day of a row; None where the rows have no day.
    """

    schema: str
    name: str
    description: str
    grain: tuple[str, ...]
    materialized: str
    sql: str
    columns: Mapping[str, str] = field(default_factory=dict)
    upstream: tuple[str, ...] = ()
    body: str | None = None
    day_column: str | None = None

    @property
    def full_name(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.name}"

    @property
    def is_loaded(self) -> bool:
        """Whether a loader fills the table, rather than a select statement."""
        return self.materialized == "loaded"


@cache
def discover() -> Mapping[str, Model]:
    """All models by full name, each after the ones it reads.

    Raises:
        ModelError: a header or a statement cannot be read, a table is unknown, or the graph has a cycle.
    """
    found = {model.full_name: model for model in _read_all()}
    found = {name: _with_body(model, found) for name, model in found.items()}
    linked = {name: replace(model, upstream=_upstream(model, found)) for name, model in found.items()}
    try:
        order = list(
            TopologicalSorter({name: model.upstream for name, model in linked.items()}).static_order()
        )
    except CycleError as error:
        raise ModelError(
            f"the SQL models read each other in a circle: {' → '.join(error.args[1])}"
        ) from error
    return {name: linked[name] for name in order}


def column_docs(name: str) -> dict[str, str]:
    """The documented columns that a model's table can show.

    Its own come first, then those of its upstreams, nearest first, then any other table's: a name means one thing
    throughout, so it is explained once.
    """
    models = discover()
    docs: dict[str, str] = {}
    queue, seen = [name], set()
    while queue:
        current = models[queue.pop(0)]
        if current.full_name not in seen:
            seen.add(current.full_name)
            docs = {**current.columns, **docs}
            queue += [*([current.body] if current.body else []), *current.upstream]
    for other in models.values():
        docs = {**other.columns, **docs}
    return docs


def parse_header(path: str, text: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """The description, the `key: value` lines and the columns of a header.

    Raises:
        ModelError: there is no header, or a key is missing or unknown.
    """
    comment = [line[2:] for line in _leading_comment(text)]
    sentences: list[str] = []
    keys: dict[str, str] = {}
    columns: dict[str, str] = {}
    last = ""
    for line in comment:
        key, separator, value = line.strip().partition(": ")
        if line.startswith("     ") and last:
            columns[last] += " " + line.strip()
        elif line.startswith("   ") and separator:
            columns[key], last = value, key
        elif line.strip() == "columns:":
            last = ""
        elif key in {"grain", "materialized", "body", "days"} and separator:
            keys[key] = value
        else:
            sentences.append(line.strip())
    if not sentences or "grain" not in keys or keys.get("materialized") not in KINDS:
        raise ModelError(
            f"{path}: the header needs a sentence, 'grain: …' and 'materialized: …' (one of {', '.join(KINDS)})"
        )
    return " ".join(sentences), keys, columns


def _leading_comment(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.startswith("--"):
            return
        yield line


def _read_all() -> Iterator[Model]:
    root = resources.files("spanledger_warehouse") / "sql"
    for schema in LAYERS:
        for file in sorted((root / schema).iterdir(), key=lambda entry: entry.name):
            name = file.name.removesuffix(".sql")
            if file.name.endswith(".sql") and name not in _NOT_MODELS:
                yield _read(schema, name, file.read_text(encoding="utf-8"))


def _read(schema: str, name: str, text: str) -> Model:
    path = f"sql/{schema}/{name}.sql"
    description, keys, columns = parse_header(path, text)
    sql = text[sum(len(line) + 1 for line in _leading_comment(text)) :].strip().removesuffix(";")
    return Model(
        schema=schema,
        name=name,
        description=description,
        grain=tuple(column.strip() for column in keys["grain"].split(",")),
        materialized=keys["materialized"],
        sql=repeat_blocks(sql),
        columns=repeat_columns(columns),
        body=keys.get("body"),
        day_column=keys.get("days", "day" if keys["materialized"] == "by day" else None),
    )


def _with_body(model: Model, models: Mapping[str, Model]) -> Model:
    if model.body is None:
        return model
    if model.body not in models or not _KEYS.search(models[model.body].sql):
        raise ModelError(f"{model.full_name}: its body {model.body} is not a model with marked keys")
    return replace(model, sql=_KEYS.sub(", ".join(model.grain), models[model.body].sql))


def parse(model: Model) -> exp.Expr:
    """The statement as a tree.

    Raises:
        ModelError: with the file, line and column of the fault.
    """
    try:
        return sqlglot.parse_one(model.sql, dialect=DIALECT)
    except sqlglot.errors.ParseError as error:
        raise ModelError(f"sql/{model.schema}/{model.name}.sql: {error}") from error


def _upstream(model: Model, models: Mapping[str, Model]) -> tuple[str, ...]:
    if model.is_loaded:
        return ()
    tree = parse(model)
    read = {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}
    unknown = {name for name in read if name not in models and not name.startswith("ops.")}
    if unknown:
        raise ModelError(
            f"sql/{model.schema}/{model.name}.sql reads {', '.join(sorted(unknown))}: no such model"
        )
    return tuple(sorted(name for name in read if name in models))
