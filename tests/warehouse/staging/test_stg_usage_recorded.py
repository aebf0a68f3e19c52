"""What the SDK counts and what staging makes of its usage objects agree, over all recorded exchanges."""

import duckdb
from tests.instrumentation.replay import test_decoding as recorded
from tests.warehouse.harness import DAY, give, rows_of
from tests.warehouse.staging.usage import summary

from spanledger_warehouse.build import build
from spanledger_warehouse.database import prepare
from spanledger_warehouse.models import discover

pytestmark = recorded.pytestmark
KEPT = ("usage_raw", "usage_family", "request_model", "response_model", "response_metadata")


def test_totals_of_the_sdk_are_the_totals_of_the_units():
    calls = [call for call in recorded.replay() if call["usage_status"] != "missing"]
    spans = [
        {"file_id": 1, "line": line, "day": DAY, "scope": "spanledger"}
        | {key: call[key] for key in KEPT if key in call}
        for line, call in enumerate(calls)
    ]
    with duckdb.connect() as connection:
        prepare(connection)
        give(connection, "raw.spans", spans)
        give(connection, "staging.stg_foreign_spans", ())
        for model in discover().values():
            if model.full_name.startswith("staging.stg_usage"):
                build(connection, model, [DAY])
        rows = rows_of(connection, discover()["staging.stg_usage"])
    assert len(rows) == len(calls) > 450
    wrong = []
    for call, row in zip(calls, rows, strict=True):
        found = summary(row)
        # An embedding has no output, and an image by the piece no tokens: the SDK says nothing, staging says 0.
        given = call.get("input_tokens", 0 if "generated_image" in found else None)
        counted = {"in": given, "out": call.get("output_tokens", found.get("out"))}
        if {key: found.get(key) for key in counted} != counted:
            wrong.append((call["provider"], call["usage_raw"], counted, found))
        cached = sum(found.get(unit, 0) for unit in ("cache_read", "cache_read_audio", "cache_read_image"))
        reasoning = found.get("reasoning", 0)
        if (cached, reasoning) != (call.get("cache_read_tokens", 0), call.get("reasoning_tokens", 0)):
            wrong.append((call["provider"], call["usage_raw"], cached, reasoning))
    assert wrong == []
