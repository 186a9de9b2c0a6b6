// The fields of an experiment's design.
import { html, useEffect, useState } from "../lib/html.js";
import { METRICS } from "./proof.js";

/** @param {{label: string, value: string, options: Record<string, string>, change: (value: string) => void}} props */
export const Pick = ({ label, value, options, change }) => html`<label>${label}
  <select value=${value} onChange=${(/** @type {any} */ event) => change(event.target.value)}>
    ${Object.entries(options).map(([one, title]) => html`<option value=${one}>${title}</option>`)}
  </select>
</label>`;

/** A number that counts when it is done.
 * @param {{label: string, value: number, least: number, most: number, step?: string, change: (value: string) => void}} props */
export function Num({ label, value, least, most, step = "any", change }) {
  const shown = String(Number(value.toPrecision(6)));
  const [typed, type] = useState(shown);
  useEffect(() => type(shown), [shown]);
  const done = () => (typed.trim() && Number.isFinite(Number(typed)) ? change(typed.trim()) : type(shown));
  return html`<label>${label}
    <input type="number" inputmode="decimal" class="short" min=${least} max=${most} step=${step} value=${typed} onInput=${(/** @type {any} */ event) => type(event.target.value)} onChange=${done} />
  </label>`;
}

/** Rates may lose so many points; all else, such a share.
 * @type {Record<string, number>} */
const USUAL = { SUCCESS_RATE: 0.02, QUALITY_SCORE: 0.02 };

/** What must not get worse, and by how much it may.
 * @param {{guardrails: {metric: string, margin: number}[], compared: string, change: (guardrails: {metric: string, margin: number}[]) => void}} props */
export function Guarded({ guardrails, compared, change }) {
  const left = Object.entries(METRICS).filter(([metric]) => metric !== compared && !guardrails.some((one) => one.metric === metric));
  const without = (/** @type {string} */ metric) => guardrails.filter((one) => one.metric !== metric);
  return html`<fieldset class="filters">
    <legend>Must not get worse</legend>
    ${guardrails.map(
      ({ metric, margin }) => html`<span key=${metric} class="guarded">
        <${Num} label=${`${METRICS[metric] ?? metric}: at most by, ${metric in USUAL ? "points" : "%"}`} value=${margin * 100} least=${0} most=${100} change=${(/** @type {string} */ value) => change(guardrails.map((one) => (one.metric === metric ? { metric, margin: Math.min(1, Math.max(0, Number(value) / 100)) } : one)))} />
        <button type="button" aria-label=${`${METRICS[metric] ?? metric} may get worse`} onClick=${() => change(without(metric))}>×</button>
      </span>`,
    )}
    ${left.length > 0 &&
    html`<label>Guard
      <select value="" onChange=${(/** @type {any} */ event) => event.target.value && change([...guardrails, { metric: event.target.value, margin: USUAL[event.target.value] ?? 0.1 }])}>
        <option value="">another metric</option>
        ${left.map(([metric, title]) => html`<option value=${metric}>${title}</option>`)}
      </select>
    </label>`}
  </fieldset>`;
}
