"use strict";
// The page: state in the address, filters, tiles, charts and lists. Everything is drawn from one data set.
const Page = {
  data: null,
  rows: [],
  served: false,

  // What is chosen, in the address after '#': a link shows the same view to somebody else.
  state() {
    const address = new URLSearchParams(location.hash.slice(1));
    return { days: Number(address.get("days")) || Page.data.scope.days, tenant: address.get("tenant"), service: address.get("service"),
      operation: address.get("operation"), model: address.get("model") };
  },

  choose(name, value) {
    const address = new URLSearchParams(location.hash.slice(1));
    if (value === "") address.delete(name);
    else address.set(name, value);
    location.hash = address.toString();
  },

  show(data) {
    Page.data = data;
    Page.rows = Cube.load(data);
    Page.labels = {
      tenants: data.tenants,
      operations: data.operations.map(([, operation]) => operation ?? "(no operation)"),
      services: data.operations.map(([service]) => service ?? "(no service)"),
      models: data.models.map(([provider, model]) => `${provider ?? "?"} / ${model ?? "(no model)"}`),
    };
    Page.drawFilters();
    Page.draw();
  },

  name(kind, place) {
    return place === Cube.OTHERS ? "all others" : Page.labels[kind][place];
  },

  day(offset) {
    return new Date(Date.parse(Page.data.earlier_day) + offset * 86400000).toISOString().slice(0, 10);
  },

  // Rows of the window, of the one before it, and the days of the window.
  view() {
    const state = Page.state();
    const days = Math.min(state.days, Page.data.scope.days);
    const end = 2 * Page.data.scope.days;
    const index = (list, value) => (value === null ? null : list.indexOf(value));
    let rows = Cube.filter(Page.rows, { tenants: index(Page.labels.tenants, state.tenant), models: index(Page.labels.models, state.model) });
    for (const kind of ["service", "operation"])
      if (state[kind] !== null) rows = rows.filter((row) => row.operations >= 0 && Page.labels[`${kind}s`][row.operations] === state[kind]);
    return {
      state, days,
      now: rows.filter((row) => row.day >= end - days),
      before: rows.filter((row) => row.day >= end - 2 * days && row.day < end - days),
      offsets: [...Array(days).keys()].map((place) => end - days + place),
    };
  },

  drawFilters() {
    const { scope } = Page.data;
    const choices = {
      days: [...new Set([...Served.WINDOWS, scope.days])].filter((days) => Page.served || days <= scope.days).sort((a, b) => a - b).map((days) => [String(days), `last ${days} days`]),
      tenant: Page.labels.tenants.map((name) => [name, name]),
      service: [...new Set(Page.labels.services)].map((name) => [name, name]),
      operation: [...new Set(Page.labels.operations)].map((name) => [name, name]),
      model: Page.labels.models.map((name) => [name, name]),
    };
    const state = Page.state();
    const form = document.querySelector("#filters");
    form.replaceChildren(...Object.entries(choices).map(([name, values]) => {
      const select = Dom.make("select", { name, id: `filter-${name}` });
      if (name !== "days") select.append(Dom.make("option", { value: "" }, "all"));
      for (const [value, text] of values) select.append(Dom.make("option", { value }, text));
      select.value = String(state[name] ?? "");
      select.addEventListener("change", () => Page.choose(name, select.value));
      return Dom.make("label", { htmlFor: `filter-${name}` }, name, select);
    }));
  },

  draw() {
    const view = Page.view();
    Charts.clear();
    Banner.draw(Page.data, view);
    Tiles.draw(view);
    Views.draw(view);
    Lists.draw(Page.data, view.state);
  },

  start() {
    addEventListener("hashchange", () => {
      if (!Page.data) return;
      if (Page.served && Page.state().days > Page.data.scope.days) {
        Served.load();
        return;
      }
      Page.drawFilters();
      Page.draw();
    });
    document.querySelector("#theme").addEventListener("click", () => {
      const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
      document.documentElement.dataset.theme = dark ? "light" : "dark";
      if (Page.data) Page.draw();
    });
    const embedded = JSON.parse(document.querySelector("#data").textContent);
    Page.served = embedded === null;
    if (embedded) Page.show(embedded);
    else Served.start();
  },
};
