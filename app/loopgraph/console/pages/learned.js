// What was learned from traces: found by a request, or all of it.
import { href, segment, useParams } from "../lib/address.js";
import { count, counted, percent, words } from "../lib/format.js";
import { html, useEffect, useState } from "../lib/html.js";
import { usePages } from "../lib/use.js";
import { Helping } from "../parts/helping.js";
import { Matches } from "../parts/matching.js";
import { Head, More, Panel, When } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";
import { Table } from "../parts/table.js";

const STANDINGS = ["ACTIVE", "PRUNED", "MERGED"];

const COLUMNS = [
  { title: "Learned", cell: (/** @type {any} */ one) => one.name, wide: true },
  { title: "Is", cell: (/** @type {any} */ one) => words(one.standing) },
  { title: "Successes", cell: (/** @type {any} */ one) => count(one.successes), number: true, by: (/** @type {any} */ one) => one.successes },
  { title: "Failures", cell: (/** @type {any} */ one) => count(one.failures), number: true, by: (/** @type {any} */ one) => one.failures },
  { title: "Succeeded", cell: (/** @type {any} */ one) => percent(one.successRate), number: true, by: (/** @type {any} */ one) => one.successRate },
  { title: "Followed", cell: (/** @type {any} */ one) => (one.replays ? `${count(one.replays)}, ${count(one.replaySuccesses)} went well` : "–") },
  { title: "Agent", where: (/** @type {any} */ one) => one.agent, cell: (/** @type {any} */ one) => one.agent ?? "" },
  { title: "Project", where: (/** @type {any} */ one) => one.project, cell: (/** @type {any} */ one) => one.project ?? "" },
  { title: "Changed", cell: (/** @type {any} */ one) => html`<${When} of=${one.updatedAt} />` },
];

export default function Learned() {
  const [params, set] = useParams();
  const standing = STANDINGS.includes(params.standing) ? params.standing : null;
  const pages = usePages("learned", { filter: { standing, project: params.project || null } }, (data) => data.learnedPatterns);
  return html`
    <${Head} title="Learned plans" up=${{ href: href("/patterns"), title: "Patterns" }}><a href=${href("/doubles")}>Duplicates</a> · <a href=${href("/chains")}>Chains of agents</a><//>
    <${Asking} request=${params.q ?? ""} project=${params.project ?? ""} ask=${set} />
    ${params.q?.trim() && html`<${Matches} request=${params.q} project=${params.project} />`}
    <${Shown} asked=${pages}>
      ${() => html`<${Panel} title="All that was learned" note="newest first">
        <${Health} of=${pages.data.learningHealth} />
        <form class="filters" aria-label="What is listed" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
          <label>Is
            <select value=${standing ?? ""} onChange=${(/** @type {any} */ event) => set({ standing: event.target.value })}>
              <option value="">anything</option>
              ${STANDINGS.map((one) => html`<option value=${one}>${words(one)}</option>`)}
            </select>
          </label>
        </form>
        ${pages.nodes.length
          ? html`<${Table} caption="Learned patterns" columns=${COLUMNS} rows=${pages.nodes} rowHref=${(/** @type {any} */ one) => href(`/learned/${segment(one.patternId)}`)} /><${More} pages=${pages} />`
          : html`<${Empty} title=${standing || params.project ? "Nothing that was learned is like that." : "Nothing is learned yet."}><p>Each prompt that ended well teaches how it was done, some seconds later.</p><//>`}
      <//>`}
    <//>
    <${Helping} />
  `;
}

/** The request that is looked for: it is in the address once it is sent.
 * @param {{request: string, project: string, ask: (changed: any) => void}} props */
function Asking({ request, project, ask }) {
  const [text, say] = useState(request);
  const [where, place] = useState(project);
  useEffect(() => {
    say(request);
    place(project);
  }, [request, project]);
  return html`<form
    class="filters"
    role="search"
    aria-label="What went well before"
    onSubmit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      ask({ q: text.trim(), project: where.trim() });
    }}
  >
    <label class="long">What is to be done <input type="search" value=${text} maxlength="20000" placeholder="fix the login timeout" onInput=${(/** @type {any} */ event) => say(event.target.value)} /></label>
    <label>Project or folder <input value=${where} onInput=${(/** @type {any} */ event) => place(event.target.value)} /></label>
    <button type="submit">Find what went well before</button>
  </form>`;
}

/** How far the learner is. @param {{of: any}} props */
const Health = ({ of }) => html`<p class="facts quiet">
  ${of.learnedAt ? html`Last learned <${When} of=${of.learnedAt} />` : "Nothing has taught yet"} · ${of.backlog ? `${counted(of.backlog, "trace")} to look at` : "nothing waits"}${of.looksBack && " · traces from before are still gone through"} · ${counted(of.waiting, "failed trace waits", "failed traces wait")} for a first success of their kind
</p>`;
