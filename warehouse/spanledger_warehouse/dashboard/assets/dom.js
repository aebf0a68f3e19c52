"use strict";
// Elements and tables. Names are written by strangers: they are only ever set as text.
const Dom = {
  make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in element && name !== "list") element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  },

  // columns: [{ name, numeric, cell(row) → text or element }]
  table(columns, rows, caption) {
    const head = Dom.make("tr", {}, ...columns.map((one) =>
      Dom.make("th", { scope: "col", className: one.numeric ? "number" : "" }, one.name)));
    const body = rows.map((row) => Dom.make("tr", {}, ...columns.map((one) =>
      Dom.make("td", { className: one.numeric ? "number" : "" }, one.cell(row) ?? "–"))));
    const table = Dom.make("table", {}, Dom.make("caption", {}, caption), Dom.make("thead", {}, head), Dom.make("tbody", {}, ...body));
    return Dom.make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": caption }, table);
  },

  count(value) {
    return value === null || value === undefined ? "–" : value.toLocaleString("en-US");
  },

  percent(part, whole) {
    return whole ? `${((100 * part) / whole).toLocaleString("en-US", { maximumFractionDigits: 1 })} %` : "–";
  },

  link(address, text) {
    return /^https:\/\//.test(address ?? "") ? Dom.make("a", { href: address, rel: "noreferrer noopener" }, text) : text;
  },
};
