"""A run rebuilds the days that changed and no other, and tells what it restated."""

from datetime import date, timedelta
from decimal import Decimal

from tests.warehouse.harness import pick
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import SeedsRepository, alias, price, rule, seed_texts, tenant

INPUT, OUTPUT = price("input", "3"), price("output", "15")
MARCH_10 = date(2026, 3, 10)
COST = Decimal("0.00045")


def day(offset):
    return MARCH_10 + timedelta(days=offset)


def land_days(ledger, *offsets, **changed):
    """One call of a hundred input and ten output tokens on each of some days around March 10."""
    records = [
        span(100 + offset, ended=NOON + timedelta(days=offset), usage=chat(100, 10), **changed)
        for offset in offsets
    ]
    model = changed.get("response_model", "")
    ledger.land(f"{model}{'_'.join(map(str, offsets))}.jsonl", records)


def daily(ledger):
    found = ledger.published_rows("select day, list_cost_usd from marts.daily_costs order by day")
    return {row["day"]: row["list_cost_usd"] for row in found}


def restated(ledger):
    columns = ("day", "cause", "calls_before", "calls_after", "list_cost_usd_before", "list_cost_usd_after")
    return pick(ledger.published_rows("select * from marts.restatements order by restated_at, day"), *columns)


def test_a_first_run_builds_every_day_and_restates_none(built):
    assert daily(built) == {day(0): COST, day(1): COST, day(2): COST}
    assert restated(built) == []
    assert built.rows("select days from ops.runs") == [{"days": [day(0), day(1), day(2)]}]


def test_after_a_run_nothing_is_new(built):
    assert built.look().nothing_new
    assert built.run() == []


def test_an_empty_warehouse_publishes_empty_marts(ledger):
    assert not ledger.look().nothing_new
    assert ledger.run() == []
    assert daily(ledger) == {}
    assert ledger.look().nothing_new


def test_a_new_file_rebuilds_only_its_days(built):
    land_days(built, 3, 6)
    assert built.look().new_files == 1
    assert built.run() == [day(3), day(6)]
    assert restated(built) == []


def test_a_late_span_restates_its_old_day(built):
    built.land("late.jsonl", [span(7, ended=NOON, usage=chat(1000, 0))])
    assert built.run() == [day(0)]
    assert restated(built) == [(day(0), "spans", 1, 2, COST, Decimal("0.00345"))]
    assert daily(built)[day(0)] == Decimal("0.00345")


def test_a_copy_that_arrives_late_changes_nothing_and_restates_nothing(built):
    built.land("copy.jsonl", [span(100, ended=NOON, usage=chat(100, 10), attributes={"path": "collector"})])
    assert built.run() == [day(0)]
    assert restated(built) == []
    assert daily(built) == {day(0): COST, day(1): COST, day(2): COST}


def test_a_better_copy_on_another_day_moves_the_call_and_restates_both_days(ledger):
    midnight = NOON.replace(hour=0) + timedelta(days=1)
    ledger.land("a.jsonl", [span(1, ended=midnight, usage=chat(100, 10), usage_status="partial")])
    ledger.run()
    ledger.land("b.jsonl", [span(1, ended=midnight - timedelta(microseconds=1), usage=chat(200, 10))])
    assert ledger.run() == [day(0), day(1)]
    assert daily(ledger) == {day(0): Decimal("0.00075")}
    assert restated(ledger) == [(day(1), "spans", 1, None, COST, None)]


def test_a_dirty_day_without_spans_is_emptied_and_published_so(built):
    built.rows("insert into ops.dirty_days (day, cause, run_id) values (date '2026-05-01', 'spans', 'x')")
    assert built.look().unfinished
    assert built.run() == [date(2026, 5, 1)]
    assert len(daily(built)) == 3


def change(ledger, *prices, **files):
    ledger.texts = seed_texts(*prices, **files)


CHANGED_OUTPUT = price(
    "output",
    "20",
    effective_from="2026-03-11T12:00:00Z",
    change_kind="price_change",
    evidence_date="2026-03-11",
)


def test_a_price_change_rebuilds_only_the_days_of_its_model_inside_its_interval(built):
    other = price("input", "1", model="a-2")
    land_days(built, 3, response_model="a-2")
    change(built, INPUT, OUTPUT, other)
    assert built.run() == [day(3)]

    change(built, INPUT, OUTPUT, CHANGED_OUTPUT, other)
    assert built.look().seeds_changed
    assert built.run() == [day(1), day(2)]

    assert daily(built)[day(0)] == COST
    assert daily(built)[day(1)] == Decimal("0.0005")  # its call ended on the very instant of the change
    changed = ("prices", 1, 1, COST, Decimal("0.0005"))
    assert restated(built) == [(day(1), *changed), (day(2), *changed)]


def test_a_price_of_the_future_rebuilds_nothing(built):
    change(built, INPUT, OUTPUT, CHANGED_OUTPUT.replace("2026-03-11T12", "2027-03-11T12"))
    assert built.run() == []
    assert built.published_rows("select seeds_commit from ops.publication") == [
        {"seeds_commit": built.seeds.commit}
    ]


def test_a_new_price_prices_what_had_none(built):
    land_days(built, 3, response_model="a-9")
    built.run()
    assert daily(built)[day(3)] is None
    change(built, INPUT, OUTPUT, price("input", "1", model="a-9"), price("output", "1", model="a-9"))
    assert built.run() == [day(3)]
    assert restated(built) == [(day(3), "prices", 1, 1, None, Decimal("0.00011"))]


NAMES = [
    ({"response_model": "a-1-0301"}, alias("acme", "a-1-0301", target_model="a-1")),
    ({"provider": "acme.cloud"}, alias("acme.cloud", "")),
]


def test_new_names_reprice_the_days_that_used_them(built):
    for offset, (changed, _) in enumerate(NAMES, start=3):
        land_days(built, offset, **changed)
    built.run()
    assert (daily(built)[day(3)], daily(built)[day(4)]) == (None, None)
    for offset, (_, line) in enumerate(NAMES, start=3):
        change(built, INPUT, OUTPUT, aliases=tuple(line for _, line in NAMES[: offset - 2]))
        assert built.run() == [day(offset)], line
        assert daily(built)[day(offset)] == COST


def test_a_rule_that_moves_a_call_to_another_tier_rebuilds_its_day(built):
    tiers = (INPUT, OUTPUT, price("input", "6", tier_above="100"))
    built.land("more.jsonl", [span(1, usage=chat(101, 0))])
    change(built, *tiers)
    built.run()
    assert daily(built)[day(0)] == COST + Decimal("0.000606")
    change(built, *tiers, rules=(rule(tier_comparison=">=", effective_from="2026-03-12T00:00:00Z"),))
    assert built.run() == [day(2)]
    assert daily(built)[day(2)] == Decimal("0.00075")


def test_a_tenants_new_time_zone_rebuilds_its_days(built):
    built.land("late.jsonl", [span(1, ended=NOON.replace(hour=23), tenant="tokyo", usage=chat(1, 1))])
    built.run()
    change(built, INPUT, OUTPUT, tenants=(tenant("tokyo", time_zone="Asia/Tokyo"),))
    assert built.run() == [day(0)]
    [row] = built.published_rows("select business_day from marts.calls where tenant_id = 'tokyo'")
    assert row["business_day"] == day(1)
    assert len(restated(built)) == 1


def contents(ledger):
    tables = ("marts.daily_costs", "marts.costs_by_model", "marts.hourly_costs", "ledger.cost_lines")
    found = [ledger.published_rows(f"select * from {table} order by all") for table in tables]
    calls = ledger.published_rows("select * exclude (seeds_commit) from marts.calls order by all")
    return [*found, calls]


def test_seeds_a_then_b_then_a_give_the_numbers_of_a_and_record_each_commit(ledger, tmp_path):
    repository = SeedsRepository(tmp_path / "seeds")
    ledger.seeds_folder = repository.root
    first = seed_texts(INPUT, OUTPUT)
    repository.commit(first, "A")
    land_days(ledger, 0, 2)
    ledger.run()
    numbers = contents(ledger)

    commit = repository.commit(seed_texts(INPUT, OUTPUT, CHANGED_OUTPUT), "B")
    assert ledger.run() == [day(2)]
    assert contents(ledger) != numbers
    calls = ledger.published_rows("select seeds_commit from marts.calls order by day")
    assert [row["seeds_commit"] == commit for row in calls] == [False, True]
    [told] = ledger.published_rows("select seeds_commit, seeds_state from ops.publication")
    assert told == {"seeds_commit": commit, "seeds_state": "committed"}
    [row] = ledger.published_rows("select seeds_commit from marts.restatements")
    assert row["seeds_commit"] == commit
    [audit] = ledger.published_rows("select * from marts.price_audit where action = 'change'")
    assert (audit["commit_id"], audit["author"], audit["old_price"]) == (commit, "Ada <ada@acme.example>", 15)

    repository.commit(first, "A again")
    assert ledger.run() == [day(2)]
    assert contents(ledger) == numbers
    assert [row[1] for row in restated(ledger)] == ["prices"] * 2
