// Plots. A page writes <div data-chart="id"></div> and <script type="application/json" id="id"> with
//   {"type": "bar"|"line"|"pie", "title", "categories": […], "series": [{"name", "data": […], "colour"?, "aim"?}],
//    (a series may have a "type" of its own, and "percent": true for an axis of 0 to 100 on the other side)
//    "stacked"?, "horizontal"?, "every"? (each label, aslant), "unit"?, "min"?, "links"?: […]}            a pie takes "data": [{"name", "value", "link"?}]
// Every plot has a table beside it: a picture is for the eye only.
import * as echarts from "echarts/core";
import { BarChart, LineChart, PieChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent, MarkLineComponent } from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([BarChart, LineChart, PieChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, MarkLineComponent, CanvasRenderer]);

const shown = new Map();
const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
/** The canvas of ECharts does not read oklch() or light-dark(); the browser resolves them into numbers for it. */
function colour(value) {
  const swatch = document.createElement("span");
  swatch.style.color = value;
  document.body.append(swatch);
  const computed = getComputedStyle(swatch).color;
  swatch.remove();
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = computed;
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data;
  return `rgba(${r},${g},${b},${(a / 255).toFixed(3)})`;
}
const dark = () => document.documentElement.getAttribute("data-bs-theme") === "dark";
const theme = (name) => colour(dark() && name !== "body-color" ? `color-mix(in oklab, var(--tblr-${name}) 75%, white)` : `var(--tblr-${name})`);

function option(spec) {
  const text = theme("body-color");
  const faint = colour("var(--chart-grid)");
  const quiet = colour("var(--quiet)");
  const palette = ["primary", "green", "orange", "red", "purple", "teal", "yellow", "pink"].map(theme);
  const named = (value) => value && (/^[a-z]+$/.test(value) ? theme(value) : value);
  const font = { color: text, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 13 };
  const unit = spec.unit ? ` ${spec.unit}` : "";
  const base = {
    color: palette,
    textStyle: font,
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 250,
    // Patterns beside colours: red and green look alike to one man in twelve.
    aria: { enabled: true, decal: { show: (spec.series?.length ?? spec.data?.length ?? 0) > 1 }, label: { enabled: false } },
    // The usual tooltip is HTML with inline styles, which the content policy forbids.
    tooltip: {
      renderMode: "richText", confine: true, trigger: spec.type === "pie" ? "item" : "axis",
      backgroundColor: colour("var(--tblr-bg-surface)"), borderColor: faint, textStyle: { ...font },
      valueFormatter: (value) => (value == null ? "–" : `${Number(value).toLocaleString(document.documentElement.lang)}${unit}`),
    },
    legend: { show: (spec.series?.length ?? 2) > 1, bottom: 0, itemWidth: 18, itemHeight: 12, textStyle: font, type: "plain" },
  };
  if (spec.type === "pie")
    return {
      ...base,
      legend: { ...base.legend, show: false },
      series: [{ type: "pie", radius: ["45%", "72%"], data: (spec.data ?? []).map((d) => ({ ...d, itemStyle: d.colour ? { color: named(d.colour) } : undefined })), label: { color: text, formatter: "{b} {c}" }, itemStyle: { borderColor: colour("var(--tblr-bg-surface)"), borderWidth: 2 } }],
    };
  const along = { type: "category", data: spec.categories ?? [], axisTick: { show: false }, axisLine: { lineStyle: { color: faint } }, axisLabel: spec.every ? { color: quiet, interval: 0, rotate: 28, width: 110, overflow: "truncate" } : { color: quiet, hideOverlap: true }, inverse: Boolean(spec.horizontal) };
  const across = { type: "value", min: spec.min, minInterval: spec.unit === "%" ? undefined : 1, splitLine: { lineStyle: { color: faint } }, axisLabel: { color: quiet, formatter: spec.unit === "%" ? "{value} %" : undefined } };
  const share = { type: "value", min: 0, max: 100, splitLine: { show: false }, axisLabel: { color: quiet, formatter: "{value} %" } };
  return {
    ...base,
    grid: { left: 8, right: 16, top: 16, bottom: base.legend.show ? 36 : 8, containLabel: true },
    xAxis: spec.horizontal ? across : along,
    yAxis: spec.horizontal ? along : spec.series?.some((one) => one.percent) ? [across, share] : across,
    series: (spec.series ?? []).map((one, index) => ({
      type: one.type ?? spec.type, yAxisIndex: one.percent ? 1 : 0, name: one.name, data: one.data, stack: spec.stacked ? "all" : undefined, barMaxWidth: 36,
      symbol: ["circle", "rect", "triangle", "diamond"][index % 4], symbolSize: 7,
      lineStyle: { width: 2, type: ["solid", "dashed", "dotted"][index % 3] },
      itemStyle: { color: named(one.colour), borderRadius: spec.type === "bar" && !spec.stacked ? 2 : 0 },
      markLine: one.aim === undefined ? undefined : { silent: true, symbol: "none", lineStyle: { color: quiet, type: "dashed" }, data: [{ [spec.horizontal ? "xAxis" : "yAxis"]: one.aim }], label: { color: quiet, position: "insideEndTop" } },
    })),
  };
}

function draw(element) {
  const source = document.getElementById(element.dataset.chart);
  if (!source) return;
  const spec = JSON.parse(source.textContent);
  let chart = shown.get(element);
  if (!chart) {
    chart = echarts.init(element, null, { renderer: "canvas" });
    shown.set(element, chart);
    new ResizeObserver(() => !chart.isDisposed() && chart.resize()).observe(element);
    element.setAttribute("role", "img");
    if (spec.title) element.setAttribute("aria-label", spec.title);
    chart.on("click", ({ dataIndex, seriesIndex, data }) => {
      const link = data?.link ?? spec.series?.[seriesIndex]?.links?.[dataIndex] ?? spec.links?.[dataIndex];
      if (link) location.assign(link);
    });
  }
  chart.setOption(option(spec), true);
}
function all() {
  for (const [element, chart] of shown)
    if (!element.isConnected) {
      chart.dispose();
      shown.delete(element);
    }
  document.querySelectorAll("[data-chart]").forEach(draw);
}
all();
document.addEventListener("htmx:afterSettle", all);
new MutationObserver(all).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
