"""Metrics: readable by Prometheus, equal to the answers, and what the dashboard and the agent ask for exists."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus
from tests.warehouse.serve.conftest import TENANTS, Site

COSTS = "/api/v1/analytics/llm-costs"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def samples(
    text: str, *, as_openmetrics: bool = False
) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """All samples by name and labels, as the reference parser reads them."""
    families = openmetrics(text) if as_openmetrics else prometheus(text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """A sample's key."""
    return name, frozenset(labels.items())


@pytest.fixture(scope="module")
def scraped(site: Site) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    client = site.client()
    client.get(f"{COSTS}/daily")
    return samples(client.get("/metrics").text)


def test_amounts_are_those_of_the_answers(site: Site, scraped: dict[object, float]) -> None:
    rows = site.client().get(f"{COSTS}/by-tenant", params={"from": "2026-03-01"}).json()["rows"]
    assert {row["tenant_id"] for row in rows} == set(TENANTS), "hostile names are labels like others"
    for row in rows:
        found = scraped[key("spanledger_tenant_cost_usd", tenant=row["tenant_id"], window="month")]
        assert found == pytest.approx(float(row["contracted_cost_usd"]), abs=1e-12)
    day = site.client().get(f"{COSTS}/summary", params={"days": 1}).json()
    assert scraped[key("spanledger_total_calls", window="day")] == day["totals"]["calls"]
    assert (
        scraped[key("spanledger_total_incomplete_calls", window="day")] == day["coverage"]["incomplete_calls"]
    )


def test_it_says_which_version_and_how_fresh(site: Site, scraped: dict[object, float]) -> None:
    made = site.client().get("/api/v1/publication").json()["publication"]
    info = {name: made[name] for name in ("version", "release", "seeds_commit", "seeds_state")}
    assert scraped[key("spanledger_publication_info", **info)] == 1
    assert scraped[key("spanledger_published")] == 1
    assert scraped[key("spanledger_complete_through_timestamp_seconds")] > 1_700_000_000


def test_requests_are_counted_by_route(scraped: dict[object, float]) -> None:
    assert scraped[key("spanledger_api_requests_total", route=f"{COSTS}/daily", status="200")] >= 1


def test_openmetrics_is_spoken_to_whoever_asks_for_it(site: Site) -> None:
    answer = site.client().get("/metrics", headers={"Accept": OPENMETRICS})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    assert samples(answer.text, as_openmetrics=True)


def names_in(text: str) -> set[str]:
    """The metrics that a text names."""
    return set(re.findall(r"\bspanledger_[a-z_]+\b", text))


def test_every_query_of_the_grafana_dashboard_names_metrics_that_exist(scraped: dict[object, float]) -> None:
    text = (resources.files("spanledger_warehouse") / "serve" / "grafana.json").read_text(encoding="utf-8")
    panels = json.loads(text)["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(queries) >= len(panels) >= 10
    exposed = {name for name, _ in scraped}
    labels = {
        name: {label for found, pairs in scraped if found == name for label, _ in pairs} for name in exposed
    }
    for panel in panels:
        for target in panel["targets"]:
            (name,) = names_in(target["expr"]) if len(names_in(target["expr"])) == 1 else (None,)
            assert names_in(target["expr"]) <= exposed, target["expr"]
            if name is not None:
                assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels[name]


def test_the_documented_agent_configuration_names_metrics_that_exist(scraped: dict[object, float]) -> None:
    page = (Path(__file__).resolve().parents[3] / "warehouse" / "serving.md").read_text(encoding="utf-8")
    named = {name for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) for name in names_in(block)}
    exposed = {re.sub(r"_total$", "", name) for name, _ in scraped}
    assert len(named) >= 5
    assert named <= exposed
