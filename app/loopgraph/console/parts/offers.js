// To which prompts a plan was offered, and the plan beside what one of them did.
import { href, segment, useParams } from "../lib/address.js";
import { beside } from "../lib/beside.js";
import { count, counted, duration, percent, title } from "../lib/format.js";
import { html } from "../lib/html.js";
import { usePages, useQuery } from "../lib/use.js";
import { More, Panel, Status, When } from "./small.js";
import { Empty, Shown } from "./states.js";
import { Table } from "./table.js";

/** What a row of both says, and the sign of it; never by colour alone. */
const SAYS = { taken: "✓ taken", elsewhere: "↕ at another place", skipped: "− skipped", added: "+ not in the plan" };

/** @param {any} offer */
const was = (offer) => (offer.withheld ? "withheld" : "handed out");
/** @param {any} offer */
const went = (offer) => (offer.following ? html`${offer.followed ? "followed" : "left"} <span class="quiet">${percent(offer.following.adherence)} in common</span>` : html`<span class="quiet">${offer.settledAt ? "not known" : "goes on"}</span>`);

/** @param {{pattern: any}} props */
export function Offers({ pattern }) {
  const [params, set] = useParams();
  const pages = usePages("offers", { id: pattern.patternId }, (data) => data.replayOffers);
  const chosen = pages.nodes.find((one) => one.correlationId === params.run) ?? pages.nodes.find((one) => one.following);
  const columns = [
    { title: "Prompt", cell: (/** @type {any} */ one) => title(one.trace?.promptText) || one.correlationId, wide: true },
    { title: "When", cell: (/** @type {any} */ one) => html`<${When} of=${one.at} />` },
    { title: "Score", cell: (/** @type {any} */ one) => one.score.total.toFixed(2), number: true },
    { title: "Was", cell: was },
    { title: "Came of it", cell: (/** @type {any} */ one) => (one.outcome ? html`<${Status} of=${one.outcome} />` : "") },
    { title: "Plan", cell: went },
    {
      title: "Beside it",
      cell: (/** @type {any} */ one) =>
        one.following && html`<button type="button" aria-pressed=${one === chosen} onClick=${() => set({ run: one.correlationId })}>Show<span class="unseen"> ${title(one.trace?.promptText) || one.correlationId} beside the plan</span></button>`,
    },
  ];
  return html`<${Panel} title="To which prompts it was offered" note="newest first">
      <${Shown} asked=${pages}>
        ${() =>
          pages.nodes.length
            ? html`<${Table} caption="Offers" columns=${columns} rows=${pages.nodes} rowHref=${(/** @type {any} */ one) => href(`/traces/${segment(one.correlationId)}`)} /><${More} pages=${pages} />`
            : html`<${Empty} title="It was offered to none yet."><p>Plans are handed out where <code>LOOPGRAPH_REPLAY_AT</code> is set, to prompts whose score is as high as that.</p><//>`}
      <//>
    <//>
    ${chosen?.following && html`<${Beside} key=${chosen.correlationId} offer=${chosen} pattern=${pattern} />`}`;
}

/** @param {{offer: any, pattern: any}} props */
function Beside({ offer, pattern }) {
  const isOther = offer.nodeId !== pattern.nodeId; // the plan has changed since
  const asked = useQuery(isOther ? "plan_text" : null, { id: offer.nodeId });
  const { following } = offer;
  const told = isOther ? planIn(asked.data?.patternVersion?.templateCode) : pattern.plan.steps;
  return html`<${Panel} title="The plan beside the run" note=${`version ${offer.version}, ${was(offer)}`}>
    <p><a href=${href(`/traces/${segment(offer.correlationId)}`)}>${title(offer.trace?.promptText) || "The run"}</a></p>
    <p class="facts">
      ${count(following.matched)} of ${count(following.planned)} planned steps taken in their order, ${count(following.taken)} taken in all ·
      ${offer.followed ? "the plan was followed" : "the plan was left"} (${percent(following.adherence)} in common) · took ${duration(following.actualDurationMs)}, ${duration(following.expectedDurationMs)} expected${following.variance !== null && ` (${following.variance < 0 ? "−" : "+"}${percent(Math.abs(following.variance))})`}
    </p>
    ${isOther && asked.loading
      ? html`<p role="status">Loading …</p>`
      : told?.length === following.planned
        ? html`<${Table}
            caption="The plan and the run, step by step"
            rows=${beside(told, following.deviations)}
            rowClass=${(/** @type {any} */ row) => `beside ${row.did}`}
            columns=${[
              { title: "The plan", cell: (/** @type {any} */ row) => row.planned ?? "", wide: true },
              { title: "The run", cell: (/** @type {any} */ row) => SAYS[/** @type {keyof SAYS} */ (row.did)] },
              { title: "Step", cell: (/** @type {any} */ row) => (row.did === "skipped" ? "" : row.name), wide: true },
            ]}
          />`
        : html`<p>The text of that plan is not there; the run left it so:</p>
            <ul>${following.deviations.map((/** @type {any} */ one) => html`<li>${one.name}: ${SAYS[/** @type {keyof SAYS} */ ({ SKIPPED: "skipped", ADDED: "added", REORDERED: "elsewhere" }[/** @type {"ADDED"} */ (one.kind)])]}</li>`)}</ul>`}
    ${following.deviating > following.deviations.length && html`<p class="quiet">The first ${count(following.deviations.length)} of ${counted(following.deviating, "deviation")} are told: steps after them may have been left, too.</p>`}
  <//>`;
}

/** The steps of a plan that is a version's text; null if it is none. @param {string | undefined} text */
function planIn(text) {
  try {
    const { steps } = JSON.parse(text ?? "");
    return Array.isArray(steps) && steps.every((step) => typeof step?.name === "string") ? steps : null;
  } catch {
    return null;
  }
}
