"""Prices a file of usage with the ledger's own models, in a database of its own that nobody keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from spanledger_warehouse.build import build, create_loaded, transaction
from spanledger_warehouse.database import literal_path, prepare, sql_text
from spanledger_warehouse.errors import SpanledgerError
from spanledger_warehouse.looking import utc_now
from spanledger_warehouse.models import discover
from spanledger_warehouse.seed_tables import write_seeds
from spanledger_warehouse.seeds.catalogue import Catalogue

REQUIRED = ("provider", "model", "timestamp")
OPTIONAL = (
    "call_id",
    "context",
    "region",
    "tenant",
    "unit",
    "quantity",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
    "web_searches",
)
ADDED = ("list_cost_usd", "contracted_cost_usd", "cost_status", "price_ids")
READERS = {
    ".csv": "read_csv(?, all_varchar = true, header = true)",
    ".parquet": "read_parquet(?)",
    ".jsonl": "read_json_objects(?, format = 'newline_delimited')",
    ".ndjson": "read_json_objects(?, format = 'newline_delimited')",
    ".json": "read_json_objects(?)",
}
WRITERS = {".csv": "(format csv, header)", ".parquet": "(format parquet)", ".jsonl": "(format json)"}
_MODELS = (
    "pricing.price_cells",
    "pricing.rate_card",
    "pricing.model_matches",
    "pricing.rate_card_by_day",
    "pricing.contract_prices",
    "pricing.contract_card",
    "ledger.other_unit_lines",
    "ledger.call_costs",
)


@dataclass(frozen=True)
class PricedFile:
    """What pricing a file gave.

    Attributes:
        rows: rows of the file, all of which are in the output.
        statuses: rows by cost_status.
        issues: the first rows whose usage cannot be right, as `row N: what`.
    """

    rows: int
    statuses: Mapping[str, int]
    issues: tuple[str, ...]


def price_file(
    file: Path, output: Path, catalogue: Catalogue, *, output_format: str | None = None
) -> PricedFile:
    """Add list_cost_usd, contracted_cost_usd, cost_status and price_ids to every row.

    Args:
        file: CSV, Parquet or JSON lines with at least provider, model and timestamp.
        output: where to write; its suffix decides the format. Amounts are texts in JSON lines and DECIMAL in Parquet.
        catalogue: the seeds; must have passed `require()`.
        output_format: `.csv`, `.parquet` or `.jsonl` where the output's suffix does not say it.

    Raises:
        SpanledgerError: the file cannot be read, or lacks a column.
    """
    suffix = output_format or output.suffix
    if suffix not in WRITERS:
        raise SpanledgerError(f"{output}: cannot write '{suffix}'; use one of {', '.join(WRITERS)}")
    with duckdb.connect() as connection:
        prepare(connection)
        create_loaded(connection)
        with transaction(connection):
            write_seeds(connection, catalogue, provenance={}, audit=(), now=utc_now())
        is_json = _read(connection, file)
        _price(connection)
        _write(connection, output, suffix, is_json=is_json)
        return _result(connection)


def _read(connection: duckdb.DuckDBPyConnection, file: Path) -> bool:
    """Read the file into usage_file as it is, and what pricing needs into usage_rows; whether it was JSON."""
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise SpanledgerError(f"{file}: cannot read '{file.suffix}'; use one of {', '.join(READERS)}")
    is_json = reader.startswith("read_json")
    try:
        connection.execute(
            f"create table usage_file as select row_number() over () as _row, * from {reader}",
            [literal_path(file)],
        )
        columns = _json_fields(connection, file) if is_json else _columns(connection)
    except duckdb.Error as error:
        raise SpanledgerError(f"{file} cannot be read: {error}") from error
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise SpanledgerError(f"{file} has no column {', '.join(missing)}; it needs {', '.join(REQUIRED)}")
    clash = [name for name in ADDED if name in columns]
    if clash:
        raise SpanledgerError(
            f"{file} has a column {', '.join(clash)} already; rename it, for it would be overwritten"
        )
    texts = [f'{columns.get(name, "cast(null as varchar)")} as "{name}"' for name in (*REQUIRED, *OPTIONAL)]
    connection.execute(
        f"create table usage_rows as select _row as row_number, {', '.join(texts)} from usage_file"
    )
    if is_json:
        fields = ", ".join(
            f'{text} as "{name.replace(chr(34), chr(34) * 2)}"' for name, text in columns.items()
        )
        connection.execute(f"create view usage_columns as select _row, {fields} from usage_file")
    else:
        connection.execute("create view usage_columns as from usage_file")
    return is_json


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The columns of the file, each with the expression of its text."""
    described = connection.execute("describe usage_file").fetchall()
    return {name: _as_text(name, kind) for name, kind, *_ in described if name != "_row"}


def _json_fields(connection: duckdb.DuckDBPyConnection, file: Path) -> dict[str, str]:
    """The fields of all objects in the order in which they appear, each with the expression of its text."""
    other = connection.execute(
        "select min(_row) from usage_file where json_type(json) <> 'OBJECT'"
    ).fetchone()
    if other and other[0] is not None:
        raise SpanledgerError(f"{file}: row {other[0]} is no JSON object; write one object a row")
    found = connection.execute(sql_text("price_file", "json_fields")).fetchall()
    return {name: _json_text(name) for (name,) in found}


def _json_text(name: str) -> str:
    path = "/" + name.replace("~", "~0").replace("/", "~1")
    literal = path.replace("'", "''")
    whole = f"regexp_replace(json ->> '{literal}', '[.]0+$', '')"  # what data frames make of whole numbers
    return f"case when json_type(json, '{literal}') = 'DOUBLE' then {whole} else json ->> '{literal}' end"


def _write(connection: duckdb.DuckDBPyConnection, output: Path, suffix: str, *, is_json: bool) -> None:
    target = str(output).replace("'", "''")
    if is_json and suffix == ".jsonl":
        connection.execute(sql_text("price_file", "spliced"))
        # One raw text a line: what came in leaves as it came, to the last digit.
        connection.execute(
            f"copy (select line from spliced order by _row) to '{target}' "
            "(format csv, header false, quote '', escape '', delimiter '\x01')"
        )
        return
    as_text = suffix == ".jsonl"  # a number in JSON would be read as a float
    added = ", ".join(f"cast(c.{name} as varchar) as {name}" if as_text else f"c.{name}" for name in ADDED)
    connection.execute(
        f"copy (select u.* exclude (_row), {added} from usage_columns as u "
        "inner join ledger.call_costs as c on cast(u._row as varchar) = c.call_id order by u._row) "
        f"to '{target}' {WRITERS[suffix]}"
    )


def _as_text(name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if kind in ("DOUBLE", "FLOAT"):  # what data frames make of whole numbers next to a missing one
        whole = f"cast(cast({quoted} as hugeint) as varchar)"
        return f"case when {quoted} = floor({quoted}) then {whole} else cast({quoted} as varchar) end"
    return f"cast({quoted} as varchar)"


def _price(connection: duckdb.DuckDBPyConnection) -> None:
    models = discover()
    for model in models.values():
        if model.schema == "staging" and not model.is_loaded:
            build(connection, model, [])
    build(connection, models["pricing.price_cells"], [])
    connection.execute(sql_text("price_file", "file_calls"))
    days = [row[0] for row in connection.execute("select distinct day from staging.stg_calls").fetchall()]
    for name in _MODELS:
        build(connection, models[name], days)


def _result(connection: duckdb.DuckDBPyConnection) -> PricedFile:
    statuses = dict(
        connection.execute(
            "select cost_status, count(*) from ledger.call_costs group by 1 order by 1"
        ).fetchall()
    )
    issues = connection.execute(
        "select 'row ' || call_id || ': ' || usage_issue from ledger.call_costs where usage_issue is not null "
        "order by cast(call_id as bigint) limit 20"
    ).fetchall()
    return PricedFile(sum(statuses.values()), statuses, tuple(row[0] for row in issues))
