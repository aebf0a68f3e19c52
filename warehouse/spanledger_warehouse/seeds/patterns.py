"""The patterns of model aliases: a small part of regular expressions, whose names can be listed.

Literals, escapes, groups, alternatives, classes, `{n}` and `?`. Not `.`, `*` or `+`: they would give a
sibling's price to a model nobody has looked at. What is left reads the same to Python's `re` and to RE2.
"""

import re
from itertools import product

_TOKEN = re.compile(
    r"(?P<escape>\\d|\\[^A-Za-z0-9])|(?P<klass>\[[A-Za-z0-9_-]+\])|(?P<count>\{[0-9]{1,2}\})|(?P<open>\((?:\?:)?(?!\?))"
    r"|(?P<shut>\))|(?P<either>\|)|(?P<maybe>\?)|(?P<plain>[A-Za-z0-9_/:@-])"
)
_PLAIN = re.compile(r"[A-Za-z0-9_/:@\0-]+")
_MOST = 256


def literal_of(pattern: str) -> str | None:
    """The one name that a pattern without choices means; None for any other pattern."""
    name = pattern.replace(r"\.", "\0")
    return name.replace("\0", ".") if _PLAIN.fullmatch(name) else None


def names_of(pattern: str) -> list[str]:
    """Names that a pattern matches: every choice taken, one digit or letter for each class.

    Raises:
        ValueError: the pattern uses more of regular expressions than aliases may; in words.
    """
    literal = literal_of(pattern)
    if literal is not None:
        return [literal]
    names, rest = _alternatives(_tokens(pattern))
    if rest:
        raise ValueError("has a closing parenthesis too many")
    return names


def _tokens(pattern: str) -> list[tuple[str, str]]:
    tokens = []
    position = 0
    while position < len(pattern):
        found = _TOKEN.match(pattern, position)
        if found is None or found.lastgroup is None:
            raise ValueError(
                f"has {pattern[position:]!r} at place {position + 1}; write literals (with \\. for a point), "
                "[classes], \\d, {n}, ?, | and groups only, so that no unknown model can match"
            )
        tokens.append((found.lastgroup, found.group()))
        position = found.end()
    return tokens


def _alternatives(tokens: list[tuple[str, str]]) -> tuple[list[str], list[tuple[str, str]]]:
    names: list[str] = []
    while True:
        branch, tokens = _sequence(tokens)
        names += branch
        if not tokens or tokens[0][0] != "either":
            return names, tokens
        tokens = tokens[1:]


def _sequence(tokens: list[tuple[str, str]]) -> tuple[list[str], list[tuple[str, str]]]:
    parts: list[list[str]] = []
    while tokens and tokens[0][0] not in ("either", "shut"):
        (kind, text), tokens = tokens[0], tokens[1:]
        if kind == "open":
            part, tokens = _alternatives(tokens)
            if not tokens:
                raise ValueError("has an opening parenthesis too many")
            tokens = tokens[1:]
        elif kind in ("maybe", "count"):
            if not parts:
                raise ValueError(f"has {text!r} with nothing before it")
            last = parts.pop()
            part = ["", *last] if kind == "maybe" else [name * int(text[1:-1]) for name in last]
        else:
            part = [{"escape": "2" if text == r"\d" else text[-1], "klass": text[1:2]}.get(kind, text)]
        parts.append(part)
    names = ["".join(name) for _, name in zip(range(_MOST), product(*parts), strict=False)]
    return names, tokens
