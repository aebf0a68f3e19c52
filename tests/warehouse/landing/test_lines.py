"""Every line of a landing file is a record, a reject with its reason and bytes, or blank; nothing stops the rest."""

import json

import pytest
from tests.warehouse.records import PROCESS, chat, span, trailer

from spanledger_warehouse.landing.inspection import MAX_LINE_BYTES

NOT_A_SPAN = {
    "a broken line": ('{"v": 1, "kind": "sp', "not_json"),
    "a number": ("5", "not_an_object"),
    "an array": ('[{"v": 1}]', "not_an_object"),
    "a string": ('"record"', "not_an_object"),
    "null": ("null", "not_an_object"),
    "a lone surrogate": ('{"v": 1, "kind": "\\ud800"}', "not_json"),
    "no version": ('{"kind": "span"}', "no_version"),
    "a newer version": ('{"v": 2, "kind": "span"}', "unsupported_version"),
    "a version that is a fraction": ('{"v": 1.5, "kind": "span"}', "unsupported_version"),
    "an unknown kind": ('{"v": 1, "kind": "spam"}', "unknown_kind"),
    "no kind": ('{"v": 1}', "unknown_kind"),
    "a refusal without a reason": ('{"v": 1, "kind": "refused"}', "refused"),
    "a loss of nobody": ('{"v": 1, "kind": "loss", "count": 1}', "no_identity"),
    "a loss without a time": (json.dumps({"v": 1, "kind": "loss", "process": "p", "count": 1}), "bad_time"),
    "a loss without a count": (
        json.dumps({"v": 1, "kind": "loss", "process": "p", "at_unix_nano": 1_767_225_600_000_000_000}),
        "bad_count",
    ),
    "a trailer without a number": (json.dumps(trailer([1]) | {"segment": None}), "bad_count"),
    "a trailer with a fraction": (json.dumps(trailer([1]) | {"count": 1.5}), "bad_count"),
}


@pytest.mark.parametrize(("line", "reason"), NOT_A_SPAN.values(), ids=NOT_A_SPAN)
def test_a_line_that_is_no_record_is_refused_with_its_number_and_reason(zone, line, reason):
    zone.land("a.jsonl", [span(1), line, span(2)])

    result = zone.load()

    assert zone.rejects() == [(2, reason)]
    assert zone.rows("raw.spans", "line", "sequence") == [(1, 1), (3, 2)]
    assert f"a.jsonl:2: {reason}: " in result.problems[0]


TIMES = {
    "text": "soon",
    "a truth value": True,
    "negative": -1_767_225_600_000_000_000,
    "a fraction": 1_767_225_600_000_000_000.5,
    "seconds": 1_767_225_600,
    "1970": 0,
    "2019": 1_577_836_799_999_999_999,
    "2100": 4_102_444_800_000_000_000,
    "beyond 64 bits": 10**25,
    "missing": None,
}


@pytest.mark.parametrize("value", TIMES.values(), ids=TIMES)
@pytest.mark.parametrize("key", ["start_time_unix_nano", "end_time_unix_nano"])
def test_a_span_with_an_impossible_time_is_refused(zone, key, value):
    zone.land("a.jsonl", [span(1), span(2, **{key: value}), span(3)])
    zone.load()
    assert zone.rejects() == [(2, "bad_time")]
    assert zone.count("raw.spans") == 2


def test_the_first_and_the_last_possible_nanosecond_are_accepted_and_cut_to_microseconds(zone):
    first, last = 1_577_836_800_000_000_000, 4_102_444_799_999_999_999
    zone.land("a.jsonl", [span(1, start_time_unix_nano=first, end_time_unix_nano=last)])
    zone.load()
    [(started, ended, day)] = zone.rows("raw.spans", "started_at", "ended_at", "day")
    assert (str(started), str(ended)) == ("2020-01-01 00:00:00", "2099-12-31 23:59:59.999999")
    assert str(day) == "2099-12-31"


IDENTITIES = {
    "no identity": {"process": None, "sequence": None},
    "a process without a sequence": {"sequence": None},
    "a sequence of zero": {"sequence": 0},
    "a negative sequence": {"sequence": -1},
    "a fractional sequence": {"sequence": 1.5},
    "a truth value for a sequence": {"sequence": True},
    "a sequence beyond 64 bits": {"sequence": 10**18},
    "an empty process": {"process": ""},
    "a short trace id": {"process": None, "trace_id": "ab", "span_id": "0" * 16},
    "a trace id in upper case": {"process": None, "trace_id": "A" * 32, "span_id": "0" * 16},
}


@pytest.mark.parametrize("changed", IDENTITIES.values(), ids=IDENTITIES)
def test_a_span_that_nothing_identifies_is_refused(zone, changed):
    zone.land("a.jsonl", [span(9), span(1, **changed)])
    zone.load()
    assert zone.rejects() == [(2, "no_identity")]


def test_a_span_of_another_sdk_is_identified_by_trace_and_span_id(zone):
    zone.land("a.jsonl", [span(1, process=None, sequence=None, trace_id="ab" * 16, span_id="cd" * 8)])
    zone.load()
    assert zone.rows("raw.spans", "call_id") == [(f"{'ab' * 16}-{'cd' * 8}",)]


def test_a_span_that_ends_before_it_starts_is_kept_for_staging_to_judge(zone):
    zone.land("a.jsonl", [span(1, start_time_unix_nano=1_773_144_001_000_000_000)])
    zone.load()
    assert zone.rejects() == []


UNKNOWN_KEYS = {
    "plain": ({"fresh": {"a": [1, 2]}}, {"fresh": {"a": [1, 2]}}),
    "with a quote": ({'a"b': 1}, {'a"b': 1}),
    "with a backslash": ({"a\\b": 1}, {"a\\b": 1}),
    "empty": ({"": 1}, {"": 1}),
    "that look like paths": ({"*": 1, "$": 2, "a.b": 3, "a/b": 4, "a~1b": 5, "0": 6}, None),
    "in other scripts": ({"schlüssel": "wert", "鍵": "値"}, None),
    "with a NUL": ({"a\0b": 1}, None),
}


@pytest.mark.parametrize(("keys", "expected"), UNKNOWN_KEYS.values(), ids=UNKNOWN_KEYS)
def test_unknown_keys_of_a_newer_sdk_are_kept(zone, keys, expected):
    zone.land("a.jsonl", [span(1, **keys)])
    zone.load()
    [(extra,)] = zone.rows("raw.spans", "extra")
    assert json.loads(extra) == (expected or keys)


def test_a_key_that_is_written_twice_does_not_stop_the_load(zone):
    doubled = json.dumps(span(1)).removesuffix("}") + ', "fresh": 1, "fresh": 2, "tenant": "second"}'
    zone.land("a.jsonl", [doubled])
    zone.load()
    assert zone.rows("raw.spans", "extra", "tenant") == [('{"fresh":1}', "acme-corp")]


def test_keys_of_a_span_are_stored_as_sent_and_the_rest_by_name(zone):
    sent = span(
        1, usage=chat(5, 1), attributes={"a.b": 1}, resource={"host": "h"}, input_tokens=5.7, batch=True
    )
    zone.land("a.jsonl", [sent])
    zone.load()
    columns = ("attributes", "resource", "input_tokens_text", "batch", "usage_raw", "extra", "call_id")
    assert zone.rows("raw.spans", *columns) == [
        ('{"a.b":1}', '{"host":"h"}', "5.7", True, json.dumps(chat(5, 1)), None, f"{PROCESS}-1")
    ]


def test_values_of_the_wrong_kind_become_text_or_nothing(zone):
    odd = {"tenant": ["x"], "attempt": "first", "http_status": "200", "stream": "maybe", "metadata": {"a": 1}}
    zone.land("a.jsonl", [span(1, **odd)])
    zone.load()
    columns = ("tenant", "attempt", "http_status", "stream", "request_metadata")
    assert zone.rows("raw.spans", *columns) == [('["x"]', None, 200, None, '{"a":1}')]


def test_losses_and_trailers_are_records_of_their_own(zone):
    loss = {
        "v": 1,
        "kind": "loss",
        "process": PROCESS,
        "count": 3,
        "at_unix_nano": span(1)["end_time_unix_nano"],
    }
    zone.land("a.jsonl", [span(4), loss, trailer([4, 5], in_flight=[2, 3], issued=5)])
    zone.load()
    assert zone.rows("raw.losses", "reason", "lost_spans") == [("unknown", 3)]
    columns = ("segment", "span_count", "first_sequence", "last_sequence", "issued", "in_flight", "closed")
    assert zone.rows("raw.segments", *columns) == [(1, 2, 4, 5, 5, [2, 3], True)]
    assert zone.rows("raw.files", "lines", "spans", "losses", "segments") == [(3, 1, 1, 1)]


def test_blank_lines_are_counted_and_do_not_shift_line_numbers(zone):
    zone.land("a.jsonl", ["", span(1), "", "  ", "broken", "", span(2), ""])
    zone.load()
    assert zone.rejects() == [(5, "not_json")]
    assert zone.rows("raw.spans", "line") == [(2,), (7,)]
    assert zone.rows("raw.files", "lines", "spans", "rejected", "blank") == [(8, 2, 1, 5)]


def test_a_file_with_carriage_returns_loads_as_any_other(zone):
    text = "\r\n".join([json.dumps(span(1)), "broken", "", json.dumps(span(2)), ""])
    zone.land_bytes("a.jsonl", text.encode())
    zone.load()
    assert zone.rejects() == [(2, "not_json")]
    assert zone.rows("raw.spans", "line") == [(1,), (4,)]
    assert (
        zone.home.quarantine / f"{zone.rows('raw.files', 'sha256')[0][0]}.jsonl"
    ).read_bytes() == b"broken\r\n"


UNREADABLE = {
    "bytes that are not UTF-8": (b'{"v": 1, "kind": "\xff\xfe"}', "not_utf8"),
    "a raw NUL": (b'{"v": 1, "kind": "\x00"}', "control_character"),
    "the reader's delimiter": (b'{"v": 1, "kind": "\x1f"}', "control_character"),
    "a carriage return inside": (b'{"v": 1,\r "kind": "span"}', "control_character"),
}


@pytest.mark.parametrize(("line", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_line_that_no_reader_takes_is_refused_alone_with_its_exact_bytes(zone, line, reason):
    before, after = (json.dumps(span(number)).encode() for number in (1, 2))
    zone.land_bytes("a.jsonl", b"\n".join([before, line, after, b"also broken"]))

    zone.load()

    assert zone.rejects() == [(2, reason), (4, "not_json")]
    assert zone.rows("raw.spans", "line", "sequence") == [(1, 1), (3, 2)]
    [(path,), _] = zone.rows("raw.rejects", "quarantine_path")
    assert zone.rows("raw.rejects", "bytes") == [(len(line),), (11,)]
    assert (zone.home.quarantine / path).read_bytes() == line + b"\nalso broken\n"


def test_a_line_as_long_as_allowed_loads_and_a_longer_one_is_refused(zone):
    record = json.dumps(span(1))
    allowed = record + " " * (MAX_LINE_BYTES - len(record))
    zone.land_bytes("a.jsonl", "\n".join([allowed, allowed + " ", json.dumps(span(2))]).encode())
    zone.load()
    assert zone.rejects() == [(2, "line_too_long")]
    assert zone.rows("raw.spans", "line") == [(1,), (3,)]


def test_line_numbers_stay_true_in_a_file_larger_than_the_readers_buffers(zone):
    padding = "x" * 20_000
    lines = [
        "broken" if number % 500 == 0 else json.dumps(span(number, name=padding)) for number in range(1, 2001)
    ]
    zone.land("a.jsonl", lines)
    zone.load()
    assert zone.rejects() == [(number, "not_json") for number in (500, 1000, 1500, 2000)]
    assert all(line == sequence for line, sequence in zone.rows("raw.spans", "line", "sequence"))
