"""A file of usage in, the same rows with their cost out, priced by the models of the ledger."""

import csv
import json
from decimal import Decimal

import duckdb
import pytest
from tests.warehouse.harness import query
from tests.warehouse.seeds import alias, price, seed_files, seed_texts

from spanledger_warehouse.errors import SpanledgerError
from spanledger_warehouse.price_file import price_file
from spanledger_warehouse.seeds.catalogue import parse

PRICES = (
    price("input", "3"),
    price("output", "15"),
    price("cache_read", "0.3"),
    price("cache_write_30m", "6"),
    price("web_search", "10"),
    price("input", "1", context="batch"),
    price("output", "5", context="batch"),
    price("cache_read", "0.1", context="batch"),
    price("cache_write_30m", "2", context="batch"),
    price("web_search", "10", context="batch"),
)
CATALOGUE = parse(seed_files(seed_texts(*PRICES, aliases=(alias("acme.cloud", ""),))))
START = {"provider": "acme", "model": "a-1", "timestamp": "2026-03-10T12:00:00Z"}


def write_csv(path, rows):
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def priced(folder, *rows, name="usage.csv", output="priced.csv"):
    """The rows of the output, all as text, and the result."""
    source, target = folder / name, folder / output
    if name.endswith(".csv"):
        write_csv(source, [START | row for row in rows])
    else:
        source.write_text("".join(json.dumps(START | row) + "\n" for row in rows), encoding="utf-8")
    result = price_file(source, target, CATALOGUE)
    with target.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file)), result


def statuses(rows):
    return [(row["cost_status"], row["list_cost_usd"] and float(row["list_cost_usd"])) for row in rows]


def test_every_row_gets_its_cost_status_and_price_ids(tmp_path):
    rows, result = priced(
        tmp_path,
        {"input_tokens": "1000", "cache_read_tokens": "400", "output_tokens": "10", "web_searches": "2"},
        {"input_tokens": "1000", "output_tokens": "10", "context": "batch"},
        {"input_tokens": "10", "output_tokens": "0", "provider": "acme.cloud"},
        {"input_tokens": "10", "output_tokens": "0", "model": "a-9"},
        {},
    )
    assert statuses(rows) == [
        ("priced", 0.02207),
        ("priced", 0.00105),
        ("priced", 0.00003),
        ("unpriced", ""),
        ("usage_missing", ""),
    ]
    assert [len(row["price_ids"].split(",")) for row in rows[:3]] == [4, 2, 1]
    assert rows[0]["contracted_cost_usd"] == rows[0]["list_cost_usd"] == "0.022070000000"
    assert (result.rows, result.statuses) == (5, {"priced": 3, "unpriced": 1, "usage_missing": 1})


def test_other_columns_pass_through_unchanged_and_in_order(tmp_path):
    others = {
        "id": "007",
        "note": 'a "b", c\nd',
        "amount": "1e3",
        "empty": "",
        "day": "2026-02-30",
        "flag": "TRUE",
    }
    rows, _ = priced(tmp_path, others | {"input_tokens": "1"}, others | {"input_tokens": "2"})
    assert [{name: row[name] for name in others} for row in rows] == [others, others]
    assert list(rows[0])[: len(START) + len(others) + 1] == [*START, *others, "input_tokens"]


def test_the_long_form_prices_one_unit_a_row(tmp_path):
    rows, _ = priced(
        tmp_path,
        {"unit": "output", "quantity": "1000000"},
        {"unit": "cache_write_30m", "quantity": "1000000"},
        {"unit": "web_search", "quantity": "1000"},
        {"unit": "output_audio", "quantity": "5"},
        {"unit": "inputs", "quantity": "5"},
        {"unit": "input", "quantity": "-5"},
        {"unit": "input", "quantity": ""},
    )
    assert statuses(rows)[:4] == [("priced", 15.0), ("priced", 6.0), ("priced", 10.0), ("unpriced", "")]
    assert statuses(rows)[4:] == [("usage_missing", "")] * 3


BAD = {
    "a negative count": {"input_tokens": "-1"},
    "a fraction": {"input_tokens": "1.5"},
    "text": {"output_tokens": "many"},
    "a truth value": {"output_tokens": "true"},
    "parts beyond the total": {"input_tokens": "1", "cache_read_tokens": "2"},
    "no timestamp": {"timestamp": "", "input_tokens": "1"},
    "no such day": {"timestamp": "2026-02-30T00:00:00Z", "input_tokens": "1"},
}


def test_bad_rows_stay_in_the_file_with_a_status_and_are_told(tmp_path):
    rows, result = priced(tmp_path, {"input_tokens": "1"}, *BAD.values())
    assert [row["cost_status"] for row in rows] == ["priced", *["usage_missing"] * len(BAD)]
    assert [issue.split(":")[0] for issue in result.issues] == [
        f"row {number}" for number in range(2, len(BAD) + 2)
    ]
    assert "input_tokens=-1" in result.issues[0]


@pytest.mark.parametrize(
    "timestamp", ["2026-03-10T12:00:00Z", "2026-03-10T13:00:00+01:00", "2026-03-10 12:00:00"]
)
def test_timestamps_are_instants_and_utc_where_they_name_no_zone(tmp_path, timestamp):
    change = price("input", "4", effective_from="2026-03-10T12:00:00Z", change_kind="price_change")
    catalogue = parse(seed_files(seed_texts(*PRICES, change)))
    source = write_csv(tmp_path / "usage.csv", [START | {"timestamp": timestamp, "input_tokens": "1000000"}])
    price_file(source, tmp_path / "priced.jsonl", catalogue)
    assert json.loads((tmp_path / "priced.jsonl").read_text())["list_cost_usd"] == "4.000000000000"


JSON_ROWS = [
    {"input_tokens": 1000000, "at": "2026-01-02T03:04:05Z", "tags": {"a": [1, None]}, "id": "007", "n": None},
    {"input_tokens": 1.5, "at": "yesterday", "tags": None, "id": "8", "n": 2},
]


def test_json_lines_are_read_and_written(tmp_path):
    source, target = tmp_path / "usage.jsonl", tmp_path / "priced.jsonl"
    source.write_text("".join(json.dumps(START | row) + "\n" for row in JSON_ROWS))
    price_file(source, target, CATALOGUE)
    found = [json.loads(line) for line in target.read_text().splitlines()]
    assert [row["cost_status"] for row in found] == ["priced", "usage_missing"]
    for row, given in zip(found, JSON_ROWS, strict=True):
        assert {name: row[name] for name in ("at", "tags", "id", "n")} == {
            name: given[name] for name in ("at", "tags", "id", "n")
        }


EXACT = (
    '{"provider":"acme","model":"a-1", "timestamp":"2026-03-10T12:00:00Z","input_tokens":1000000.0,'
    '"id":"123e4567-e89b-12d3-a456-426614174000","at":"12:34:56","big":123456789012345678901234567890,'
    '"paid":0.123456789012345678901234567890,"text":"\\u00e9 \\\\ \\"", "list":[1.10, 1e3]'
)


@pytest.mark.parametrize(("name", "text"), [("u.jsonl", f"{EXACT}}}\n\n"), ("u.json", f"[{EXACT}\n }}\n]")])
def test_what_a_json_file_holds_leaves_as_it_came_and_amounts_are_texts(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    price_file(tmp_path / name, tmp_path / "priced.jsonl", CATALOGUE)
    [line] = (tmp_path / "priced.jsonl").read_text().splitlines()
    assert line.startswith(EXACT + ", ")
    added = json.loads(line)
    assert (added["list_cost_usd"], added["contracted_cost_usd"]) == ("3.000000000000", "3.000000000000")
    price_file(tmp_path / name, tmp_path / "priced.csv", CATALOGUE)
    [row] = csv.DictReader((tmp_path / "priced.csv").read_text().splitlines())
    assert row["id"] == "123e4567-e89b-12d3-a456-426614174000"
    assert (row["at"], row["big"]) == ("12:34:56", "123456789012345678901234567890")


def test_a_json_row_that_is_no_object_is_refused_by_its_number(tmp_path):
    (tmp_path / "u.jsonl").write_text("{}\n[1]\n")
    with pytest.raises(SpanledgerError, match="row 2 is no JSON object"):
        price_file(tmp_path / "u.jsonl", tmp_path / "priced.csv", CATALOGUE)


TIERED = (price("input", "3"), price("input", "6", tier_above="200000"), price("output", "15"))
TIERED = (
    *TIERED,
    price("output", "30", tier_above="200000"),
    price("cache_read", "0.3"),
    price("cache_read", "0.6", tier_above="200000"),
)


@pytest.mark.parametrize(("cached", "tier"), [(99_999, 1), (100_000, 1), (100_001, 2)])
def test_rows_of_one_call_meet_the_tier_that_their_input_reaches_together(tmp_path, cached, tier):
    units = {"input": 100_000, "cache_read": cached, "output": 1_000_000, "web_search": 300_000}
    rows = [START | {"call_id": "c", "unit": unit, "quantity": str(count)} for unit, count in units.items()]
    rows.append(START | {"call_id": "d", "unit": "output", "quantity": "1000000"})
    rows.append(START | {"call_id": "", "unit": "input", "quantity": "200001"})
    rows.append(START | {"call_id": "e", "unit": "output", "quantity": "1000000", "input_tokens": "200001"})
    source = write_csv(tmp_path / "usage.csv", rows)
    price_file(source, tmp_path / "priced.csv", parse(seed_files(seed_texts(*TIERED))))
    with (tmp_path / "priced.csv").open(newline="") as file:
        found = [row["list_cost_usd"] for row in csv.DictReader(file)]
    expected = [Decimal("0.3") * tier, Decimal(cached) * tier * Decimal("0.0000003"), 15 * tier]
    assert [Decimal(amount) for amount in found[:3]] == expected
    assert found[3] == ""
    assert [Decimal(amount) for amount in found[4:]] == [15, Decimal("1.200006"), 30]


def test_a_json_instant_keeps_the_form_that_it_came_in(tmp_path):
    source, target = tmp_path / "usage.jsonl", tmp_path / "priced.jsonl"
    given = START | {
        "timestamp": "2026-03-10T13:00:00+01:00",
        "seen": "2026-03-10T12:00:00Z",
        "input_tokens": 1,
    }
    source.write_text(json.dumps(given) + "\n")
    price_file(source, target, CATALOGUE)
    found = json.loads(target.read_text())
    assert {name: found[name] for name in given} == given


def test_parquet_keeps_its_types_and_gets_exact_costs(tmp_path):
    source, target = tmp_path / "usage.parquet", tmp_path / "priced.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select 'acme' as provider, 'a-1' as model, timestamp '2026-03-10 12:00:00' as \"timestamp\", "
            "5.0::double as input_tokens, 3::utinyint as output_tokens, 1.50::decimal(9, 2) as paid, [1, 2] as list) "
            f"to '{source}'"
        )
        price_file(source, target, CATALOGUE)
        [row] = query(connection, f"from read_parquet('{target}')")
        kinds = dict(
            connection.execute(f"select column_name, column_type from (describe from '{target}')").fetchall()
        )
    assert (row["list_cost_usd"], row["cost_status"]) == (Decimal("0.000060000000"), "priced")
    assert (row["paid"], row["list"]) == (Decimal("1.50"), [1, 2])
    assert (kinds["list_cost_usd"], kinds["input_tokens"]) == ("DECIMAL(38,12)", "DOUBLE")


def test_rows_stay_in_their_order(tmp_path):
    rows, _ = priced(tmp_path, *({"id": str(number), "input_tokens": str(number)} for number in range(3000)))
    assert [row["id"] for row in rows] == [str(number) for number in range(3000)]


def test_an_empty_file_gives_an_empty_file(tmp_path):
    source = tmp_path / "usage.csv"
    source.write_text("provider,model,timestamp,input_tokens\n")
    assert price_file(source, tmp_path / "priced.csv", CATALOGUE).rows == 0
    assert (
        (tmp_path / "priced.csv")
        .read_text()
        .startswith("provider,model,timestamp,input_tokens,list_cost_usd,")
    )


def test_a_name_that_looks_like_a_pattern_is_one_file(tmp_path):
    write_csv(tmp_path / "usage.csv", [START, START])
    source = write_csv(tmp_path / "usage[1]*.csv", [START])
    assert price_file(source, tmp_path / "it's.csv", CATALOGUE).rows == 1


MISSING = {
    "a column": ("usage.csv", "provider,model\nacme,a-1\n", "has no column timestamp"),
    "a file": ("gone.csv", None, "cannot be read"),
    "a known format": ("usage.xlsx", "x", "cannot read '.xlsx'"),
    "a place for the cost": (
        "usage.csv",
        "provider,model,timestamp,cost_status\n",
        "has a column cost_status already",
    ),
    "a table": ("usage.parquet", "no parquet", "cannot be read"),
}


@pytest.mark.parametrize(("name", "content", "message"), MISSING.values(), ids=MISSING)
def test_a_file_that_lacks_something_is_refused_by_its_name(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(SpanledgerError, match=name.replace(".", r"\.")) as caught:
        price_file(tmp_path / name, tmp_path / "priced.csv", CATALOGUE)
    assert message in str(caught.value)


def test_an_output_that_cannot_be_written_is_refused_before_anything_is_done(tmp_path):
    source = write_csv(tmp_path / "usage.csv", [START])
    with pytest.raises(SpanledgerError, match=r"cannot write '\.txt'"):
        price_file(source, tmp_path / "priced.txt", CATALOGUE)
