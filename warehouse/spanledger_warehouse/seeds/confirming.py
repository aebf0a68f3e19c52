"""A line of `checks.csv`: somebody read a model's prices at their source again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from spanledger_warehouse.seeds.catalogue import Catalogue
from spanledger_warehouse.seeds.check import check
from spanledger_warehouse.seeds.editing import provider_of
from spanledger_warehouse.seeds.editing_cells import Offer
from spanledger_warehouse.seeds.editing_commit import commit_files
from spanledger_warehouse.seeds.editing_lines import spell
from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.rows import PriceCheck
from spanledger_warehouse.seeds.source import UNCOMMITTED
from spanledger_warehouse.seeds.tables import columns_of

FILE = "checks.csv"


def confirm(
    catalogue: Catalogue,
    models: Sequence[str],
    evidence_url: str,
    *,
    provider: str,
    result: str,
    note: str,
    today: date,
) -> str | None:
    """Add a line for each model, and commit them; the commit.

    Raises:
        SeedError: a model has no price, the line does not pass the check, or git refuses; nothing was changed.
    """
    header = tuple(columns_of(PriceCheck))
    lines, named = [], []
    for model in models:
        owner = provider_of(catalogue, Offer(model, provider), "")
        if not any((row.provider, row.model) == (owner, model) for row in catalogue.prices):
            raise SeedError(f"{owner} has no price for {model}; see `spanledger prices list`")
        cells = {
            "provider": owner,
            "model": model,
            "checked_on": today.isoformat(),
            "evidence_url": evidence_url,
        }
        lines.append(spell({**cells, "result": result, "note": note}, header))
        named.append(f"{owner}/{model}")
    before = catalogue.source.files.get(FILE, f"{','.join(header)}\n".encode())
    content = before + "".join(f"{line}\n" for line in lines).encode()
    source = catalogue.source
    after = replace(source, files={**source.files, FILE: content}, state=UNCOMMITTED)
    errors = [finding for finding in check(after) if finding.is_error]
    if errors:
        listed = "\n".join(f"  {finding}" for finding in errors)
        raise SeedError(f"nothing was written: the check refuses it:\n{listed}")
    trailers = [f"Price-Check: {name}" for name in named]
    text = "\n".join([f"Read the prices of {', '.join(named)[:80]}: {result}", "", *trailers])
    return commit_files(source, {FILE: content}, f"{text}\nEvidence: {evidence_url}\n")
