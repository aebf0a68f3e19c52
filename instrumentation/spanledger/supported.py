"""The oldest releases that capture is tested with (`make matrix`); each up to the newest of its day."""

from typing import Final

OLDEST: Final = {
    "httpx": "0.25.2",
    "httpx2": "2.0.0",
    "aiohttp": "3.9.5",
    "requests": "2.28.2",
    "botocore": "1.34.116",
    "openai": "1.40.0",
    "anthropic": "0.34.0",
    "google-genai": "1.0.0",
}


def is_older(version: str, oldest: str) -> bool:
    """Whether a release is older than another; what follows the numbers does not count."""
    return _numbers(version) < _numbers(oldest)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)
