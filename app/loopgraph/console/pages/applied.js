// What was applied, of all patterns or of one: how each version has held against its proof, and what was rolled back.
import { href, segment, useParams } from "../lib/address.js";
import { count, counted, words } from "../lib/format.js";
import { html } from "../lib/html.js";
import { usePages } from "../lib/use.js";
import { metricName } from "../parts/proof.js";
import { Head, More, Status, When } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";
import { Decide, Guards, WHY } from "../parts/watched.js";

const STATUSES = ["REGRESSED", "ROLLED_BACK", "WATCHING", "HELD", "DISMISSED", "EXPIRED", "SUPERSEDED"];

export default function Applied() {
  const [params, set] = useParams();
  const status = STATUSES.includes(params.status) ? params.status : null;
  const pages = usePages("applied", { patternId: params.pattern ?? null, status, first: 50 }, (data) => data.watches);
  return html`
    <${Head} title="What was applied" up=${{ href: href("/improve"), title: "Improve" }} />
    <form class="filters" aria-label="What is listed" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <label>Came of it
        <select value=${status ?? ""} onChange=${(/** @type {any} */ event) => set({ status: event.target.value })}>
          <option value="">anything</option>
          ${STATUSES.map((one) => html`<option value=${one}>${words(one)}</option>`)}
        </select>
      </label>
      ${params.pattern && html`<p>Of <a href=${href(`/patterns/${segment(params.pattern)}`)}>one pattern</a> <button type="button" onClick=${() => set({ pattern: null })}>All patterns</button></p>`}
    </form>
    <${Shown} asked=${pages}>
      ${() =>
        pages.nodes.length
          ? html`${pages.nodes.map((watch) => html`<${One} key=${watch.watchId} watch=${watch} reload=${pages.reload} />`)}<${More} pages=${pages} />`
          : html`<${Empty} title=${status ? "Nothing came to that." : "Nothing was applied yet."}><p>A version that an experiment has found better is put into use, and is watched from then on.</p><//>`}
    <//>
  `;
}

/** @param {any} watch @param {any} version @param {string} nodeId */
const link = (watch, version, nodeId) => html`<a href=${href(`/patterns/${segment(watch.patternId)}`, { version: nodeId })}>version ${version?.version ?? "?"}</a>`;

/** One version since it was applied, with the evidence.
 * @param {{watch: any, reload: () => void}} props */
const One = ({ watch, reload }) => html`<article class="panel">
  <h2>${watch.pattern?.name ?? watch.patternId}: ${link(watch, watch.version, watch.nodeId)} <${Status} of=${watch.status} /></h2>
  <p class="facts">
    Applied <${When} of=${watch.since} /> · ${count(watch.units)} of ${counted(watch.maxUnits, "unit")} since
    ${watch.breached.length > 0 && html` · worse in ${watch.breached.map(metricName).join(", ")}`}
    ${watch.endedBy && html` · ended by ${watch.endedBy} <${When} of=${watch.endedAt} />`}
  </p>
  ${watch.restored && html`<p>Rolled back: ${link(watch, watch.restored, watch.restored.nodeId)} has the text of version ${watch.restores?.version} again.</p>`}
  ${watch.note && html`<p>${watch.note}</p>`}
  <${Guards} watch=${watch} />
  ${watch.status === "REGRESSED" && html`<p>${WHY[watch.review] ?? ""}</p><${Decide} watch=${watch} done=${reload} />`}
</article>`;
