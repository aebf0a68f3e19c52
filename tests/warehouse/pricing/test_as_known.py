"""Seeds of any commit or instant: what a price was, and what was known of it, in a real repository."""

import csv
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import resources

import duckdb
import pytest
from tests.warehouse.seeds import SeedsRepository, price, seed_files, seed_texts, tenant

from spanledger_warehouse.as_known import read_seeds_as_known
from spanledger_warehouse.build import create_loaded
from spanledger_warehouse.database import prepare
from spanledger_warehouse.price_file import price_file
from spanledger_warehouse.seed_tables import write_seeds
from spanledger_warehouse.seeds.catalogue import parse
from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.provenance import provenance
from spanledger_warehouse.settings import load_settings

FIRST = price("input", "3")
KNOWN = {"a": "2026-02-01T10:00:00Z", "b": "2026-04-01T10:00:00Z", "c": "2026-05-01T10:00:00Z"}


def price_id(line):
    """The id of a line's price."""
    return parse(seed_files(seed_texts(line))).prices[0].price_id


LATER = price("input", "4", effective_from="2026-03-01T00:00:00Z", change_kind="price_change")
RIGHT = price("input", "2", change_kind="correction", supersedes=price_id(FIRST))
GONE = price(
    "input", "4", effective_from="2026-03-01T00:00:00Z", change_kind="withdrawal", supersedes=price_id(LATER)
)
LINES = {"a": (FIRST,), "b": (FIRST, LATER), "c": (FIRST, LATER, RIGHT, GONE)}
DAYS = ["2026-02-10T00:00:00Z", "2026-03-10T00:00:00Z"]


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A repository with a price, then its change told late, then a correction and a withdrawal; its settings too."""
    folder = tmp_path_factory.mktemp("history")
    repository = SeedsRepository(folder / "seeds")
    commits = {name: repository.commit(seed_texts(*LINES[name]), at=KNOWN[name]) for name in LINES}
    settings = load_settings(
        environ={"SPANLEDGER_HOME": str(folder / "home"), "SPANLEDGER_SEEDS": str(folder / "seeds")}
    )
    return settings, commits


def costs(settings, at, folder):
    """What a million tokens cost on the two days, with the seeds as known then."""
    usage, output = folder / "usage.csv", folder / "priced.csv"
    rows = [f"acme,a-1,{day},1000000\n" for day in DAYS]
    usage.write_text("provider,model,timestamp,input_tokens\n" + "".join(rows))
    price_file(usage, output, parse(read_seeds_as_known(settings, at)).require())
    with output.open(newline="") as file:
        return [(row["list_cost_usd"], row["price_ids"]) for row in csv.DictReader(file)]


def test_calls_priced_at_a_then_b_then_a_cost_what_they_did_at_a(history, tmp_path):
    settings, commits = history
    first = costs(settings, commits["a"], tmp_path)
    second = costs(settings, commits["b"], tmp_path)
    assert costs(settings, commits["a"], tmp_path) == first != second
    assert [amount for amount, _ in first] == ["3.000000000000", "3.000000000000"]
    assert [amount for amount, _ in second] == ["3.000000000000", "4.000000000000"]
    assert [amount for amount, _ in costs(settings, commits["c"], tmp_path)] == ["2.000000000000"] * 2


@pytest.mark.parametrize(
    ("instant", "commit"),
    [
        (KNOWN["a"], "a"),
        ("2026-04-01T09:59:59Z", "a"),
        ("2026-04-01T11:59:59+02:00", "a"),
        (KNOWN["b"], "b"),
        ("2026-04-01T12:00:00+02:00", "b"),
        ("2026-04-30", "b"),
        ("2027-01-01T00:00:00Z", "c"),
    ],
)
def test_an_instant_is_the_last_commit_that_was_there_by_then(history, instant, commit):
    settings, commits = history
    assert read_seeds_as_known(settings, instant).commit == commits[commit]


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-02-01T09:59:59Z", "has no commit as early as"),
        ("2026-13-01", "neither a commit nor an instant"),
        ("no-such-branch", "no commit named 'no-such-branch'"),
    ],
)
def test_what_cannot_be_gone_back_to_is_refused_in_words(history, at, words):
    with pytest.raises(SeedError, match=words):
        read_seeds_as_known(history[0], at)


def test_private_seeds_are_those_of_the_same_time(history, tmp_path):
    settings, commits = history
    private = SeedsRepository(tmp_path / "private")
    header = seed_texts()["tenants.csv"]
    old = private.commit({"tenants.csv": header}, at="2026-03-15T00:00:00Z")
    new = private.commit({"tenants.csv": header + tenant("t") + "\n"}, at="2026-04-15T00:00:00Z")
    both = replace(settings, private_source=tmp_path / "private")
    assert read_seeds_as_known(both, commits["b"]).commit == f"{commits['b']}+private-{old}"
    assert read_seeds_as_known(both, commits["c"]).commit == f"{commits['c']}+private-{new}"
    named = f"{commits['c']}+private-{old}"
    assert read_seeds_as_known(both, named).commit == named


def test_the_query_of_both_clocks_says_what_the_seeds_of_then_say(history):
    settings, commits = history
    newest = parse(read_seeds_as_known(settings, commits["c"])).require()
    query = (resources.files("spanledger_warehouse") / "sql/reading/price_as_of.sql").read_text()
    with duckdb.connect() as connection:
        prepare(connection)
        create_loaded(connection)
        write_seeds(
            connection,
            newest,
            provenance=provenance(newest),
            audit=(),
            now=datetime(2026, 6, 1),  # noqa: DTZ001
        )
        for known in (datetime.fromisoformat(text) for text in KNOWN.values()):
            for valid in (datetime.fromisoformat(day) for day in ("2025-12-31T23:59:59Z", *DAYS)):
                for late in (timedelta(0), timedelta(seconds=1)):
                    connection.execute("set variable valid_at = ?", [valid.replace(tzinfo=None)])
                    connection.execute("set variable known_at = ?", [(known + late).replace(tzinfo=None)])
                    columns = [name for name, *_ in connection.execute(query).description]
                    found = {row[columns.index("price_id")] for row in connection.execute(query).fetchall()}
                    then = parse(read_seeds_as_known(settings, (known + late).isoformat()))
                    held = {period.row.price_id for period in then.price_periods() if period.holds_at(valid)}
                    assert found == held, (valid, known)
