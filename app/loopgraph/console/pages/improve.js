// Runs of the improvement loop, and what waits for a person to decide.
import { href, segment } from "../lib/address.js";
import { count, short, words } from "../lib/format.js";
import { html } from "../lib/html.js";
import { usePages } from "../lib/use.js";
import { Head, More, Panel, Status, When } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";
import { Review, TradeOff } from "../parts/review.js";
import { Table } from "../parts/table.js";
import { OVER } from "./run.js";

/** @param {any} run */
const isOpen = (run) => !OVER.includes(run.status);

const COLUMNS = [
  { title: "Pattern", cell: (/** @type {any} */ run) => run.pattern?.name ?? run.patternId, wide: true },
  { title: "Status", cell: (/** @type {any} */ run) => html`<${Status} of=${run.status} />` },
  { title: "Stage", cell: (/** @type {any} */ run) => (isOpen(run) ? words(run.stage) : "–"), where: isOpen },
  { title: "Identified", cell: (/** @type {any} */ run) => count(run.improvementsIdentified), number: true },
  { title: "Validated", cell: (/** @type {any} */ run) => count(run.improvementsValidated), number: true },
  { title: "Applied", cell: (/** @type {any} */ run) => count(run.improvementsApplied), number: true },
  { title: "Says", where: (/** @type {any} */ run) => run.message, cell: (/** @type {any} */ run) => short(run.message, 60), wide: true },
  { title: "Began", cell: (/** @type {any} */ run) => html`<${When} of=${run.createdAt} />` },
];

export default function Improve() {
  const pages = usePages("runs", { first: 50 }, (data) => data.feedbackRuns);
  const queue = usePages("reviews", { first: 20 }, (data) => data.improvementsAwaitingReview);
  const decided = () => {
    queue.reload();
    pages.reload();
  };
  return html`
    <${Head} title="Improve"><a href=${href("/applied")}>What was applied</a> · <a href=${href("/schedules")}>Schedules</a><//>
    <${Shown} asked=${queue}>
      ${() => html`<${Panel} title="Waits for you" note=${queue.nodes.length ? `${count(queue.nodes.length)}${queue.more ? " and more" : ""}, the oldest first` : ""}>
        ${queue.nodes.length
          ? queue.nodes.map((one) => html`<${Waits} key=${one.improvementId} improvement=${one} done=${decided} />`)
          : html`<p class="quiet">Nothing needs a decision.</p>`}
        <${More} pages=${queue} />
      <//>`}
    <//>
    <${Shown} asked=${pages}>
      ${() => html`<${Panel} title="Runs" note="newest first">
        ${pages.nodes.length
          ? html`<${Table} caption="Runs of the loop" columns=${COLUMNS} rows=${pages.nodes} rowHref=${(/** @type {any} */ run) => href(`/runs/${segment(run.runId)}`)} /><${More} pages=${pages} />`
          : html`<${Empty} title="The loop has not run yet."><p>Start one from <a href=${href("/patterns")}>a pattern</a>: propose a text, then test it.</p><//>`}
      <//>`}
    <//>
  `;
}

/** One candidate: what differs, why it waits, what it wins and loses.
 * @param {{improvement: any, done: () => void}} props */
const Waits = ({ improvement: one, done }) => html`<article class="waiting-one">
  <h3><a href=${href(`/patterns/${segment(one.patternId)}`, { version: one.candidateNodeId, before: one.baseNodeId })}>${one.candidate.patternName}: version ${one.candidate.version}</a></h3>
  <p>
    ${one.description || "No description."} <span class="quiet">Instead of version ${one.base.version} · proposed by ${one.createdBy}, <${When} of=${one.createdAt} />
    ${one.runId && html` · <a href=${href(`/runs/${segment(one.runId)}`)}>its run</a>`}</span>
  </p>
  ${(one.explanation || one.reason) && html`<p>${one.explanation || words(one.reason)}</p>`}
  <${TradeOff} improvement=${one} />
  <${Review} improvement=${one} done=${done} />
</article>`;
