"use strict";
// The rows behind every chart: one per day, tenant, operation and model; filtered and added up here, exactly.
const Cube = {
  OTHERS: -1,

  load(data) {
    const { columns, rows } = data.cube;
    const money = new Set(["cost", "failed_cost"]);
    return rows.map((row) =>
      Object.fromEntries(columns.map((name, place) => [name, money.has(name) ? Money.parse(row[place]) : row[place]])),
    );
  },

  // The rows that a filter leaves; null filters nothing.
  filter(rows, chosen) {
    return rows.filter((row) => Object.entries(chosen).every(([name, place]) => place === null || row[name] === place));
  },

  empty() {
    return {
      calls: 0, failed_calls: 0, incomplete_calls: 0, cost: 0n, failed_cost: 0n,
      uncached_input_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0, plain_output_tokens: 0,
      reasoning_tokens: 0, total_tokens: 0, unpriced_tokens: 0,
    };
  },

  add(sum, row) {
    for (const name of Object.keys(sum)) sum[name] += row[name];
    return sum;
  },

  total(rows) {
    return rows.reduce(Cube.add, Cube.empty());
  },

  // Sums by key, in the order of first appearance.
  group(rows, key) {
    const groups = new Map();
    for (const row of rows) {
      const name = key(row);
      if (!groups.has(name)) groups.set(name, Cube.empty());
      Cube.add(groups.get(name), row);
    }
    return groups;
  },

  largest(groups) {
    return [...groups].sort(([, a], [, b]) => (a.cost === b.cost ? b.calls - a.calls : a.cost < b.cost ? 1 : -1));
  },
};
