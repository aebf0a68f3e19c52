"""`prices impact`: what a change would move is what it does move, to the last digit, before it is merged."""

import json
import os
import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tests.pricing_seeds.conftest import SeedsRepository, price_line
from tests.warehouse.passes import Ledger
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import UNITS
from typer.testing import CliRunner

from spanledger_pipelines.commands import app
from spanledger_warehouse.impact import Fingerprint, Published, Warehouse, assess, write_fingerprint
from spanledger_warehouse.impact.report import as_markdown
from spanledger_warehouse.impact.touched import changed_models
from spanledger_warehouse.seeds import parse
from spanledger_warehouse.seeds.comparing import states

TIERED = {"tier_above": "1000", "price": "6.00"}
DAY = timedelta(days=1)


@pytest.fixture
def seeds(tmp_path):
    return _seeds(tmp_path / "seeds")


def _seeds(root):
    repository = SeedsRepository(root)
    repository.write_sound(*_prices())
    repository.write("units.csv", UNITS)
    repository.commit()
    return repository


def _prices(*more):
    return (
        price_line(),
        price_line(unit="output", price="15.00"),
        price_line(**TIERED),
        price_line(model="a-2", price="1.00"),
        price_line(model="a-2", unit="output", price="2.00"),
        *more,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Three days of calls of two tenants, two operations, three models; one model has no price."""
    root = tmp_path_factory.mktemp("built")
    ledger = Ledger(root / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        ledger.seeds_folder = _seeds(root / "seeds").folder
    calls = [
        span(10 * day + number, ended=NOON + day * DAY, usage=chat(700 * number + day, 70 + number), **who)
        for day in range(3)
        for number, who in enumerate(
            [
                {"tenant": "acme-corp"},
                {"tenant": "globex", "operation": "sum"},
                {"tenant": "globex", "operation": "sum"},
                {"response_model": "a-2"},
                {"response_model": "n-1"},
            ],
            start=1,
        )
    ]
    ledger.land("calls.jsonl", calls)
    ledger.run()
    return root / "home"


@pytest.fixture
def ledger(tmp_path, seeds, built):
    """A copy of it, and seeds of its own."""
    shutil.copytree(built, tmp_path / "home", symlinks=True)
    ledger = Ledger(tmp_path / "home")
    ledger.seeds_folder = seeds.folder
    ledger.run_number = 1
    return ledger


def _assess(ledger, seeds, usage=None):
    base, head = (parse(state).require() for state in states(seeds.folder, "main", None))
    return assess(base, head, usage or Warehouse(ledger.settings))


def _daily(ledger):
    rows = ledger.rows(
        "select tenant_id, day, coalesce(contracted_cost_usd, 0) as cost from marts.daily_costs"
    )
    return {(row["tenant_id"], row["day"]): row["cost"] for row in rows}


def _by_tenant_and_day(rows):
    sums = {}
    for row in rows:
        key = (row.tenant_id, row.day)
        sums[key] = sums.get(key, Decimal(0)) + row.moved_usd
    return {key: value for key, value in sums.items() if value}


@pytest.mark.parametrize(
    "more",
    [
        [price_line(price="2.5", effective_from="2026-03-11T00:00:00Z", change_kind="price_change")],
        [
            price_line(
                unit="output", price="9", effective_from="2026-03-11T12:00:00Z", change_kind="price_change"
            )
        ],
        [
            price_line(
                tier_above="1000",
                price="7",
                effective_from="2026-03-11T00:00:00Z",
                change_kind="price_change",
            )
        ],
        [price_line(model="n-1"), price_line(model="n-1", unit="output", price="8")],
    ],
    ids=["a cut", "at an instant within a day", "of a tier", "of a new model"],
)
def test_what_it_says_is_what_a_run_then_does(ledger, seeds, more):
    before = _daily(ledger)
    seeds.git("switch", "--quiet", "-c", "topic")
    seeds.write("prices/acme.csv", *_prices(*more))
    impact = _assess(ledger, seeds)
    seeds.commit()
    seeds.git("branch", "--quiet", "-f", "main", "topic")
    ledger.run()
    after = _daily(ledger)
    moved = {key: after[key] - before[key] for key in after if after[key] != before[key]}
    assert moved
    assert _by_tenant_and_day(impact.of("past")) == moved
    assert impact.total("past") == sum(moved.values())


def test_only_the_calls_of_the_changed_model_and_time_are_priced_again(ledger, seeds):
    more = price_line(
        model="a-2", price="3", effective_from="2026-03-11T00:00:00Z", change_kind="price_change"
    )
    seeds.write("prices/acme.csv", *_prices(more))
    impact = _assess(ledger, seeds)
    assert impact.touched_calls == 2
    assert {row.model for row in impact.moved} == {"a-2"}


def test_a_price_of_the_future_moves_nothing_yet_and_the_last_days_from_then_on(ledger, seeds):
    more = price_line(price="6", effective_from="2026-06-01T00:00:00Z", change_kind="price_change")
    seeds.write("prices/acme.csv", *_prices(more))
    impact = _assess(ledger, seeds)
    assert impact.of("past") == ()
    rows = impact.of("projected")
    assert {row.day for row in rows} == {date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)}
    tokens = sum(700 + day for day in range(3))  # above 1000 tokens the tier's price holds
    assert impact.total("projected") == Decimal(tokens) * 3 / 1_000_000


def test_calls_that_get_or_lose_a_price_are_counted(ledger, seeds):
    seeds.write("prices/acme.csv", *_prices(price_line(model="n-1"), price_line(model="n-1", unit="output")))
    impact = _assess(ledger, seeds)
    assert sum(row.newly_priced for row in impact.of("past")) == 3
    assert "3 past calls that had no price get one" in as_markdown(impact)
    first = parse(seeds.read()).prices[3]
    ended = {"model": "a-2", "price": "1.00", "change_kind": "end", "supersedes": first.price_id}
    seeds.write("prices/acme.csv", *_prices(price_line(**ended, effective_to="2026-03-11T00:00:00Z")))
    impact = _assess(ledger, seeds)
    assert sum(row.no_longer_priced for row in impact.of("past")) == 2
    assert "lose their price" in as_markdown(impact)


def test_an_alias_alone_moves_dollars(ledger, seeds, alias_header):
    seeds.write("model_aliases.csv", alias_header, "acme,n-1,acme,a-2,,,https://acme.example/models,\n")
    impact = _assess(ledger, seeds)
    assert {(row.model, row.newly_priced) for row in impact.of("past")} == {("a-2", 1)}


def test_a_closed_month_is_flagged(ledger, seeds):
    more = price_line(price="2.5", effective_from="2026-03-11T00:00:00Z", change_kind="price_change")
    seeds.write("prices/acme.csv", *_prices(more))
    header = "warehouse,month,seeds_commit,release,digest,note\n"
    seeds.write("periods.csv", header, "w-1,2026-03,c0ffee,0.1.0,abc,\n")
    impact = _assess(ledger, seeds)
    assert impact.closed_months == ("2026-03",)
    assert "2026-03 is closed" in as_markdown(impact)


def test_nothing_changed_moves_nothing(ledger, seeds):
    impact = _assess(ledger, seeds)
    assert (impact.moved, impact.touched_calls) == ((), 0)


def test_a_fingerprint_gives_the_same_dollars_and_has_no_tenants(ledger, seeds, tmp_path):
    file = tmp_path / "usage.csv"
    write_fingerprint(ledger.settings, [1000], file)
    text = file.read_text()
    assert not any(word in text for word in ("globex", "acme-corp", "sum", "answer"))
    more = price_line(price="2.5", effective_from="2026-03-11T00:00:00Z", change_kind="price_change")
    seeds.write("prices/acme.csv", *_prices(more))
    real, published = _assess(ledger, seeds), _assess(ledger, seeds, Fingerprint(file))
    for kind in ("past", "projected"):
        assert published.total(kind) == real.total(kind) != 0
        assert sum(row.calls for row in published.of(kind)) == sum(row.calls for row in real.of(kind))
    assert {row.tenant_id for row in published.moved} == {"all"}


def test_a_published_file_gives_the_same_dollars_as_the_warehouse(ledger, seeds):
    published = Published(ledger.settings.home.published_file)
    more = [
        price_line(price="2.5", effective_from="2026-03-11T00:00:00Z", change_kind="price_change"),
        price_line(model="n-1", price="1"),
        price_line(unit="request", per="1", price="0.01", effective_from="2026-03-12T00:00:00Z"),
    ]
    seeds.write("prices/acme.csv", *_prices(*more))
    real, told = _assess(ledger, seeds), _assess(ledger, seeds, published)
    assert real.total("past") != 0
    assert told.moved == real.moved
    (ledger.settings.home.warehouse_file).unlink()
    assert _assess(ledger, seeds, published).moved == real.moved


@pytest.fixture
def prices(monkeypatch, tmp_path, seeds, ledger):
    monkeypatch.chdir(tmp_path)
    for name in ("SPANLEDGER_CONFIG", "SPANLEDGER_SEEDS", "SPANLEDGER_HOME"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, code=0):
        words = ["prices", "impact", *map(str, arguments), "--source", str(seeds.folder)]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_the_command_in_text_markdown_and_json(prices, ledger, seeds, tmp_path):
    more = price_line(price="2.5", effective_from="2026-03-11T00:00:00Z", change_kind="price_change")
    seeds.git("switch", "--quiet", "-c", "topic")
    seeds.write("prices/acme.csv", *_prices(more))
    seeds.commit()
    home = ("--home", ledger.settings.home.path)
    shown = prices("--base", "main", "--head", "topic", *home)
    for words in ("past: -0.0007015 USD on 2 calls", "past by tenant", "acme-corp", "projected by day"):
        assert words in shown
    assert "**past by model**" in prices("--markdown", *home)
    answer = json.loads(prices("--json", *home))
    assert answer["past_usd"] == "-0.000701500000"
    file = tmp_path / "usage.csv"
    assert "no tenants" in prices("--write-fingerprint", file, *home)
    assert "past: -0.0007015 USD" in prices("--fingerprint", file)


def test_a_missing_warehouse_and_a_wrong_fingerprint_are_said_in_words(prices, tmp_path):
    assert "there is no warehouse at" in prices("--home", tmp_path / "nowhere", code=1)
    assert "no published file at" in prices("--published", tmp_path / "nowhere", code=1)
    assert "give one of them" in prices("--published", "a", "--fingerprint", "b", code=2)
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n1,2\n")
    assert "is no usage fingerprint" in prices("--fingerprint", wrong, code=1)


def test_changed_models_are_found_by_what_holds_when(repository, line):
    at = datetime(2026, 3, 1, tzinfo=UTC)
    repository.write_sound(line())
    base = parse(repository.read_as_is())
    cut = line(price="2", effective_from="2026-03-01T00:00:00Z", change_kind="price_change")
    same = line(model="b-1")
    repository.write_sound(line(), cut, same)
    changed = changed_models(base, parse(repository.read_as_is()))
    assert changed["acme", "a-1"][0][0] == at
    assert set(changed) == {("acme", "a-1"), ("acme", "b-1")}
