"""`spanledger prices stale` and `confirm`: models whose prices nobody has read for long, and that somebody just did."""

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
CONFIRM_EXAMPLE = "Example: spanledger prices confirm gpt-4o gpt-4o-mini --evidence https://developers.openai.com/api/docs/pricing"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command(epilog=EXAMPLE)(stale)
    app.command(epilog=CONFIRM_EXAMPLE)(confirm)


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
        columns = ["read on", "provider", "model", "basis", "last check", "evidence"]
        print_table(
            columns,
            [[str(e.read_on), e.provider, e.model, e.basis, e.result, e.evidence_url] for e in entries],
        )


def confirm(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL…", help="The models, as the provider names them.")
    ],
    evidence: Annotated[str, typer.Option(metavar="URL", help="Where their prices were read.")],
    provider: Annotated[str, typer.Option(help="Who bills; needed where several price a model.")] = "",
    result: Annotated[str, typer.Option(help="same, changed or gone.")] = "same",
    note: Annotated[str, typer.Option(metavar="TEXT", help="For people.")] = "",
    source: Source = None,
) -> None:
    """Say that prices were read at their source today, and what was found; one line a model, one commit."""
    from datetime import UTC, datetime

    from spanledger_warehouse.seeds import confirming, parse

    today = datetime.now(UTC).date()
    catalogue = parse(read(source, None, uncommitted=True))
    commit = confirming.confirm(
        catalogue, models, evidence, provider=provider, result=result, note=note, today=today
    )
    typer.echo(f"commit {(commit or '')[:12]}: {len(models)} model(s) read on {today}: {result}")
