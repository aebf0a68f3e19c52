"""`spanledger prices stale`: models whose prices nobody has read at their source for long."""

from __future__ import annotations

from typing import Annotated

import typer

from spanledger_pipelines.commands.options import AsJson
from spanledger_pipelines.commands.prices.shared import (
    Ref,
    Source,
    Uncommitted,
    print_json,
    print_table,
    read,
)

EXAMPLE = "Example: spanledger prices stale --days 30 --provider openai"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command(epilog=EXAMPLE)(stale)


def stale(
    days: Annotated[int, typer.Option(min=0, help="Evidence older than this many days is stale.")] = 90,
    provider: Annotated[str | None, typer.Option(help="Only this provider.")] = None,
    source: Source = None,
    ref: Ref = None,
    uncommitted: Uncommitted = False,
    as_json: AsJson = False,
) -> None:
    """List models whose newest evidence is old. A report: nothing fails."""
    from dataclasses import asdict
    from datetime import UTC, datetime, timedelta

    from spanledger_warehouse.seeds import parse
    from spanledger_warehouse.seeds.evidence_rules import stale as find

    now = datetime.now(UTC)
    catalogue = parse(read(source, ref, uncommitted=uncommitted)).require()
    entries = find(catalogue, now.date() - timedelta(days=days), now)
    entries = [entry for entry in entries if provider in (None, entry.provider)]
    if as_json:
        print_json([asdict(entry) for entry in entries])
    elif not entries:
        typer.echo(f"no evidence is older than {days} days")
    else:
        columns = ["read on", "provider", "model", "basis", "evidence"]
        print_table(
            columns,
            [[str(e.read_on), e.provider, e.model, e.basis, e.evidence_url] for e in entries],
        )
