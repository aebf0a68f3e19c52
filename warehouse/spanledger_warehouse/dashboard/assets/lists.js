"use strict";
// The lists below the charts: rows of the marts as they are, narrowed by the filters that they know.
const Lists = {
  time: (value) => value?.replace("T", " ").slice(0, 19),
  money: (value) => (value === null ? "not known" : Money.exact(Money.parse(value))),

  SECTIONS: [
    ["failed_calls", "Failed calls", ["billed_at", "tenant_id", "service", "operation", "provider", "model", "error_type", "error_message", "request_metadata", "contracted_cost_usd", "call_id"]],
    ["recent_calls", "Recent calls", ["billed_at", "tenant_id", "service", "operation", "provider", "model", "total_tokens", "duration_ms", "cost_status", "contracted_cost_usd", "call_id"]],
    ["unpriced_usage", "Usage without a price", ["tenant_id", "provider", "model", "unit", "reason", "calls", "quantity", "example_call_id"]],
    ["restatements", "Restatements", ["restated_at", "tenant_id", "day", "cause", "calls_before", "calls_after", "contracted_cost_usd_before", "contracted_cost_usd_after"]],
    ["data_quality", "Data quality", ["severity", "check_name", "violations", "message", "what_to_do", "example"]],
    ["prices", "Prices and their history", ["provider", "model", "unit", "context", "region", "tier_above", "price", "per", "currency", "valid_from", "valid_to", "basis", "evidence_url"]],
    ["price_audit", "Audit trail of prices", ["committed_at", "action", "summary", "effective_from", "reason", "author", "approver", "evidence_url", "commit_id"]],
  ],

  draw(data, state) {
    const kept = (row) =>
      (state.tenant === null || row.tenant_id === undefined || row.tenant_id === state.tenant) &&
      (state.service === null || row.service === undefined || row.service === state.service) &&
      (state.operation === null || row.operation === undefined || row.operation === state.operation) &&
      (state.model === null || row.model === undefined || `${row.provider} / ${row.model}` === state.model);
    document.querySelector("#lists").replaceChildren(...Lists.SECTIONS.map(([name, title, columns]) => {
      const rows = data.lists[name].filter(kept);
      const content = rows.length
        ? Dom.table(columns.map((column) => Lists.column(column)), rows, `${title}: ${rows.length} rows`)
        : Dom.make("p", { className: "empty" }, "None.");
      return Dom.make("details", { id: name.replaceAll("_", "-") }, Dom.make("summary", {}, `${title} (${rows.length})`), content);
    }));
  },

  column(name) {
    const heading = name.replace(/_id$/, "").replace(/_usd/, " (USD)").replaceAll("_", " ");
    if (name.includes("_usd")) return { name: heading, numeric: true, cell: (row) => Lists.money(row[name]) };
    if (/_at$|^valid_|^effective_/.test(name)) return { name: `${heading} (UTC)`, cell: (row) => Lists.time(row[name]) };
    if (name === "evidence_url") return { name: "evidence", cell: (row) => Dom.link(row[name], "source") };
    return {
      name: heading,
      numeric: /tokens|calls|quantity|violations|duration|^price$|^per$|tier/.test(name),
      cell: (row) => (typeof row[name] === "number" ? Dom.count(row[name]) : row[name]),
    };
  },
};
