"""An explanation as a receipt in plain text: what was used, at which price, from which line of the seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from spanledger_warehouse.reading.explain import Explanation, Record
from spanledger_warehouse.reading.published import short_commit

TIMES = "\N{MULTIPLICATION SIGN}"
_OPEN_END = 9999
_RULE_WIDTH = 78

_STATUS = {
    "priced": "every unit has a price",
    "partially_priced": "some units have no price, and are not in the total",
    "unpriced": "nothing of it has a price; the tokens are counted, the cost is not known",
    "free": "the price is an explicit zero",
    "default_priced": "priced by the operator's default for unknown models",
    "usage_missing": "the provider reported no usage; the cost is not known",
    "no_usage": "the call failed before any usage; it cost nothing",
}


def receipt(explanation: Explanation) -> str:
    """The receipt, ending in the total."""
    return "\n".join(
        (
            *_head(explanation.call),
            "",
            *_lines(explanation),
            *_totals(explanation),
            *_corrections(explanation),
            "",
            *_foot(explanation),
        )
    )


def amount(value: Decimal | None) -> str:
    """An amount with at least two and otherwise all its decimals; a dash when it is not known."""
    return amounts([value])[0]


def amounts(values: Sequence[Decimal | None]) -> list[str]:
    """Amounts of one column, with the decimals that the longest of them needs."""
    places = max(
        [2, *(len(f"{value.normalize():f}".partition(".")[2]) for value in values if value is not None)]
    )
    return ["-" if value is None else f"{value:.{places}f}" for value in values]


def _head(call: Record) -> Iterator[str]:
    outcome = "ok" if call["success"] else f"failed ({call['error_type'] or 'error'})"
    yield f"call      {call['call_id']}"
    yield f"who       {call['tenant_id']}, {call['operation']}"
    yield f"where     {call['service']} ({call['environment'] or '-'})"
    yield f"what      {call['provider']} {_model(call)}"
    yield f"when      {_instant(call['started_at'])} to {_instant(call['ended_at'])} UTC"
    yield f"outcome   {outcome}, {call['duration_ms']:,} ms"
    yield f"span      trace {call['trace_id']}, span {call['span_id']}"
    yield f"received  {call['source_file']}, line {call['source_line']}"
    yield f"usage     {call['usage_status']}{f' ({issue})' if (issue := call['usage_issue']) else ''}"
    yield f"priced at {_instant(call['billed_at'])} UTC, {call['pricing_context']}, {call['pricing_region']}"


def _model(call: Record) -> str:
    answered = call["response_model"] or call["request_model"] or ""
    return call["model"] if answered in ("", call["model"]) else f"{call['model']} (as {answered})"


def _lines(explanation: Explanation) -> Iterator[str]:
    lines = explanation.published_lines
    if not lines:
        yield "(no usage to price)"
        return
    prices = amounts([line["unit_price"] for line in lines])
    costs = amounts([line["list_cost_usd"] for line in lines])
    rows = [
        (line["unit"], f"{line['quantity']:,}", price, cost)
        for line, price, cost in zip(lines, prices, costs, strict=True)
    ]
    header = ("unit", "quantity", "price of one, USD", "amount, USD")
    widths = [max(len(row[place]) for row in (header, *rows)) for place in range(4)]
    yield _columns(header, widths, " ", " ")
    shown: set[str] = set()
    for line, row in zip(lines, rows, strict=True):
        yield _columns(row, widths, TIMES, "=")
        yield from _price(line, explanation.publication.seeds_commit, shown)


def _columns(row: tuple[str, ...], widths: list[int], times: str, equals: str) -> str:
    unit, quantity, price, cost = (
        cell.ljust(width) if place == 0 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return f"{unit}  {quantity} {times} {price} {equals} {cost}"


def _price(line: Record, seeds_commit: str, shown: set[str]) -> Iterator[str]:
    """The price row of a line: its terms, where it stands, who brought it, and what it rests on."""
    if line["price_id"] is None:
        yield "    no price: counted, and not in the total"
        return
    if line["price_id"] in shown:
        yield f"    price   as of {line['priced_as']} above, billed at the same row"
        return
    shown.add(line["price_id"])
    terms = f"{amount(line['price'])} {line['currency']} per {line['per']:,}"
    if line["tier_above"]:
        terms += f", request above {line['tier_above']:,} input tokens"
    if line["priced_as"] not in (None, line["unit"]):
        terms += f", billed as {line['priced_as']}"
    yield f"    price   {terms}, {_period(line)}"
    yield f"    row     {line['price_id']}"
    yield f"    seed    {line['file']}:{line['seed_line']} at {_commit(line, seeds_commit)}"
    if line["change_summary"]:
        yield f"    change  {line['change_summary']} (approved by: {line['approver']})"
    yield f"    source  {line['evidence_url']} (read {line['evidence_date']}, {line['basis']})"


def _period(line: Record) -> str:
    since = f"since {_instant(line['valid_from'])}"
    return since if line["valid_to"].year >= _OPEN_END else f"{since} until {_instant(line['valid_to'])}"


def _commit(line: Record, seeds_commit: str) -> str:
    """The commit that brought a price row, on which day and by whom; mail addresses stay in git.

    Without a history (packaged seeds, a plain folder) it is the version of the seeds as a whole.
    """
    commit = short_commit(line["seed_commit"] or seeds_commit)
    on = f" of {line['committed_at']:%Y-%m-%d}" if line["committed_at"] else ""
    by = f" by {line['seed_author'].partition(' <')[0]}" if line["seed_author"] else ""
    return f"{commit}{on}{by}"


def _totals(explanation: Explanation) -> Iterator[str]:
    call = explanation.call
    yield "-" * _RULE_WIDTH
    named = (
        ("list cost", call["list_cost_usd"]),
        ("contracted cost", call["contracted_cost_usd"]),
        ("reported by provider", call["reported_cost_usd"]),
    )
    texts = amounts([value for _, value in named])
    width = max(map(len, texts))
    for (name, _), text in zip(named, texts, strict=True):
        yield f"{name:<22}{text:>{width}} USD"
    status = f"{call['cost_status']}: {_STATUS[call['cost_status']]}"
    yield status if call["unpriced_units"] is None else f"{status} ({call['unpriced_units']})"


def _corrections(explanation: Explanation) -> Iterator[str]:
    """What changed since the month was closed, which the published cost does not show."""
    lines = explanation.corrections
    if not lines:
        return
    yield ""
    yield "The month is closed; what changed since is in lines of class Correction:"
    for line in lines:
        yield f"{line['unit']}  {line['quantity']:+,}, {amount(line['list_cost_usd'])} USD"
        if line["price_id"] is not None:
            terms = f"{amount(line['price'])} {line['currency']} per {line['per']:,}"
            yield f"    now     {terms}, {line['file']}:{line['seed_line']}"
    known = [line["list_cost_usd"] for line in explanation.lines if line["list_cost_usd"] is not None]
    yield f"list cost as known now: {amount(sum(known, Decimal(0)) if known else None)} USD"


def _foot(explanation: Explanation) -> Iterator[str]:
    made = explanation.publication
    verdict = "equal the published cost" if explanation.adds_up() else "DO NOT equal the published cost"
    yield f"The lines {verdict} to the last digit: marts.calls, version {made.version},"
    yield f"release {made.release}, seeds {made.seeds} of {made.seeds_source}."


def _instant(value: datetime) -> str:
    text = f"{value:%Y-%m-%d %H:%M:%S}"
    return text if not value.microsecond else f"{text}.{value.microsecond // 1000:03}"
