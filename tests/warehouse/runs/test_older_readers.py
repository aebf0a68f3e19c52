"""The published file in the hands of the oldest DuckDB that we promise: every table is read, with the same numbers."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from tests.environments import python_with

from spanledger_warehouse.publish import published_models

PROGRAM = """
import json, sys, duckdb
found = {"version": duckdb.__version__}
with duckdb.connect(sys.argv[1], read_only=True) as ledger:
    for name in sys.argv[2:]:
        found[name] = [list(map(str, row)) for row in ledger.execute(f"select * from {name} order by all").fetchall()]
print(json.dumps(found))
"""


@pytest.mark.skipif(
    "SPANLEDGER_TEST_ROUNDS" not in os.environ, reason="installs DuckDB 1.4; `make slow` runs it"
)
def test_duckdb_1_4_reads_every_table(built):
    python = python_with("duckdb-1.4", "duckdb==1.4.*")
    tables = [model.full_name for model in published_models()]
    done = subprocess.run(
        [python, "-c", PROGRAM, str(built.settings.home.published_file), *tables],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("version").startswith("1.4.")
    for name in tables:
        rows = built.published_rows(f"select * from {name} order by all")
        assert found[name] == [list(map(str, row.values())) for row in rows], name
