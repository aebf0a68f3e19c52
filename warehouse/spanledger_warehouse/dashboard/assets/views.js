"use strict";
// What the page says at a glance, and its charts.
const Banner = {
  draw(data, view) {
    const { publication, scope } = data;
    const now = Cube.total(view.now);
    const through = publication.complete_through;
    const parts = [
      `${Page.day(view.offsets[0])} to ${scope.last_day} (UTC)${scope.tenant ? `, tenant ${scope.tenant}` : ""}`,
      through ? `complete through ${through.replace("T", " ").slice(0, 16)} UTC` : "completeness not known",
      `${Dom.percent(now.total_tokens - now.unpriced_tokens, now.total_tokens)} of the tokens have a price`,
      `published ${publication.published_at.replace("T", " ").slice(0, 16)} UTC, seeds ${publication.seeds_commit.slice(0, 12)} (${publication.seeds_state})`,
    ];
    const banner = document.querySelector("#banner");
    banner.className = now.incomplete_calls || publication.seeds_state === "uncommitted" ? "attention" : "";
    if (now.incomplete_calls)
      parts.unshift(`The cost of ${Dom.count(now.incomplete_calls)} calls is not known, or not in full: the totals are a lower bound`);
    banner.replaceChildren(...parts.map((part) => Dom.make("span", {}, part)));
  },
};

const Tiles = {
  draw(view) {
    const now = Cube.total(view.now);
    const before = Cube.total(view.before);
    const input = now.uncached_input_tokens + now.cache_read_tokens + now.cache_write_tokens;
    const priced = BigInt(now.calls - now.incomplete_calls);
    const tiles = [
      ["cost", `${Money.exact(now.cost)} USD`, Tiles.change(now.cost, before.cost)],
      ["calls", Dom.count(now.calls), `${Dom.count(before.calls)} in the period before`],
      ["average cost of a call", priced > 0n ? `${Money.short(now.cost / priced)} USD` : "–", "of calls whose cost is known"],
      ["failed", Dom.percent(now.failed_calls, now.calls), `${Dom.count(now.failed_calls)} calls, ${Money.short(now.failed_cost)} USD`],
      ["cache hit rate", Dom.percent(now.cache_read_tokens, input), "of input tokens read from a cache"],
      ["cost not known", Dom.count(now.incomplete_calls), "calls, in full or in part"],
    ];
    document.querySelector("#tiles").replaceChildren(...tiles.map(([name, value, note]) =>
      Dom.make("div", { className: "tile", id: `tile-${name.replaceAll(" ", "-")}` },
        Dom.make("h2", {}, name), Dom.make("p", { className: "value" }, value), Dom.make("p", {}, note))));
  },

  change(now, before) {
    if (before === 0n) return "nothing in the period before";
    const percent = (Number(now - before) / Number(before)) * 100;
    return `${percent >= 0 ? "+" : "−"}${Math.abs(percent).toLocaleString("en-US", { maximumFractionDigits: 1 })} % from ${Money.short(before)} USD`;
  },
};

const Views = {
  TOKENS: { uncached_input_tokens: "input", cache_read_tokens: "cache read", cache_write_tokens: "cache write", plain_output_tokens: "output", reasoning_tokens: "reasoning" },

  draw(view) {
    const parent = document.querySelector("#charts");
    parent.replaceChildren();
    if (!view.now.length) {
      parent.append(Dom.make("p", { className: "empty" }, "No calls in this window with these filters."));
      return;
    }
    Views.cost(parent, view);
    Views.ranking(parent, view, "models", "Cost by model");
    Views.ranking(parent, view, "operations", "Cost by operation", "The most expensive first");
    if (Page.data.tenants.length > 1) Views.ranking(parent, view, "tenants", "Cost by tenant");
    Views.tokens(parent, view);
    Views.cache(parent, view);
    Views.failures(parent, view);
  },

  usd(value) {
    return `${value.toLocaleString("en-US", { maximumSignificantDigits: 4 })} USD`;
  },

  cost(parent, view) {
    const figure = Charts.figure(parent, "cost-by-day", "Cost by day", "Stacked by model; the dashed line is the period before");
    const days = view.offsets.map(Page.day);
    const models = Cube.largest(Cube.group(view.now, (row) => row.models)).map(([place]) => place);
    const cells = Cube.group(view.now, (row) => `${row.models} ${row.day}`);
    const at = (groups, key) => groups.get(key)?.cost ?? 0n;
    const before = Cube.group(view.before, (row) => row.day + view.days);
    const series = models.map((place) => ({ name: Page.name("models", place), values: view.offsets.map((day) => Money.number(at(cells, `${place} ${day}`))) }));
    series.push({ name: "period before", type: "line", dashed: true, values: view.offsets.map((day) => Money.number(at(before, day))) });
    Charts.byDay(figure, days, series, Views.usd, "Cost in US dollars by day, stacked by model, with the period before as a line.");
    const byDay = Cube.group(view.now, (row) => row.day);
    Charts.table(figure, Dom.table([
      { name: "day", cell: Page.day },
      { name: "calls", numeric: true, cell: (day) => Dom.count(byDay.get(day)?.calls ?? 0) },
      { name: "cost (USD)", numeric: true, cell: (day) => Money.exact(at(byDay, day)) },
      { name: "period before (USD)", numeric: true, cell: (day) => Money.exact(at(before, day)) },
      { name: "cost not known (calls)", numeric: true, cell: (day) => Dom.count(byDay.get(day)?.incomplete_calls ?? 0) },
    ], view.offsets, "Cost by day"));
  },

  ranking(parent, view, kind, title, note) {
    const figure = Charts.figure(parent, title.toLowerCase().replaceAll(" ", "-"), title, note);
    const ranked = Cube.largest(Cube.group(view.now, (row) => row[kind]));
    const total = Cube.total(view.now).cost;
    Charts.ranking(figure, ranked.map(([place]) => Page.name(kind, place)), ranked.map(([, sum]) => Money.number(sum.cost)), Views.usd, `${title} in US dollars, largest first.`);
    Charts.table(figure, Dom.table([
      { name: kind.slice(0, -1), cell: ([place]) => Page.name(kind, place) },
      { name: "calls", numeric: true, cell: ([, sum]) => Dom.count(sum.calls) },
      { name: "failed", numeric: true, cell: ([, sum]) => Dom.count(sum.failed_calls) },
      { name: "tokens", numeric: true, cell: ([, sum]) => Dom.count(sum.total_tokens) },
      { name: "cost (USD)", numeric: true, cell: ([, sum]) => (sum.incomplete_calls === sum.calls && sum.cost === 0n ? "not known" : Money.exact(sum.cost)) },
      { name: "share", numeric: true, cell: ([, sum]) => Dom.percent(Number(sum.cost), Number(total)) },
      { name: "cost not known (calls)", numeric: true, cell: ([, sum]) => Dom.count(sum.incomplete_calls) },
    ], ranked, title));
  },

  tokens(parent, view) {
    const figure = Charts.figure(parent, "tokens-by-unit", "Tokens by unit", "Text units; audio and images stand in the marts");
    const byDay = Cube.group(view.now, (row) => row.day);
    const series = Object.entries(Views.TOKENS).map(([unit, name]) => ({ name, values: view.offsets.map((day) => byDay.get(day)?.[unit] ?? 0) }));
    Charts.byDay(figure, view.offsets.map(Page.day), series, Dom.count, "Tokens by day, stacked by unit.");
    Charts.table(figure, Dom.table([
      { name: "day", cell: Page.day },
      ...Object.entries(Views.TOKENS).map(([unit, name]) => ({ name, numeric: true, cell: (day) => Dom.count(byDay.get(day)?.[unit] ?? 0) })),
    ], view.offsets, "Tokens by unit"));
  },

  cache(parent, view) {
    const figure = Charts.figure(parent, "cache-hit-rate", "Cache hit rate", "Input tokens read from a cache, of all input tokens");
    const byDay = Cube.group(view.now, (row) => row.day);
    const input = (sum) => (sum ? sum.uncached_input_tokens + sum.cache_read_tokens + sum.cache_write_tokens : 0);
    const rate = (day) => (input(byDay.get(day)) ? (100 * byDay.get(day).cache_read_tokens) / input(byDay.get(day)) : null);
    Charts.byDay(figure, view.offsets.map(Page.day), [{ name: "cache hit rate", type: "line", values: view.offsets.map(rate) }],
      (value) => (value === null || value === undefined ? "–" : `${Number(value).toFixed(1)} %`), "Cache hit rate by day, in per cent.");
    Charts.table(figure, Dom.table([
      { name: "day", cell: Page.day },
      { name: "cache read", numeric: true, cell: (day) => Dom.count(byDay.get(day)?.cache_read_tokens ?? 0) },
      { name: "all input", numeric: true, cell: (day) => Dom.count(input(byDay.get(day))) },
      { name: "rate", numeric: true, cell: (day) => Dom.percent(byDay.get(day)?.cache_read_tokens ?? 0, input(byDay.get(day))) },
    ], view.offsets, "Cache hit rate"));
  },

  failures(parent, view) {
    const figure = Charts.figure(parent, "failures", "Failed calls", "How many failed, and what they cost all the same");
    const byDay = Cube.group(view.now, (row) => row.day);
    Charts.byDay(figure, view.offsets.map(Page.day), [{ name: "failed calls", values: view.offsets.map((day) => byDay.get(day)?.failed_calls ?? 0) }], Dom.count, "Failed calls by day.");
    Charts.table(figure, Dom.table([
      { name: "day", cell: Page.day },
      { name: "failed", numeric: true, cell: (day) => Dom.count(byDay.get(day)?.failed_calls ?? 0) },
      { name: "of calls", numeric: true, cell: (day) => Dom.count(byDay.get(day)?.calls ?? 0) },
      { name: "cost (USD)", numeric: true, cell: (day) => Money.exact(byDay.get(day)?.failed_cost ?? 0n) },
    ], view.offsets, "Failed calls"));
  },
};
