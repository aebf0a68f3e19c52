"""Nobody sees another tenant: not by any route, not by any name, not in any cell of any table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tests.warehouse.serve.conftest import TENANTS, Site

from spanledger_warehouse.dictionary import column_types
from spanledger_warehouse.models import discover
from spanledger_warehouse.publish import published_models
from spanledger_warehouse.serve import tenant_copy
from spanledger_warehouse.serve.app import create_app
from spanledger_warehouse.serve.hand_over import hand_over
from spanledger_warehouse.serve.scopes import Scope

COSTS = "/api/v1/analytics/llm-costs"
# "acme" is the beginning of "acme-corp": what contains a name has to be told from what is one.
APART = tuple(name for name in TENANTS if name != "acme")


SEEN_COLUMNS = frozenset(
    [
        "call_id",
        "tenant_id",
        "sent_tenant_id",
        "attribution",
        "day",
        "business_day",
        "billed_at",
        "started_at",
        "ended_at",
        "service",
        "environment",
        "operation",
        "provider",
        "model",
        "request_model",
        "response_model",
        "response_id",
        "gen_ai_operation",
        "stream",
        "success",
        "http_status",
        "error_type",
        "error_message",
        "attempt",
        "duration_ms",
        "usage_status",
        "usage_issue",
        "pricing_context",
        "pricing_region",
        "input_tokens",
        "output_tokens",
        "total_tokens",
        "uncached_input_tokens",
        "cache_read_tokens",
        "cache_write_5m_tokens",
        "cache_write_1h_tokens",
        "plain_output_tokens",
        "reasoning_tokens",
        "input_audio_tokens",
        "output_audio_tokens",
        "input_image_tokens",
        "output_image_tokens",
        "web_searches",
        "list_cost_usd",
        "contracted_cost_usd",
        "reported_cost_usd",
        "cost_status",
        "unpriced_units",
        "unpriced_tokens",
        "price_ids",
        "seeds_commit",
        "request_metadata",
        "response_metadata",
        "trace_id",
        "span_id",
        "process",
        "sequence",
        "source_file",
        "source_line",
    ]
)


def cells(file: Path) -> Iterator[tuple[str, str]]:
    """Every text in every table of a database file, with the table and column that hold it."""
    with duckdb.connect(str(file), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() where not internal"
        ).fetchall()
        assert len(columns) > 200
        for table, column in columns:
            for (text,) in connection.execute(
                f'select distinct "{column}"::varchar from {table} where "{column}" is not null'
            ).fetchall():
                yield f"{table}.{column}", text


def get_routes(site: Site) -> list[str]:
    """Every path that can be read, from the application itself."""
    return [path for path, operations in site.app.openapi()["paths"].items() if "get" in operations]


WITHOUT_TOKEN = {"/healthz"}
FOR_ADMINISTRATORS = {
    "/api/v1/llm-pricing",
    "/api/v1/llm-pricing/{id}",
    "/api/v1/llm-pricing/{id}/audit-trail",
}


@pytest.mark.parametrize("mine", APART[:3])
def test_no_route_shows_a_viewer_any_other_tenant(site: Site, mine: str) -> None:
    client = site.client(mine)
    others = [name for name in APART if name != mine]
    for path in get_routes(site):
        for accept in ("application/json", "text/csv"):
            for options in ("", "?days=1000", "?days=1000&per_tenant=false", "?days=1000&time_zone=business"):
                answer = client.get(path + options, headers={"Accept": accept})
                if answer.status_code == 200 and path not in WITHOUT_TOKEN and accept == "application/json":
                    assert answer.json()
                for other in others:
                    for name in (other, other.replace('"', '\\"'), other.replace('"', '""')):
                        assert name not in answer.text, f"{path}{options} shows {other} to {mine}"


@pytest.mark.parametrize("other", [*TENANTS[1:], "nobody-at-all", "", "*", "acme-corp'--"])
def test_no_route_answers_for_a_tenant_that_the_token_does_not_carry(site: Site, other: str) -> None:
    client = site.client("acme-corp")
    with_tenant = [
        path
        for path, operations in site.app.openapi()["paths"].items()
        for parameter in operations.get("get", {}).get("parameters", ())
        if parameter["name"] == "tenant"
    ]
    assert len(with_tenant) >= 13
    for path in with_tenant:
        answer = client.get(path, params={"tenant": other})
        assert answer.status_code == 403, path
        assert answer.json()["detail"] == "the filter 'tenant' names a tenant that this token does not carry"
        mixed = client.get(path, params=[("tenant", "acme-corp"), ("tenant", other)])
        assert mixed.status_code == 403, path


def test_every_route_but_health_wants_a_token(site: Site) -> None:
    for path in get_routes(site):
        answer = site.stranger.get(path)
        assert answer.status_code == (200 if path in WITHOUT_TOKEN else 401), path
        if path not in WITHOUT_TOKEN:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert site.stranger.post("/api/v1/console", json={"sql": "select 1"}).status_code == 401
    assert site.stranger.post("/api/v1/llm-pricing").status_code == 401


def test_what_is_for_administrators_is_refused_to_viewers(site: Site) -> None:
    assert site.client("acme-corp").get("/metrics").status_code == 403
    for path in FOR_ADMINISTRATORS:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            assert site.client("acme-corp").request(method, path).status_code == 403, (method, path)


@pytest.mark.parametrize("mine", TENANTS)
def test_a_tenants_file_holds_its_rows_and_no_trace_of_others(site: Site, mine: str, tmp_path: Path) -> None:
    file = tmp_path / "spanledger.duckdb"
    published = site.ledger.settings.home.published_file
    hand_over(published, [mine], file)
    with (
        duckdb.connect(str(file), read_only=True) as own,
        duckdb.connect(str(published), read_only=True) as all_,
    ):
        for table in ("marts.calls", "marts.daily_costs", "marts.restatements", "ledger.cost_lines"):
            wanted = all_.execute(f"select count(*) from {table} where tenant_id = ?", [mine]).fetchone()
            assert own.execute(f"select count(*) from {table}").fetchone() == wanted
            assert wanted is not None
            assert wanted[0] > 0 or table == "marts.restatements"
    foreign = [name for name in TENANTS if name not in mine]
    for where, text in cells(file):
        for other in foreign:
            if other == "acme" and "acme" in mine:
                continue
            # "acme" is also the provider's name.
            assert other not in text or other == "acme", f"{where} holds {text!r}"


def test_a_contract_of_another_tenant_leaves_no_trace_in_a_file(site: Site, tmp_path: Path) -> None:
    theirs, mine = tmp_path / "theirs.duckdb", tmp_path / "mine.duckdb"
    hand_over(site.ledger.settings.home.published_file, ["globex"], theirs)
    hand_over(site.ledger.settings.home.published_file, ["acme-corp"], mine)
    assert any("globex-frame-2026" in text for _, text in cells(theirs))
    assert not any("globex" in text for _, text in cells(mine))


def test_whom_a_call_was_taken_from_is_not_told_to_whom_it_was_given(site: Site, tmp_path: Path) -> None:
    hand_over(site.ledger.settings.home.published_file, ["acme-corp"], tmp_path / "one.duckdb")
    hand_over(site.ledger.settings.home.published_file, ["acme-corp", "globex"], tmp_path / "both.duckdb")
    moved = "select sent_tenant_id, attribution from marts.calls where request_metadata like '%moved%'"
    with duckdb.connect(str(site.ledger.settings.home.published_file), read_only=True) as connection:
        assert connection.execute(moved).fetchall() == [("globex", "globex-sold-it")]
    with duckdb.connect(str(tmp_path / "one.duckdb"), read_only=True) as connection:
        assert connection.execute(moved).fetchall() == [(None, None)]
    with duckdb.connect(str(tmp_path / "both.duckdb"), read_only=True) as connection:
        assert connection.execute(moved).fetchall() == [("globex", None)]


def test_a_new_column_of_a_call_is_looked_at_before_a_tenant_sees_it() -> None:
    """What a call may say about others was decided column by column; add a new one here once that is done."""
    assert set(column_types()["marts.calls"]) <= SEEN_COLUMNS


def test_the_memory_copy_holds_nobody_else_either(site: Site, tmp_path: Path) -> None:
    with site.editions.current() as edition, edition.marts(Scope(frozenset({"acme-corp"}))) as cursor:
        columns = cursor.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() where not internal"
        ).fetchall()
        texts = [
            text
            for table, column in columns
            for (text,) in cursor.execute(
                f'select distinct "{column}"::varchar from {table} where "{column}" is not null'
            ).fetchall()
        ]
        databases = cursor.execute("select database_name, path from duckdb_databases()").fetchall()
    assert "acme-corp" in texts
    assert not [text for text in texts if any(name in text for name in APART if name != "acme-corp")]
    assert not [path for _, path in databases if path], "the published file is still attached"


def test_every_published_table_has_its_tenant_or_a_rule() -> None:
    """What has neither is copied empty; this fails so that somebody decides what a tenant may see of it."""
    types = column_types()
    for model in published_models():
        if model.full_name in discover() and "tenant_id" not in types[model.full_name]:
            assert tenant_copy.rule(model.full_name) is not None, f"{model.full_name}: whose rows are these?"


def test_a_table_without_tenant_or_rule_is_copied_empty(site: Site, tmp_path: Path) -> None:
    published = tmp_path / "published.duckdb"
    published.write_bytes(site.ledger.settings.home.published_file.read_bytes())
    with duckdb.connect(str(published)) as connection:
        connection.execute("create table marts.secrets as select 'globex' as name")
    tenant_copy.write_file(published, ["acme-corp"], tmp_path / "spanledger.duckdb")
    with duckdb.connect(str(tmp_path / "spanledger.duckdb"), read_only=True) as connection:
        assert connection.execute("from marts.secrets").fetchall() == []


def test_a_viewer_of_two_tenants_sees_both_and_no_third(site: Site) -> None:
    client = site.client("acme-corp", "globex")
    rows = client.get(f"{COSTS}/by-tenant").json()["rows"]
    assert {row["tenant_id"] for row in rows} == {"acme-corp", "globex"}
    only = client.get(f"{COSTS}/by-tenant", params={"tenant": "globex"}).json()["rows"]
    assert {row["tenant_id"] for row in only} == {"globex"}


def test_a_tenant_that_begins_another_ones_name_is_another_tenant(site: Site) -> None:
    rows = site.client("acme").get(f"{COSTS}/by-tenant").json()["rows"]
    assert [row["tenant_id"] for row in rows] == ["acme"]


def test_a_token_of_a_tenant_without_calls_sees_nothing(site: Site) -> None:
    answer = site.client("nobody-yet").get(f"{COSTS}/daily")
    assert answer.status_code == 200
    assert answer.json()["rows"] == []
    assert answer.json()["totals"]["calls"] == 0


def test_an_administrator_sees_everybody(site: Site) -> None:
    rows = site.client().get(f"{COSTS}/by-tenant").json()["rows"]
    assert {row["tenant_id"] for row in rows} == set(TENANTS)


def test_the_same_path_has_another_etag_for_another_tenant(site: Site) -> None:
    one = site.client("acme-corp").get(f"{COSTS}/daily")
    other = site.client("globex").get(f"{COSTS}/daily", headers={"If-None-Match": one.headers["ETag"]})
    assert other.status_code == 200
    assert one.headers["Vary"] == "Authorization, Accept"


def test_an_application_is_read_only(site: Site) -> None:
    methods = {
        method
        for operations in create_app(site.app.state.serving).openapi()["paths"].values()
        for method in operations
    }
    assert methods == {"get", "post"}
    posts = [path for path, operations in site.app.openapi()["paths"].items() if "post" in operations]
    assert posts == ["/api/v1/console"]
