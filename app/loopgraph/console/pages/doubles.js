// Learned plans that should be one, or two: proposed by the service, decided by a person.
import { href, segment, useParams } from "../lib/address.js";
import { stepName } from "../lib/beside.js";
import { count, counted, percent, words } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { usePages, useQuery } from "../lib/use.js";
import { Action } from "../parts/action.js";
import { Content } from "../parts/content.js";
import { Head, More, Panel, Status, When } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";

const STATUSES = ["OPEN", "ACCEPTED", "DISMISSED", "OUTDATED"];

export default function Doubles() {
  const [params, set] = useParams();
  const status = STATUSES.includes(params.status) ? params.status : "OPEN";
  const pages = usePages("plan_proposals", { status }, (data) => data.planProposals);
  return html`
    <${Head} title="Duplicates" up=${{ href: href("/learned"), title: "Learned plans" }} />
    <form class="filters" aria-label="Which proposals" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <label>Are
        <select value=${status} onChange=${(/** @type {any} */ event) => set({ status: event.target.value })}>
          ${STATUSES.map((one) => html`<option value=${one}>${words(one)}</option>`)}
        </select>
      </label>
    </form>
    <${Shown} asked=${pages}>
      ${() => html`<${Panel} title="Plans that should be one, or two" note=${pages.nodes.length ? "newest first" : ""}>
        ${pages.nodes.length
          ? pages.nodes.map((/** @type {any} */ one) => html`<${Proposed} key=${one.proposalId} proposal=${one} done=${pages.reload} />`)
          : html`<${Empty} title=${status === "OPEN" ? "Nothing waits for a decision." : "No proposal is like that."}><p>Plans whose prompts match each other, and plans with two kinds of prompts, are looked for in the background.</p><//>`}
        <${More} pages=${pages} />
      <//>`}
    <//>
  `;
}

/** @param {{id: string, name: string | undefined}} props */
const Link = ({ id, name }) => html`<a href=${href(`/learned/${segment(id)}`)}>${name ?? id}</a>`;

/** One proposal: why, both plans beside each other, and what can be done. @param {{proposal: any, done: () => void}} props */
function Proposed({ proposal: one, done }) {
  const [shown, show] = useState(false);
  const { evidence: why } = one;
  const isMerge = one.kind === "MERGE";
  return html`<article class="waiting-one" aria-label=${isMerge ? `Merge ${one.pattern?.name} and ${one.other?.name}` : `Split ${one.pattern?.name}`}>
    <h3>${isMerge ? html`<${Link} id=${one.patternId} name=${one.pattern?.name} /> is the same as <${Link} id=${one.otherId} name=${one.other?.name} />` : html`<${Link} id=${one.patternId} name=${one.pattern?.name} /> is of two kinds`}</h3>
    <p class="facts">
      ${isMerge ? `Prompts of each match the other with ${why.score.toFixed(2)} or more` : `Prompts of the two kinds are as near as ${why.score.toFixed(2)}, by meaning; ${counted(why.prompts, "prompt")} would go`}
      · ${percent(why.planSimilarity)} of the steps are the same · ${isMerge ? "it has" : "the new one would have"} ${count(why.successes)} of ${counted(why.successes + why.failures, "run")} that went well, ${isMerge ? "the other" : "the rest"} ${count(why.otherSuccesses)} of ${count(why.otherSuccesses + why.otherFailures)}
      · <${When} of=${one.createdAt} />
    </p>
    ${one.status !== "OPEN" && html`<p><${Status} of=${one.status} /> ${one.decidedBy && `by ${one.decidedBy}`} ${one.decidedAt && html`<${When} of=${one.decidedAt} />`}${one.reason && `: ${one.reason}`}</p>`}
    ${isMerge && html`<p><button type="button" aria-expanded=${shown ? "true" : "false"} onClick=${() => show(!shown)}>${shown ? "Hide the plans" : "Both plans"}</button></p>`}
    ${shown && html`<${Both} id=${one.patternId} other=${one.otherId} />`}
    ${one.status === "OPEN" && html`<${Deciding} proposal=${one} isMerge=${isMerge} done=${done} />`}
  </article>`;
}

/** Both plans, with the prompts that taught them. @param {{id: string, other: string}} props */
function Both({ id, other }) {
  const asked = useQuery("doubles", { id, other });
  return html`<${Shown} asked=${asked}>
    ${(/** @type {any} */ { one, two }) => html`<div class="scroll" tabindex="0" role="group" aria-label="Both plans"><table>
      <caption>Both plans</caption>
      <thead><tr><th scope="col"></th>${[one, two].map((plan) => html`<th scope="col">${plan?.name ?? "It is there no more"}</th>`)}</tr></thead>
      <tbody>
        <tr><th scope="row">Steps</th>${[one, two].map((plan) => html`<td><ol>${plan?.plan.steps.map((/** @type {any} */ step) => html`<li>${stepName(step)} <span class="quiet">${counted(step.support, "trace")}</span></li>`)}</ol></td>`)}</tr>
        <tr><th scope="row">Prompts</th>${[one, two].map((plan) => html`<td><ul>${plan?.exemplars.map((/** @type {any} */ each) => html`<li><${Content} value=${each.text} /></li>`)}</ul></td>`)}</tr>
      </tbody>
    </table></div>`}
  <//>`;
}

/** @param {{proposal: any, isMerge: boolean, done: () => void}} props */
function Deciding({ proposal: one, isMerge, done }) {
  const [reason, why] = useState("");
  const input = () => ({ proposalId: one.proposalId, reason: reason.trim() || null });
  const said = html`<label>Why <input value=${reason} onInput=${(/** @type {any} */ event) => why(event.target.value)} /></label>`;
  return html`<div class="doing">
    <${Action}
      title=${isMerge ? "Merge" : "Split"}
      operation="accept_plan_proposal"
      does=${isMerge ? `${one.pattern?.name} becomes part of ${one.other?.name}, with its prompts, its counts and all that taught it; a new version says so in the lineage.` : `The traces of one kind become a pattern of its own, a fork of ${one.pattern?.name}; both get a new version.`}
      input=${input}
      done=${done}
    >${said}<//>
    <${Action} title="Dismiss" tone="bad" operation="dismiss_plan_proposal" does="Both stay as they are. On the same evidence it is not proposed again." input=${input} done=${done}>${said}<//>
  </div>`;
}
