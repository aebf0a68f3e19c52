"""Who pays: nesting, merging, bounds, threads, tasks and every form of decorator."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spanledger
from spanledger import diagnostics, metadata, testing

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=12,
)


def tenant() -> str | None:
    return spanledger.current().tenant


def test_contexts_nest_and_merge() -> None:
    with spanledger.context(tenant="a", operation="outer", metadata={"x": 1, "y": 1}):
        with spanledger.context(operation="inner", metadata={"y": 2}) as here:
            assert here == spanledger.current()
            assert (here.tenant, here.operation, dict(here.metadata)) == ("a", "inner", {"x": 1, "y": 2})
            assert here.metadata_json == '{"x":1,"y":2}'
        assert spanledger.current().operation == "outer"
    assert spanledger.current() == spanledger.CallContext()


def test_a_context_ends_when_its_body_raises() -> None:
    with pytest.raises(KeyError), spanledger.context(tenant="a"):
        raise KeyError
    assert tenant() is None


def test_process_wide_defaults_fill_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANLEDGER_TENANT", "from-env")
    spanledger.instrument(operation="from-argument")
    assert (tenant(), spanledger.current().operation) == ("from-env", "from-argument")
    with spanledger.context(tenant="mine"):
        assert (tenant(), spanledger.current().operation) == ("mine", "from-argument")


def test_a_function_keeps_name_and_signature() -> None:
    @spanledger.context(tenant="t")
    def work(a: int, *, b: int = 2) -> tuple[int, int, str | None]:
        return a, b, tenant()

    assert work(1, b=3) == (1, 3, "t")
    assert work.__name__ == "work"
    assert tenant() is None


async def test_a_coroutine_function_called_many_times_at_once() -> None:
    @spanledger.context(operation="o")
    async def work(name: str) -> tuple[str | None, str | None]:
        with spanledger.context(tenant=name):
            await asyncio.sleep(0.001)
            return tenant(), spanledger.current().operation

    results = await asyncio.gather(*(work(str(i)) for i in range(20)))
    assert results == [(str(i), "o") for i in range(20)]
    assert spanledger.current().operation is None


async def test_one_context_object_may_be_entered_by_many_tasks_at_once() -> None:
    shared = spanledger.context(operation="o")

    async def work(name: str, seconds: float) -> str | None:
        with spanledger.context(tenant=name):
            with shared:
                await asyncio.sleep(seconds)
            return tenant()

    waits = [0.003, 0.001, 0.002]
    assert await asyncio.gather(*(work(str(i), wait) for i, wait in enumerate(waits))) == ["0", "1", "2"]


def test_a_generator_does_not_leak_into_its_consumer() -> None:
    @spanledger.context(tenant="g")
    def produce() -> Any:
        with spanledger.context(operation="within"):
            received = yield tenant()
            assert (received, spanledger.current().operation) == ("sent", "within")
            try:
                yield tenant()
            except KeyError:
                yield f"caught in {tenant()}"
        return "returned"

    produced = produce()
    with spanledger.context(tenant="consumer"):
        assert next(produced) == "g"
        assert tenant() == "consumer"
        assert produced.send("sent") == "g"
        assert produced.throw(KeyError()) == "caught in g"
        with pytest.raises(StopIteration) as stopped:
            next(produced)
        assert stopped.value.value == "returned"
        assert spanledger.current() == spanledger.CallContext(tenant="consumer")


def test_closing_a_generator_runs_its_end_inside_its_context() -> None:
    seen = []

    @spanledger.context(tenant="g")
    def produce() -> Any:
        try:
            yield 1
        finally:
            seen.append(tenant())

    produced = produce()
    next(produced)
    produced.close()
    assert seen == ["g"]
    assert tenant() is None


async def test_an_async_generator_does_not_leak_into_its_consumer() -> None:
    seen = []

    @spanledger.context(tenant="g")
    async def produce() -> Any:
        try:
            yield tenant()
            await asyncio.sleep(0)
            yield tenant()
        finally:
            seen.append(tenant())

    produced = produce()
    async for item in produced:
        seen.append(item)
        assert tenant() is None
        if len(seen) == 2:
            break
    await produced.aclose()
    assert seen == ["g", "g", "g"]


def test_a_thread_of_an_executor_gets_the_context_that_is_carried() -> None:
    with ThreadPoolExecutor(2) as pool, spanledger.context(tenant="t"):
        assert pool.submit(tenant).result() is None
        assert list(pool.map(spanledger.carry(lambda _: tenant()), range(8))) == ["t"] * 8


async def test_tasks_and_to_thread_inherit_the_context() -> None:
    with spanledger.context(tenant="t"):
        assert await asyncio.create_task(asyncio.to_thread(tenant)) == "t"


def test_metadata_is_bounded_and_says_so() -> None:
    facts, text = metadata.encode({f"key{i:02}": "v" * 300 for i in range(50)})
    assert text is not None
    assert len(text) <= metadata.MAX_BYTES
    assert facts["_truncated"] is True
    assert facts["key00"] == "v" * 256


def test_metadata_takes_common_types_as_text() -> None:
    given = {"id": UUID(int=1), "day": date(2026, 1, 2), "names": ("a", "b"), "deep": {"a": {"b": {"c": 1}}}}
    _, text = metadata.encode(given)
    assert json.loads(text or "") == {
        "id": "00000000-0000-0000-0000-000000000001",
        "day": "2026-01-02",
        "names": ["a", "b"],
        "deep": {"a": {"b": {}}},
        "_truncated": True,
    }


@given(st.dictionaries(st.text() | st.integers(), ANYTHING, max_size=40))
@settings(max_examples=50, deadline=None)
def test_any_metadata_becomes_valid_json(given_facts: Any) -> None:
    _, text = metadata.encode(given_facts)
    if text is not None:
        assert isinstance(json.loads(text, parse_constant=pytest.fail), dict)
        assert len(text.encode("utf-8", "replace")) <= metadata.MAX_BYTES


@pytest.mark.parametrize("value", ["", "  ", None])
def test_no_name_is_no_tenant(value: Any) -> None:
    with spanledger.context(tenant="outer"), spanledger.context(tenant=value):
        assert tenant() == "outer"


def test_a_tenant_may_be_a_number_and_is_never_an_error() -> None:
    class Rude:
        def __str__(self) -> str:
            raise RuntimeError

    with spanledger.context(tenant=42, operation=Rude(), metadata={"r": Rude()}):
        assert tenant() == "42"
        assert spanledger.current().operation == "Rude"


def test_a_call_without_a_tenant_is_warned_about_once_per_operation(caplog: pytest.LogCaptureFixture) -> None:
    def record(operation: str | None, tenant: str | None = None) -> None:
        with spanledger.context(operation=operation, tenant=tenant):
            spanledger.record(provider="openai", model="m", input_tokens=1)

    with testing.capture():
        for operation in ("triage", "triage", "answer", None, None):
            record(operation)
        record("paid", tenant="acme")
        warned = [entry.message.partition("(operation: ")[2].partition(")")[0] for entry in caplog.records]
        assert warned == ["triage", "answer", "none"]
        assert diagnostics.counters["no_tenant"] == 5
        for number in range(1100):
            record(f"made up {number}")
        assert len(caplog.records) == 1000
        assert diagnostics.counters["no_tenant"] == 1105
