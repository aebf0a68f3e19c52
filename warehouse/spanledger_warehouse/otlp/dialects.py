"""The dialects of other emitters, one table (`dialects.csv`), compiled to SQL macros for staging.

A dialect is a block of lines `dialect,rule,value`. Which dialect a span speaks is decided by its scope, else by an
attribute that only one dialect has, else by its name:

    about            what it is, in words
    scope            pattern of the instrumentation scope
    marker           an attribute that only this dialect writes
    span             pattern of the span's name

What a span is, and whether its counts contain one another; the first line whose condition holds decides:

    call, agent      one call of a provider, or something (agent, chain, tool) that calls
    includes_cache, excludes_cache          whether input tokens contain what was read from and written to a cache
    excludes_reasoning                      output tokens do not contain those spent on reasoning

Conditions are `*` (always), `scope=…`, `provider=…`, `span=…` or `attribute=…` with a pattern, or an attribute that is
there. Every other rule names a fact, its value the attribute that holds it (`attribute#path` reaches into JSON text,
`'text'` is the fact itself). For each fact the first attribute that is there counts, in the order of the file; nothing
is ever added up. A name without a dot, and the name of a span, mean something in their own dialect only.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from spanledger.records import KEYS

ANY: Final = "gen_ai"
# Columns of raw.spans that do not bear the name of their record key.
_COLUMNS: Final = {
    key: f"{key}_text"
    for key in (
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "reasoning_tokens",
    )
} | {"metadata": "request_metadata", "reported_cost": "reported_cost_text"}
_COUNTS: Final = (
    *(
        "input",
        "output",
        "total",
        "cache_read",
        "cache_write",
        "cache_write_5m",
        "cache_write_1h",
        "reasoning",
    ),
    *("input_audio", "output_audio", "input_image", "output_image"),
)
_TEXTS: Final = (
    *("provider", "request_model", "response_model", "operation", "service_tier"),
    *("stream", "http_status", "reported_cost"),
)
FACTS: Final = (*_COUNTS, *_TEXTS)
# Read when a span arrives: the receiver must know who it speaks for, the loader which answer it is about.
AT_THE_DOOR: Final = ("tenant", "response_id")
_DETECTION: Final = ("about", "scope", "marker", "span")
_KINDS: Final = ("call", "agent")
_SEMANTICS: Final = {"includes_cache": "inclusive", "excludes_cache": "exclusive"}
_REASONING: Final = "excludes_reasoning"
RULES: Final = frozenset((*_DETECTION, *_KINDS, *_SEMANTICS, _REASONING, *AT_THE_DOOR, *FACTS))


class Line(NamedTuple):
    """One line of the table."""

    dialect: str
    rule: str
    value: str


@cache
def table() -> tuple[Line, ...]:
    """The table's lines, in order.

    Raises:
        ValueError: a line has a rule that nothing reads.
    """
    text = (resources.files(__package__) / "dialects.csv").read_text(encoding="utf-8")
    lines = tuple(Line(**row) for row in csv.DictReader(text.splitlines()))
    for number, line in enumerate(lines, start=2):
        if line.rule not in RULES or not line.value:
            raise ValueError(f"dialects.csv:{number}: {line.rule!r} is none of {', '.join(sorted(RULES))}")
    return lines


def dialects() -> dict[str, str]:
    """Every dialect's name, with what it is in words."""
    return {line.dialect: line.value for line in table() if line.rule == "about"}


def attributes_of(fact: str) -> tuple[str, ...]:
    """The attributes that can hold a fact, best first."""
    return tuple(dict.fromkeys(line.value for line in table() if line.rule == fact))


@cache
def attributes_read() -> dict[str, bool]:
    """The attributes that any line looks at, and whether it looks into their JSON text."""
    found: dict[str, bool] = {}
    for line in table():
        if line.rule in ("about", "scope", "span") or line.value.startswith("'"):
            continue
        name, inside, _ = line.value.partition("=")[0].partition("#")
        if name not in ("*", "scope", "provider", "span"):
            found[name] = found.get(name, False) or bool(inside)
    return found


@cache
def macros() -> str:
    """The SQL macros that read a foreign span; they take their columns from the `raw.spans` that is in scope."""
    structure = json.dumps({name: "VARCHAR" for name in attributes_read() if name not in KEYS})
    facts = ",\n    ".join(f"{fact} := {_first(_sources(fact))}" for fact in FACTS)
    return f"""
create or replace macro staging.known_attributes(attributes) as json_transform(attributes, {_quoted(structure)});

create or replace macro staging.dialect_of(a) as {_cases(_dialect_cases(), _quoted(ANY))};

create or replace macro staging.facts_of(a, dialect) as struct_pack(
    {facts}
);

create or replace macro staging.kind_of(a, dialect) as {_cases(_kind_cases(), "null")};

create or replace macro staging.cache_semantics(a, dialect, provider) as {_cases(_semantics_cases(), "null")};

create or replace macro staging.excludes_reasoning(a, dialect, provider) as
coalesce({_any(_of_rule(_REASONING))}, false);
"""


def _dialect_cases() -> Iterator[tuple[str, str]]:
    for rule in ("scope", "marker", "span"):
        for line in _of_rule(rule):
            column = {"scope": "scope", "span": "span_name"}.get(rule)
            found = _like(column, line.value) if column else f"{_value(line.value)} is not null"
            yield found, _quoted(line.dialect)


def _kind_cases() -> Iterator[tuple[str, str]]:
    for line in _of_rule(*_KINDS):
        yield _condition(line), _quoted(line.rule)


def _semantics_cases() -> Iterator[tuple[str, str]]:
    for line in _of_rule(*_SEMANTICS):
        yield f"dialect = {_quoted(line.dialect)} and {_condition(line)}", _quoted(_SEMANTICS[line.rule])


def _of_rule(*rules: str) -> list[Line]:
    return [line for line in table() if line.rule in rules]


def _condition(line: Line) -> str:
    name, equals, pattern = line.value.partition("=")
    if name == "*":
        return "true"
    if not equals:
        return f"{_value(name)} is not null"
    if name == "span":
        return f"(dialect = {_quoted(line.dialect)} and {_like('span_name', pattern)})"
    return _like(name if name in ("scope", "provider") else _value(name), pattern)


def _sources(fact: str) -> Iterator[str]:
    for line in dict.fromkeys(_of_rule(fact)):
        if line.value.startswith("'"):
            yield f"case when dialect = {_quoted(line.dialect)} then {line.value} end"
        elif "." not in line.value:
            yield f"case when dialect = {_quoted(line.dialect)} then {_value(line.value)} end"
        else:
            yield _value(line.value)


def _value(name: str) -> str:
    """The SQL of an attribute's value as text."""
    name, _, path = name.partition("#")
    if name in KEYS:
        key = KEYS[name]
        column = _COLUMNS.get(key, key)
        return f"cast({column} as varchar)"
    value = f'a."{name}"'
    if not path:
        return value
    inside = ".".join(f'"{step}"' for step in path.split("."))
    return f"case when json_valid({value}) then json_extract_string({value}, {_quoted('$.' + inside)}) end"


def _like(value: str, pattern: str) -> str:
    return f"{value} glob {_quoted(pattern)}" if "*" in pattern else f"{value} = {_quoted(pattern)}"


def _first(values: Iterable[str]) -> str:
    return "coalesce(" + ", ".join([*values, "null"]) + ")"


def _any(lines: list[Line]) -> str:
    return " or ".join(f"(dialect = {_quoted(line.dialect)} and {_condition(line)})" for line in lines)


def _cases(cases: Iterable[tuple[str, str]], otherwise: str) -> str:
    found = "\n    ".join(f"when {condition} then {value}" for condition, value in cases)
    return f"case\n    {found}\n    else {otherwise}\nend"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
