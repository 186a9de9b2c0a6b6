// Lines over time, with bands for intervals; behind each chart is its table, which can be taken along as CSV.
import uPlot from "../vendor/uplot.js";
import { records } from "../lib/csv.js";
import { html, useEffect, useId, useRef, useState } from "../lib/html.js";
import { shownIn } from "../lib/zones.js";
import { Table } from "./table.js";

/** `kind`: a line with its band, if it has one; the `range` of what was expected; a `forecast`; `marks` at single points.
 * @typedef {{label: string, kind?: "range" | "forecast" | "marks", points: {at: string, value: number | null, low?: number | null, high?: number | null}[]}} Line */

/** Colours of lines, apart from each other for people who see colours differently, on light and on dark ground.
 * @returns {string[]} */
function colours() {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
  return dark
    ? ["#8ab8ff", "#f2c46d", "#7fd8a3", "#ff9aa3", "#c9a7ff", "#7fd6e8", "#e8edf3", "#d9a679"]
    : ["#1a56b0", "#a05a00", "#14693a", "#a81d2b", "#6b3fa0", "#00687a", "#1b2430", "#7a4b2a"];
}

/** The table of a chart as CSV.
 * @param {Line[]} lines */
export function csv(lines) {
  const banded = lines.some((line) => line.points.some((point) => point.low !== undefined));
  const head = ["line", "at", "value", ...(banded ? ["low", "high"] : [])];
  const rows = lines.flatMap((line) =>
    line.points.map((point) => [line.label, point.at, point.value ?? "", ...(banded ? [point.low ?? "", point.high ?? ""] : [])]),
  );
  return records([head, ...rows]);
}

/** @param {string} name @param {string} text */
function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** @param {Line} line */
const hasBand = (line) => line.kind !== "marks" && line.points.some((point) => point.low !== undefined);

/** Points of all lines at common instants, as uPlot takes them: x, then for each line its values, and low and high of a band. Where
 * a line has no point, it goes on; where it has one of which nothing is known, it has a gap.
 * @param {Line[]} lines */
function aligned(lines) {
  const times = [...new Set(lines.flatMap((line) => line.points.map((point) => Date.parse(point.at) / 1_000)))].sort((a, b) => a - b);
  const place = new Map(times.map((time, at) => [time, at]));
  const column = () => /** @type {(number | null | undefined)[]} */ (new Array(times.length).fill(undefined));
  return [
    times,
    ...lines.flatMap((line) => {
      const [values, lows, highs] = [column(), column(), column()];
      for (const point of line.points) {
        const at = /** @type {number} */ (place.get(Date.parse(point.at) / 1_000));
        values[at] = point.value;
        lows[at] = point.low ?? null;
        highs[at] = point.high ?? null;
      }
      return hasBand(line) ? [values, lows, highs] : [values];
    }),
  ];
}

/** The colour of each line: what is made of the only one has its colour, or that of its kind. @param {Line[]} lines */
function inks(lines) {
  const style = getComputedStyle(document.documentElement);
  const [quiet, bad] = ["--quiet", "--bad"].map((name) => style.getPropertyValue(name).trim());
  const ink = colours();
  return lines.map((line, at) => (line.kind === "marks" ? bad : line.kind === "range" ? quiet : line.kind === "forecast" ? ink[0] : ink[at % ink.length]));
}

/** The places of values that no line leads to, or from. @param {(number | null | undefined)[]} values */
function alone(values) {
  const there = values.flatMap((value, at) => (value === undefined ? [] : [at])); // a line goes on over the others
  return there.filter((at, place) => values[at] !== null && [place - 1, place + 1].every((near) => (values[there[near]] ?? null) === null));
}

/** How uPlot draws the lines. @param {Line[]} lines @param {(value: number | null) => string} format */
function drawing(lines, format) {
  /** @type {any[]} */
  const series = [{}];
  /** @type {any[]} */
  const bands = [];
  inks(lines).forEach((stroke, at) => {
    const line = lines[at];
    const few = line.points.filter((point) => point.value !== null).length < 20;
    const points = { show: true, ...(!few && { filter: (/** @type {any} */ plot, /** @type {number} */ of) => alone(plot.data[of]) }) };
    const kind = {
      range: { width: 1, dash: [2, 4], points: { show: false } },
      forecast: { width: 2, dash: [6, 4], points },
      marks: { width: 0, paths: () => null, points: { show: true, size: 10, width: 2, fill: "transparent" } },
      line: { width: 2, points },
    }[line.kind ?? "line"];
    series.push({ label: line.label, stroke, value: (/** @type {any} */ _, /** @type {any} */ value) => format(value), ...kind });
    if (!hasBand(line)) return;
    const edge = { show: true, stroke: "transparent", points: { show: false }, label: "" };
    series.push({ ...edge }, { ...edge });
    bands.push({ series: [series.length - 1, series.length - 2], fill: `${stroke}${line.kind === "range" ? "26" : "33"}` });
  });
  return { series, bands };
}

/** @param {{title: string, lines: Line[], format: (value: number | null) => string, note?: any, height?: number, least?: number, most?: number, zone?: string, waits?: boolean, exports?: {title: string, href: string}[]}} props
 * `zone` is that of the days; a chart that `waits` for its lines has its place already; `exports` are addresses of the same as files */
export function Chart({ title, lines, format, note, height = 180, least, most, zone = "UTC", waits = false, exports = [] }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [asTable, show] = useState(false);
  const id = useId();
  const empty = !lines.some((line) => line.points.some((point) => point.value !== null));
  useEffect(() => {
    const element = box.current;
    if (!element || asTable || empty) return;
    const style = getComputedStyle(document.documentElement);
    const axis = { stroke: style.getPropertyValue("--quiet"), grid: { stroke: style.getPropertyValue("--line"), width: 1 }, ticks: { show: false } };
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        ...drawing(lines, format),
        legend: { show: false },
        cursor: { y: false },
        tzDate: (/** @type {number} */ at) => uPlot.tzDate(new Date(at * 1_000), zone),
        scales: { y: { range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => [least ?? Math.min(0, low), most ?? (high > low ? high * 1.05 : low + 1)] } },
        axes: [axis, { ...axis, size: 64, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map(format) }],
      },
      aligned(lines),
      element,
    );
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [lines, asTable, empty, zone]);
  const ink = inks(lines);
  return html`<figure class="chart panel" aria-labelledby=${id}>
    <figcaption>
      <h2 id=${id}>${title}</h2>
      <span class="chart-tools">
        <button type="button" class="plain" aria-pressed=${asTable} onClick=${() => show(!asTable)}>${asTable ? "Chart" : "Table"}</button>
        <button type="button" class="plain" disabled=${empty} onClick=${() => download(`${title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.csv`, csv(lines))}>CSV</button>
        ${exports.length > 0 &&
        html`<details class="menu"><summary>Files</summary><ul>${exports.map((one) => html`<li><a href=${one.href} download>${one.title}</a></li>`)}</ul></details>`}
      </span>
      <p class="quiet">${note}</p>
    </figcaption>
    ${empty
      ? html`<p class="quiet" style=${{ minHeight: `${height + 24}px`, margin: 0 }}>${waits ? "…" : "Nothing to show in this time."}</p>`
      : asTable
        ? html`<${Behind} title=${title} lines=${lines} format=${format} zone=${zone} />`
        : html`<div ref=${box} class="plot" style=${{ minHeight: `${height}px` }} role="img" aria-label=${`${title}: its table has the same values`}></div>
            ${lines.length > 1
              ? html`<ul class="legend">
                  ${lines.map((line, at) => html`<li><span class=${`swatch ${line.kind ?? ""}`} style=${{ background: ink[at] }}></span>${line.label}</li>`)}
                </ul>`
              : html`<div class="legend"></div>`}`}
  </figure>`;
}

/** The table behind a chart. @param {{title: string, lines: Line[], format: (value: number | null) => string, zone: string}} props */
function Behind({ title, lines, format, zone }) {
  const ranged = lines.some((line) => line.points.some((point) => point.low !== undefined));
  const value = (/** @type {"value" | "low" | "high"} */ name, /** @type {string} */ of) => ({ title: of, cell: (/** @type {any} */ row) => format(row[name] ?? null), number: true });
  return html`<${Table}
    caption=${title}
    columns=${[
      { title: "When", cell: (/** @type {any} */ row) => shownIn(row.at, zone) },
      ...(lines.length > 1 ? [{ title: "Line", cell: (/** @type {any} */ row) => row.line }] : []),
      value("value", "Value"),
      ...(ranged ? [value("low", "From"), value("high", "To")] : []),
    ]}
    rows=${lines.flatMap((line) => line.points.map((point) => ({ ...point, line: line.label })))}
  />`;
}

/** A line as small as a word.
 * @param {{values: (number | null)[], label: string}} props */
export function Sparkline({ values, label }) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return html`<span class="quiet">–</span>`;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const at = (/** @type {number} */ value, /** @type {number} */ index) =>
    `${((index / (values.length - 1)) * 98 + 1).toFixed(1)},${(19 - ((value - low) / (high - low || 1)) * 18).toFixed(1)}`;
  const points = values.map((value, index) => (value === null ? null : at(value, index))).filter(Boolean);
  return html`<svg class="spark" viewBox="0 0 100 20" preserveAspectRatio="none" role="img" aria-label=${label}>
    <polyline points=${points.join(" ")} vector-effect="non-scaling-stroke" />
  </svg>`;
}
