"""Work stays noted until what it needs was built and published, however a run is cut into parts or dies."""

import pytest
from tests.warehouse.harness import pick
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import price, seed_texts

from spanledger_warehouse import pending, runs
from spanledger_warehouse.database import connect
from spanledger_warehouse.errors import SpanledgerError
from spanledger_warehouse.models import discover

DEARER = seed_texts(
    price("input", "3"),
    price("output", "15"),
    price("input", "4", effective_from="2026-03-01T00:00:00Z", change_kind="price_change"),
)
RESTATEMENT = ("day", "cause", "calls_before", "calls_after")


class Parts:
    """A run in parts, each in a run of its own, as somebody clicks them in the Dagster UI."""

    def __init__(self, ledger):
        self.ledger = ledger

    def seeds(self):
        run_id = self.ledger.begin()
        with connect(self.ledger.settings) as connection:
            runs.start_run(connection, run_id, self.ledger.now)
            runs.load_seeds(connection, self.ledger.seeds, run_id=run_id, now=self.ledger.now)

    def build(self, *schemas, but=()):
        run_id = self.ledger.begin()
        with connect(self.ledger.settings) as connection:
            runs.start_run(connection, run_id, self.ledger.now)
            for model in runs.models_in_order():
                if model.schema in schemas and model.full_name not in but:
                    runs.build_model(connection, model, run_id=run_id, now=self.ledger.now)

    def publish(self):
        self.ledger.publish()


@pytest.fixture
def parts(built):
    built.texts = DEARER
    return Parts(built)


def costs(ledger):
    found = ledger.published_rows("select cast(list_cost_usd as varchar) as cost from marts.daily_costs")
    return [row["cost"] for row in found]


def test_publishing_alone_does_not_forget_days_that_wait_for_new_prices(parts):
    parts.seeds()
    with pytest.raises(
        SpanledgerError, match=r"3 days wait to be built again, first 2026-03-10 \(because of prices\)"
    ):
        parts.publish()
    assert costs(parts.ledger) == ["0.000450000000"] * 3
    parts.ledger.run()
    assert costs(parts.ledger) == ["0.000550000000"] * 3


@pytest.mark.parametrize(
    "missing", ["staging.stg_calls", "ledger.call_costs", "marts.calls", "marts.hourly_costs"]
)
def test_a_part_of_the_models_does_not_pass_for_all_of_them(parts, missing):
    parts.seeds()
    parts.build("staging", "pricing", "ledger", "marts", but=(missing,))
    with pytest.raises(SpanledgerError, match=rf"wait to be built again.*{missing}|money would be wrong"):
        parts.publish()
    parts.build("staging", "pricing", "ledger", "marts")
    parts.publish()
    assert costs(parts.ledger) == ["0.000550000000"] * 3
    assert parts.ledger.look().nothing_new


def test_parts_in_their_order_are_a_whole_run(parts):
    parts.seeds()
    for schema in ("staging", "pricing", "ledger", "marts"):
        parts.build(schema)
    parts.publish()
    assert costs(parts.ledger) == ["0.000550000000"] * 3
    assert parts.ledger.look().nothing_new


def test_work_that_came_up_after_a_build_keeps_it_from_being_published(built):
    parts = Parts(built)
    built.land("one.jsonl", [span(1, usage=chat(1, 1))])
    built.load()
    parts.build("staging", "pricing", "ledger", "marts")
    built.land("two.jsonl", [span(2, usage=chat(1, 1))])
    built.load()
    with pytest.raises(SpanledgerError, match=r"waits to be built again|money would be wrong"):
        parts.publish()
    parts.build("staging", "pricing", "ledger", "marts")
    parts.publish()
    assert built.published_rows("select calls from marts.daily_costs order by day limit 1") == [{"calls": 3}]


def test_models_that_read_no_seeds_need_no_build_for_a_price():
    models = discover()
    assert {"ledger.call_costs", "marts.daily_costs"} <= set(pending.models_of_seeds())
    for name in set(pending.models_by_day()) - set(pending.models_of_seeds()):
        assert not any(other.startswith("pricing.") for other in models[name].upstream)


LATE = [span(7, ended=NOON, usage=chat(1000, 0))]


@pytest.mark.parametrize("last", ["keep_days_before", "record_restatements"])
def test_a_restatement_survives_a_death_between_building_and_recording_it(built, monkeypatch, last):
    built.land("late.jsonl", LATE)
    real = runs.sql_text

    def dying(folder, name):
        if name == last:
            raise KeyboardInterrupt
        return real(folder, name)

    monkeypatch.setattr(runs, "sql_text", dying)
    with pytest.raises(KeyboardInterrupt):
        built.run()
    monkeypatch.undo()

    built.run()

    assert pick(built.published_rows("select * from marts.restatements"), *RESTATEMENT) == [
        (NOON.date(), "spans", 1, 2)
    ]


def test_a_restatement_of_a_run_that_published_nothing_is_said_once_by_the_next(built):
    built.land("late.jsonl", LATE)
    built.load()
    Parts(built).build("staging", "pricing", "ledger", "marts")  # and it dies before it publishes
    built.land("later.jsonl", [span(8, ended=NOON, usage=chat(5, 0))])

    built.run()

    assert pick(built.published_rows("select * from marts.restatements"), *RESTATEMENT) == [
        (NOON.date(), "spans", 1, 3)
    ]
    assert built.rows("from ops.days_before") == []
