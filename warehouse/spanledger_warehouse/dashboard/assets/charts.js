"use strict";
// Charts: each is a figure with a caption, a picture and the table of the same numbers.
const Charts = {
  drawn: [],
  PALETTE: ["#3b6fd4", "#e08a1e", "#2f9e6e", "#b5479b", "#c9483f", "#6f7bd9", "#8a6d3b", "#1f9bb5", "#9aa53a", "#7a4fb0",
    "#d46a8c", "#4f8f3f", "#a05a2c", "#5b7f95", "#b88a00", "#777777"],

  figure(parent, id, title, note) {
    const figure = Dom.make("figure", { id },
      Dom.make("figcaption", {}, Dom.make("h2", {}, title), Dom.make("p", {}, note ?? "")),
      Dom.make("div", { className: "chart" }),
      Dom.make("details", {}, Dom.make("summary", {}, "Table of this chart"), Dom.make("div", { className: "table" })));
    parent.append(figure);
    return figure;
  },

  colours() {
    const style = getComputedStyle(document.documentElement);
    return { text: style.getPropertyValue("--text").trim(), line: style.getPropertyValue("--line").trim(), page: style.getPropertyValue("--card").trim() };
  },

  draw(figure, option, description) {
    const colours = Charts.colours();
    const place = figure.querySelector(".chart");
    echarts.getInstanceByDom(place)?.dispose();
    const chart = echarts.init(place);
    const axis = { axisLine: { lineStyle: { color: colours.line } }, axisLabel: { color: colours.text }, splitLine: { lineStyle: { color: colours.line } } };
    const dressed = (one) => ({ ...axis, ...one, axisLabel: { ...axis.axisLabel, ...one.axisLabel } });
    chart.setOption({
      animation: false,
      color: Charts.PALETTE,
      aria: { enabled: true, label: { description } },
      textStyle: { color: colours.text, fontFamily: "inherit" },
      grid: { left: 8, right: 16, top: 36, bottom: 8, containLabel: true },
      legend: { type: "scroll", top: 0, textStyle: { color: colours.text }, pageTextStyle: { color: colours.text } },
      tooltip: { trigger: "axis", confine: true, backgroundColor: colours.page, borderColor: colours.line, textStyle: { color: colours.text } },
      ...option,
      xAxis: dressed(option.xAxis),
      yAxis: dressed(option.yAxis),
    });
    Charts.drawn.push(chart);
  },

  // Stacked bars by day. series: [{ name, values, stack, type, dashed }]
  byDay(figure, days, series, format, description) {
    Charts.draw(figure, {
      tooltip: undefined,
      ...{ tooltip: { trigger: "axis", confine: true, valueFormatter: format } },
      xAxis: { type: "category", data: days },
      yAxis: { type: "value", axisLabel: { formatter: (value) => format(value) } },
      series: series.map((one) => ({
        name: one.name, type: one.type ?? "bar", data: one.values, stack: one.type === "line" ? undefined : "all",
        showSymbol: false, lineStyle: one.dashed ? { type: "dashed" } : undefined,
      })),
    }, description);
  },

  // Horizontal bars, largest on top.
  ranking(figure, names, values, format, description) {
    figure.querySelector(".chart").style.height = `${Math.max(120, 30 * names.length + 50)}px`;
    Charts.draw(figure, {
      legend: { show: false },
      tooltip: { trigger: "item", confine: true, valueFormatter: format },
      grid: { left: 8, right: 16, top: 8, bottom: 8, containLabel: true },
      xAxis: { type: "value", axisLabel: { formatter: (value) => format(value), hideOverlap: true } },
      yAxis: { type: "category", inverse: true, data: names, axisLabel: { width: 180, overflow: "truncate" } },
      series: [{ type: "bar", data: values, barMaxWidth: 22, name: "cost" }],
    }, description);
  },

  table(figure, table) {
    figure.querySelector(".table").replaceChildren(table);
  },

  clear() {
    Charts.drawn.forEach((chart) => chart.dispose());
    Charts.drawn = [];
  },
};
addEventListener("resize", () => Charts.drawn.forEach((chart) => chart.resize()));
