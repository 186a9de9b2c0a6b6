// How versions have held since they were applied, and what a person is to decide of one that got worse.
import { href, segment } from "../lib/address.js";
import { count, counted, percent, words } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { statusOfGuard } from "../lib/status.js";
import { useQuery } from "../lib/use.js";
import { Action } from "./action.js";
import { metricName, metricText } from "./proof.js";
import { Panel, Status, When } from "./small.js";

/** @type {Record<string, string>} */
export const WHY = {
  ASKED_FOR: "The service is set to ask before it rolls back.",
  STILL_BETTER: "It is worse than in its proof, and still better than the version that it replaced.",
  NOTHING_TO_RESTORE: "No version was in use before it, so there is nothing to go back to.",
  REFUSED: "It could not be rolled back.",
};

/** One version since it was applied, against its own proof.
 * @param {{watch: any, reload: () => void}} props */
export function Watched({ watch, reload }) {
  if (!watch) return null;
  return html`<${Panel} title="Since it was applied" note=${words(watch.status)}>
    <p class="facts">
      Watched since <${When} of=${watch.since} />, ${counted(watch.units, "unit")}${" "}
      ${watch.endedAt ? html`until <${When} of=${watch.endedAt} />, ended by ${watch.endedBy}` : html`· until ${count(watch.maxUnits)} of them`}
    </p>
    <${Guards} watch=${watch} />
    ${watch.note && html`<p>${watch.note}</p>`}
    ${watch.restored && html`<p>Version ${watch.restored.version} has the text of version ${watch.restores?.version} again.</p>`}
    ${watch.status === "REGRESSED" && html`<p>${WHY[watch.review] ?? ""}</p><${Decide} watch=${watch} done=${reload} />`}
  <//>`;
}

/** What is watched, against the proof.
 * @param {{watch: any}} props */
export function Guards({ watch }) {
  const guards = [watch.metricGuard, watch.successGuard].filter(Boolean);
  if (guards.length === 0) return null;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Against its proof"><table>
    <caption>Against its proof</caption>
    <thead><tr><th scope="col">Metric</th><th scope="col" class="number">Proof</th><th scope="col" class="number">Since</th><th scope="col">Worse by</th><th scope="col">Is</th></tr></thead>
    <tbody>
      ${guards.map(
        (/** @type {any} */ guard) => html`<tr>
          <th scope="row">${metricName(guard.metric)}</th>
          <td class="number">${metricText(guard.metric, guard.proofMean)} <span class="quiet">${count(guard.proofUnits)}</span></td>
          <td class="number">${metricText(guard.metric, guard.mean)} <span class="quiet">${count(guard.units)}</span></td>
          <td>${lossText(guard)}</td>
          <td><${Status} of=${statusOfGuard(watch, guard)} /></td>
        </tr>`,
      )}
    </tbody>
  </table></div>`;
}

/** @param {any} guard */
function lossText({ metric, loss, lossInterval, margin, relative }) {
  const text = (/** @type {number | null} */ value) => (relative ? percent(value) : metricText(metric, value));
  if (loss === null) return "–";
  return html`${text(loss)} <span class="quiet">${lossInterval ? `${text(lossInterval.low)} to ${text(lossInterval.high)}` : "too few units"}, allowed ${text(margin)}</span>`;
}

/** @param {{watch: any, done: () => void}} props */
export function Decide({ watch, done }) {
  const [note, tell] = useState("");
  const [reason, why] = useState("");
  return html`<div class="doing">
    ${watch.restores &&
    html`<${Action}
      title="Roll back"
      tone="bad"
      operation="roll_back"
      does=${`A new version with the text of version ${watch.restores.version} becomes the one in use; this one is deprecated. Both are kept.`}
      input=${() => ({ watchId: watch.watchId, note })}
      done=${done}
    >
      <label>Note <input value=${note} onInput=${(/** @type {any} */ event) => tell(event.target.value)} /></label>
    <//>`}
    <${Action}
      title="Let it stay"
      operation="dismiss"
      does="The version stays in use and is not watched any more. Your reason stays with it."
      input=${() => (reason.trim() ? { watchId: watch.watchId, reason } : "Say why: whoever sees the figures next wants to know.")}
      done=${done}
    >
      <label>Reason <input required value=${reason} onInput=${(/** @type {any} */ event) => why(event.target.value)} /></label>
    <//>
  </div>`;
}

/** The applied versions of a pattern, the newest first; nothing where none was applied.
 * @param {{patternId: string}} props */
export function Applied({ patternId }) {
  const watches = useQuery("watches", { patternId }).data?.watches.edges ?? [];
  if (watches.length === 0) return null;
  return html`<${Panel} title="What was applied">
    <p><a href=${href("/applied", { pattern: patternId })}>With the evidence of each</a></p>
    <div class="scroll" tabindex="0" role="group" aria-label="Versions that were applied, and how they held"><table>
      <caption>Versions that were applied, and how they held</caption>
      <thead><tr><th scope="col">Version</th><th scope="col">Applied</th><th scope="col" class="number">Units since</th><th scope="col">Came of it</th></tr></thead>
      <tbody>
        ${watches.map(
          (/** @type {any} */ { node }) => html`<tr>
            <th scope="row"><a href=${href(`/patterns/${segment(patternId)}`, { version: node.nodeId })}>Version ${node.version?.version}</a></th>
            <td><${When} of=${node.since} /></td>
            <td class="number">${count(node.units)}</td>
            <td>
              <${Status} of=${node.status} />${node.breached.length > 0 && html` <span class="quiet">${node.breached.map(metricName).join(", ")}</span>`}
              ${node.restored && html` → <a href=${href(`/patterns/${segment(patternId)}`, { version: node.restored.nodeId })}>version ${node.restored.version}</a>`}
              ${node.endedBy && html` <span class="quiet">by ${node.endedBy} <${When} of=${node.endedAt} /></span>`}
            </td>
          </tr>`,
        )}
      </tbody>
    </table></div>
  <//>`;
}
