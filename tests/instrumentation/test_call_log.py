"""One line in the log per call, on request: what it says, what it leaves out, and that nobody waits for it."""

import csv
import logging
import os
import shutil
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

import spanledger
from spanledger import call_log, catalogue, lifecycle, testing

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def lines(caplog: pytest.LogCaptureFixture, runs: Any, **settings: Any) -> list[str]:
    """The lines that calls leave in the log."""
    caplog.set_level(logging.INFO, "spanledger.calls")
    clock = iter(range(1_795_000_000_000_000_000, 1_795_000_100_000_000_000, 1_000_000))
    with testing.capture(log_calls=True, clock=lambda: next(clock), **settings):
        runs()
    return [record.message for record in caplog.records if record.name == "spanledger.calls"]


def record(**given: Any) -> Any:
    return lambda: spanledger.record(
        **{"provider": "openai", "model": "gpt-4o-2024-08-06", "duration_ms": 1523, **given}
    )


def test_a_line_is_as_the_requirement_has_it(caplog: pytest.LogCaptureFixture) -> None:
    def call() -> None:
        with spanledger.context(tenant="acme", operation="analyze_edge_case"):
            record(input_tokens=250, output_tokens=1000)()

    # 250 tokens at 2.50 USD per million, 1,000 at 10.00.
    assert lines(caplog, call) == [
        "LLM usage: analyze_edge_case | tokens: 1250 | cost: ~$0.010625 (estimate) | duration: 1523ms"
    ]


@pytest.mark.parametrize(
    ("given", "tokens", "cost"),
    [
        ({"input_tokens": 1, "output_tokens": 0}, "1", "~$0.000002500 (estimate)"),
        ({"model": "nobody-knows", "input_tokens": 1, "output_tokens": 1}, "2", "unknown"),
        ({"provider": "nobody", "input_tokens": 1, "output_tokens": 1}, "2", "unknown"),
        ({}, "unknown", "unknown"),
        ({"error_type": "RateLimit"}, "unknown", "unknown"),
        (
            {
                "provider": "openrouter",
                "model": "nobody/knows",
                "input_tokens": 9,
                "reported_cost": "0.00042",
            },
            "9",
            "$0.000420 (reported)",
        ),
        (
            {
                "usage": {
                    "prompt_tokens": 9,
                    "completion_tokens": 1,
                    "prompt_tokens_details": {"audio_tokens": 5},
                },
                "usage_family": "openai_chat",
            },
            "10",
            "unknown",
        ),
        (
            {
                "provider": "anthropic",
                "model": "claude-sonnet-4-5-20250929",
                "usage_family": "anthropic_messages",
                "usage": {
                    "input_tokens": 100,
                    "output_tokens": 10,
                    "cache_read_input_tokens": 1000,
                    "cache_creation_input_tokens": 300,
                    "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
                    "server_tool_use": {"web_search_requests": 2},
                },
            },
            "1410",
            # 100 at 3, 10 at 15, 1,000 at 0.30, 100 at 3.75, 200 at 6 USD per million; two searches at 10 per 1,000.
            "~$0.022325 (estimate)",
        ),
    ],
)
def test_what_is_not_known_is_not_guessed(
    caplog: pytest.LogCaptureFixture, given: dict[str, Any], tokens: str, cost: str
) -> None:
    (line,) = lines(caplog, record(**given))
    assert f"| tokens: {tokens} | cost: {cost} |" in line
    assert line.startswith("LLM usage: chat ")
    assert line.endswith("| error: RateLimit") is ("error_type" in given)


def test_a_call_on_the_wire_has_its_line(
    caplog: pytest.LogCaptureFixture, server: Any, make: Any, hosts: str
) -> None:
    server.will(make.events(*make.message_events(3)))
    url = f"{server.url}/anthropic/v1/messages"
    (line,) = lines(caplog, lambda: httpx.post(url, json={"model": "m"}), provider_hosts=hosts)
    assert "| tokens: 391 (partial) | cost: unknown |" in line


def test_it_is_off_unless_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "spanledger.calls")
    with testing.capture():
        record(input_tokens=1)()
    assert [entry for entry in caplog.records if entry.name == "spanledger.calls"] == []


def test_the_callers_thread_neither_writes_nor_reads_a_file(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    monkeypatch.setattr(call_log.logger, "info", lambda *_: threads.append(threading.get_ident()))
    lines(caplog, record(input_tokens=1, output_tokens=1))
    assert len(threads) == 1
    assert threads != [threading.get_ident()]


def test_a_logger_that_hangs_holds_nobody_and_what_does_not_fit_is_counted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spanledger.diagnostics import counters

    go_on = threading.Event()
    monkeypatch.setattr(call_log, "_LONGEST_QUEUE", 2)
    monkeypatch.setattr(call_log.logger, "info", lambda *_: go_on.wait(10))
    with testing.capture(log_calls=True) as captured:
        caplog.set_level(logging.INFO, "spanledger.calls")
        for _ in range(9):
            record(input_tokens=1)()
        assert len(captured.calls) == 9
        assert counters["unlogged"] >= 6
        go_on.set()


def own_seeds(folder: Path, price: str) -> Path:
    """A catalogue of one model, over a copy of the vendor's."""
    shutil.copytree(catalogue.shipped(), folder / "vendor")
    (folder / "prices").mkdir()
    columns = (catalogue.shipped() / "prices/openai.csv").read_text().partition("\n")[0]
    row = f"openai,gpt-4o-2024-08-06,output,,,,,2026-01-01T00:00:00Z,{price},1000000,USD,,,,,,contract,"
    (folder / "prices/openai.csv").write_text(f"{columns}\n{row}\n")
    return folder


def test_configured_seeds_come_before_the_shipped_ones(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    call = record(input_tokens=1000, output_tokens=1000)
    seeds = own_seeds(tmp_path, "90")
    (line,) = lines(caplog, call, seeds=seeds)
    assert "cost: ~$0.092500 (estimate)" in line
    # Own units too: here, thoughts that have no price of their own are not billed as output.
    units = (seeds / "vendor/units.csv").read_text().splitlines()
    thoughts = next(row for row in units if row.startswith("reasoning,"))
    (seeds / "units.csv").write_text(f"{units[0]}\n{thoughts.replace(',output,false', ',,false')}\n")
    caplog.clear()
    thought = record(input_tokens=1000, output_tokens=1000, reasoning_tokens=10)
    (line,) = lines(caplog, thought, seeds=seeds)
    assert "cost: unknown" in line


@pytest.mark.parametrize("broken", ["no folder", "price", "columns"])
def test_seeds_that_cannot_be_read_give_way_to_the_shipped_ones_and_the_line_says_so(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, broken: str
) -> None:
    seeds = tmp_path / "absent"
    if broken != "no folder":
        seeds = own_seeds(tmp_path / "own", "9 dollars")
    if broken == "columns":
        (seeds / "prices/openai.csv").write_text("model,unit\ngpt-4o,input\n")
    (line,) = lines(caplog, record(input_tokens=1000, output_tokens=1000), seeds=seeds)
    assert "cost: ~$0.012500 (estimate, shipped prices)" in line
    assert any(str(seeds) in entry.message for entry in caplog.records if entry.levelname == "WARNING")


def test_a_forked_child_logs_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "spanledger.calls")
    with testing.capture(log_calls=True):
        record(input_tokens=1)()
        runtime = lifecycle.active()
        assert runtime is not None
        assert runtime._log is not None
        thread = runtime._log._thread
        runtime.after_fork_in_child()
        record(input_tokens=2)()
        assert runtime._log._thread not in (None, thread)


def test_ids_of_superseded_prices_are_those_of_the_seeds() -> None:
    checked = 0
    for file in sorted((catalogue.shipped() / "prices").glob("*.csv")):
        with file.open(newline="") as source:
            rows = list(csv.DictReader(source))
        ids = {catalogue.price_id(row) for row in rows}
        assert len(ids) == len(rows)
        for row in rows:
            if row["supersedes"]:
                assert row["supersedes"] in ids
                checked += 1
    assert checked


def cost(folder: Path, *, at: datetime = NOW, model: str = "m", **given: Any) -> Decimal | None:
    return catalogue.Catalogue(folder).cost(
        "p", model, {"input": 1_000_000}, total_input=1_000_000, at=at, **given
    )


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    shipped = catalogue.shipped()
    (tmp_path / "prices").mkdir()
    for name in ("units.csv", "rules.csv"):
        shutil.copyfile(shipped / name, tmp_path / name)
    (tmp_path / "model_aliases.csv").write_text(
        "provider,pattern,target_provider,target_model,effective_from,effective_to,evidence_url,note\n"
        "other,,p,,,,,\n"
        "p,m-\\d{4},p,m,,,,\n"
    )
    return tmp_path


def prices(folder: Path, *rows: dict[str, str]) -> Path:
    columns = (catalogue.shipped() / "prices/openai.csv").read_text().partition("\n")[0].split(",")
    plain = {"provider": "p", "model": "m", "unit": "input", "effective_from": "2026-01-01T00:00:00Z"}
    plain |= {"price": "1", "per": "1000000", "currency": "USD"}
    with (folder / "prices/p.csv").open("w", newline="") as target:
        writer = csv.DictWriter(target, columns, restval="")
        writer.writeheader()
        writer.writerows({**plain, **row} for row in rows)
    return folder


def test_the_price_in_force_at_the_instant_holds(seeds: Path) -> None:
    prices(
        seeds,
        {},
        {"price": "2", "effective_from": "2026-11-20T00:00:00Z", "effective_to": "2026-11-21T00:00:00Z"},
    )
    days = [datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)]
    days += [datetime(2026, 11, 19, 23, 59, 59, tzinfo=UTC), NOW, datetime(2026, 11, 21, tzinfo=UTC)]
    assert [cost(seeds, at=at) for at in days] == [None, 1, 1, 2, None]


def test_a_superseded_price_does_not_hold(seeds: Path) -> None:
    prices(seeds, {"price": "1.50"})
    with (seeds / "prices/p.csv").open(newline="") as source:
        (row,) = csv.DictReader(source)
    wrong = {"price": "1.50"}
    prices(seeds, wrong, {"price": "3", "change_kind": "correction", "supersedes": catalogue.price_id(row)})
    assert cost(seeds) == 3
    prices(seeds, wrong, {**wrong, "change_kind": "withdrawal", "supersedes": catalogue.price_id(row)})
    assert cost(seeds) is None


def test_tiers_contexts_regions_and_names(seeds: Path) -> None:
    prices(
        seeds,
        {"price": "1"},
        {"price": "2", "tier_above": "999999"},
        {"price": "4", "tier_above": "1000000"},
        {"price": "8", "context": "batch"},
        {"price": "16", "region": "us"},
        {"price": "32", "window": "night"},
        {"price": "64", "currency": "EUR", "effective_from": "2026-02-01T00:00:00Z"},
    )
    assert cost(seeds) == 2
    assert cost(seeds, context="batch") == 8
    assert cost(seeds, context="flex") is None
    assert cost(seeds, region="us") == 16
    assert cost(seeds, region="eu") == 2
    assert cost(seeds, model="m-1234") == 2
    assert cost(seeds, model="m-12345") is None
    shop = catalogue.Catalogue(seeds)
    units = {"input": 1_000_000, "request": 1}
    assert shop.cost("other", "m", units, total_input=5, at=NOW) == 1
    assert shop.cost("p", "m", {"output": 1}, total_input=5, at=NOW) is None
    assert shop.cost("../p", "m", units, total_input=5, at=NOW) is None
    assert shop.cost("p", "m", {"no such unit": 1}, total_input=5, at=NOW) is None


def test_the_log_costs_a_service_no_import_before_its_first_line() -> None:
    import subprocess
    import sys

    program = (
        "import sys, spanledger; spanledger.instrument(log_calls=True);"
        "sys.exit('spanledger.catalogue' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], env=dict(os.environ), check=False).returncode == 0
