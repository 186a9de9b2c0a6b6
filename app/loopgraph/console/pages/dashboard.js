// Usage, success, time, tokens and money over any time, told apart as wanted; what is out of the ordinary, and what comes next.
import { href, useParams } from "../lib/address.js";
import { API } from "../lib/api.js";
import { expectedLines, expectedWords } from "../lib/expected.js";
import { count, counted, duration, interval as intervalText, money, percent, short, words } from "../lib/format.js";
import { html, useMemo } from "../lib/html.js";
import { useQuery, useSubscription, useThrottle } from "../lib/use.js";
import { useWindow } from "../lib/window.js";
import { Chart } from "../parts/chart.js";
import { Errors, filterOf } from "../parts/errors.js";
import { KINDS, Ranked } from "../parts/ranked.js";
import { Figure, Head } from "../parts/small.js";
import { Failure, Shown } from "../parts/states.js";
import { WindowChoice } from "../parts/window.js";

const GROUPS = { "": "nothing", AGENT: "agent", MODEL: "model", PROJECT: "project", USER: "user", SESSION: "session", UNIT: "unit", TAG: "tag", CONTEXT: "context" };
const PERIODS = { HOUR: "HOUR", DAY: "DAY", WEEK: "WEEK" };

/** @typedef {{kind: string, name: string, part: string} | null} Subject */

/** What alone is looked at; null for everything. @param {Record<string, string>} params @returns {Subject} */
const subjectOf = (params) => (Object.hasOwn(KINDS, params.of) ? { kind: params.of, name: params.name ?? "", part: params.part ?? "" } : null);

export default function Dashboard() {
  const [params, set] = useParams();
  const looked = useWindow(params);
  const { days, window, whole, timeZone, interval, coarse } = looked;
  const group = Object.hasOwn(GROUPS, params.group) ? params.group : "";
  const subject = useMemo(() => subjectOf(params), [params.of, params.name, params.part]);
  const expect = params.expected !== "false" && Object.hasOwn(PERIODS, interval);
  const over = { subject, window: whole, timeZone, interval };
  const asked = useQuery("dashboard", { window, subject, everything: subject === null, one: subject !== null });
  const series = useQuery("series", { ...over, groupBy: group || null });
  const others = useQuery("whole_series", over);
  const more = useQuery("more_series", { ...over, groupBy: group || null });
  const expected = useQuery(expect ? "expected" : null, { subject, window: whole, period: interval, timeZone });
  const again = useThrottle(() => [asked, series, others, more].forEach((one) => one.reload()), 5_000);
  useSubscription("follow_traces", {}, again);
  const filter = filterOf(subject);
  return html`
    <${Head} title="Dashboard" />
    <${WindowChoice} days=${days} intervals>
      <label>Split by
        <select value=${group} onChange=${(/** @type {any} */ event) => set({ group: event.target.value })}>
          ${Object.entries(GROUPS).map(([value, title]) => html`<option value=${value}>${title}</option>`)}
        </select>
      </label>
      <label class="check">
        <input type="checkbox" checked=${expect} disabled=${!(Object.hasOwn(PERIODS, interval))} onChange=${(/** @type {any} */ event) => set({ expected: event.target.checked ? null : "false" })} />
        what is to be expected
      </label>
    <//>
    ${subject &&
    html`<p class="alone">Only the ${KINDS[/** @type {keyof typeof KINDS} */ (subject.kind)].slice(0, -1).toLowerCase()} <strong>${short([subject.part, subject.name].filter(Boolean).join(" "), 120)}</strong>
      <a href=${href("/dashboard", { ...params, of: null, name: null, part: null })}>Everything again</a></p>`}
    <${Shown} asked=${asked} room=${html`<${Figures} of=${null} everything=${subject === null} />`}>
      ${(/** @type {any} */ data) => html`<${Figures} of=${data.dashboardSummary ?? data.subjectAnalytics} everything=${subject === null} />`}
    <//>
    <${Shown} asked=${series} room=${html`<${Charts} series=${series} others=${others} more=${more} expected=${null} over=${over} group=${group} />`}>
      ${() => html`<${Charts} series=${series} others=${others} more=${more} expected=${expect ? expected.data : null} over=${over} group=${group} />`}
    <//>
    ${[others, more].map((one) => one.error && html`<${Failure} error=${one.error} retry=${one.reload} />`)}
    ${expect && expected.error && html`<p class="quiet">Nothing can be told of what is to be expected: ${expected.error.message}</p>`}
    ${filter && html`<${Errors} window=${window} filter=${filter} />`}
    ${!subject && html`<${Ranked} window=${window} timeZone=${timeZone} interval=${coarse} kind=${Object.hasOwn(KINDS, params.kind) ? params.kind : "PATTERN"} choose=${(/** @type {string} */ kind) => set({ kind })} />`}
  `;
}

/** The lines of a series. @param {any} series @param {string} alone @returns {import("../parts/chart.js").Line[]} */
const linesOf = (series, alone) =>
  series.lines.map((/** @type {any} */ line) => ({
    label: line.value ?? (series.lines.length > 1 ? "others" : alone),
    points: line.points.map((/** @type {any} */ point) => ({ at: point.start, value: point.value })),
  }));

/** Until they are known, each has its place.
 * @param {{of: any, everything: boolean}} props */
function Figures({ of, everything }) {
  if (of === null) {
    const labels = [everything ? "Traces" : "Executions", "Succeeded", "Failed, of those known", "Median", "API-equivalent cost", "Tokens"];
    return html`<div class="figures">${labels.map((label) => html`<${Figure} label=${label} value="…" note="…" />`)}</div><p class="quiet">…</p>`;
  }
  const { success, change, duration: took, cost, basis } = of;
  const sign = (/** @type {number | null} */ part) => (part === null ? "" : `${part > 0 ? "+" : ""}${percent(part)} to as long before`);
  return html`<div class="figures">
      <${Figure} label=${change ? "Traces" : "Executions"} value=${count(success.executions)} note=${change ? sign(change.executionsChange) : ""} />
      <${Figure} label="Succeeded" value=${percent(success.successRate)} note=${intervalText(success.successRateInterval)} />
      <${Figure} label="Failed, of those known" value=${percent(success.errorRate)} note=${success.timeoutRate ? `${percent(success.timeoutRate)} ran out of time` : ""} />
      <${Figure} label="Median" value=${duration(took.p50Ms)} note=${`95 % within ${duration(took.p95Ms)}, 99 % within ${duration(took.p99Ms)}`} />
      <${Figure} label="API-equivalent cost" value=${money(cost.totalUsd)} note=${cost.unpriced ? `${count(cost.unpriced)} without a price` : ""} />
      <${Figure} label="Tokens" value=${`${count(cost.inputTokens)} in, ${count(cost.outputTokens)} out`} note=${`${count(cost.cacheReadTokens)} from a cache`} />
    </div>
    <p class="quiet">
      ${words(basis.exactness)}${basis.relativeError > 0 && `: percentiles within ${percent(basis.relativeError)}, all else exact`}${basis.pending > 0 && ` · ${counted(basis.pending, "trace is", "traces are")} still being counted`}
    </p>`;
}

/** Where the API gives a series as a file. @param {string} metric @param {any} over @param {string} group @param {string} format */
function fileOf(metric, { subject, window, timeZone, interval }, group, format) {
  const url = new URL("api/export/series", API);
  const asked = {
    metric: metric.toLowerCase(), since: window.since, until: window.until, interval: interval.toLowerCase(), time_zone: timeZone,
    ...(subject && { kind: subject.kind.toLowerCase(), name: subject.name, part: subject.part }), ...(group && { group_by: group.toLowerCase(), first: "6" }), format,
  };
  url.search = new URLSearchParams(asked).toString();
  return url.href;
}

/** @param {{series: import("../lib/use.js").Asked, others: import("../lib/use.js").Asked, more: import("../lib/use.js").Asked, expected: any, over: any, group: string}} props
 * what was asked, and may not be there yet; `expected` is what is made of it, or null */
function Charts({ series: asked, others: apart, more: further, expected, over, group }) {
  const { timeZone: zone, interval } = over;
  const [series, others, more] = [asked.data, apart.data, further.data];
  const [waits, waitsApart, waitsFurther] = [asked, apart, further].map((one) => !one.data && one.loading);
  const shown = useMemo(() => {
    const of = (/** @type {string} */ name, /** @type {any[]} */ lines) => (expected && (lines.length === 1 || name === "time") ? [...lines, ...expectedLines(expected[name])] : lines);
    const alone = (/** @type {any} */ from, /** @type {Record<string, string>} */ names) => (from ? Object.entries(names).flatMap(([name, label]) => linesOf(from[name], label)) : []);
    return {
      usage: of("usage", alone(series, { usage: "executions" })),
      success: of("success", alone(series, { success: "success rate" })),
      cost: of("cost", alone(series, { cost: "cost" })),
      errors: of("errors", alone(series, { errors: "error rate" })),
      time: group ? alone(more, { mean: "mean" }) : others ? of("time", alone(others, { p95: "95th percentile", p50: "median", p99: "99th percentile" })) : [],
      tokens: others ? of("tokens", alone(others, { tokens: "tokens" })) : [],
      retries: alone(more, { retries: "retries" }),
      quality: alone(more, { quality: "quality" }),
    };
  }, [series, others, more, expected, group]);
  const note = (/** @type {string} */ name, said = "") => [said, expected && shown[/** @type {keyof typeof shown} */ (name)].some((line) => line.kind) && expectedWords(expected[name])].filter(Boolean).join(" · ");
  const files = (/** @type {string[]} */ metrics, apart = true) =>
    metrics.flatMap((metric) => ["csv", "ndjson"].map((format) => ({ title: `${metrics.length > 1 ? `${metric.slice(9)} ` : ""}${format === "csv" ? "CSV" : "NDJSON"} of the API`, href: fileOf(metric, over, apart ? group : "", format) })));
  const time = group ? ["DURATION_MEAN"] : ["DURATION_P50", "DURATION_P95", "DURATION_P99"];
  return html`<div class="charts">
      <${Chart} title="Usage" waits=${waits} zone=${zone} lines=${shown.usage} format=${count} note=${note("usage", "what began")} exports=${files(["EXECUTIONS"])} />
      <${Chart} title="Success" waits=${waits} zone=${zone} lines=${shown.success} format=${percent} least=${0} most=${1} note=${note("success")} exports=${files(["SUCCESS_RATE"])} />
      <${Chart} title="How long" waits=${group ? waitsFurther : waitsApart} zone=${zone} lines=${shown.time} format=${duration} note=${group ? "the mean" : note("time")} exports=${files(time)} />
      <${Chart} title="Money" waits=${waits} zone=${zone} lines=${shown.cost} format=${money} note=${note("cost", "API-equivalent")} exports=${files(["COST_USD"])} />
      <${Chart} title="Tokens" waits=${waitsApart} zone=${zone} lines=${shown.tokens} format=${count} note=${note("tokens")} exports=${files(["TOKENS"], false)} />
      <${Chart} title="Errors" waits=${waits} zone=${zone} lines=${shown.errors} format=${percent} least=${0} note=${note("errors", "of those whose outcome is known")} exports=${files(["ERROR_RATE"])} />
      <${Chart} title="Retries" waits=${waitsFurther} zone=${zone} lines=${shown.retries} format=${count} exports=${files(["RETRIES"], false)} />
      <${Chart} title="Quality" waits=${waitsFurther} zone=${zone} lines=${shown.quality} format=${percent} least=${0} most=${1} note="that executions report" exports=${files(["QUALITY"], false)} />
    </div>
    ${expected && (zone !== "UTC" || interval === "WEEK") && html`<p class="quiet">What is to be expected is told of ${interval === "WEEK" ? "weeks that end with yesterday" : "days"} of UTC.</p>`}`;
}
