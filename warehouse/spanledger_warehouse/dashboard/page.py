"""Builds the dashboard's page: its parts put into one HTML file that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from html import escape
from importlib import resources
from typing import Any

_SCRIPTS = (
    "vendor/echarts.common.min.js",
    *(f"assets/{name}.js" for name in ("money", "cube", "dom", "charts", "views", "lists", "page", "served")),
)
_START = "Page.start();"


def page(data: dict[str, Any] | None) -> str:
    """The page as HTML.

    Args:
        data: what `dataset` read, for a file that stands alone; None for a page that asks its server for it.
    """
    tenant = data["scope"]["tenant"] if data else None
    parts = {
        "policy": policy(served=data is None),
        "title": escape(f"LLM costs of {tenant}" if tenant else "LLM costs"),
        "style": _text("assets/page.css"),
        "data": embedded(data),
        "scripts": "".join(f"<script>{script}</script>\n" for script in _scripts()),
    }
    # In one pass: what a part says is never taken for the place of another.
    return re.sub(f"@({'|'.join(parts)})@", lambda place: parts[place[1]], _text("assets/page.html"))


def embedded(data: object) -> str:
    """JSON that is safe inside a script element: names are written by strangers."""
    text = json.dumps(data, default=_plain, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def policy(*, served: bool) -> str:
    """The content security policy: only these very scripts may run, and only the page's own server may be asked."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _scripts()
    )
    asked = "'self'" if served else "'none'"
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        f"connect-src {asked}; form-action 'none'; base-uri 'none'"
    )


@cache
def _scripts() -> tuple[str, ...]:
    return (*(_text(name) for name in _SCRIPTS), _START)


@cache
def _text(name: str) -> str:
    return (resources.files("spanledger_warehouse.dashboard") / name).read_text(encoding="utf-8")


def _plain(value: object) -> str:
    match value:
        case Decimal():
            return f"{value:f}"
        case date() | datetime():
            return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form here")
