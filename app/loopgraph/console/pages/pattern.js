// One pattern: its history, and what is known of the chosen version.
import { href, segment, useParams } from "../lib/address.js";
import { count, duration, interval, money, percent, short, UNKNOWN } from "../lib/format.js";
import { html } from "../lib/html.js";
import { handedOn } from "../lib/range.js";
import { FIGURES, may } from "../lib/session.js";
import { costOfUse } from "../lib/usage.js";
import { useQuery } from "../lib/use.js";
import { useWindow } from "../lib/window.js";
import { Content } from "../parts/content.js";
import { Diff } from "../parts/diff.js";
import { History } from "../parts/history.js";
import { Proof } from "../parts/proof.js";
import { Propose } from "../parts/propose.js";
import { Figure, Head, Hour, Panel, Status, When } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";
import { Applied, Watched } from "../parts/watched.js";
import { WindowChoice } from "../parts/window.js";

/** @param {{id: string}} props */
export default function Pattern({ id }) {
  const [params, set] = useParams();
  const { days, window } = useWindow(params, 90);
  const asked = useQuery("pattern", { id, window, figures: may(FIGURES) });
  const { pattern } = asked.data ?? {};
  return html`
    <${Head} title=${pattern?.name ?? "Pattern"} up=${{ href: href("/patterns", handedOn(params, params.days ? days : null)), title: "Patterns" }}>
      ${pattern && html`<span class="quiet">${pattern.patternType}${pattern.path && ` · ${pattern.path}`}</span>`}
    <//>
    <${WindowChoice} days=${days} />
    <${Shown} asked=${asked}>
      ${() => (pattern ? html`<${Figures} of=${pattern.analytics} /><p>${pattern.description}</p>
              ${pattern.currentVersion && html`<p><a href=${href(`/design/${segment(pattern.patternId)}`)}>Design an experiment</a> · <a href=${href("/schedules", { pattern: pattern.patternId, name: pattern.name })}>Schedule runs</a></p>
                <${Propose} key=${pattern.currentVersion.nodeId} pattern=${pattern} version=${pattern.currentVersion} />`}
              <${Applied} patternId=${pattern.patternId} />` : html`<${Empty} title=${`There is no pattern ${id}.`} />`)}
    <//>
    ${pattern &&
    html`<${History} pattern=${pattern}>
      ${(/** @type {string} */ version, /** @type {any[]} */ versions) =>
        html`<${Version} key=${version} id=${version} before=${params.before ?? null} versions=${versions} window=${window} compare=${(/** @type {string | null} */ before) => set({ before })} />`}
    <//>`}
  `;
}

/** @param {{of: any}} props what is not told is not there */
const Figures = ({ of }) => of && html`<div class="figures">
  <${Figure} label="Uses" value=${count(of.usage.executions)} note=${of.usage.lastUsed ? html`last: <${Hour} of=${of.usage.lastUsed} />` : ""} />
  <${Figure} label="Succeeded" value=${percent(of.success.successRate)} note=${interval(of.success.successRateInterval)} />
  <${Figure} label="Median, 95th percentile" value=${duration(of.duration.p50Ms)} note=${duration(of.duration.p95Ms)} />
  <${Figure} label="API-equivalent cost" value=${money(of.cost.totalUsd)} note=${costOfUse(of.cost, of.usage.executions)} />
</div>`;

/** @param {{id: string, before: string | null, versions: any[], window: any, compare: (id: string | null) => void}} props */
function Version({ id, before, versions, window, compare }) {
  const asked = useQuery("version", { id, window, figures: may(FIGURES) });
  const other = useQuery(before ? "version" : null, { id: before, window, figures: may(FIGURES) });
  return html`<${Shown} asked=${asked}>
    ${(/** @type {any} */ { patternVersion: version }) =>
      version
        ? html`<div class="columns">
            <${Panel} title=${`Version ${version.version}`} note=${version.label}>
              <p class="facts">
                <${Status} of=${version.status} /> made <${When} of=${version.createdAt} /> by ${version.createdBy}
                ${version.deprecationReason && html` · ${version.deprecationReason}`}
              </p>
              ${version.changeSummary && html`<p>${version.changeSummary}</p>`}
              <${Figures} of=${version.analytics} />
              <p><a href=${href("/traces", { version: id, all: "true" })}>The traces that used it</a></p>
              <label>Compared with${" "}
                <select value=${before ?? ""} onChange=${(/** @type {any} */ event) => compare(event.target.value || null)}>
                  <option value="">nothing</option>
                  ${versions.filter((one) => one.nodeId !== id).slice(0, 200).map((one) => html`<option value=${one.nodeId}>${`${short(one.patternName, 24)} ${one.version}`}</option>`)}
                </select>
              </label>
              ${before && other.data?.patternVersion
                ? html`<${Compared} before=${other.data.patternVersion} after=${version} />`
                : html`<h3>Text</h3><${Content} value=${version.templateCode} markdown=${["skill", "command", "subagent", "memory", "prompt"].includes(version.patternType)} />`}
            <//>
            <div><${Proof} version=${version} /><${Watched} watch=${version.watch} reload=${asked.reload} /></div>
          </div>`
        : html`<${Empty} title="That version is not there." />`}
  <//>`;
}

/** @param {{before: any, after: any}} props */
function Compared({ before, after }) {
  const figures = /** @type {const} */ ([
    ["Uses", (/** @type {any} */ a) => count(a.usage.executions)],
    ["Succeeded", (/** @type {any} */ a) => `${percent(a.success.successRate)} (${interval(a.success.successRateInterval)})`],
    ["Median", (/** @type {any} */ a) => duration(a.duration.p50Ms)],
    ["95th percentile", (/** @type {any} */ a) => duration(a.duration.p95Ms)],
    ["Cost", (/** @type {any} */ a) => costOfUse(a.cost, a.usage.executions) || UNKNOWN],
  ]);
  const parameters = [before.parameters, after.parameters].map((one) => JSON.stringify(one, null, 2));
  return html`
    ${after.analytics &&
    html`<div class="scroll" tabindex="0" role="group" aria-label="The two versions"><table>
      <caption>The two versions</caption>
      <thead><tr><th scope="col">Figure</th><th scope="col">Version ${before.version}</th><th scope="col">Version ${after.version}</th></tr></thead>
      <tbody>
        ${figures.map(([title, of]) => html`<tr><th scope="row">${title}</th><td>${of(before.analytics)}</td><td>${of(after.analytics)}</td></tr>`)}
      </tbody>
    </table></div>`}
    <p class="quiet">Both were used where people chose to: that is no experiment.</p>
    <h3>Text</h3>
    <${Diff} before=${before.templateCode} after=${after.templateCode} />
    ${parameters[0] !== parameters[1] && html`<h3>Parameters</h3><${Diff} before=${parameters[0]} after=${parameters[1]} label="Parameters that changed" />`}
  `;
}
