"""Units are disjoint and sum to the totals; what cannot be a count leaves no unit, only its issue."""

import pytest
from tests.warehouse.harness import DAY, run_model, shapes
from tests.warehouse.staging.usage import VIEWS, decode, summary


def usage_of(**counts: object) -> dict[str, object]:
    given = {"file_id": 1, "line": 1, "day": DAY, "input_is_inclusive": True} | counts
    # Any family that has the columns: they mean the same everywhere.
    view = next(view for view in VIEWS.values() if set(given) <= set(shapes()[view]))
    [row] = run_model("staging.stg_usage", {view: [given]})
    return summary(row)


NOT_COUNTS = {
    "negative": ("-5", "prompt_tokens"),
    "a fraction": ("5.7", "prompt_tokens"),
    "a whole fraction": ("5.0", "prompt_tokens"),
    "an exponent": ("1e3", "prompt_tokens"),
    "a truth value": ("true", "prompt_tokens"),
    "text": ('"many"', "prompt_tokens"),
    "an object": ('{"a":1}', "prompt_tokens"),
    "a little over a milliard": ("1000000001", "prompt_tokens"),
    "beyond 64 bits": ("99999999999999999999", "prompt_tokens"),
}


@pytest.mark.parametrize(("value", "key"), NOT_COUNTS.values(), ids=NOT_COUNTS)
def test_a_count_that_cannot_be_one_leaves_no_unit_at_all(value, key):
    found = decode("openai_chat", f'{{"{key}": {value}, "completion_tokens": 5}}')
    assert found["issue"].startswith("input_tokens=")


@pytest.mark.parametrize(
    "column", ["cache_read", "cache_write", "reasoning", "output", "total", "web_search"]
)
@pytest.mark.parametrize("value", ["true", "-1", "1.5", "x", ""])
def test_every_count_is_judged_and_named(column, value):
    found = usage_of(**{"input_text": "10", "output_text": "5", f"{column}_text": value})
    name = "web_searches" if column == "web_search" else f"{column}_tokens"
    assert found == {"issue": f"{name}={value}"}


def test_all_issues_are_named_together():
    assert usage_of(input_text="-1", output_text="x") == {"issue": "input_tokens=-1; output_tokens=x"}


def test_a_count_of_a_milliard_and_a_count_in_quotes_are_counts():
    assert usage_of(input_text="1000000000", output_text="0") == {"in": 10**9, "out": 0, "input": 10**9}
    assert decode("openai_chat", {"prompt_tokens": "7", "completion_tokens": 1})["in"] == 7


def test_parts_that_exceed_their_total_are_an_issue():
    assert usage_of(input_text="10", cache_read_text="11") == {
        "issue": "input parts sum to 11 of 10 input tokens"
    }
    found = usage_of(input_text="1", output_text="4", reasoning_text="5")
    assert found == {"issue": "output parts sum to 5 of 4 output tokens"}
    assert usage_of(cache_read_text="1") == {"issue": "input parts sum to 1 of 0 input tokens"}


def test_parts_may_be_all_of_their_total():
    found = usage_of(input_text="10", cache_read_text="10", output_text="4", reasoning_text="4")
    assert found == {"in": 10, "out": 4, "cache_read": 10, "reasoning": 4}


def test_a_total_that_is_not_the_sum_is_an_issue():
    found = usage_of(input_text="10", output_text="5", total_text="16")
    assert found == {"issue": "total_tokens=16 but input and output sum to 15"}


def test_unknown_input_or_output_stays_unknown():
    assert usage_of(output_text="5") == {"in": None, "out": 5, "output": 5}
    assert usage_of(input_text="5") == {"in": 5, "out": None, "input": 5}
    assert usage_of() == {"in": None, "out": None}


def test_exclusive_input_grows_by_its_cache_and_inclusive_input_does_not():
    counts = {"input_text": "10", "cache_read_text": "3", "cache_write_1h_text": "2", "output_text": "0"}
    inclusive = {"in": 10, "out": 0, "input": 5, "cache_read": 3, "cache_write_1h": 2}
    assert usage_of(**counts) == inclusive
    assert usage_of(**counts, input_is_inclusive=False) == inclusive | {"in": 15, "input": 10}
