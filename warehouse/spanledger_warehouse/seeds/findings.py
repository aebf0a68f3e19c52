"""One thing that is wrong with the seeds, where it is and how to mend it."""

from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """A defect of the seeds. `line` counts from 1; 0 means the file as a whole."""

    file: str
    line: int
    severity: str
    rule: str
    message: str
    fix: str

    @property
    def is_error(self) -> bool:
        """Whether prices must not be taken from seeds with this finding."""
        return self.severity == ERROR

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.severity}: {self.message} [{self.rule}]. Fix: {self.fix}"


def error(file: str, line: int, rule: str, message: str, fix: str) -> Finding:
    """A finding that stops a run."""
    return Finding(file, line, ERROR, rule, message, fix)


def warning(file: str, line: int, rule: str, message: str, fix: str) -> Finding:
    """A finding for people; nothing stops."""
    return Finding(file, line, WARNING, rule, message, fix)
