// The history of a pattern, as of any day: as lanes, as a map of its whole family, or what lies around one version.
import { useParams } from "../lib/address.js";
import { counted, moment, short, words } from "../lib/format.js";
import { html, useEffect, useMemo } from "../lib/html.js";
import { graphOfMap } from "../lib/map/graph.js";
import { ready } from "../lib/map/places.js";
import { useAround } from "../lib/map/use.js";
import { useQuery } from "../lib/use.js";
import { Lanes } from "./lanes.js";
import { LineageMap } from "./map.js";
import { Panel, When } from "./small.js";
import { Empty, Shown } from "./states.js";

const VIEWS = { lanes: "Lanes", map: "Map of the family", near: "Neighbourhood" };
const MOST = 5_000; // versions of a family
const DEPTHS = [1, 2, 3, 4, 5];

/** @param {{pattern: any, children: (id: string, versions: any[]) => any}} props `children` shows the chosen version, with others to
 * compare it with */
export function History({ pattern, children }) {
  const [params, set] = useParams();
  const view = params.view === "map" || params.view === "near" ? params.view : "lanes";
  const isMap = view === "map";
  const needsLineage = view !== "map";
  useEffect(() => {
    if (isMap) ready();
  }, [isMap]);
  const asOf = params.asOf ?? null;
  const lineage = useQuery(needsLineage ? "lineage" : null, { id: pattern.patternId, traversal: { maxNodes: 2_000, ...(asOf && { asOf }) } });
  const family = useQuery(isMap ? "map" : null, { patternId: pattern.patternId, asOf, maxNodes: MOST });
  const chosen = params.version ?? pattern.currentVersion?.nodeId ?? null;
  const graph = lineage.data?.lineage;
  const map = family.data?.lineageMap;
  const drawn = useMemo(() => (map ? graphOfMap(map) : null), [map]);
  const versions = useMemo(() => {
    const found = isMap ? (drawn?.versions ?? []) : (graph?.nodes.map((/** @type {any} */ node) => node.version) ?? []);
    return found.filter((/** @type {any} */ version) => !asOf || version.createdAt <= asOf).sort(newestFirst);
  }, [isMap, drawn, graph, asOf]);
  const choose = (/** @type {string} */ version) => set({ version });
  const note = isMap
    ? map && `${counted(map.patterns.length, "pattern")}, ${counted(map.versions.length, "version")}, ${counted(map.edges.length, "edge")}${map.truncated ? ", not all are shown" : ""}`
    : view === "lanes" && graph && `${counted(graph.nodeCount, "version")}, ${counted(graph.edgeCount, "edge")}${graph.truncated ? ", not all are shown" : ""}`;
  return html`
    <${Panel} title="History" note=${note || ""}>
      <div class="tabs" role="group" aria-label="Shown as">
        ${Object.entries(VIEWS).map(([name, title]) => html`<button type="button" aria-pressed=${view === name} onClick=${() => set({ view: name === "lanes" ? null : name, around: null, open: null })}>${title}</button>`)}
      </div>
      <${AsOf} begun=${Date.parse(pattern.createdAt)} />
      ${view === "lanes" && html`<${Shown} asked=${lineage}>${() => html`<${AsLanes} pattern=${pattern} versions=${versions} edges=${graph.edges} chosen=${chosen} choose=${choose} />`}<//>`}
      ${isMap &&
      html`<${Shown} asked=${family}>
        ${() => (drawn?.versions.length ? html`<${LineageMap} graph=${drawn} label=${`Map of the family of ${pattern.name}`} chosen=${chosen} choose=${choose} />` : html`<${Empty} title="There was no version then." />`)}
      <//>`}
      ${view === "near" && (chosen ? html`<${Near} pattern=${pattern} id=${params.around ?? chosen} chosen=${chosen} asOf=${asOf} />` : html`<${Empty} title="No version is chosen." />`)}
    <//>
    ${chosen && children(chosen, versions)}
  `;
}

/** @param {any} a @param {any} b */
const newestFirst = (a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : b.version - a.version);

/** @param {{begun: number}} props */
function AsOf({ begun }) {
  const [params, set] = useParams();
  const now = useMemo(() => Date.now(), []);
  return html`<label class="slider">As of
    <input
      type="range"
      min="0"
      max="1000"
      value=${params.asOf ? Math.round(((Date.parse(params.asOf) - begun) / Math.max(1, now - begun)) * 1000) : 1000}
      onChange=${(/** @type {any} */ event) => {
        const share = Number(event.target.value) / 1000;
        set({ asOf: share === 1 ? null : new Date(begun + share * (now - begun)).toISOString() });
      }}
    />
    <span class="quiet">${params.asOf ? moment(params.asOf) : "now"}</span>
  </label>`;
}

/** @param {{pattern: any, versions: any[], edges: any[], chosen: string | null, choose: (id: string) => void}} props */
function AsLanes({ pattern, versions, edges, chosen, choose }) {
  const lines = useMemo(() => edges.map((/** @type {any} */ edge) => ({ source: edge.sourceNodeId, target: edge.targetNodeId, type: edge.relationshipType })), [edges]);
  if (!versions.length) return html`<${Empty} title="There was no version then." />`;
  return html`<${Lanes}
    label="Versions, newest first"
    versions=${versions}
    edges=${lines}
    chosen=${chosen}
    choose=${choose}
    row=${(/** @type {any} */ version) => html`
      <strong>${version.patternId === pattern.patternId ? "" : `${short(version.patternName, 24)} `}${version.version}</strong>
      <span class=${`status ${version.inUse ? "good" : ""}`}>${version.inUse ? "in use" : words(version.status)}</span>
      <span>${short(version.changeSummary || version.label, 70)}</span>
      <span class="quiet">${counted(version.usageCount, "use")} · <${When} of=${version.createdAt} /></span>
    `}
  />`;
}

/** What lies around a version; a click on another one brings what is next to that, and moves nothing.
 * @param {{pattern: any, id: string, chosen: string, asOf: string | null}} props */
function Near({ pattern, id, chosen, asOf }) {
  const [params, set] = useParams();
  const depth = DEPTHS.includes(Number(params.depth)) ? Number(params.depth) : 2;
  const opened = useMemo(() => (params.open ?? "").split(" ").filter(Boolean), [params.open]);
  const asked = useAround(id, depth, opened, asOf);
  /** @param {string} version */
  const open = (version) => set({ version, around: id, open: opened.includes(version) || version === id ? params.open : [...opened, version].join(" ") });
  return html`
    <form class="filters" aria-label="How much is shown" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <label>Edges away
        <select value=${String(depth)} onChange=${(/** @type {any} */ event) => set({ depth: event.target.value, open: null })}>
          ${DEPTHS.map((one) => html`<option value=${String(one)}>${one}</option>`)}
        </select>
      </label>
      ${(id !== chosen || opened.length > 0) && html`<button type="button" onClick=${() => set({ around: null, open: null })}>Around the chosen version</button>`}
    </form>
    <${Shown} asked=${asked}>
      ${(/** @type {any} */ { graph, more, base }) =>
        html`${more && html`<p class="quiet">There is more than is shown: of one direction, the nearest 300 versions.</p>`}
          <${LineageMap} key=${base} graph=${graph} label=${`What lies around a version of ${pattern.name}`} chosen=${chosen} choose=${open} stays hint="A click chooses a version and shows what is next to it." />`}
    <//>
  `;
}
