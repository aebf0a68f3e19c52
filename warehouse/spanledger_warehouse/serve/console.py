"""A caller's own SQL over its own rows: the same wall, and a process of its own that the system holds and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spanledger_warehouse.serve import console_process
from spanledger_warehouse.serve.problems import Invalid, TooLarge, TooMany

_PROGRAM = str(Path(console_process.__file__).resolve())
_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class ConsoleLimits:
    """What one statement may take.

    Attributes:
        seconds: from start to end, and of processor time.
        memory_mib: address space of its process; DuckDB itself gets half.
        rows, bytes: of the answer; the rest is cut off, and the answer says so.
        at_once: statements that run at the same time; further ones are refused.
    """

    seconds: int = 10
    memory_mib: int = 2048
    rows: int = 10_000
    bytes: int = 8 * _MEBIBYTE
    at_once: int = 2


class Console:
    """Runs statements, each in a process that ends with it."""

    def __init__(self, limits: ConsoleLimits) -> None:
        self.limits = limits
        self._free = threading.BoundedSemaphore(limits.at_once)

    def run(self, file: Path, sql: str) -> dict[str, Any]:
        """The answer to one SELECT statement over a database file.

        Returns:
            `columns`, `rows` and `truncated`.

        Raises:
            Invalid: the statement is wrong, or is no SELECT.
            TooLarge: it took more time or memory than a statement may.
            TooMany: as many statements as may are running.
        """
        if not self._free.acquire(blocking=False):
            raise TooMany(
                "as many statements as may are running; try again soon", headers={"Retry-After": "1"}
            )
        try:
            written, code, in_time = self._in_a_process(self._request(file, sql))
        finally:
            self._free.release()
        if not in_time or code == -signal.SIGXCPU:
            raise TooLarge(
                f"the statement took longer than {self.limits.seconds} seconds; ask for fewer rows or days"
            )
        return self._answer(written, code)

    def _request(self, file: Path, sql: str) -> bytes:
        memory = self.limits.memory_mib * _MEBIBYTE
        return json.dumps(
            {
                "file": str(file),
                "sql": sql,
                "address_space_bytes": memory,
                "memory_bytes": memory // 2,
                "cpu_seconds": self.limits.seconds,
                "rows": self.limits.rows,
                "bytes": self.limits.bytes,
            }
        ).encode()

    def _in_a_process(self, request: bytes) -> tuple[bytes, int, bool]:
        """What the process wrote, how it ended, and whether it ended by itself."""
        with subprocess.Popen(
            [sys.executable, "-I", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        ) as process:
            late = threading.Event()

            def end() -> None:
                late.set()
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

            timer = threading.Timer(self.limits.seconds, end)
            timer.start()
            try:
                assert process.stdin is not None  # noqa: S101 - opened as pipes above
                assert process.stdout is not None  # noqa: S101
                with suppress(BrokenPipeError):
                    process.stdin.write(request)
                    process.stdin.close()
                # Every character may be escaped; more than that the process does not write.
                written = process.stdout.read(self.limits.bytes * 6 + _MEBIBYTE)
                if process.stdout.read(1):
                    end()
                code = process.wait()
            finally:
                timer.cancel()
            return written, code, not late.is_set()

    def _answer(self, written: bytes, code: int) -> dict[str, Any]:
        if code:
            raise TooLarge(
                f"the statement's process ended with {code}: most likely it needed more than "
                f"{self.limits.memory_mib} MiB of memory"
            )
        answer: dict[str, Any] = json.loads(written)
        if "error" in answer:
            raise Invalid(str(answer["error"]))
        return answer
