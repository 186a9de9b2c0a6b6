// One run of the loop: its stages, its experiments as they go on, and what was decided.
import { href, segment } from "../lib/address.js";
import { count, counted, percent, words } from "../lib/format.js";
import { html } from "../lib/html.js";
import { useQuery, useSubscription, useThrottle } from "../lib/use.js";
import { Action } from "../parts/action.js";
import { Course } from "../parts/course.js";
import { metricName, metricText, Result } from "../parts/proof.js";
import { Review } from "../parts/review.js";
import { Head, Panel, Status, When } from "../parts/small.js";
import { Stages } from "../parts/stages.js";
import { Empty, Shown } from "../parts/states.js";

/** What a run that is over may be. */
export const OVER = ["COMPLETED", "CANCELLED", "FAILED"];

/** @param {{id: string}} props */
export default function Run({ id }) {
  const asked = useQuery("run", { id });
  const run = asked.data?.feedbackRun;
  const goesOn = run && !OVER.includes(run.status);
  useSubscription(goesOn ? "follow_run" : null, { id }, useThrottle(asked.reload, 500));
  return html`
    <${Head} title=${run?.pattern?.name ? `Run on ${run.pattern.name}` : "Run"} up=${{ href: href("/improve"), title: "Improve" }} />
    <${Shown} asked=${asked}>
      ${() =>
        run
          ? html`
              <p class="facts">
                <${Status} of=${run.status} /> began <${When} of=${run.createdAt} /> by ${run.createdBy} ·${" "}
                <a href=${href(`/patterns/${segment(run.patternId)}`)}>its pattern</a>
              </p>
              ${run.message && html`<p>${run.message}</p>`}
              <${Stages} run=${run} />
              ${goesOn &&
              html`<div class="doing"><${Action} title="Cancel the run" tone="bad" operation="cancel" does="Its experiments end without a decision; what was recorded is kept, and nothing is put into use." input=${() => ({ runId: id })} done=${asked.reload} /></div>`}
              ${run.improvements.edges.length === 0 && html`<${Empty} title="Nothing was proposed to this run." />`}
              ${run.improvements.edges.map((/** @type {any} */ { node }) => html`<${Improvement} key=${node.improvementId} improvement=${node} reload=${asked.reload} />`)}
            `
          : html`<${Empty} title=${`There is no run ${id}.`} />`}
    <//>
  `;
}

/** @param {{improvement: any, reload: () => void}} props */
const Improvement = ({ improvement, reload }) => html`<${Panel} title=${`Version ${improvement.candidate.version} instead of ${improvement.base.version}`} note=${words(improvement.status)}>
  <p>${improvement.description}</p>
  <p><a href=${href(`/patterns/${segment(improvement.patternId)}`, { version: improvement.candidateNodeId, before: improvement.baseNodeId })}>What differs</a></p>
  ${improvement.experiments.edges.map((/** @type {any} */ { node }) => html`<${Experiment} key=${node.experimentId} experiment=${node} candidate=${improvement.candidateNodeId} />`)}
  ${improvement.decisions.edges.map(
    (/** @type {any} */ { node }) => html`<h3>Decision: ${words(node.verdict)}</h3>
      <p>${words(node.reason)}, by ${node.decidedBy} <${When} of=${node.decidedAt} />${node.note && `: ${node.note}`}</p>
      ${node.result && html`<${Result} result=${node.result} />`}
      ${node.result?.effectInterval && html`<${Range} result=${node.result} />`}`,
  )}
  ${improvement.status === "AWAITING_REVIEW" && html`<${Review} improvement=${improvement} done=${reload} />`}
<//>`;

/** How many units there are, and of which of them it is known how they did: these alone are compared, and needed.
 * @param {{units: number, tellingUnits: number}} tally @param {number} needed */
const unitsText = ({ units, tellingUnits: telling }, needed) => `${counted(units, "unit")}, ${count(telling)} of ${count(needed)} that tell`;

/** How far an experiment is on one candidate.
 * @param {{experiment: any, candidate: string}} props */
function Experiment({ experiment, candidate }) {
  const [control, ...treatments] = experiment.arms;
  const treatment = treatments.find((/** @type {any} */ one) => one.nodeId === candidate) ?? treatments[0];
  const others = treatments.length - 1;
  const assigned = [control.tally.assigned, treatment.tally.assigned];
  const all = assigned[0] + assigned[1];
  return html`<h3>Experiment on ${metricName(experiment.metric)} <span class="quiet">${experiment.concludedAt ? "is over" : treatment.droppedAt ? "goes on without it" : "goes on"}</span></h3>
    <${Designed} experiment=${experiment} />
    ${others > 0 && html`<p>It is one of ${treatments.length} candidates beside each other; ${percent(treatment.share)} of the units get it, ${percent(control.share)} the control.</p>`}
    ${[["Control", control], ["Treatment", treatment]].map(
      ([title, { tally }]) => html`<div class="progress">
        <span>${title}</span>
        <meter min="0" max=${experiment.minSampleSize} value=${Math.min(tally.tellingUnits, experiment.minSampleSize)} aria-label=${`${title}: units that tell`}></meter>
        <span class="quiet">${unitsText(tally, experiment.minSampleSize)} · ${counted(tally.executions, "execution")}${tally.setAside ? ` · ${count(tally.setAside)} set aside` : ""}${tally.unended ? ` · ${count(tally.unended)} not ended` : ""}</span>
      </div>`,
    )}
    ${all > 0 && html`<p class="quiet">Assigned ${count(assigned[0])} to ${counted(assigned[1], "unit")}: ${percent(assigned[1] / all)} to the treatment.</p>`}
    <${Course} id=${experiment.experimentId} treatment=${treatment.nodeId} executions=${control.tally.executions + treatment.tally.executions} />`;
}

/** What a composite is made of, how far exposure has grown, and who is kept out.
 * @param {{experiment: any}} props */
function Designed({ experiment: { design, stage, concludedAt } }) {
  const { composite, stages, stageUnits, holdoutShare, allocation } = design;
  const weights = composite.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.weight, 0);
  return html`
    ${composite.length > 0 && html`<p>The composite is made of ${composite.map((/** @type {any} */ one) => `${percent(one.weight / weights)} ${metricName(one.metric)}`).join(", ")}, each in standard deviations of the control's units.</p>`}
    ${stages.length > 0 &&
    html`<p>Exposure grows; ${concludedAt ? "it came to" : "now it is at"} stage ${(stage ?? 0) + 1} of ${stages.length}. Each goes on until ${counted(stageUnits, "unit")} of each arm tell.</p>
      <ol class="exposure" aria-label="Shares of the treatment">${stages.map((/** @type {number} */ share, /** @type {number} */ at) => html`<li aria-current=${at === (stage ?? 0) ? "step" : null}>${at < (stage ?? 0) ? "✓ " : ""}${percent(share)}</li>`)}</ol>`}
    ${allocation === "THOMPSON" && html`<p>Shares follow from what was seen: what does better gets more of the units.</p>`}
    ${holdoutShare > 0 && html`<p class="quiet">${percent(holdoutShare)} of all units are in no experiment.</p>`}
  `;
}

/** The interval of an effect on a line through zero.
 * @param {{result: any}} props */
function Range({ result }) {
  const { low, high } = result.effectInterval;
  const reach = Math.max(Math.abs(low), Math.abs(high)) * 1.1 || 1;
  const x = (/** @type {number} */ value) => 500 + (value / reach) * 490;
  const text = (/** @type {number} */ value) => metricText(result.metric, value);
  return html`<figure class="range">
    <figcaption>The effect is between <strong>${text(low)}</strong> and <strong>${text(high)}</strong>, by the look that decided.</figcaption>
    <svg viewBox="0 0 1000 40" preserveAspectRatio="none" aria-hidden="true">
      <line class="zero" x1="500" x2="500" y1="4" y2="36" />
      <line x1=${x(low)} x2=${x(high)} y1="20" y2="20" />
      ${result.effect !== null && html`<line class="point" x1=${x(result.effect)} x2=${x(result.effect)} y1="8" y2="32" />`}
    </svg>
    <div class="ends quiet" aria-hidden="true"><span>${text(-reach)}</span><span>0: no effect</span><span>${text(reach)}</span></div>
  </figure>`;
}
