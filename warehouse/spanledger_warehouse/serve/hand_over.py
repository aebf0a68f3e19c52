"""A tenant's own file, for the tenant: the published tables with nobody else's rows in them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from spanledger_warehouse.errors import ConfigurationError, PublishedError
from spanledger_warehouse.reading.published import open_published, publication
from spanledger_warehouse.serve import tenant_copy


def hand_over(published_file: Path, tenants: Collection[str], output: Path) -> tuple[str, int]:
    """Write the file.

    Returns:
        The version that it is made of, and its calls.

    Raises:
        ConfigurationError: the output exists, or its folder does not.
        PublishedError: there is no published file, or it has no calls of these tenants.
    """
    if output.exists() or not output.parent.is_dir():
        raise ConfigurationError(f"{output} exists, or its folder does not; name a new file with -o")
    with open_published(published_file) as connection:
        known = {
            row[0]
            for row in connection.execute("select distinct tenant_id from marts.daily_costs").fetchall()
        }
    strangers = sorted(set(tenants) - known)
    if strangers:
        raise PublishedError(
            f"{published_file} has no calls of {', '.join(strangers)}; see the tenants with: spanledger report daily"
        )
    tenant_copy.write_file(published_file, tenants, output)
    with open_published(output) as connection:
        row = connection.execute("select count(*) from marts.calls").fetchone()
        return publication(connection).version, row[0] if row else 0
