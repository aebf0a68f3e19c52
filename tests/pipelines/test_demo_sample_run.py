"""Running the sample service: which days are due, its environment, and what happens when it breaks."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import pytest

from spanledger_pipelines.demo import sample_run
from spanledger_pipelines.demo.clock import at, now_unix_nano
from spanledger_pipelines.demo.plan import FIRST_DAY, calls_of, days
from spanledger_warehouse.errors import SpanledgerError


def remember(home: Path, made: list[date], *, finished: bool) -> None:
    home.mkdir(exist_ok=True)
    state = {"finished": finished, "days": [day.isoformat() for day in made]}
    (home / "demo.json").write_text(json.dumps(state), encoding="utf-8")


def ignore(done: int, total: int) -> None:
    """Progress that nobody looks at."""


def test_a_new_home_gets_the_first_five_days_with_or_without_more(tmp_path: Path) -> None:
    assert sample_run.days_made(tmp_path) == []
    for more in (False, True):
        assert sample_run.days_to_make([], more=more) == days(5)


def test_more_is_one_more_day_and_otherwise_nothing_is_due(tmp_path: Path) -> None:
    remember(tmp_path, days(5), finished=True)
    made = sample_run.days_made(tmp_path)
    assert sample_run.days_to_make(made, more=False) == []
    assert sample_run.days_to_make(made, more=True) == [date(2026, 8, 24)]


def test_an_interrupted_demo_starts_over_instead_of_counting_calls_twice(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    remember(home, days(5), finished=False)
    assert sample_run.days_made(home) == []
    assert not home.exists()


def test_reset_deletes_a_demo_and_only_a_demo(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    assert sample_run.reset(home) is False
    remember(home, days(1), finished=True)
    assert sample_run.reset(home) is True
    assert not home.exists()
    home.mkdir()
    (home / "thesis.txt").write_text("ten years of work", encoding="utf-8")
    with pytest.raises(SpanledgerError, match="does not look like a demo's home"):
        sample_run.reset(home)
    assert (home / "thesis.txt").exists()


def test_the_service_inherits_no_telemetry_settings_and_no_proxy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("OTEL_SDK_DISABLED", "SPANLEDGER_DISABLED", "HTTPS_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "x")
    environment = sample_run.service_environment(tmp_path, "http://127.0.0.1:4711")
    assert {"OTEL_SDK_DISABLED", "SPANLEDGER_DISABLED", "HTTPS_PROXY", "http_proxy"}.isdisjoint(environment)
    assert environment["SPANLEDGER_HOME"] == str(tmp_path)
    assert environment["SPANLEDGER_PROVIDER_HOSTS"] == (
        "127.0.0.1:4711/openai=openai,127.0.0.1:4711/anthropic=anthropic,127.0.0.1:4711/openrouter=openrouter"
    )


def test_a_service_that_breaks_is_reported_with_its_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        sample_run, "_instrumented_python", lambda: [sys.executable, "-c", "import sys; sys.exit(3)"]
    )
    with pytest.raises(SpanledgerError, match=r"ended with status 3.*service\.log.*demo --reset"):
        sample_run.make_calls(tmp_path / "demo", days(1), ignore)
    assert sample_run.days_made(tmp_path / "demo") == []


def test_inside_a_call_it_is_when_the_plan_says() -> None:
    call = calls_of(FIRST_DAY)[0]
    with at(call.started_at):
        inside = now_unix_nano()
    assert inside // 1000 == int(call.started_at.timestamp() * 1_000_000)
    assert now_unix_nano() >= inside
