"""A component, for deployments that are put together from YAML (`dg`): the same definitions, with paths of your own."""

import dagster as dg

from spanledger_pipelines.definitions import build_definitions
from spanledger_pipelines.resources import Warehouse


class SpanledgerComponent(dg.Component, dg.Model, dg.Resolvable):
    """One Spanledger warehouse: its assets, checks, job, sensors and schedule.

    Attributes:
        home: the home folder; empty = `spanledger.toml` and `SPANLEDGER_HOME` decide.
        spool, landing: folders that lie elsewhere; empty = in the home.
        seeds_source, seeds_ref: the price seeds; empty = as the settings say.
        private_source, private_ref: the repository of contracts, tenants and budgets; empty = as the settings say.
        memory_limit: DuckDB's, such as `4GB`; empty = as the settings say.
        uncommitted: price from seeds that are not committed.
        owners: owners of every asset; empty = `team:llm-costs`.
    """

    home: str = ""
    spool: str = ""
    landing: str = ""
    seeds_source: str = ""
    seeds_ref: str = ""
    private_source: str = ""
    private_ref: str = ""
    memory_limit: str = ""
    uncommitted: bool = False
    owners: list[str] = []  # noqa: RUF012 - a pydantic default, copied for each

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The definitions; relative folders lie in the project."""
        values = self.model_dump(exclude={"owners"})
        for name in ("home", "spool", "landing", "seeds_source", "private_source"):
            if values[name]:
                values[name] = str(context.project_root / values[name])
        return build_definitions(warehouse=Warehouse(**values), owners=self.owners)
