"""History from elsewhere becomes calls of the ledger: once each, priced by the seeds, with its old estimate beside."""

import json
from decimal import Decimal

import duckdb
import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.seeds import price, seed_texts

from spanledger_warehouse.errors import LandingError
from spanledger_warehouse.importing import RowRefusedError, import_file, record_of

HEADER = (
    "id,tenant_id,operation,provider,model,prompt_tokens,completion_tokens,total_tokens,estimated_cost_usd,"
    "duration_ms,success,error_message,request_metadata,response_metadata,created_at,prompt_text"
)
METADATA = '"{""edge_case_id"": ""EC-17""}"'
ROWS = [
    f"u-1,acme,analyze_edge_case,acme,a-1,1250,100,1350,0.01875,1523,true,,{METADATA},,2026-03-10 12:00:00,SECRET",
    "u-2,globex,match_pattern,acme,a-1,10,5,15,0.5,20,true,,,,2026-03-10T23:59:59.999+01:00,SECRET PROMPT",
    "u-3,acme,analyze_edge_case,acme,a-1,,,,,30,false,upstream timed out,,,2026-03-11 00:00:00,SECRET PROMPT",
    "u-4,acme,match_pattern,acme,nobody-knows,7,3,10,0.1,1,t,,,,1773230400,",
]


def write(ledger, name, *rows, header=HEADER):
    file = ledger.settings.home.path.parent / name
    file.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return file


def run_import(ledger, file, **options):
    return import_file(file, ledger.settings.home, **({"source": "llm_usage_logs"} | options))


def calls(ledger):
    return ledger.published_rows(
        "select tenant_id, operation, list_cost_usd as cost, reported_cost_usd as reported, cost_status as status, "
        "cast(started_at as varchar) as started, cast(ended_at as varchar) as ended, success, error_message "
        "from marts.calls order by ended_at, tenant_id"
    )


def test_a_usage_log_becomes_calls_with_their_old_estimate_beside_the_priced_cost(ledger):
    done = run_import(ledger, write(ledger, "log.csv", *ROWS))
    assert (done.rows, done.calls, done.refused, done.ignored) == (4, 4, [], ("prompt_text",))
    ledger.run()
    first, second, failed, unknown = calls(ledger)
    assert (first["cost"], first["reported"]) == (Decimal("0.00525"), Decimal("0.018750"))
    assert (first["started"], first["ended"]) == ("2026-03-10 11:59:58.477", "2026-03-10 12:00:00")
    assert (second["ended"], second["cost"]) == ("2026-03-10 22:59:59.999", Decimal("0.000105"))
    assert (failed["success"], failed["status"], failed["error_message"]) == (
        False,
        "no_usage",
        "upstream timed out",
    )
    assert (unknown["cost"], unknown["reported"], unknown["status"]) == (None, Decimal("0.1"), "unpriced")
    [kept] = ledger.published_rows(
        "select request_metadata as m from marts.calls where cost_status = 'priced' and tenant_id = 'acme'"
    )
    assert json.loads(kept["m"]) == {"edge_case_id": "EC-17"}
    assert b"SECRET" not in done.file.read_bytes()


def test_importing_again_or_a_later_export_counts_each_call_once(ledger):
    file = write(ledger, "log.csv", *ROWS[:2])
    first = run_import(ledger, file)
    ledger.run()
    again = run_import(ledger, file)
    assert (again.file, again.known) == (first.file, True)
    assert ledger.look().nothing_new
    run_import(ledger, write(ledger, "later.csv", *reversed(ROWS)))
    ledger.run()
    assert len(calls(ledger)) == 4
    found = ledger.rows("select count(*) as n, count(distinct call_id) as calls from raw.spans")
    assert found == [{"n": 6, "calls": 4}]


def test_equal_rows_without_an_id_are_as_many_calls_in_every_export(ledger):
    header, row = (
        "created_at,model,provider,prompt_tokens,completion_tokens",
        "2026-03-10 12:00:00,a-1,acme,10,5",
    )
    run_import(ledger, write(ledger, "one.csv", row, row, header=header))
    run_import(ledger, write(ledger, "two.csv", row, row, row, header=header))
    ledger.run()
    assert [row["tenant_id"] for row in calls(ledger)] == ["unattributed"] * 3


def test_columns_of_other_names_and_defaults(ledger):
    file = write(
        ledger, "odd.csv", "2026-03-10 12:00:00,a-1,10,5,x", header="finished,engine,in_tok,out_tok,model"
    )
    done = run_import(
        ledger,
        file,
        columns={
            "ended_at": "finished",
            "model": "engine",
            "input_tokens": "in_tok",
            "output_tokens": "out_tok",
        },
        defaults={"provider": "acme", "tenant": "acme", "service": "old-desk"},
    )
    assert done.refused == []
    ledger.run()
    assert [(row["tenant_id"], row["cost"]) for row in calls(ledger)] == [("acme", Decimal("0.000105"))]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_other_kinds_of_tables(ledger, kind):
    csv = write(ledger, "log.csv", *ROWS[:2])
    other = csv.with_suffix(f".{kind}")
    option = "format parquet" if kind == "parquet" else "format json"
    duckdb.execute(f"copy (from read_csv('{csv}')) to '{other}' ({option})")
    assert run_import(ledger, other).calls == 2
    ledger.run()
    assert [row["cost"] for row in calls(ledger)] == [Decimal("0.00525"), Decimal("0.000105")]


def test_rows_that_cannot_be_calls_are_told_and_the_others_go_through(ledger):
    file = write(
        ledger, "log.csv", ROWS[0], "u-9,,,,,1,1,2,,,,,,,2026-03-10,", "u-8,,,,a-1,1,1,2,,,,,,,yesterday,"
    )
    done = run_import(ledger, file)
    assert done.calls == 1
    assert [reason.split(":", 1)[1] for reason in done.refused] == [
        "2: no model",
        "3: the time 'yesterday' is neither ISO 8601 nor seconds nor milliseconds",
    ]


def test_tokens_that_do_not_sum_to_their_total_are_not_all():
    values = {
        "ended_at": "1773144000",
        "model": "m",
        "input_tokens": "10.0",
        "output_tokens": "5",
        "total_tokens": "16",
    }
    assert record_of(values, "x")["usage_status"] == "partial"
    assert record_of({**values, "total_tokens": "15"}, "x")["usage_status"] == "complete"
    assert record_of(values, "x")["input_tokens"] == "10"
    assert record_of({"ended_at": "1773144000000", "model": "m"}, "x")["usage_status"] == "missing"
    with pytest.raises(RowRefusedError, match="no time"):
        record_of({"model": "m"}, "x")


def test_a_table_without_what_a_call_needs_is_refused_in_words(tmp_path):
    ledger = Ledger(tmp_path / "home", seed_texts(price("input", "3")))
    with pytest.raises(LandingError, match=r"no column for model.*--column model=NAME"):
        run_import(ledger, write(ledger, "a.csv", "2026-03-10", header="created_at"))
    with pytest.raises(LandingError, match="no column 'x'"):
        run_import(
            ledger, write(ledger, "a.csv", "2026-03-10,m", header="created_at,model"), columns={"id": "x"}
        )
    with pytest.raises(LandingError, match="no meaning 'colour'"):
        run_import(
            ledger,
            write(ledger, "a.csv", "2026-03-10,m", header="created_at,model"),
            columns={"colour": "id"},
        )
    with pytest.raises(LandingError, match=r"cannot import a \.xls file"):
        run_import(ledger, write(ledger, "a.xls"))
