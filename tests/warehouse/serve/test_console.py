"""The SQL console: a caller's own rows to the last digit, and every documented way out of them shut."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
from starlette.testclient import TestClient
from tests.warehouse.serve.conftest import Site

from spanledger_warehouse.serve.console import Console, ConsoleLimits
from spanledger_warehouse.serve.problems import Invalid, TooLarge, TooMany
from spanledger_warehouse.serve.scopes import Scope

CONSOLE = "/api/v1/console"


@pytest.fixture(scope="module")
def client(site: Site) -> TestClient:
    return site.client("acme-corp")


def run(client: TestClient, sql: str) -> tuple[int, str]:
    """Status and text of an answer."""
    answer = client.post(CONSOLE, json={"sql": sql})
    return answer.status_code, answer.text


def test_a_statement_is_answered_from_the_callers_rows(site: Site, client: TestClient) -> None:
    answer = client.post(
        CONSOLE, json={"sql": "select sum(contracted_cost_usd) as cost from spanledger.marts.calls"}
    )
    with duckdb.connect(str(site.ledger.settings.home.published_file), read_only=True) as connection:
        ((cost,),) = connection.execute(
            "select sum(contracted_cost_usd) from marts.calls where tenant_id = 'acme-corp'"
        ).fetchall()
    assert answer.json()["columns"] == [{"name": "cost", "type": "DECIMAL(38,12)"}]
    assert answer.json()["rows"] == [[str(cost)]]
    assert answer.json()["publication"]["seeds_commit"].startswith("commit-")


def test_an_administrator_asks_about_everybody(site: Site) -> None:
    answer = site.client().post(CONSOLE, json={"sql": "select count(distinct tenant_id) from marts.calls"})
    assert answer.json()["rows"] == [[6]]


def test_values_that_json_cannot_hold_are_text(client: TestClient) -> None:
    sql = (
        "select 9007199254740993 as big, 0.1::decimal(38,12) as exact, 'NaN'::double as nan, "
        "timestamp '2026-03-10 12:00:00' as at, [1.5::decimal(3,1)] as list, {'a': date '2026-03-10'} as struct"
    )
    (row,) = client.post(CONSOLE, json={"sql": sql}).json()["rows"]
    assert row == [
        "9007199254740993",
        "0.100000000000",
        "nan",
        "2026-03-10T12:00:00",
        ["1.5"],
        {"a": "2026-03-10"},
    ]


def test_a_long_result_is_cut_off_and_says_so(client: TestClient) -> None:
    answer = client.post(CONSOLE, json={"sql": "from range(20000)"}).json()
    assert (len(answer["rows"]), answer["truncated"]) == (10_000, True)
    wide = client.post(CONSOLE, json={"sql": "select repeat('x', 3000000) from range(9)"}).json()
    assert (len(wide["rows"]), wide["truncated"]) == (2, True)


# Each way out is documented somewhere; none may read, write, reach or change anything. What is refused says why.
OUT_OF_REACH = {
    "read_csv": "select * from read_csv('/etc/passwd', columns={'a': 'varchar'}, delim='\\0')",
    "read_text": "select * from read_text('/etc/passwd')",
    "read_blob": "select * from read_blob('/etc/passwd')",
    "read_json": "select * from read_json('/etc/passwd')",
    "read_parquet": "select * from read_parquet('{published}/../parquet/marts/calls/*/*.parquet')",
    "file replacement scan": "select * from '/etc/passwd'",
    "published file replacement scan": "select * from '{published}'",
    "glob": "select * from glob('/etc/*')",
    "sniff_csv": "select * from sniff_csv('/etc/passwd')",
    "parquet_metadata": "select * from parquet_metadata('{published}')",
    "copy to": "copy (select 1) to '/tmp/out.csv'",
    "copy from": "copy marts.calls from '/etc/passwd'",
    "export database": "export database '/tmp/out'",
    "import database": "import database '/tmp/out'",
    "attach the published file": "attach '{published}' as other (read_only)",
    "attach in memory": "attach ':memory:' as other",
    "attach and select": "attach '{published}' as other (read_only); select * from other.marts.calls",
    "detach": "detach spanledger",
    "install": "install httpfs",
    "load by name": "load httpfs",
    "load by path": "load '/tmp/evil.duckdb_extension'",
    "http read": "select * from read_text('http://127.0.0.1:1/')",
    "http csv": "select * from 'https://127.0.0.1:1/a.csv'",
    "set external access": "set enable_external_access = true",
    "reset external access": "reset enable_external_access",
    "unlock": "set lock_configuration = false",
    "set memory": "set memory_limit = '100GB'",
    "set local profiling": "set profiling_output = '/tmp/profile.json'",
    "set log path": "set log_query_path = '/tmp/log'",
    "set temp directory": "set temp_directory = '/tmp'",
    "pragma": "pragma enable_profiling",
    "enable logging": "call enable_logging(storage = 'file', storage_path = '/tmp/log')",
    "create secret": "create secret s (type http, bearer_token 'x')",
    "python variables": "select * from connection",
    "python request": "select * from request",
    "set variable": "set variable tenant = 'globex'",
    "create macro": "create temp macro sum(x) as 0",
    "create table": "create table t as select 1",
    "create temp table": "create temp table calls as select 1",
    "create view": "create or replace temp view calls as select 1",
    "insert": "insert into marts.daily_costs select * from marts.daily_costs",
    "delete": "delete from marts.calls",
    "drop": "drop table marts.calls",
    "two statements": "select 1; select 2",
    "prepare": "prepare p as select 1",
    "checkpoint": "checkpoint",
    "use": "use memory",
    "getenv": "select getenv('HOME')",
    "nothing": ";",
    "deep nesting": "select " + "(" * 40_000 + "1" + ")" * 40_000,
}


@pytest.mark.parametrize("attack", OUT_OF_REACH)
def test_a_way_out_is_shut(site: Site, client: TestClient, attack: str) -> None:
    sql = OUT_OF_REACH[attack].replace("{published}", str(site.ledger.settings.home.published_file))
    status, text = run(client, sql)
    assert status in {413, 422}, text
    assert "root:" not in text
    assert "globex" not in text.replace("'globex'", "")


# These run, and find nothing that is not the caller's.
INSIDE = {
    "query()": "select * from query('select distinct tenant_id from marts.calls')",
    "query_table()": "select distinct tenant_id from query_table('marts.calls')",
    "table function of a name": "from marts.calls select distinct tenant_id",
    "variables": "select getvariable('tenants'), getvariable('tenant')",
    "json_execute_serialized_sql": (
        "select * from json_execute_serialized_sql(json_serialize_sql('select distinct tenant_id from marts.calls'))"
    ),
    "summarize": "summarize marts.calls",
    "storage": "select * from pragma_storage_info('marts.calls')",
    "views": "select sql from duckdb_views()",
    "tables": "select * from duckdb_tables()",
    "databases": "select * from duckdb_databases()",
    "settings": "select * from duckdb_settings()",
    "secrets": "select * from duckdb_secrets()",
    "logs": "select * from duckdb_logs()",
    "temporary files": "select * from duckdb_temporary_files()",
    "forged label": "select distinct 'acme-corp' as tenant_id from marts.calls",
    "shadowing": "with calls as (select 1) select * from marts.calls",
    "error()": "select case when tenant_id <> 'acme-corp' then error(tenant_id) end from marts.calls",
    "explain analyze": "explain analyze select * from marts.calls",
    "everything": "from duckdb_columns()",
}


@pytest.mark.parametrize("attack", INSIDE)
def test_a_way_around_finds_nobody_else(site: Site, client: TestClient, attack: str) -> None:
    status, text = run(client, INSIDE[attack])
    assert status in {200, 422}, text
    for trace in ("globex", "<script>", "HYPERLINK", "drop table", "root:"):
        assert trace not in text, f"{attack} shows {trace}"


# One call of a function can take what no setting of the database bounds.
GREEDY = {
    "one long text": "select length(repeat('x', 4000000000))",
    "padded text": "select length(lpad('x', 2000000000, 'y'))",
    "one long list": "select len(range(400000000))",
    "cross join": "select count(*) from range(10000000) a, range(10000000) b, range(1000) c",
    "endless recursion": "with recursive r as (select 1 as x union all select x + 1 from r) select max(x) from r",
    "a long range": "select sum(range) from range(1000000000000)",
    "sorting": "select * from range(400000000) order by random()",
    "pivoting": "pivot (select range as x, range as y from range(5000)) on x using sum(y)",
}


@pytest.fixture
def own_file(site: Site) -> Iterator[Path]:
    """The file that acme-corp's statements run over."""
    with site.editions.current() as edition:
        yield edition.file(Scope(frozenset({"acme-corp"})))


@pytest.mark.parametrize("attack", GREEDY)
def test_a_greedy_statement_ends_and_the_next_one_is_answered(
    client: TestClient, own_file: Path, attack: str
) -> None:
    began = time.monotonic()
    with pytest.raises((TooLarge, Invalid)):
        Console(ConsoleLimits(seconds=1, memory_mib=1024)).run(own_file, GREEDY[attack])
    assert time.monotonic() - began < 10
    assert run(client, "select 1")[0] == 200


def test_more_statements_at_once_than_may_run_are_refused(own_file: Path) -> None:
    console = Console(ConsoleLimits(seconds=3, at_once=1))
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(console.run, own_file, GREEDY["a long range"]) for _ in range(2)]
    assert {type(one.exception()) for one in both} == {TooLarge, TooMany}
    with pytest.raises(Invalid):
        console.run(own_file, "select nothing")
    assert console.run(own_file, "select 1")["rows"] == [[1]], "a statement that failed gave its place back"


def test_a_statement_sees_nothing_of_the_servers_environment(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANLEDGER_SECRET_OF_THE_TEST", "hunter2")
    status, text = run(site.client("acme-corp"), "select * from read_text('/proc/self/environ')")
    assert (status, "hunter2" in text) == (422, False)


def test_a_late_statement_is_said_to_be_late(own_file: Path) -> None:
    with pytest.raises(TooLarge, match="longer than 1 seconds"):
        Console(ConsoleLimits(seconds=1)).run(own_file, GREEDY["endless recursion"])


@pytest.mark.parametrize(
    "body", [{}, {"sql": ""}, {"sql": 1}, {"sql": "select 1", "tenant": "globex"}, [], "x"]
)
def test_a_body_that_is_no_statement_is_refused(client: TestClient, body: object) -> None:
    assert client.post(CONSOLE, json=body).status_code == 422


def test_half_a_character_is_refused(client: TestClient) -> None:
    raw = client.post(
        CONSOLE, content=b'{"sql": "select \'\\ud800\'"}', headers={"Content-Type": "application/json"}
    )
    assert raw.status_code == 422


def test_nothing_is_left_behind(site: Site, client: TestClient, tmp_path: Path) -> None:
    before = sorted(site.ledger.settings.home.path.rglob("*"))
    run(client, "select count(*) from marts.calls")
    assert sorted(site.ledger.settings.home.path.rglob("*")) == before


def test_memory_is_held_by_the_system_where_the_database_does_not(own_file: Path) -> None:
    """A text of a billion letters passes DuckDB's own limit."""
    with pytest.raises((TooLarge, Invalid)) as refused:
        Console(ConsoleLimits(seconds=60, memory_mib=768)).run(
            own_file, "select length(repeat('x', 1000000000))"
        )
    assert "longer than" not in str(refused.value), "it ended by its memory, not by the clock"
