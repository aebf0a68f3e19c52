"""Whatever OpenAPI allows, and what it does not, is answered as OpenAPI says. `make slow` asks at length."""

from __future__ import annotations

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance
from tests.warehouse.serve.conftest import Site

# How many requests of each kind an operation is sent; a few are always the same, many are others every time.
ROUNDS = int(os.environ.get("SPANLEDGER_TEST_ROUNDS", "4"))


SHORT_OR_LONG = settings(
    max_examples=ROUNDS,
    deadline=None,
    database=None,
    derandomize=ROUNDS < 10,
    suppress_health_check=list(HealthCheck),
)
# Who is let in, and that a wrong parameter is refused, have tests of their own; these two checks cannot tell our token
# from theirs, nor one name from a list of one, which look the same in a query.
ELSEWHERE = (ignored_auth, negative_data_rejection)
# What JSON Schema cannot say of these: which days, instants and zones there are.
UNBOUND = ("from", "to", "at", "time_zone")


def operations(site: Site) -> list[Any]:
    """Every operation of the document that the application serves."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", site.app)
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
@pytest.mark.parametrize("tenants", [(), ("acme-corp",)], ids=["admin", "viewer"])
def test_every_operation_keeps_to_its_description(
    site: Site, mode: GenerationMode, tenants: tuple[str, ...]
) -> None:
    headers = dict(site.client(*tenants).headers)
    asked = operations(site)
    assert len(asked) >= 20
    for operation in asked:
        # What has no parameter and no body cannot be asked wrongly.
        if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body):
            continue

        @settings(
            max_examples=ROUNDS,
            deadline=None,
            database=None,
            derandomize=ROUNDS < 10,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            for name in UNBOUND:
                if mode is GenerationMode.POSITIVE and case.query:
                    case.query.pop(name, None)
            answer = case.call(headers=headers)
            # Not every text is a statement.
            any_text = [positive_data_acceptance] if case.path == "/api/v1/console" else []
            case.validate_response(answer, excluded_checks=[*ELSEWHERE, *any_text])

        ask()
