// What a version stands on: the decision, both arms, and every execution behind them.
import { href, segment } from "../lib/address.js";
import { count, duration, percent, tail, words } from "../lib/format.js";
import { html } from "../lib/html.js";
import { usePages } from "../lib/use.js";
import { More, Panel, Status } from "./small.js";
import { Shown } from "./states.js";
import { Table } from "./table.js";

/** @type {Record<string, string>} */
export const METRICS = { DURATION_MS: "duration", QUALITY_SCORE: "quality", SUCCESS_RATE: "success rate", TOKENS: "tokens", COST_USD: "cost in US dollars", RATING: "rating" };

/** @type {Record<string, string>} */
const METHODS = { UNIT_ESTIMATE: "unit means, as its design looks at them", WELCH_UNIT_MEANS: "Welch's t-test on unit means", WELCH_EXECUTIONS: "Welch's t-test on executions" };

/** @param {string} metric */
export const metricName = (metric) => METRICS[metric] ?? words(metric);

/** A mean in the unit of its metric. @param {string} metric @param {number | null} value */
export const metricText = (metric, value) =>
  metric.startsWith("DURATION") ? duration(value) : metric.includes("RATE") || metric.includes("QUALITY") ? percent(value) : value === null ? "–" : value.toPrecision(4);

/** @param {{version: any}} props */
export function Proof({ version }) {
  const { decision } = version;
  if (!decision) return html`<${Panel} title="Proof"><p class="quiet">No experiment decided on this version.</p><//>`;
  const { result, experiment } = decision;
  return html`<${Panel} title="Proof" note=${words(decision.verdict)}>
    <p>${words(decision.reason)}, decided by ${decision.decidedBy}.</p>
    ${result && html`<${Result} result=${result} />`}
    ${experiment && html`<${Executions} id=${experiment.experimentId}/>`}
  <//>`;
}

/** @param {{result: any}} props */
export function Result({ result }) {
  const byUnit = result.method !== "WELCH_EXECUTIONS"; // then a value of the sample is the mean of a unit of which it is known
  const arms = [
    ["Control", result.control, result.controlArm],
    ["Treatment", result.treatment, result.treatmentArm],
  ];
  return html`
    <div class="scroll" tabindex="0" role="group" aria-label="Both arms"><table>
      <caption>Both arms</caption>
      <thead><tr><th scope="col">Arm</th><th scope="col" class="number">Units</th>${byUnit && html`<th scope="col" class="number">That tell</th>`}<th scope="col" class="number">Executions</th><th scope="col" class="number">Mean</th></tr></thead>
      <tbody>
        ${arms.map(
          ([title, sample, arm]) =>
            html`<tr><th scope="row">${title}</th><td class="number">${count(arm?.units)}</td>${byUnit && html`<td class="number">${count(sample?.n)}</td>`}<td class="number">${count(arm?.executions ?? sample?.n)}</td><td class="number">${metricText(result.metric, sample?.mean ?? null)}</td></tr>`,
        )}
      </tbody>
    </table></div>
    <p>
      Effect on ${metricName(result.metric)}: ${result.effect === null ? "–" : metricText(result.metric, result.effect)}
      ${result.effectInterval && html`<span class="quiet"> (${metricText(result.metric, result.effectInterval.low)} to ${metricText(result.metric, result.effectInterval.high)})</span>`},
      p = ${result.pValue === null ? "–" : result.pValue.toPrecision(2)} <span class="quiet">by ${METHODS[result.method] ?? words(result.method)}</span>
    </p>
  `;
}

/** @param {{id: string}} props */
function Executions({ id }) {
  const pages = usePages("evidence", { id, first: 100 }, (data) => data.experiment?.executions);
  return html`<h3>Every execution</h3>
    <${Shown} asked=${pages}>
      ${() => html`
        <${Strips} executions=${pages.nodes} />
        <${Table}
          caption="The executions of the experiment"
          rows=${pages.nodes}
          rowHref=${(/** @type {any} */ one) => href(`/traces/${segment(one.correlationId)}`, { step: one.executionId })}
          columns=${[
            { title: "Unit", cell: (/** @type {any} */ one) => (one.unit ? tail(one.unit, 20) : "–") },
            { title: "Arm", cell: (/** @type {any} */ one) => words(one.arm) },
            { title: "Status", cell: (/** @type {any} */ one) => html`<${Status} of=${one.status} />` },
            { title: "Took", cell: (/** @type {any} */ one) => duration(one.durationMs), number: true },
            { title: "Quality", cell: (/** @type {any} */ one) => percent(one.qualityScore), number: true, where: (/** @type {any} */ one) => one.qualityScore !== null },
            { title: "Note", where: (/** @type {any} */ one) => one.setAside, cell: (/** @type {any} */ one) => (one.setAside ? html`<span class="quiet">set aside: ${words(one.setAside)}</span>` : "") },
          ]}
        />
        <${More} pages=${pages} />
      `}
    <//>`;
}

/** Each execution as a tick on the scale of its duration, an arm a strip.
 * @param {{executions: any[]}} props */
function Strips({ executions }) {
  const known = executions.filter((one) => one.durationMs !== null && !one.setAside);
  if (known.length < 2) return null;
  const most = Math.max(...known.map((one) => one.durationMs)) || 1;
  return html`<div class="strips" role="img" aria-label="How the durations of both arms are spread: the table has the same values">
    ${["CONTROL", "TREATMENT"].map(
      (arm) => html`<div class="strip">
        <span class="quiet">${words(arm)}</span>
        <svg viewBox="0 0 1000 24" preserveAspectRatio="none" aria-hidden="true">
          ${known.filter((one) => one.arm === arm).map((one) => html`<line x1=${(one.durationMs / most) * 996 + 2} x2=${(one.durationMs / most) * 996 + 2} y1="3" y2="21" />`)}
        </svg>
      </div>`,
    )}
    <div class="strip"><span></span><span class="quiet ends"><span>0</span><span>${duration(most)}</span></span></div>
  </div>`;
}
