// All patterns with all of their versions, as one map.
import { href, useParams } from "../lib/address.js";
import { counted, short } from "../lib/format.js";
import { html, useEffect, useMemo } from "../lib/html.js";
import { graphOfMap } from "../lib/map/graph.js";
import { MARKS, kindOf } from "../lib/map/look.js";
import { ready } from "../lib/map/places.js";
import { cameOf, named } from "../lib/map/words.js";
import { PATTERN_TYPES } from "../lib/types.js";
import { useQuery } from "../lib/use.js";
import { LineageMap } from "../parts/map.js";
import { page } from "../parts/maptable.js";
import { Head, Panel, When } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";

const MOST = 5_000; // versions at first
const ALL = 20_000; // as many as a service shows unless it is set up otherwise
const MADE = { "": "at any time", 7: "in 7 days", 30: "in 30 days", 90: "in 90 days", 365: "in a year" };

export default function MapPage() {
  const [params, set] = useParams();
  const days = Number(params.made) || 0;
  const since = useMemo(() => (days ? new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - days * 86_400_000).toISOString() : null), [days]);
  const asked = useQuery("map", { patternType: params.type || null, since, maxNodes: params.most === "all" ? ALL : MOST });
  useEffect(() => void ready(), []);
  const map = asked.data?.lineageMap;
  const graph = useMemo(() => (map ? graphOfMap(map) : null), [map]);
  return html`
    <${Head} title="Map" up=${{ href: href("/patterns"), title: "Patterns" }} />
    <form class="filters" aria-label="What is shown" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <label>Type
        <select value=${params.type ?? ""} onChange=${(/** @type {any} */ event) => set({ type: event.target.value })}>
          ${[...new Set([...PATTERN_TYPES, params.type ?? ""])].map((type) => html`<option value=${type}>${type || "any"}</option>`)}
        </select>
      </label>
      <label>Versions that were made
        <select value=${params.made ?? ""} onChange=${(/** @type {any} */ event) => set({ made: event.target.value })}>
          ${Object.entries(MADE).sort(([a], [b]) => Number(a) - Number(b)).map(([value, title]) => html`<option value=${value}>${title}</option>`)}
        </select>
      </label>
      ${map?.truncated &&
      html`<span class="quiet">Not all there is: of the newest patterns first.${params.most !== "all" && html` <button type="button" onClick=${() => set({ most: "all" })}>As many as can be</button>`}</span>`}
    </form>
    <${Shown} asked=${asked}>
      ${() =>
        graph?.versions.length
          ? html`<${Panel} title="All patterns" note=${`${counted(map.patterns.length, "pattern")}, ${counted(map.versions.length, "version")}, ${counted(map.edges.length, "edge")}`}>
              <${LineageMap} graph=${graph} label="Map of all patterns" chosen=${params.version ?? null} choose=${(/** @type {string} */ version) => set({ version })} />
              <${Chosen} graph=${graph} id=${params.version ?? null} close=${() => set({ version: null })} />
            <//>`
          : html`<${Empty} title=${params.type || days ? "No version is like that." : "No patterns yet."}><p>Scan a project for its skills, commands and subagents: <code>loopgraph patterns scan ~/src/project</code></p><//>`}
    <//>
  `;
}

/** What is chosen, and where it leads. @param {{graph: import("../lib/map/graph.js").Graph, id: string | null, close: () => void}} props */
function Chosen({ graph, id, close }) {
  const node = id === null ? undefined : graph.numbers.get(id);
  if (node === undefined) return id === null ? null : html`<p class="quiet">The chosen version is not on this map. <button type="button" onClick=${close}>Choose none</button></p>`;
  const version = graph.versions[node];
  const sources = cameOf(graph, node);
  return html`<section class="map-chosen" aria-label="The chosen version">
    <p>
      <a href=${page(version)}><strong>${named(version)}</strong></a> <span class="status">${MARKS[kindOf(version)].title}</span>
      ${version.label && html` <span class="quiet">${short(version.label, 40)}</span>`} made <${When} of=${version.createdAt} />, ${counted(version.usageCount, "use")}
    </p>
    ${sources.length > 0 && html`<p class="quiet">${sources.slice(0, 8).map(({ how, version: one }, at) => html`${at > 0 && ", "}${how} from <a href=${page(one)}>${named(one)}</a>`)}</p>`}
    <p>
      <a href=${`${page(version)}&view=near`}>Its neighbourhood</a> · <a href=${`${page(version)}&view=map`}>its family</a>
      ${" "}<button type="button" class="plain" onClick=${close}>Choose none</button>
    </p>
  </section>`;
}
