"""Bad input through the command line: what is wrong is named, the rest goes through, published marts stay."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

Spanledger = Callable[..., "subprocess.CompletedProcess[str]"]

SECOND = 1_000_000_000
START = 1_787_130_000 * SECOND
PROCESS = "0123456789abcdef0123456789abcdef"
GOOD = "1,000 input tokens at 0.15 and 500 output tokens at 0.60 USD per million"
GOOD_COST = Decimal("0.00045")


def span(sequence: int, prompt: float = 1000, completion: float = 500, **changed: object) -> str:
    """One span record of gpt-4o-mini as a line; a key changed to None is left out."""
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    record: dict[str, object] = {
        "v": 1,
        "kind": "span",
        "process": PROCESS,
        "sequence": sequence,
        "trace_id": "b" * 32,
        "span_id": f"{sequence:016x}",
        "scope": "spanledger",
        "scope_version": "0.1.0",
        "name": "chat gpt-4o-mini",
        "span_kind": "client",
        "start_time_unix_nano": START + sequence * SECOND,
        "end_time_unix_nano": START + (sequence + 1) * SECOND,
        "status_code": "unset",
        "service": "support-desk",
        "tenant": "acme",
        "operation": "match_pattern",
        "gen_ai_operation": "chat",
        "provider": "openai",
        "request_model": "gpt-4o-mini",
        "response_model": "gpt-4o-mini-2024-07-18",
        "response_id": f"chatcmpl-{sequence}",
        "attempt": 1,
        "http_status": 200,
        "input_tokens": prompt,
        "output_tokens": completion,
        "usage_raw": json.dumps(usage),
        "usage_family": "openai_chat",
        "usage_status": "complete",
    }
    return json.dumps({key: value for key, value in (record | changed).items() if value is not None})


LINES = [
    span(1),
    span(2)[:70],  # line 2: torn
    span(3, tenant=None),
    span(4, prompt=-5),
    span(5, prompt=10.5),
    span(6, prompt=10**15),
    span(7, v=99),  # line 7: a version of the future
    span(8),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad") / "home"
    (folder / "landing").mkdir(parents=True)
    (folder / "landing" / "mixed.jsonl").write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def summary(spanledger: Spanledger, home: Path) -> dict[str, Any]:
    return json.loads(spanledger("run", "--json", home=home).stdout)


@pytest.fixture(scope="module")
def calls(spanledger: Spanledger, home: Path, summary: dict[str, Any]) -> dict[int, dict[str, Any]]:
    report = json.loads(spanledger("report", "calls", "--json", home=home).stdout)
    return {int(row["call_id"].rsplit("-", 1)[1]): row for row in report["rows"]}


def problem(summary: dict[str, Any], check: str) -> dict[str, Any]:
    (found,) = [problem for problem in summary["problems"] if problem["check"] == check]
    return found


def test_broken_lines_are_refused_with_file_line_and_reason(summary: dict[str, Any], home: Path) -> None:
    assert (summary["files"], summary["spans"], summary["rejected"]) == (1, 6, 2)
    refused = problem(summary, "rejected_lines")
    assert refused["violations"] == 2
    assert f"{home}/landing/mixed.jsonl:2: not_json" in refused["example"]


def test_refused_bytes_are_kept_in_quarantine(summary: dict[str, Any], home: Path) -> None:
    (quarantined,) = (home / "quarantine").iterdir()
    kept = quarantined.read_text(encoding="utf-8")
    assert LINES[1] in kept
    assert LINES[6] in kept


def test_a_span_without_tenant_is_billed_to_a_named_tenant(
    summary: dict[str, Any], calls: dict[int, dict[str, Any]]
) -> None:
    assert problem(summary, "unattributed_calls")["violations"] == 1
    assert calls[3]["tenant_id"] == "unattributed"
    assert Decimal(calls[3]["contracted_cost_usd"]) == GOOD_COST, GOOD


def test_impossible_token_counts_are_kept_marked_and_never_priced(
    summary: dict[str, Any], calls: dict[int, dict[str, Any]], home: Path
) -> None:
    impossible = problem(summary, "impossible_usage")
    assert impossible["violations"] == 3
    assert impossible["example"] == f"{home}/landing/mixed.jsonl:4: input_tokens=-5"
    for sequence in (4, 5, 6):
        assert calls[sequence]["cost_status"] == "usage_missing"
        assert calls[sequence]["contracted_cost_usd"] is None


def test_the_rest_goes_through(calls: dict[int, dict[str, Any]]) -> None:
    assert sorted(calls) == [1, 3, 4, 5, 6, 8]
    for sequence in (1, 8):
        assert calls[sequence]["cost_status"] == "priced"
        assert Decimal(calls[sequence]["contracted_cost_usd"]) == GOOD_COST, GOOD


def test_the_summary_says_so_in_words(spanledger: Spanledger, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "landing").mkdir(parents=True)
    (home / "landing" / "mixed.jsonl").write_text(span(9) + "\n" + "not a record\n", encoding="utf-8")
    said = spanledger("run", home=home).stdout
    assert "Loaded 1 spans from 1 files, 1 lines refused" in said
    assert f"{home}/landing/mixed.jsonl:2: not_json" in said


def test_a_typo_in_a_seed_line_fails_the_run_and_the_published_marts_stay(
    spanledger: Spanledger, summary: dict[str, Any], home: Path, seeds: Path, tmp_path: Path
) -> None:
    published = home / "published" / "spanledger.duckdb"
    before = published.read_bytes()
    broken = tmp_path / "seeds"
    shutil.copytree(seeds, broken)
    prices = broken / "prices" / "openai.csv"
    lines = prices.read_text(encoding="utf-8").splitlines()
    lines[4] = lines[4].replace(",1000000,", ",1O00000,")
    prices.write_text("\n".join(lines) + "\n", encoding="utf-8")
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", broken, *who, "commit", "--quiet", "--all", "-m", "Slip"], check=True)
    (home / "landing" / "later.jsonl").write_text(span(10) + "\n", encoding="utf-8")

    failed = spanledger("run", home=home, seeds=broken, expect=1)

    assert "prices/openai.csv:5" in failed.stderr
    assert "1O00000" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert published.read_bytes() == before

    # With the seeds mended the same span goes through.
    assert "Rebuilt 1 day" in spanledger("run", home=home).stdout
    assert published.read_bytes() != before
