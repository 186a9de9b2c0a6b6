// What is used, of one kind: how often, how well, how fast; and what is used more and more, or less.
import { href, segment, useParams } from "../lib/address.js";
import { count, counted, duration, interval as intervalText, percent, short, words } from "../lib/format.js";
import { html } from "../lib/html.js";
import { handedOn } from "../lib/range.js";
import { useQuery } from "../lib/use.js";
import { Sparkline } from "./chart.js";
import { Panel } from "./small.js";
import { Shown } from "./states.js";
import { Table } from "./table.js";

export const KINDS = { PATTERN: "Patterns", AGENT: "Agents", TOOL: "Tools", ENDPOINT: "Endpoints", MODEL: "Models", PROJECT: "Projects", USER: "Users" };

/** The dashboard of one subject alone; a pattern has a page of its own.
 * @param {Record<string, string>} params of the address @param {string} kind @param {any} one */
const alone = (params, kind, one) =>
  kind === "PATTERN" ? href(`/patterns/${segment(one.name)}`, handedOn(params, Number(params.days) || 30)) : one.name === "" && kind !== "TOOL" ? null : href("/dashboard", { ...params, of: kind, name: one.name, part: one.part });

/** How well something does; its reliability is the lower bound of the interval. */
const SUCCESS = [
  { title: "Succeeded", cell: (/** @type {any} */ row) => percent(row.successRate), by: (/** @type {any} */ row) => row.successRate, number: true },
  { title: "Interval, 95 %", cell: (/** @type {any} */ row) => intervalText(row.successRateInterval) },
  { title: "Reliability", cell: (/** @type {any} */ row) => percent(row.successRateInterval?.low), by: (/** @type {any} */ row) => row.successRateInterval?.low ?? null, number: true },
];

/** @param {string} title @param {string} name */
const time = (title, name) => ({ title, cell: (/** @type {any} */ row) => duration(row[name]), by: (/** @type {any} */ row) => row[name], number: true });

/** @param {string} title @param {string} name */
const number = (title, name) => ({ title, cell: (/** @type {any} */ row) => count(row[name]), by: (/** @type {any} */ row) => row[name], number: true });

const AGENTS = [
  { title: "Agent", cell: (/** @type {any} */ row) => row.agent, by: (/** @type {any} */ row) => row.agent, wide: true },
  number("Traces", "totalExecutions"),
  ...SUCCESS,
  time("Mean", "avgDurationMs"),
  time("Median", "medianDurationMs"),
  time("95 % within", "p95DurationMs"),
];

const TOOLS = [
  { title: "Tool", cell: (/** @type {any} */ row) => row.toolName || row.hookType || "–", by: (/** @type {any} */ row) => row.toolName || row.hookType, wide: true },
  { title: "Type", cell: (/** @type {any} */ row) => row.hookType ?? "–", by: (/** @type {any} */ row) => row.hookType },
  number("Steps", "executionCount"),
  ...SUCCESS,
  time("Mean", "avgDurationMs"),
  time("95 % within", "p95DurationMs"),
  time("Longest", "maxDurationMs"),
];

const ENDPOINTS = [
  { title: "Endpoint", cell: (/** @type {any} */ row) => `${row.serviceName} ${row.endpointPath}`, by: (/** @type {any} */ row) => `${row.serviceName} ${row.endpointPath}`, wide: true },
  number("Calls", "callCount"),
  ...SUCCESS,
  time("Mean", "avgDurationMs"),
  time("95 % within", "p95DurationMs"),
  number("Retries", "totalRetries"),
  { title: "Retries a call", cell: (/** @type {any} */ row) => row.avgRetriesPerCall.toFixed(2), by: (/** @type {any} */ row) => row.avgRetriesPerCall, number: true },
  { title: "Types of errors", cell: (/** @type {any} */ row) => short(row.errorTypes.join(", "), 60) || "–" },
];

/** @param {{window: any, timeZone: string, interval: string, kind: string, choose: (kind: string) => void}} props */
export function Ranked({ window, timeZone, interval, kind, choose }) {
  const Of = { AGENT: Agents, TOOL: Tools, ENDPOINT: Endpoints }[kind] ?? MostUsed;
  return html`<${Panel} title="What is used" note="a click on a heading sorts">
    <p class="tabs" role="group" aria-label="What is listed">
      ${Object.entries(KINDS).map(([value, title]) => html`<button type="button" aria-pressed=${value === kind} onClick=${() => choose(value)}>${title}</button>`)}
    </p>
    <${Of} key=${kind} window=${window} timeZone=${timeZone} interval=${interval} kind=${kind} />
    <${Developing} kind=${kind} />
  <//>`;
}

/** @param {{asked: any, caption: string, columns: any[], subject: (row: any) => {kind: string, name: string, part?: string}}} props */
function Performance({ asked, caption, columns, subject }) {
  const [params] = useParams();
  return html`<${Shown} asked=${asked}>
    ${(/** @type {any} */ { rows }) =>
      html`<${Table}
        caption=${caption}
        rows=${rows}
        columns=${columns}
        rowHref=${(/** @type {any} */ row) => {
          const { kind, name, part } = subject(row);
          return alone(params, kind, { name, part });
        }}
      />`}
  <//>`;
}

/** @param {{window: any}} props */
const Agents = ({ window }) =>
  html`<${Performance} asked=${useQuery("agents", { window })} caption="Agents, the most used first" columns=${AGENTS} subject=${(/** @type {any} */ row) => ({ kind: "AGENT", name: row.agent })} />`;

/** @param {{window: any}} props */
const Tools = ({ window }) =>
  html`<${Performance} asked=${useQuery("tools", { window })} caption="Tools, the most used first" columns=${TOOLS} subject=${(/** @type {any} */ row) => ({ kind: "TOOL", name: row.toolName ?? "", part: row.hookType ?? "" })} />`;

/** @param {{window: any}} props */
const Endpoints = ({ window }) =>
  html`<${Performance} asked=${useQuery("endpoints", { window })} caption="Endpoints, the most used first" columns=${ENDPOINTS} subject=${(/** @type {any} */ row) => ({ kind: "ENDPOINT", name: row.endpointPath, part: row.serviceName })} />`;

/** @param {{window: any, timeZone: string, interval: string, kind: string}} props */
function MostUsed({ window, timeZone, interval, kind }) {
  const [params] = useParams();
  const title = KINDS[/** @type {keyof typeof KINDS} */ (kind)];
  const asked = useQuery("most_used", { window, timeZone, interval, kind, first: 50 });
  return html`<${Shown} asked=${asked}>
    ${(/** @type {any} */ { usageStats }) =>
      html`<${Table}
        caption=${`${title}, the most used first`}
        rows=${usageStats.ranked}
        rowHref=${(/** @type {any} */ one) => alone(params, kind, one)}
        columns=${[
          { title: title.slice(0, -1), cell: (/** @type {any} */ one) => short(one.label, 60), by: (/** @type {any} */ one) => one.label, wide: true },
          number("Executions", "executions"),
          ...SUCCESS,
          { title: "Over time", cell: (/** @type {any} */ one) => html`<${Sparkline} values=${one.points.map((/** @type {any} */ point) => point.value)} label=${`Use of ${one.label} over time`} />` },
        ]}
      />`}
  <//>`;
}

/** @param {{kind: string}} props */
function Developing({ kind }) {
  const [params] = useParams();
  const asked = useQuery("developing", { kind });
  return html`<h3>Growing and declining <span class="quiet">over the last 90 days</span></h3>
    <${Shown} asked=${asked}>
      ${(/** @type {any} */ { trends }) =>
        trends.trends.length
          ? html`<${Table}
              caption="What is used more and more, or less"
              rows=${trends.trends}
              rowHref=${(/** @type {any} */ one) => alone(params, kind, one)}
              columns=${[
                { title: "What", cell: (/** @type {any} */ one) => short(one.label, 60), by: (/** @type {any} */ one) => one.label, wide: true },
                { title: "How", cell: (/** @type {any} */ one) => words(one.classification), by: (/** @type {any} */ one) => one.classification },
                number("Executions", "executions"),
                { title: "A day, last week", cell: (/** @type {any} */ one) => one.velocity.perDay?.toFixed(1) ?? "–", by: (/** @type {any} */ one) => one.velocity.perDay, number: true },
                { title: "Week over week", cell: (/** @type {any} */ one) => percent(one.weeklyGrowth.rate), by: (/** @type {any} */ one) => one.weeklyGrowth.rate, number: true },
                { title: "Change", cell: (/** @type {any} */ one) => percent(one.trend.change), by: (/** @type {any} */ one) => one.trend.change, number: true },
                { title: "Why", cell: (/** @type {any} */ one) => one.rule, wide: true },
              ]}
            />`
          : html`<p class="quiet">Of ${counted(trends.subjects, "that was used", "that were used")} none grows or declines clearly.</p>`}
    <//>`;
}
