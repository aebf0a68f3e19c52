"""One statement of a stranger, in this process and no other: `console.py` starts it and ends it.

Run by its path with nothing in its environment; it imports nothing of ours. Reads one request from standard input,
writes one answer to standard output. DuckDB's own limits can be overrun by a single function call, so the operating
system holds memory, processor time and file size.
"""

import json
import math
import resource
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import duckdb

_SAFE_INTEGER = 2**53
_LONGEST_MESSAGE = 2000
_ALLOWED = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}


def main() -> None:
    """Answer the one request."""
    request = json.load(sys.stdin)
    _limit(request)
    try:
        answer = _run(request)
    except MemoryError:
        answer = {"error": "the statement needs more memory than a statement may have"}
    except (duckdb.Error, ValueError, RecursionError) as error:
        answer = {"error": str(error)[:_LONGEST_MESSAGE]}
    sys.stdout.write(json.dumps(answer, ensure_ascii=True))


def _limit(request: dict[str, Any]) -> None:
    for kind, value in (
        (resource.RLIMIT_AS, request["address_space_bytes"]),
        (resource.RLIMIT_CPU, request["cpu_seconds"]),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
    ):
        resource.setrlimit(kind, (value, value))


def _run(request: dict[str, Any]) -> dict[str, Any]:
    connection = duckdb.connect(
        request["file"],
        read_only=True,
        config={
            "threads": 1,
            "memory_limit": f"{request['memory_bytes']}B",
            "temp_directory": "",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
        },
    )
    connection.execute("set global timezone = 'UTC'")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    statements = connection.extract_statements(request["sql"])
    if len(statements) != 1 or statements[0].type not in _ALLOWED:
        raise ValueError("give one SELECT statement")
    result = connection.execute(statements[0])
    columns = [{"name": name, "type": str(kind)} for name, kind, *_ in result.description or ()]
    rows: list[list[Any]] = []
    room = request["bytes"]
    while True:
        row = result.fetchone()
        if row is None:
            return {"columns": columns, "rows": rows, "truncated": False}
        cells = [_cell(value) for value in row]
        room -= len(json.dumps(cells))
        if len(rows) == request["rows"] or room < 0:
            return {"columns": columns, "rows": rows, "truncated": True}
        rows.append(cells)


def _cell(value: Any) -> Any:
    """A value in JSON without a loss: what JSON numbers cannot hold is text."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if -_SAFE_INTEGER < value < _SAFE_INTEGER else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat()
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case bytes():
            return value.hex()
        case list() | tuple():
            return [_cell(each) for each in value]
        case dict():
            return {str(key): _cell(each) for key, each in value.items()}
        case _:
            return str(value)


if __name__ == "__main__":
    main()
