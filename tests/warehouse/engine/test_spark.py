"""The same ledger and marts on another engine: every row and every digit as DuckDB has them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.records import NOON, chat, span, write_records
from tests.warehouse.seeds import SeedsRepository, price, seed_texts

from spanledger_warehouse import checks
from spanledger_warehouse.build import column_types
from spanledger_warehouse.checks import Check
from spanledger_warehouse.database import connect
from spanledger_warehouse.engine.dialect import shared_models
from spanledger_warehouse.engine.running import run_on_engine
from spanledger_warehouse.engine.spark import EngineRun, build_on_engine
from spanledger_warehouse.errors import CheckFailed, EngineError
from spanledger_warehouse.settings import load_settings

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Days, tenants, failures, unknown prices, other units, and amounts that lie half way between two roundings."""
    made = Ledger(
        tmp_path_factory.mktemp("engine") / "home",
        seed_texts(
            price("input", "3.3333333"),
            price("output", "0.0000005"),  # one token costs half of the last place
            price("output", "0.0000015", model="a-2"),
            price("input", "0", model="a-2"),
            price("web_search", "10"),
        ),
    )
    made.land(
        "calls.jsonl",
        [
            *(
                span(number, ended=NOON + timedelta(days=number % 3), usage=chat(97 + number, number))
                for number in range(1, 30)
            ),
            span(31, tenant="globex", response_model="a-2", usage=chat(5, 3)),
            span(32, tenant="globex", response_model="in-house", usage=chat(5, 3)),
            span(33, tenant="globex", usage_status="missing"),
            span(34, http_status=500, status_code="error", error_type="500", usage=chat(10, 1)),
        ],
    )
    made.run()
    return made


@pytest.fixture(scope="module")
def built(ledger: Ledger, engine: str) -> EngineRun:
    with connect(ledger.settings) as connection:
        return build_on_engine(connection, ledger.settings.home, engine, version="v1")


def test_every_table_is_there_with_the_types_of_duckdb(ledger: Ledger, built: EngineRun) -> None:
    kept = [model for model in shared_models() if model.materialized != "view"]
    assert set(built.tables) == {model.full_name for model in kept}
    with connect(ledger.settings) as connection:
        for model in kept:
            there = connection.execute(
                f"describe select * from read_parquet('{built.folder / model.full_name}/*.parquet')"
            ).fetchall()
            assert {row[0]: row[1] for row in there} == column_types(connection, model.full_name), (
                model.full_name
            )


def test_every_row_is_the_same_to_the_last_digit(ledger: Ledger, built: EngineRun) -> None:
    with connect(ledger.settings) as connection:
        for model in shared_models():
            if model.materialized == "view":
                continue
            engine = f"select * from read_parquet('{built.folder / model.full_name}/*.parquet')"
            duck = f"select * from {model.full_name}"
            for left, right in ((engine, duck), (duck, engine)):
                found = connection.execute(f"select * from ({left} except all {right}) limit 1").fetchall()
                assert found == [], model.full_name


def test_a_half_goes_to_the_even_digit(ledger: Ledger, built: EngineRun) -> None:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select quantity, list_cost_usd from read_parquet(?) where unit = 'output' and tenant_id = 'acme-corp'",
            [f"{built.folder}/ledger.derived_lines/*.parquet"],
        ).fetchall()
    amounts = dict(rows)
    assert amounts[1] == 0
    assert amounts[2] == amounts[3] - Decimal("1e-12") == Decimal("1e-12")
    assert amounts[5] == Decimal("2e-12")


def test_the_identities_are_looked_at_on_what_the_engine_built(built: EngineRun) -> None:
    assert {"costs_add_up", "lines_add_up"} <= set(built.checks)
    assert (built.folder.parent / "current").resolve() == built.folder.resolve()


def test_an_identity_that_fails_leaves_the_last_version(
    ledger: Ledger, built: EngineRun, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Check(
        "planted",
        "marts.daily_costs",
        "error",
        "Planted.",
        "Take it out.",
        "select 'x' as example, 1 as weight from marts.daily_costs",
    )
    monkeypatch.setattr(checks, "discover", lambda: {"planted": broken})
    with connect(ledger.settings) as connection, pytest.raises(CheckFailed, match="planted"):
        build_on_engine(connection, ledger.settings.home, engine, version="v2")
    assert (built.folder.parent / "current").readlink() == Path("v1")


def test_a_server_that_is_not_there_is_said_in_words(ledger: Ledger, tmp_path: Path) -> None:
    with connect(ledger.settings) as connection, pytest.raises(EngineError, match=r"sc://127\.0\.0\.1:9"):
        build_on_engine(connection, ledger.settings.home, "sc://127.0.0.1:9", version="v3")


def test_the_command_loads_and_builds_on_the_engine(ledger: Ledger, engine: str, tmp_path: Path) -> None:
    SeedsRepository(tmp_path / "seeds").commit(ledger.texts)
    home = tmp_path / "home"
    write_records(home / "landing" / "calls.jsonl", [span(1, usage=chat(1000, 10))])
    settings = load_settings(home, {"SPANLEDGER_SEEDS": str(tmp_path / "seeds")})
    made = run_on_engine(settings, engine)
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select tenant_id, calls, contracted_cost_usd from read_parquet(?)",
            [f"{made.folder}/marts.daily_costs/*.parquet"],
        ).fetchall()
    assert rows == [("acme-corp", 1, Decimal("0.003333333305"))]
    assert {"costs_add_up", "statuses_are_complete"} <= set(made.checks)
