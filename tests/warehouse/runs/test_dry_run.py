"""A dry run says what the run would move, to the digit, and changes nothing."""

import hashlib
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.warehouse.records import NOON
from tests.warehouse.seeds import price, seed_texts

from spanledger_warehouse import looking, runs
from spanledger_warehouse.dry_run import dry_run
from spanledger_warehouse.errors import SpanledgerError

INPUT, OUTPUT = price("input", "3"), price("output", "15")
DEARER = price("input", "4", effective_from="2026-03-11T00:00:00Z", change_kind="price_change")


def files_of(ledger):
    home = ledger.settings.home.path
    return {
        file.relative_to(home): (file.stat().st_mtime_ns, hashlib.sha256(file.read_bytes()).hexdigest())
        for file in sorted(home.rglob("*"))
        if file.is_file()
    }


def moved_by_running(ledger):
    ledger.run()
    rows = ledger.published_rows("select * from marts.restatements order by day, tenant_id")
    zero = Decimal(0)
    return [
        (
            row["tenant_id"],
            row["day"],
            row["contracted_cost_usd_before"] or zero,
            row["contracted_cost_usd_after"] or zero,
        )
        for row in rows
    ]


def said(impact):
    return [(row.tenant_id, row.day, row.before_usd, row.after_usd) for row in impact.moved]


def test_new_seeds_move_what_the_dry_run_said_and_nothing_was_changed_by_it(built):
    built.texts = seed_texts(INPUT, OUTPUT, DEARER)
    before = files_of(built)
    impact = dry_run(built.settings, built.seeds)
    assert files_of(built) == before
    cost = Decimal("0.00045")
    days = [NOON.date() + timedelta(days=day) for day in (1, 2)]
    assert said(impact) == [("acme-corp", day, cost, Decimal("0.00055")) for day in days]
    assert (impact.touched_calls, impact.head_commit) == (2, built.seeds.commit)
    assert moved_by_running(built) == said(impact)


def test_a_rule_that_moves_calls_to_another_tenant_is_shown_on_both_sides(built):
    header = (
        "attribution,effective_from,effective_to,tenant,service,operation,metadata_key,metadata_value,"
        "target_tenant,reason"
    )
    rule = "r,2026-03-12T00:00:00Z,,,desk,,,,other,moved"
    built.texts = {**seed_texts(INPUT, OUTPUT), "attribution.csv": f"{header}\n{rule}\n"}
    impact = dry_run(built.settings, built.seeds)
    day, cost, zero = NOON.date() + timedelta(days=2), Decimal("0.00045"), Decimal(0)
    assert said(impact) == [("acme-corp", day, cost, zero), ("other", day, zero, cost)]
    assert impact.total("past") == 0
    assert moved_by_running(built) == said(impact)


def test_a_new_release_is_built_on_every_day(built, monkeypatch):
    for module in (looking, runs):
        monkeypatch.setattr(module, "models_digest", lambda: "another release")
    built.rows("update ledger.call_costs set contracted_cost_usd = 1 where day = date '2026-03-10'")
    impact = dry_run(built.settings, built.seeds)
    assert impact.touched_calls == 3
    assert said(impact) == [("acme-corp", NOON.date(), Decimal(1), Decimal("0.00045"))]


def test_a_release_that_keeps_the_seeds_otherwise_is_built_on_every_day(built):
    built.rows("alter table pricing.rules add column of_another_release int")
    built.rows("update ledger.call_costs set contracted_cost_usd = 1 where day = date '2026-03-10'")
    assert said(dry_run(built.settings, built.seeds)) == [
        ("acme-corp", NOON.date(), Decimal(1), Decimal("0.00045"))
    ]


def test_when_nothing_is_new_nothing_moves(built):
    assert dry_run(built.settings, built.seeds).moved == ()


def test_without_a_warehouse_nothing_can_move(ledger):
    with pytest.raises(SpanledgerError, match="no warehouse"):
        dry_run(ledger.settings, ledger.seeds)
