// What the API makes of a series, as lines of a chart and in words.
import { count, percent, words } from "./format.js";

/** @typedef {import("../parts/chart.js").Line} Line */

/** What was to be expected, what was out of it, and what comes next. @param {any} found an AnalysedSeries @returns {Line[]} */
export function expectedLines(found) {
  /** @type {Line[]} */
  const lines = [];
  if (found.forecast.reason === "CONSTANT") return lines; // what never changes makes one expect nothing
  if (found.points.some((/** @type {any} */ point) => point.low !== null)) {
    lines.push({
      label: "expected",
      kind: "range",
      points: found.points.map((/** @type {any} */ { start, expected, low, high }) => ({ at: start, value: expected, low, high })),
    });
  }
  if (found.anomalies.points.length) lines.push({ label: "anomaly", kind: "marks", points: found.anomalies.points });
  if (found.forecast.points.length) {
    lines.push({
      label: "forecast",
      kind: "forecast",
      points: found.forecast.points.map((/** @type {any} */ { at, expected, low, high }) => ({ at, value: expected, low, high })),
    });
  }
  return lines;
}

/** Where a series goes, what was out of the ordinary, and how far a forecast is to be trusted. @param {any} found an AnalysedSeries */
export function expectedWords({ trend, anomalies, forecast }) {
  const said = [];
  if (trend.direction && trend.direction !== "STEADY") said.push(`${words(trend.direction)}${trend.change === null ? "" : ` by ${percent(Math.abs(trend.change))} of its mean`}`);
  if (anomalies.points.length) said.push(`${count(anomalies.points.length)} out of the ordinary`);
  if (forecast.points.length) {
    const held = forecast.coverage === null ? "not tested" : `held ${percent(forecast.coverage)} of ${count(forecast.tested)} before`;
    said.push(`forecast at ${percent(forecast.confidence)}, ${held}`);
  } else if (forecast.reason) said.push(`no forecast: ${words(forecast.reason)}`);
  return said.join(" · ");
}
