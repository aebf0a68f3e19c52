"""Which days share a call, an answer or a trace: noted after loading, so that building a day looks at few others."""

from __future__ import annotations

import duckdb

from spanledger_warehouse.build import transaction
from spanledger_warehouse.database import sql_text


def link(connection: duckdb.DuckDBPyConnection, *, run_id: str) -> None:
    """Link the spans of files that were not linked yet, and mark the other days that they touch, in one transaction.

    A run that died between loading and linking leaves this to the next.
    """
    row = connection.execute("select coalesce(max(file_id), 0) from staging.identity_days").fetchone()
    linked = {"linked_file_id": row[0] if row else 0}
    if not connection.execute(
        "select 1 from raw.spans where file_id > $linked_file_id limit 1", linked
    ).fetchone():
        return
    with transaction(connection):
        for statement in ("insert_identity_days", "insert_links"):
            connection.execute(sql_text("landing", statement), linked)
        connection.execute(sql_text("landing", "mark_linked_days"), {**linked, "run_id": run_id})
