"""What is odd about landing files is said where people look: in marts.data_quality."""

from tests.warehouse.harness import pick
from tests.warehouse.records import chat, span


def told(ledger):
    found = ledger.published_rows("select * from marts.data_quality order by check_name")
    names = {"changed_files", "repeated_files", "unarchived_files"}
    return [
        (name, severity, count, example.replace(str(ledger.settings.home.landing), ""))
        for name, severity, count, example in pick(found, "check_name", "severity", "violations", "example")
        if name in names
    ]


def test_other_bytes_under_a_known_name_and_known_bytes_under_another_are_told(ledger):
    first = [span(1, usage=chat(100, 10))]
    ledger.land("a.jsonl", first)
    ledger.run()
    assert told(ledger) == []
    ledger.land("a.jsonl", [*first, span(2, usage=chat(100, 10))])
    ledger.land("b.jsonl", first)
    ledger.run()
    assert told(ledger) == [
        ("changed_files", "warning", 1, "/a.jsonl: loaded 2 times"),
        ("repeated_files", "info", 1, "/b.jsonl: the bytes of /a.jsonl"),
    ]
    assert ledger.published_rows("select calls from marts.daily_costs") == [{"calls": 2}]


def test_a_file_that_went_before_it_was_archived_is_told_by_the_next_run(ledger):
    file = ledger.land("a.jsonl", [span(1, usage=chat(100, 10))])
    ledger.load()
    file.unlink()
    ledger.land("b.jsonl", [span(2, usage=chat(100, 10))])
    ledger.run()
    ledger.land("c.jsonl", [span(3, usage=chat(100, 10))])
    ledger.run()
    assert told(ledger) == [("unarchived_files", "warning", 1, "/a.jsonl")]
