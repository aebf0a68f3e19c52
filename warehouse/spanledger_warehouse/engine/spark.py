"""Runs the shared models on a Spark Connect server: Parquet in, Parquet out.

What landed is staged by DuckDB; its Parquet lies in `<home>/engine/inputs`, the results in `<home>/published/engine`.
Both have to be on storage that the server reaches under the same path.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import duckdb

from spanledger_warehouse import checks
from spanledger_warehouse.engine.dialect import input_tables, shared_models, spark_sql, view_of
from spanledger_warehouse.errors import CheckFailed, EngineError
from spanledger_warehouse.models import Model
from spanledger_warehouse.settings import Home

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

KEPT_VERSIONS = 2
# Spark Connect's own port, and the seconds within which a server has to answer.
PORT = 15002
ANSWERS_WITHIN = 10
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # By default Spark gives up decimal places of a sum where its type would grow beyond 38 digits.
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
}
Step = Callable[[int, int], None]


@dataclass(frozen=True)
class EngineRun:
    """What an engine built.

    Attributes:
        folder: the tables as Parquet, a folder each.
        tables: names of the tables.
        checks: names of the identities that were looked at and hold.
    """

    folder: Path
    tables: tuple[str, ...]
    checks: tuple[str, ...]


def build_on_engine(
    connection: duckdb.DuckDBPyConnection, home: Home, url: str, *, version: str, step: Step | None = None
) -> EngineRun:
    """Build ledger and marts on the server, check the identities, and switch to the new version.

    Args:
        connection: the warehouse, with everything up to `staging` and `pricing` built.
        home: the folders.
        url: the server, such as `sc://host:15002`.
        version: name of the version; sorts by time.
        step: told after each table.

    Raises:
        EngineError: the server cannot be reached or refuses a model.
        CheckFailed: an identity does not hold; the last version stays.
    """
    inputs, folder = home.path / "engine" / "inputs", home.published / "engine" / version
    _export(connection, inputs)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    session = _session(url)
    try:
        for table in input_tables():
            session.read.parquet(str((inputs / table).absolute())).createOrReplaceTempView(view_of(table))
        models = shared_models()
        for done, model in enumerate(models, start=1):
            _build(session, model, folder)
            if step:
                step(done, len(models))
    finally:
        session.stop()
    held = _check(folder, inputs)
    _switch(home.published / "engine", version)
    return EngineRun(folder, tuple(path.name for path in sorted(folder.iterdir())), held)


def _export(connection: duckdb.DuckDBPyConnection, inputs: Path) -> None:
    """The tables that the models read, as Parquet that every engine reads."""
    shutil.rmtree(inputs, ignore_errors=True)
    for table in input_tables():
        (inputs / table).mkdir(parents=True)
        _copy(connection, f"from {table}", inputs / table / "part-0.parquet")


def _session(url: str) -> SparkSession:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    _require_server(url)
    try:
        # Another session of this process may be bound to another server.
        session = SparkSession.builder.remote(url).create()
        for name, value in SETTINGS.items():
            session.conf.set(name, value)
    except PySparkException as error:
        raise EngineError(f"the server at {url} opens no session: {error}") from error
    return session


def _require_server(url: str) -> None:
    """Ask once: the client itself would go on asking for minutes."""
    address = urlsplit(url)
    if address.scheme != "sc" or not address.hostname:
        raise EngineError(f"'{url}' names no Spark Connect server; write sc://host:port")
    try:
        with socket.create_connection((address.hostname, address.port or PORT), timeout=ANSWERS_WITHIN):
            pass
    except OSError as error:
        raise EngineError(f"no Spark Connect server answers at {url}: {error}; start one there") from error


def _build(session: SparkSession, model: Model, folder: Path) -> None:
    from pyspark.errors import PySparkException

    try:
        rows = session.sql(spark_sql(model))
        if model.materialized != "view":
            rows = _written(session, rows, folder / model.full_name)
        rows.createOrReplaceTempView(view_of(model.full_name))
    except PySparkException as error:
        raise EngineError(f"the engine refuses sql/{model.schema}/{model.name}.sql: {error}") from error


def _written(session: SparkSession, rows: DataFrame, folder: Path) -> DataFrame:
    """Keep the rows as Parquet and go on from there."""
    import pyarrow.parquet

    target = str(folder.absolute())
    rows.write.mode("overwrite").parquet(target)
    if not any(folder.glob("*.parquet")):  # no rows make no file, and no file has no columns
        folder.mkdir(exist_ok=True)
        pyarrow.parquet.write_table(rows.limit(0).toArrow(), folder / "part-0.parquet")
    return session.read.parquet(target)


def _check(folder: Path, inputs: Path) -> tuple[str, ...]:
    """Look at every identity whose tables the engine built or read."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        known = set()
        for table in sorted([*folder.iterdir(), *inputs.iterdir()]):
            schema = table.name.split(".")[0]
            connection.execute(f"create schema if not exists {schema}")
            files = _quoted(table / "*.parquet")
            connection.execute(f"create or replace view {table.name} as from read_parquet('{files}')")
            known.add(table.name)
        for model in shared_models():
            if model.materialized == "view":
                connection.execute(f"create view {model.full_name} as {model.sql}")
                known.add(model.full_name)
        # The checks look at the days that a run builds; an engine builds every day.
        connection.execute("create schema ops")
        connection.execute("create view ops.dirty_days as select distinct day from staging.stg_calls")
        asked = [one for one in checks.discover().values() if one.is_blocking and known.issuperset(one.reads)]
        for check in asked:
            found = connection.execute(
                f"select coalesce(sum(weight), 0), min(example) from ({check.sql}) as found"
            ).fetchall()[0]
            if found[0]:
                raise CheckFailed(
                    f"{check.name}: {found[0]}: {check.message} First: {found[1]}. {check.what_to_do}; "
                    "the last version of the engine stays"
                )
    return tuple(check.name for check in asked)


def _switch(versions: Path, version: str) -> None:
    """Readers follow the link `current`; it goes from one whole version to the next."""
    link = versions / ".current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(version)
    link.replace(versions / "current")
    old = sorted(path for path in versions.iterdir() if path.is_dir() and not path.is_symlink())
    for path in old[:-KEPT_VERSIONS]:
        shutil.rmtree(path)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    connection.execute(f"copy ({query}) to '{_quoted(file)}' (format parquet, compression zstd)")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
