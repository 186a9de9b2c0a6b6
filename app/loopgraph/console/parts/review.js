// Approving and rejecting an improvement, and what there is to weigh.
import { count, counted, percent, words } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { Action } from "./action.js";
import { metricName, metricText } from "./proof.js";
import { Status } from "./small.js";

/** A share with its sign. @param {number | null} share */
const signed = (share) => (share === null ? "–" : `${share > 0 ? "+" : share < 0 ? "−" : ""}${percent(Math.abs(share))}`);

/** What a candidate wins and what it loses, by the last experiment that has figures; and what may go wrong beside them.
 * @param {{improvement: any}} props */
export function TradeOff({ improvement }) {
  const results = improvement.decisions.edges.map((/** @type {any} */ edge) => edge.node.result).filter(Boolean);
  const result = results[results.length - 1];
  const guardrails = result?.details?.guardrails ?? [];
  return html`
    ${result &&
    html`<div class="scroll" tabindex="0" role="group" aria-label="What it wins and loses"><table>
      <caption>What it wins and loses</caption>
      <thead><tr><th scope="col">Metric</th><th scope="col" class="number">Gain</th><th scope="col">At least and at most</th><th scope="col">Is</th></tr></thead>
      <tbody>
        <tr>
          <th scope="row">${metricName(result.metric)} <span class="quiet">compared</span></th>
          <td class="number">${signed(result.performanceDelta)}</td>
          <td>${metricText(result.metric, result.control.mean)} → ${metricText(result.metric, result.treatment.mean)} <span class="quiet">${count(result.control.n)} and ${counted(result.treatment.n, "unit")}</span></td>
          <td><span class="quiet">p = ${result.pValue === null ? "–" : result.pValue.toPrecision(2)}</span></td>
        </tr>
        ${guardrails.map(
          (/** @type {any} */ guard) => html`<tr>
            <th scope="row">${metricName(guard.metric)} <span class="quiet">guarded</span></th>
            <td class="number">${signed(guard.loss === null ? null : -guard.loss)}</td>
            <td>${guard.lossInterval ? `${signed(-guard.lossInterval.high)} to ${signed(-guard.lossInterval.low)}` : words(guard.reason) || "–"} <span class="quiet">may lose ${percent(guard.margin)}</span></td>
            <td><${Status} of=${guard.status} /></td>
          </tr>`,
        )}
      </tbody>
    </table></div>`}
    ${!result && html`<p class="quiet">No experiment has compared it.</p>`}
    ${improvement.risk !== "LOW" && html`<p><${Status} of=${`RISK_${improvement.risk}`} /> ${improvement.riskReasons.slice(0, 5).join(" · ")}</p>`}
  `;
}

/** @param {{improvement: any, done: () => void}} props */
export function Review({ improvement, done }) {
  const [note, tell] = useState("");
  const [reason, why] = useState("");
  const id = improvement.improvementId;
  return html`<div class="doing">
    <${Action}
      title="Approve"
      operation="approve"
      does=${`Version ${improvement.candidate.version} becomes the one in use of ${improvement.candidate.patternName}; the one in use now is deprecated. Both are kept.`}
      input=${() => ({ improvementId: id, note })}
      done=${done}
    >
      <label>Note <input value=${note} onInput=${(/** @type {any} */ event) => tell(event.target.value)} /></label>
    <//>
    <${Action}
      title="Reject"
      tone="bad"
      operation="reject"
      does=${`Version ${improvement.candidate.version} is marked as rejected and never put into use. Your reason stays with it.`}
      input=${() => (reason.trim() ? { improvementId: id, reason } : "Say why: whoever proposes the next one wants to know.")}
      done=${done}
    >
      <label>Reason <input required value=${reason} onInput=${(/** @type {any} */ event) => why(event.target.value)} /></label>
    <//>
  </div>`;
}
