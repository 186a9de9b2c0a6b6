// Which agents hand work to which: as a graph, and each chain with how it ends.
import { href, segment, useParams } from "../lib/address.js";
import { graphOf } from "../lib/chains.js";
import { count, counted, duration, interval, percent, short } from "../lib/format.js";
import { html } from "../lib/html.js";
import { useQuery } from "../lib/use.js";
import { useWindow } from "../lib/window.js";
import { Head, Panel, When } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { WindowChoice } from "../parts/window.js";

const [WIDE, HIGH, BOX] = [230, 64, 150];

const COLUMNS = [
  { title: "Chain", cell: (/** @type {any} */ one) => one.agents.join(" → "), wide: true },
  { title: "Times", cell: (/** @type {any} */ one) => count(one.count), number: true, by: (/** @type {any} */ one) => one.count },
  { title: "Prompts", cell: (/** @type {any} */ one) => count(one.prompts), number: true },
  { title: "Succeeded", cell: (/** @type {any} */ one) => percent(one.successRate), number: true, by: (/** @type {any} */ one) => one.successRate },
  { title: "Interval, 95 %", cell: (/** @type {any} */ one) => interval(one.successRateInterval) },
  { title: "Takes", cell: (/** @type {any} */ one) => duration(one.avgDurationMs), number: true, by: (/** @type {any} */ one) => one.avgDurationMs },
  { title: "Of it handing over", cell: (/** @type {any} */ one) => percent(one.overheadShare), number: true },
  { title: "Latest", cell: (/** @type {any} */ one) => html`<${When} of=${one.lastUsedAt} /> ${one.samples[0] && html`<a href=${href(`/traces/${segment(one.samples[0].correlationId)}`)} >a prompt<span class="unseen"> of ${one.agents.join(", ")}</span></a>`}` },
];

export default function Chains() {
  const [params] = useParams();
  const { days, window } = useWindow(params);
  const asked = useQuery("chains", { window, agent: params.agent || null });
  return html`
    <${Head} title="Chains of agents" up=${{ href: href("/learned"), title: "Learned plans" }} />
    <${WindowChoice} days=${days} />
    ${params.agent && html`<p>With ${params.agent} alone. <a href=${href("/chains", { ...params, agent: null })}>All chains</a></p>`}
    <${Shown} asked=${asked}>
      ${(/** @type {any} */ { agentChains: found }) =>
        found.chains.length
          ? html`<${Panel} title="Who hands work to whom" note=${`by ${counted(found.traces, "trace")}`}>
                <${Drawn} chains=${found.chains} />
                ${(!found.complete || found.reachesBackTo) && html`<p class="notice">There is more than was looked at${found.reachesBackTo && html`: what began before <${When} of=${found.reachesBackTo} /> is not counted`}.</p>`}
              <//>
              <${Panel} title="Each chain" note=${found.totalChains > found.chains.length ? `the ${count(found.chains.length)} most frequent of ${count(found.totalChains)}` : "the most frequent first"}>
                <${Table} caption="Chains of agents" columns=${COLUMNS} rows=${found.chains} />
              <//>`
          : html`<${Empty} title="No agent worked in that time." />`}
    <//>
  `;
}

/** The graph; the table below it says the same. @param {{chains: any[]}} props */
function Drawn({ chains }) {
  const { places, links, columns, rows } = graphOf(chains);
  const at = new Map(places.map((place) => [place.name, { x: place.column * WIDE + 10, y: place.row * HIGH + 12 }]));
  const most = Math.max(1, ...links.map((link) => link.count));
  const [width, height] = [columns * WIDE - WIDE + BOX + 20, rows * HIGH + 16];
  const spot = (/** @type {string} */ name) => /** @type {{x: number, y: number}} */ (at.get(name));
  /** A curve from an agent to the one that it hands work to; to itself or back it goes below. @param {any} link */
  const path = ({ from, to }) => {
    const [a, b] = [spot(from), spot(to)];
    if (b.x > a.x) return `M${a.x + BOX},${a.y + 18} C${a.x + BOX + 40},${a.y + 18} ${b.x - 40},${b.y + 18} ${b.x},${b.y + 18}`;
    return `M${a.x + BOX / 2},${a.y + 36} C${a.x + BOX / 2},${a.y + 64} ${b.x + BOX / 3},${b.y + 64} ${b.x + BOX / 3},${b.y + 36}`;
  };
  return html`<div class="scroll" tabindex="0" role="group" aria-label="The graph of agents">
    <svg class="chains" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="group" aria-label=${links.length ? `${counted(links.length, "way")} that work is handed on` : "Nobody hands work on"}>
      ${links.map(
        (link) => html`<path class="edge" d=${path(link)} stroke-width=${(1 + (5 * link.count) / most).toFixed(1)}><title>${`${link.from} to ${link.to}: ${counted(link.count, "time")}`}</title></path>`,
      )}
      ${places.map(({ name }) => {
        const { x, y } = spot(name);
        return html`<a href=${href("/chains", { agent: name })} aria-label=${`Only chains with ${name}`}><rect x=${x} y=${y} width=${BOX} height="36" rx="6" /><text x=${x + BOX / 2} y=${y + 23} text-anchor="middle">${short(name, 18)}</text></a>`;
      })}
    </svg>
  </div>`;
}
