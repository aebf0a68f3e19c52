"""The ledger and this server as Prometheus and OpenMetrics read them.

Metrics are floats by their format, so amounts here are for graphs and alerts; the exact ones are in the answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from spanledger_warehouse.errors import PublishedError
from spanledger_warehouse.serve.answers import Answer, answer, newest_day
from spanledger_warehouse.serve.editions import Edition, Editions
from spanledger_warehouse.serve.questions import QUESTIONS, Asked, Window
from spanledger_warehouse.serve.scopes import EVERYBODY

# The dearest of each kind; what they do not show is in the total.
MOST_SERIES = 1000
_WINDOWS = ("day", "month")
_MEASURES = {
    "cost_usd": ("contracted_cost_usd", "contracted cost (USD)"),
    "list_cost_usd": ("list_cost_usd", "cost at list prices (USD)"),
    "calls": ("calls", "billable calls"),
    "failed_calls": ("failed_calls", "calls that failed"),
    "incomplete_calls": ("incomplete_calls", "calls whose cost is not known, or not in full"),
    "input_tokens": ("input_tokens", "input tokens, cache included"),
    "output_tokens": ("output_tokens", "output tokens, reasoning included"),
    "unpriced_tokens": ("unpriced_tokens", "tokens without a price"),
}
_KINDS = {
    "tenant": ("by-tenant", {"tenant": "tenant_id"}, tuple(_MEASURES)),
    "model": ("by-model", {"provider": "provider", "model": "model"}, ("cost_usd", "calls")),
    "operation": ("by-operation", {"service": "service", "operation": "operation"}, ("cost_usd", "calls")),
}


class Metrics:
    """All metrics of one server.

    Args:
        editions: where the ledger's are read from.
    """

    def __init__(self, editions: Editions) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self.requests = Counter(
            "spanledger_api_requests", "requests answered", ["route", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "spanledger_api_request_seconds", "time of an answer", ["route"], registry=self._registry
        )
        self._registry.register(_Ledger(editions))

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self.requests.labels(route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def exposition(self, accept: str | None) -> tuple[bytes, str]:
        """All metrics in the format that a scraper takes, and its media type."""
        encode, media = choose_encoder(accept or "")
        return encode(self._registry), media


class _Ledger(Collector):
    """Reads the current edition when it is scraped; an edition that was read before is not read again."""

    def __init__(self, editions: Editions) -> None:
        self._editions = editions
        self._read: tuple[str, list[Metric]] | None = None

    def collect(self) -> Iterator[Metric]:
        """The metrics; only that nothing is published, when nothing is."""
        try:
            with self._editions.current() as edition:
                version = edition.publication.version
                if self._read is None or self._read[0] != version:
                    self._read = (version, list(_ledger(edition)))
        except PublishedError:
            yield GaugeMetricFamily("spanledger_published", "whether there is a published version", 0)
            return
        yield GaugeMetricFamily("spanledger_published", "whether there is a published version", 1)
        yield from self._read[1]


def _ledger(edition: Edition) -> Iterator[Metric]:
    yield from _publication(edition)
    last = newest_day(edition, EVERYBODY)
    if last is not None:
        for kind, (question, labels, measures) in _KINDS.items():
            answers = {name: _dearest(edition, question, name, last) for name in _WINDOWS}
            yield from _families(kind, labels, measures, answers)
            if kind == "tenant":
                yield from _in_all(answers)
    yield _violations(edition)


def _publication(edition: Edition) -> Iterator[Metric]:
    made = edition.publication
    yield InfoMetricFamily(
        "spanledger_publication",
        "which version is served",
        {
            "version": made.version,
            "release": made.release,
            "seeds_commit": made.seeds_commit,
            "seeds_state": made.seeds_state,
        },
    )
    for name, meaning, instant in (
        ("published", "when it was published", made.published_at),
        ("complete_through", "up to when every known source has delivered", made.complete_through),
    ):
        if instant is not None:
            seconds = instant.replace(tzinfo=UTC).timestamp()
            yield GaugeMetricFamily(f"spanledger_{name}_timestamp_seconds", meaning, seconds)


def _dearest(edition: Edition, question: str, window: str, last: date) -> Answer:
    days = Window(last.replace(day=1) if window == "month" else last, last)
    return answer(
        edition,
        EVERYBODY,
        Asked(QUESTIONS[question], days, per_tenant=question == "by-tenant", take=MOST_SERIES),
    )


def _families(
    kind: str, labels: dict[str, str], measures: tuple[str, ...], answers: dict[str, Answer]
) -> Iterator[Metric]:
    for measure in measures:
        column, meaning = _MEASURES[measure]
        family = GaugeMetricFamily(
            f"spanledger_{kind}_{measure}",
            f"{meaning} of the newest day or month, by {kind}",
            labels=[*labels, "window"],
        )
        for window, found in answers.items():
            for row in found.records():
                if row[column] is not None:
                    family.add_metric(
                        [*(str(row[name]) for name in labels.values()), window], float(row[column])
                    )
        yield family


def _in_all(answers: dict[str, Answer]) -> Iterator[Metric]:
    for measure, (column, meaning) in _MEASURES.items():
        family = GaugeMetricFamily(
            f"spanledger_total_{measure}", f"{meaning} of the newest day or month, in all", labels=["window"]
        )
        for window, found in answers.items():
            value: Any = (found.totals | found.coverage)[column]
            family.add_metric([window], float(value or 0))
        yield family


def _violations(edition: Edition) -> Metric:
    family = GaugeMetricFamily(
        "spanledger_check_violations", "what the last run found", labels=["check", "severity"]
    )
    today = datetime.now(UTC).date()
    asked = Asked(QUESTIONS["data-quality"], Window(today, today), take=MOST_SERIES)
    for row in answer(edition, EVERYBODY, asked).records():
        family.add_metric([row["check_name"], row["severity"]], row["violations"])
    return family
