"""What holds for every SQL model: a header, documented columns, exact types, a graph without surprises."""

import re
from dataclasses import replace
from importlib import resources

import duckdb
import pytest
from tests.warehouse.harness import shapes

from spanledger_warehouse import models
from spanledger_warehouse.build import build
from spanledger_warehouse.database import prepare
from spanledger_warehouse.errors import ModelError
from spanledger_warehouse.models import Model, column_docs, discover, parse_header

FOLDER = resources.files("spanledger_warehouse") / "sql"
TABLES = sorted(discover())
LOADED = [name for name in TABLES if discover()[name].is_loaded]
STATEMENTS = sorted(
    f"{folder.name}/{file.name}"
    for folder in FOLDER.iterdir()
    if folder.is_dir()
    for file in folder.iterdir()
    if file.name.endswith(".sql")
)


def statement(path: str) -> str:
    """The text of a SQL file without its comments."""
    text = (FOLDER / path).read_text(encoding="utf-8")
    return re.sub(r"/\*.*?\*/", "", re.sub(r"--[^\n]*", "", text), flags=re.DOTALL)


def test_the_tables_of_the_design_exist_under_their_names():
    expected = {
        "raw": {"files", "spans", "rejects", "losses", "segments"},
        "staging": {"stg_calls", "complete_through"},
        "pricing": {
            "prices",
            "units",
            "model_aliases",
            "rules",
            "tenants",
            "price_audit",
            "seeds",
            "rate_card",
        },
        "ledger": {"call_costs", "cost_lines", "corrections", "closed_months"},
        "marts": {
            "calls",
            "daily_costs",
            "costs_by_model",
            "costs_by_operation",
            "hourly_costs",
            "recent_calls",
            "failed_calls",
            "unpriced_usage",
            "price_audit",
            "restatements",
            "corrections",
            "data_quality",
        },
    }
    assert {f"{schema}.{name}" for schema, names in expected.items() for name in names} <= set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_every_model_says_what_it_is_and_names_its_grain(name):
    model = discover()[name]
    assert model.description.endswith((".", ")"))
    assert model.grain


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_documented(name):
    docs = column_docs(name)
    assert [column for column in shapes()[name] if not docs.get(column)] == []


@pytest.mark.parametrize("name", TABLES)
def test_a_header_documents_only_columns_that_are_there(name):
    stray = set(discover()[name].columns) - set(shapes()[name])
    assert stray == set()


@pytest.mark.parametrize("name", [name for name in TABLES if discover()[name].grain != ("one row",)])
def test_the_columns_of_the_grain_exist(name):
    assert set(discover()[name].grain) <= set(shapes()[name])


def test_tables_that_are_kept_by_day_have_one():
    by_day = [name for name, model in discover().items() if model.materialized == "by day"]
    assert by_day
    for name in by_day:
        assert shapes()[name][discover()[name].day_column] == "DATE", name


@pytest.mark.parametrize(
    ("frozen", "derived"),
    [("ledger.frozen_calls", "ledger.call_costs"), ("ledger.frozen_lines", "ledger.derived_lines")],
)
def test_what_a_closed_month_keeps_has_the_shape_of_what_it_was_made_of(frozen, derived):
    # The view that puts both together goes by position.
    assert list(shapes()[frozen].items()) == list(shapes()[derived].items())


MONEY = re.compile(r"(_cost_usd|_usd_before|_usd_after)$")


def test_money_is_exact_to_twelve_places():
    kinds = {
        (f"{table}.{column}", kind) for table, shape in shapes().items() for column, kind in shape.items()
    }
    money = {(name, kind) for name, kind in kinds if MONEY.search(name)}
    assert len(money) > 20
    assert {name for name, kind in money if kind != "DECIMAL(38,12)"} == set()


def test_unit_prices_are_exact_to_sixteen_places():
    card = {name: kind for name, kind in shapes()["pricing.rate_card"].items() if name.endswith("_price")}
    assert set(card.values()) == {"DECIMAL(20,16)"}
    others = {shape["unit_price"] for shape in shapes().values() if "unit_price" in shape}
    assert others == {"DECIMAL(20,16)"}


def test_no_table_has_a_type_that_loses_digits():
    losing = {"DOUBLE", "FLOAT", "HUGEINT", "UHUGEINT"}
    tables = [name for name in shapes() if name.split(".")[0] in ("ledger", "marts", "pricing")]
    assert [
        (name, column) for name in tables for column, kind in shapes()[name].items() if kind in losing
    ] == []


@pytest.mark.parametrize("path", STATEMENTS)
def test_no_statement_divides_with_a_slash(path):
    # The operator gives a DOUBLE, whatever it divides; whole numbers are divided by two slashes.
    text = re.sub(r"'[^']*'", "''", statement(path))
    assert re.findall(r"(?<!/)/(?!/)", text) == []


@pytest.mark.parametrize(
    "path", [path for path in STATEMENTS if path.split("/")[0] in ("pricing", "ledger", "marts")]
)
def test_no_statement_rounds_or_averages_in_floating_point(path):
    text = statement(path).lower()
    assert re.findall(r"\b(avg|median|quantile\w*|double|float|real)\b", text) == []
    assert re.findall(r"\bround\(", text) == []


def test_every_model_comes_after_what_it_reads():
    seen: set[str] = set()
    for name, model in discover().items():
        assert set(model.upstream) <= seen, name
        seen.add(name)


def made(sql: str, **changed) -> Model:
    """A model that is not there."""
    model = Model("marts", "wrong", "A test.", ("x",), "view", sql)
    return replace(model, **changed)


def test_a_model_that_reads_an_unknown_table_is_refused_by_its_file():
    with pytest.raises(ModelError, match=r"sql/marts/wrong\.sql reads marts\.dayly_costs: no such model"):
        models._upstream(made("select x from marts.dayly_costs"), discover())


def test_a_model_that_does_not_parse_is_refused_by_its_file():
    with pytest.raises(ModelError, match=r"sql/marts/wrong\.sql: "):
        models.parse(made("select from where"))


def test_a_body_that_is_no_model_is_refused():
    with pytest.raises(ModelError, match=r"marts\.wrong: its body marts\.nothing is not a model"):
        models._with_body(made("", body="marts.nothing"), discover())


HEADERS = {
    "no header": "select 1",
    "no grain": "-- A table.\n-- materialized: view\nselect 1",
    "an unknown kind": "-- A table.\n-- grain: x\n-- materialized: sometimes\nselect 1",
    "no sentence": "-- grain: x\n-- materialized: view\nselect 1",
}


@pytest.mark.parametrize("text", HEADERS.values(), ids=HEADERS)
def test_a_header_without_what_it_needs_is_refused_by_its_file(text):
    with pytest.raises(ModelError, match=r"sql/x\.sql: the header needs"):
        parse_header("sql/x.sql", text)


def test_a_column_text_may_go_on_in_the_next_line():
    columns = "-- columns:\n--   a: one\n--     thing\n"
    text = f"-- A table\n-- of things.\n-- grain: a\n-- materialized: view\n{columns}select 1"
    description, keys, columns = parse_header("x", text)
    assert (description, keys["grain"], columns) == ("A table of things.", "a", {"a": "one thing"})


def test_the_cost_marts_have_one_body():
    shared = {name for name, model in discover().items() if model.body == "marts.daily_costs"}
    assert shared >= {
        "marts.costs_by_model",
        "marts.costs_by_operation",
        "marts.hourly_costs",
        "marts.daily_costs_by_business_day",
        "marts.costs_by_model_by_business_day",
        "marts.costs_by_operation_by_business_day",
    }
    measures = set(shapes()["marts.daily_costs"]) - {"tenant_id", "day"}
    for name in shared:
        assert measures <= set(shapes()[name])


def test_a_table_of_an_earlier_release_makes_room_for_a_view_and_back():
    with duckdb.connect() as connection:
        prepare(connection)
        connection.execute("create table marts.changed as select 1 as a")
        for kind, found in (("view", "VIEW"), ("full", "BASE TABLE"), ("view", "VIEW")):
            build(connection, Model("marts", "changed", "A test.", ("b",), kind, "select 2 as b"), [])
            [(table_type,)] = connection.execute(
                "select table_type from information_schema.tables where table_name = 'changed'"
            ).fetchall()
            assert table_type == found
            assert connection.execute("from marts.changed").fetchall() == [(2,)]
