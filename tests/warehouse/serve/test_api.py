"""The HTTP face: versions, forms, pages, refusals, and names that strangers chose."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from tests.warehouse.serve.conftest import HOSTILE, TENANTS, Site

COSTS = "/api/v1/analytics/llm-costs"
LISTS = (
    *("daily", "hourly", "by-model", "by-operation", "by-tenant", "recent-calls", "failed-calls"),
    *("unpriced", "restatements", "data-quality"),
)


def rows_of(text: str) -> list[dict[str, str]]:
    """CSV as a program reads it."""
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("name", LISTS)
def test_an_answer_says_where_it_comes_from_and_how_complete_it_is(site: Site, name: str) -> None:
    answer = site.client("globex").get(f"{COSTS}/{name}").json()
    with duckdb.connect(str(site.ledger.settings.home.published_file), read_only=True) as connection:
        made = connection.execute(
            "select version, seeds_commit, seeds_digest from ops.publication"
        ).fetchone()
    publication = answer["publication"]
    assert (publication["version"], publication["seeds_commit"], publication["seeds_digest"]) == made
    assert publication["complete_through"].endswith("Z")
    assert answer["coverage"]["coverage_pct"] is not None
    assert answer["window"] == {"from": "2026-02-11", "to": "2026-03-12", "time_zone": "UTC"}
    assert answer["page"]["of"] >= len(answer["rows"])
    assert "totals" in answer


@pytest.mark.parametrize("name", LISTS)
def test_csv_has_the_same_rows(site: Site, name: str) -> None:
    client = site.client("globex")
    json_rows = client.get(f"{COSTS}/{name}").json()["rows"]
    answer = client.get(f"{COSTS}/{name}", headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Spanledger-Version"]
    assert answer.headers["Spanledger-Coverage-Pct"]
    assert rows_of(answer.text) == [
        {column: text(value) for column, value in row.items()} for row in json_rows
    ]


def text(value: Any) -> str:
    """A JSON value as CSV has it."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/*", "text/csv; charset=utf-8"),
        ("text/html, */*;q=0.8", "application/json"),
        ("application/json;q=0.2, text/csv;q=0.9", "text/csv; charset=utf-8"),
        ("text/csv;q=0, */*", "application/json"),
        ("image/png", None),
        ("application/json;q=0", None),
        ("text/csv;q=nonsense", None),
    ],
)
def test_the_form_is_what_the_caller_likes_best(site: Site, accept: str | None, media: str | None) -> None:
    client = site.client()
    headers = {} if accept is None else {"Accept": accept}
    answer = client.get(f"{COSTS}/daily", headers=headers)
    if media is None:
        assert answer.status_code == 406
        assert answer.headers["Content-Type"] == "application/problem+json"
    else:
        assert answer.headers["Content-Type"] == media


def test_an_answer_that_the_caller_has_is_not_sent_again(site: Site) -> None:
    client = site.client("globex")
    first = client.get(f"{COSTS}/daily")
    tag = first.headers["ETag"]
    again = client.get(f"{COSTS}/daily", headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    for other in (f"{COSTS}/daily?days=2", f"{COSTS}/hourly"):
        assert client.get(other, headers={"If-None-Match": tag}).status_code == 200
    as_csv = client.get(f"{COSTS}/daily", headers={"If-None-Match": tag, "Accept": "text/csv"})
    assert as_csv.status_code == 200


def test_pages_join_to_the_whole_and_totals_are_those_of_the_whole(site: Site) -> None:
    client = site.client()
    whole = client.get(f"{COSTS}/by-operation", params={"limit": 1000}).json()
    joined: list[Any] = []
    path: str | None = f"{COSTS}/by-operation?limit=3&service=desk"
    filtered = client.get(f"{COSTS}/by-operation?limit=1000&service=desk").json()
    while path is not None:
        page = client.get(path).json()
        assert page["totals"] == filtered["totals"]
        joined += page["rows"]
        path = page["page"]["next"]
    assert joined == filtered["rows"]
    assert len(whole["rows"]) > len(joined) > 3
    beyond = client.get(f"{COSTS}/by-operation?offset=1000000000").json()
    assert (beyond["rows"], beyond["totals"], beyond["page"]["next"]) == ([], whole["totals"], None)


@pytest.mark.parametrize(
    "filters",
    [
        {"model": "a-1"},
        {"operation": "answer"},
        {"provider": "acme", "service": "desk"},
        {"model": ["a-1", "globex model"], "operation": ["answer", "globex op"]},
        {"model": "nothing"},
        {"operation": "answer' or '1'='1"},
    ],
)
@pytest.mark.parametrize("name", ["daily", "hourly", "by-model", "by-operation", "recent-calls"])
def test_filters_keep_what_they_name(site: Site, name: str, filters: dict[str, Any]) -> None:
    answer = site.client().get(f"{COSTS}/{name}", params={"limit": 1000, **filters}).json()
    conditions = " and ".join(f"list_contains($list_{column}, {column})" for column in filters)
    values = {
        f"list_{column}": wanted if isinstance(wanted, list) else [wanted]
        for column, wanted in filters.items()
    }
    with duckdb.connect(str(site.ledger.settings.home.published_file), read_only=True) as connection:
        found = connection.execute(
            f"select count(*), sum(contracted_cost_usd) from marts.calls where {conditions}", values
        ).fetchone()
    assert found is not None
    calls, cost = found
    assert sum(Decimal(row["contracted_cost_usd"] or 0) for row in answer["rows"]) == (cost or 0)
    of = len(answer["rows"]) if name == "recent-calls" else sum(row["calls"] for row in answer["rows"])
    assert of == calls


@pytest.mark.parametrize(
    "zone", ["UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati", "Europe/Berlin"]
)
@pytest.mark.parametrize("filters", [{}, {"model": "a-1"}])
def test_days_of_a_zone_are_those_of_its_calendar(site: Site, zone: str, filters: dict[str, str]) -> None:
    options = {"time_zone": zone, "per_tenant": "false", "limit": 1000, **filters}
    answer = site.client().get(f"{COSTS}/daily", params=options).json()
    with duckdb.connect(str(site.ledger.settings.home.published_file), read_only=True) as connection:
        expected = connection.execute(
            "select timezone(?, timezone('UTC', billed_at))::date as d, count(*), sum(contracted_cost_usd) "
            "from marts.calls where ? or model = 'a-1' group by d order by d",
            [zone, not filters],
        ).fetchall()
    rows = [
        (date.fromisoformat(row["day"]), row["calls"], Decimal(row["contracted_cost_usd"]))
        for row in answer["rows"]
    ]
    assert rows == expected


def test_business_days_are_those_of_each_tenant(site: Site) -> None:
    answer = site.client().get(f"{COSTS}/daily", params={"time_zone": "business", "limit": 1000}).json()
    with duckdb.connect(str(site.ledger.settings.home.published_file), read_only=True) as connection:
        expected = connection.execute(
            "select business_day, tenant_id, count(*) from marts.calls group by all order by all"
        ).fetchall()
    rows = [(date.fromisoformat(row["day"]), row["tenant_id"], row["calls"]) for row in answer["rows"]]
    assert sorted(rows) == expected
    refused = site.client().get(f"{COSTS}/hourly", params={"time_zone": "business"})
    assert (refused.status_code, "IANA name" in refused.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("options", "window"),
    [
        ({"days": 1}, ("2026-03-12", "2026-03-12")),
        ({"days": 2, "to": "2026-03-11"}, ("2026-03-10", "2026-03-11")),
        ({"from": "2026-03-11"}, ("2026-03-11", "2026-03-12")),
        ({"from": "2026-03-11", "to": "2026-03-11"}, ("2026-03-11", "2026-03-11")),
        ({"from": "2026-04-01"}, ("2026-04-01", "2026-04-01")),
    ],
)
def test_a_window_holds_its_first_and_its_last_day(
    site: Site, options: dict[str, Any], window: tuple[str, str]
) -> None:
    answer = site.client().get(f"{COSTS}/daily", params={**options, "per_tenant": "false"}).json()
    assert (answer["window"]["from"], answer["window"]["to"]) == window
    first, last = (date.fromisoformat(day) for day in window)
    known = [date(2026, 3, 10) + timedelta(days=day) for day in range(3)]
    assert [row["day"] for row in answer["rows"]] == [str(day) for day in known if first <= day <= last]


def test_the_summary_has_the_window_before(site: Site) -> None:
    answer = site.client().get(f"{COSTS}/summary", params={"from": "2026-03-11", "to": "2026-03-12"}).json()
    assert answer["previous_window"] == {"from": "2026-03-09", "to": "2026-03-10", "time_zone": "UTC"}
    days = site.client().get(f"{COSTS}/daily", params={"per_tenant": "false"}).json()["rows"]
    cost = [Decimal(row["contracted_cost_usd"]) for row in days]
    assert Decimal(answer["totals"]["contracted_cost_usd"]) == cost[1] + cost[2]
    assert Decimal(answer["previous_totals"]["contracted_cost_usd"]) == cost[0]


@pytest.mark.parametrize(
    "options",
    [
        {"days": 0},
        {"days": 1101},
        {"days": "x"},
        {"from": "2026-03-11", "days": 2},
        {"from": "2026-03-12", "to": "2026-03-11"},
        {"from": "2020-01-01", "to": "2026-03-11"},
        {"from": "0001-01-01"},
        {"to": "9999-12-31"},
        {"from": "2026-02-30"},
        {"from": "1767225600"},
        {"to": "-1.2e-07"},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../etc/passwd"},
        {"limit": 0},
        {"limit": 1001},
        {"offset": -1},
        {"tennant": "acme"},
        {"tenant": "x" * 501},
        {"model": ["x"] * 101},
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_in_words(site: Site, options: dict[str, Any]) -> None:
    answer = site.client().get(f"{COSTS}/daily", params=options)
    problem = answer.json()
    assert answer.status_code == problem["status"] == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["type"] == "urn:spanledger:problem:invalid"
    assert problem["errors"][0]["where"].startswith("query")


def test_names_of_strangers_are_values_everywhere(site: Site) -> None:
    client = site.client()
    answer = client.get(f"{COSTS}/by-tenant")
    assert {row["tenant_id"] for row in answer.json()["rows"]} == set(TENANTS)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for name in HOSTILE:
        rows = client.get(f"{COSTS}/by-tenant", params={"tenant": name}).json()["rows"]
        assert [row["tenant_id"] for row in rows] == [name]


def test_a_spreadsheet_finds_no_formula_in_csv(site: Site) -> None:
    formula = '=HYPERLINK("//x","y")'
    found = rows_of(site.client(formula).get(f"{COSTS}/by-tenant", headers={"Accept": "text/csv"}).text)
    assert [row["tenant_id"] for row in found] == [f"'{formula}"]
    assert Decimal(found[0]["contracted_cost_usd"]) > 0, "numbers are untouched"


def test_prices_are_listed_by_key_with_versions_and_audit_trail(site: Site) -> None:
    client = site.client()
    listed = client.get("/api/v1/llm-pricing", params={"unit": "input"}).json()
    (key,) = listed["rows"]
    assert (key["provider"], key["model"], key["unit"], key["price"]) == (
        "acme",
        "a-1",
        "input",
        "3.0000000000",
    )
    assert key["id"].startswith("pk_")
    by_key = client.get(f"/api/v1/llm-pricing/{key['id']}").json()
    by_price = client.get(f"/api/v1/llm-pricing/{key['price_id']}").json()
    assert by_key == by_price
    assert [version["price_id"] for version in by_key["versions"]] == [key["price_id"]]
    trail = client.get(f"/api/v1/llm-pricing/{key['price_id']}/audit-trail").json()
    assert trail["id"] == key["id"]
    before = client.get("/api/v1/llm-pricing", params={"unit": "input", "at": "2025-12-31T23:59:59Z"}).json()
    assert before["rows"][0]["price_id"] is None, "not in force yet"
    assert client.get("/api/v1/llm-pricing/pk_nothing").status_code == 404


@pytest.mark.parametrize("path", ["", "/pk_1", "/pk_1/audit-trail"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_prices_change_by_commit_and_the_answer_says_how(site: Site, method: str, path: str) -> None:
    answer = site.client().request(method, f"/api/v1/llm-pricing{path}")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert answer.json()["command"].startswith("spanledger prices ")


def test_what_is_not_there_is_a_problem_document(site: Site) -> None:
    for method, path, status in (("GET", "/nothing", 404), ("DELETE", f"{COSTS}/daily", 405)):
        answer = site.client().request(method, path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


def test_every_shape_of_openapi_names_the_columns_that_answers_have(site: Site) -> None:
    document = site.app.openapi()
    schemas = document["components"]["schemas"]
    for name in LISTS:
        answer = site.client().get(f"{COSTS}/{name}").json()
        ok = document["paths"][f"{COSTS}/{name}"]["get"]["responses"]["200"]["content"]["application/json"][
            "schema"
        ]
        shape = schemas[ok["$ref"].rpartition("/")[2]]
        assert set(answer) == set(shape["properties"])
        row = schemas[shape["properties"]["rows"]["items"]["$ref"].rpartition("/")[2]]["properties"]
        for found in answer["rows"][:1]:
            assert set(found) == set(row), name
        for column, described in row.items():
            assert described.get("description"), f"{name}: {column} is not explained"


def test_no_amount_is_a_json_number(site: Site) -> None:
    floats: list[str] = []
    for name in LISTS:
        text_ = site.client().get(f"{COSTS}/{name}").text
        json.loads(text_, parse_float=lambda number: floats.append(number) or number)
    assert floats == []
